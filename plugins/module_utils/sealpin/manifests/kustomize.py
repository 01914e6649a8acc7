# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in kustomizations: the ``images`` transformer.

Format: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/. Kustomize
renders ``newTag: 1.27@sha256:…`` as ``name:1.27@sha256:…``, so the digest goes there: one value
changes and no line is added. With a ``digest`` field besides it would render two digests.
"""

from __future__ import annotations

from ..yamlnodes import Document, Node, Sequence
from ..yamlschema import Path, render_path
from .parts import note_digest, note_tag
from .survey import Survey

_GROUP = "kustomize.config.k8s.io"


def is_kustomization(document: Document, survey: Survey) -> bool:
    """Whether a document is a Kustomization or a Component, whatever its file is called."""
    return survey.text(document.root, "apiVersion").partition("/")[0] == _GROUP


def find_kustomize(document: Document, survey: Survey) -> None:
    """Note every entry of ``images``."""
    read_images(document.root, (), survey)


def read_images(holder: Node | None, path: Path, survey: Survey) -> None:
    """Note every entry of the ``images`` of what stands at *path* of a document."""
    key = _spellings(holder, path, survey).get("images", "")
    images = survey.get(holder, key)
    for index, entry in enumerate(images.items if isinstance(images, Sequence) else ()):
        _read_entry(entry, (*path, key, index), survey)


def _read_entry(entry: Node, path: Path, survey: Survey) -> None:
    keys = _spellings(entry, path, survey)

    def text(key: str) -> str:
        return survey.text(entry, keys.get(key, ""))

    name, tag = text("newname") or text("name"), text("newtag")
    if text("digest"):
        note_digest(survey, entry, keys["digest"], path, name=name, tag=tag)
    elif tag:
        note_tag(survey, entry, keys["newtag"], path, name=name)
    elif name:
        survey.remark("no-newTag", render_path(path), entry.start, detail=name)


def _spellings(holder: Node | None, path: Path, survey: Survey) -> dict[str, str]:
    """Return the keys of *holder* by their folded form: Kustomize's reader knows no case.

    Go's ``encoding/json`` folds like Unicode does. Of two keys that fold alike the last in its own
    order wins, so they are remarked as one key that is there twice, and none is returned.
    """
    keys: dict[str, str] = {}
    for key, _value in survey.entries(holder):
        if keys.setdefault(key.value.casefold(), key.value) != key.value:
            survey.remark("duplicate-key", render_path(path), key.start)
            return {}
    return keys
