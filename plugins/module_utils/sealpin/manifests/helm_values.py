# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in Helm values: repository, tag and digest fields, and ``image:`` strings.

Values mean what a chart makes of them, so only two forms are edited: a whole ``name:tag`` string,
and a quoted empty ``digest`` beside a tag. ``tag: 1.27@sha256:…`` breaks charts that put the tag
into a label (Kubernetes labels allow neither ``@`` nor ``:``) and is written only on request.
"""

from __future__ import annotations

from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence
from ..yamlschema import Path, render_path, scalar_value
from .candidates import remark_candidate
from .image_text import literal_obstacle, obstacle, parse_reference
from .parts import note_digest, note_tag
from .survey import Survey

_NAME_KEYS = ("repository", "image")
_TAG_KEYS = ("tag", "imageTag")


def find_helm_values(document: Document, survey: Survey) -> None:
    """Note every image of a values file."""
    if document.root is not None:
        read_values(document.root, (), survey)


def read_values(root: Node, path: Path, survey: Survey) -> None:
    """Note every image of the values that stand at *path* of a document."""
    registry = survey.text(survey.get(root, "global"), "imageRegistry")
    _Values(survey, "global-registry" if registry else "").walk(root, path)


class _Values:
    """A walk over values; *veto* holds for all of them."""

    def __init__(self, survey: Survey, veto: str) -> None:
        self.survey = survey
        self.veto = veto

    def walk(self, node: Node, path: Path) -> None:
        if isinstance(node, Scalar) or not self.survey.may_enter(node, path):
            return
        if isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                self.walk(item, (*path, index))
            return
        if not self._read_parts(node, path):
            self._read_string(node, path)
        for key, value in self.survey.entries(node):
            below = (*path, key.value)
            if key.value != "image":  # ``sidecarImage``: only the chart knows what it does with it
                remark_candidate(key.value, value, below, self.survey)
            self.walk(value, below)

    def _read_parts(self, holder: Mapping, path: Path) -> bool:
        """Read a mapping that names an image by several fields; False if it is none."""
        fields = {key.value for key, _value in self.survey.entries(holder)}
        name_key = next((key for key in _NAME_KEYS if self._has_text(holder, key)), "")
        tag_key = next((key for key in _TAG_KEYS if key in fields), "")
        if not name_key or not (tag_key or "digest" in fields):
            return False
        repository = self.survey.text(holder, name_key)
        registry = self.survey.text(holder, "registry")
        name = f"{registry.rstrip('/')}/{repository}" if registry else repository
        if "://" not in name:
            self._note_parts(holder, path, name=name, tag_key=tag_key)
        return True

    def _note_parts(self, holder: Mapping, path: Path, *, name: str, tag_key: str) -> None:
        survey = self.survey
        tag = survey.get(holder, tag_key) if tag_key else None
        tag_text = tag.value if isinstance(tag, Scalar) and scalar_value(tag) is not None else ""
        veto = "pull-policy" if survey.text(holder, "pullPolicy") == "Never" else self.veto
        if survey.text(holder, "digest"):
            note_digest(survey, holder, "digest", path, name=name, tag=tag_text)
        elif literal_obstacle(name):
            self._remark(literal_obstacle(name), path, holder, name)
        elif not tag_text:
            self._remark("empty-tag", path, holder, name)
        elif isinstance(tag, Scalar) and obstacle(tag):
            self._remark(obstacle(tag), (*path, tag_key), tag, tag_text)
        elif "@" in tag_text or (survey.options.helm_tag_digest and not self._has_digest(holder)):
            note_tag(survey, holder, tag_key, path, name=name)
        elif self._has_digest(holder):
            note_digest(survey, holder, "digest", path, name=name, tag=tag_text, veto=veto)
        else:
            self._remark("helm-no-digest-key", path, holder, f"{name}:{tag_text}")

    def _has_digest(self, holder: Mapping) -> bool:
        digest = self.survey.get(holder, "digest")
        return isinstance(digest, Scalar) and not digest.is_plain

    def _has_text(self, holder: Mapping, key: str) -> bool:
        value = self.survey.get(holder, key)
        return isinstance(value, Scalar) and bool(value.value) and scalar_value(value) is not None

    def _read_string(self, holder: Mapping, path: Path) -> None:
        """Read ``image: name:tag``; without a tag the chart adds its own."""
        value = self.survey.get(holder, "image")
        if not isinstance(value, Scalar) or not value.value:
            return
        reference = parse_reference(value.value)
        if reference and reference.tag is None and reference.digest is None:
            self._remark("empty-tag", (*path, "image"), value, value.value)
        else:
            self.survey.image(holder, "image", path, veto=self.veto)

    def _remark(self, code: str, path: Path, node: Node, detail: str) -> None:
        self.survey.remark(code, render_path(path), node.start, detail=detail)
