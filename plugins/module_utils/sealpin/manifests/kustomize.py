# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Images in kustomizations: the ``images`` transformer, and what else puts images into objects.

Format: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/. Kustomize
renders ``newTag: 1.27@sha256:…`` as ``name:1.27@sha256:…``, so the digest goes there: one value
changes and no line is added. With a ``digest`` field besides it would render two digests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..yamlnodes import Document, Mapping, Node, Scalar, Sequence, numbered
from ..yamlschema import Path, render_path
from .helm_values import read_values
from .parts import note_digest, note_tag
from .prefilter import SPELLINGS
from .survey import Survey

# Lists whose items may be texts: patches, and configurations of what makes or changes objects.
_TEXT_LISTS = ("transformers", "generators", "patches", "patchesstrategicmerge", "patchesjson6902")
_IMAGE = re.compile(r"(?<![A-Za-z])image(?:Tag)?(?![A-Za-z])")
_GROUP = "kustomize.config.k8s.io"


def is_kustomization(document: Document, survey: Survey) -> bool:
    """Whether a document is a Kustomization or a Component, whatever its file is called."""
    return survey.text(document.root, "apiVersion").partition("/")[0] == _GROUP


def is_replacement(document: Document) -> bool:
    """Whether a document is what the ``path`` of a replacement leads to, one or a list of them."""
    root = document.root
    items = root.items if isinstance(root, Sequence) else [root]
    return bool(items) and all(
        isinstance(item, Mapping)
        and isinstance(item.get("targets"), Sequence)
        and (item.get("source") is not None or item.get("sourceValue") is not None)
        for item in items
    )


def find_kustomize(document: Document, survey: Survey) -> None:
    """Note every image of a kustomization, or of replacements in a file of their own."""
    if not is_replacement(document):
        read_kustomization(document.root, (), survey)
    elif isinstance(document.root, Sequence):
        for index, item in enumerate(document.root.items):
            _read_replacement(item, (index,), survey)
    elif document.root is not None:
        _read_replacement(document.root, (), survey)


def read_kustomization(holder: Node | None, path: Path, survey: Survey) -> None:
    """Note every image that the fields of *holder*, which stands at *path*, put into objects.

    These are ``images``, the values of charts, replacements, and patches that are texts; a patch in
    a file of its own is read there.
    """
    keys = _spellings(holder, path, survey)
    for index, entry in _items(holder, keys.get("images", ""), survey):
        read_entry(entry, (*path, keys["images"], index), survey)
    for index, chart in _items(holder, keys.get("helmcharts", ""), survey):
        _read_chart(chart, (*path, keys["helmcharts"], index), survey)
    for index, replacement in _items(holder, keys.get("replacements", ""), survey):
        _read_replacement(replacement, (*path, keys["replacements"], index), survey)
    for key in filter(None, map(keys.get, _TEXT_LISTS)):
        for index, patch in _items(holder, key, survey):
            _read_patch(patch, (*path, key, index), survey)


def read_patches(holder: Node | None, path: Path, survey: Survey) -> None:
    """Note the patches alone, where ``images`` are texts."""
    for index, patch in _items(holder, "patches", survey):
        _read_patch(patch, (*path, "patches", index), survey)


def _items(holder: Node | None, key: str, survey: Survey) -> Iterable[tuple[int, Node]]:
    return numbered(survey.get(holder, key))


def _read_patch(patch: Node, path: Path, survey: Survey) -> None:
    key = "" if isinstance(patch, Scalar) else _spellings(patch, path, survey).get("patch", "")
    text = survey.get(patch, key) if key else patch
    if not isinstance(text, Scalar) or ":" not in text.value:  # else the name of a file
        return
    if _IMAGE.search(text.value) or any(each in text.value for each in SPELLINGS):
        survey.remark_text("patch-text", (*path, key) if key else path, text.start, text.end)


def _read_chart(chart: Node, path: Path, survey: Survey) -> None:
    key = _spellings(chart, path, survey).get("valuesinline", "")
    values = survey.get(chart, key)
    if values is not None:
        read_values(values, (*path, key), survey)


def _read_replacement(replacement: Node, path: Path, survey: Survey) -> None:
    """Remark each field that is an image's and gets its value from another object."""
    for key in _keys(replacement, "targets", path, survey):
        for index, target in _items(replacement, key, survey):
            below = (*path, key, index)
            for inner in _keys(target, "fieldpaths", below, survey):
                for number, field in _items(target, inner, survey):
                    if isinstance(field, Scalar) and _IMAGE.search(field.value):
                        where = (*below, inner, number)
                        survey.remark_text(
                            "replacement", where, field.start, field.end, detail=field.value
                        )


def _keys(holder: Node, folded: str, path: Path, survey: Survey) -> list[str]:
    key = _spellings(holder, path, survey).get(folded)
    return [key] if key else []


def read_entry(entry: Node, path: Path, survey: Survey) -> None:
    """Note the image of one entry of ``images``."""
    keys = _spellings(entry, path, survey)

    def text(key: str) -> str:
        return survey.text(entry, keys.get(key, ""))

    name, tag = text("newname") or text("name"), text("newtag")
    if text("digest"):
        note_digest(survey, entry, keys["digest"], path, name=name, tag=tag)
    elif tag:
        note_tag(survey, entry, keys["newtag"], path, name=name)
    elif text("tagsuffix"):
        detail = f"{name}:…{text('tagsuffix')}"
        survey.remark("tag-suffix", render_path(path), entry.start, detail=detail)
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
