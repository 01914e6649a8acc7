# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Texts that may name an image where no reader that is known takes them for one.

They are remarked and never pinned: only what reads them knows what they are. A comment settles it
for the line, either way.
"""

from __future__ import annotations

from ..yamlnodes import Node, Scalar
from ..yamlschema import Path
from .image_text import literal_reference
from .survey import Survey

_KEYS = ("image", "imageName", "imageRef")
_ENDINGS = ("Image", "_image", "-image")


def is_image_key(key: str) -> bool:
    """Whether a field of that name holds an image wherever one is held: ``sidecarImage``."""
    return key in _KEYS or key.endswith(_ENDINGS)


def may_be_image(text: str) -> bool:
    """Whether *text* is written as an image by its tag, which may move."""
    reference = literal_reference(text)
    return reference is not None and reference.tag is not None and reference.digest is None


def remark_candidate(key: str, value: Node, path: Path, survey: Survey) -> None:
    """Remark the field *key*, whose value stands at *path*, if it may name an image."""
    if isinstance(value, Scalar) and is_image_key(key) and may_be_image(value.value):
        survey.remark_text("candidate", path, value.start, value.end, detail=value.value)


def remark_candidates(node: Node | None, path: Path, survey: Survey) -> None:
    """Remark every field at and below *path* that may name an image."""
    for key, value, below in survey.fields_below(node, path):
        remark_candidate(key, value, below, survey)
