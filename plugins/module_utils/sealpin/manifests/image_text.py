# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The text that should name an image: whether it is literal, which characters it is, what it names.

Raw text and value of a YAML scalar differ where there are escapes or folded lines; what differs
cannot be edited, only remarked.
"""

from __future__ import annotations

import re

from ..errors import InvalidInput
from ..reference import ImageReference
from ..yamlnodes import Scalar, SourceText
from ..yamlschema import STANDARD_TAG, scalar_value
from .site import Span

_TEMPLATE_OPENERS = ("{{", "{%", "<<", "<%")
_IMAGE_ID = re.compile(r"sha(?:256|512):[0-9a-f]{64,}")
# Numbers to Go's YAML readers, beyond the core schema's.
_GO_NUMBER = re.compile(r"[-+]?(?:[0-9][0-9_]*|0b[01_]+|0[xo][0-9a-fA-F_]+)")


def content_span(source: SourceText, node: Scalar) -> Span | None:
    """The characters that are the scalar's value; None where raw text and value differ."""
    text = source.text
    start, end = _after_properties(text, node), node.end
    if node.style in ("'", '"'):
        start, end = start + 1, end - 1
    elif node.style:
        header_end = text.find("\n", start, end)
        body = text[header_end:end] if header_end >= 0 else ""
        start = header_end + len(body) - len(body.lstrip())
        end = start + len(body.strip())
    return Span(start, end) if text[start:end] == node.value else None


def _after_properties(text: str, node: Scalar) -> int:
    """Skip the anchor and tag before a scalar's content."""
    offset = node.start
    for _turn in range(bool(node.anchor) + bool(node.tag)):
        while offset < node.end and text[offset] not in " \t\r\n":
            offset += 1
        while offset < node.end and text[offset] in " \t\r\n":
            offset += 1
    return offset


def obstacle(node: Scalar) -> str:
    """The code for a scalar that is no literal text; empty for one that is."""
    if node.tag and node.tag not in ("!", f"{STANDARD_TAG}str"):
        return "tagged"
    if not isinstance(scalar_value(node), str):
        return "not-a-string"
    if node.is_plain and not node.tag and _GO_NUMBER.fullmatch(node.value):
        return "not-a-string"
    return literal_obstacle(node.value)


def literal_obstacle(value: str) -> str:
    """The code for text that something fills in before it is a reference; empty for a literal."""
    if any(opener in value for opener in _TEMPLATE_OPENERS):
        return "template"
    return "variable" if "$" in value else ""


def parse_reference(text: str, *, prefix: str = "") -> ImageReference | None:
    """Parse what follows *prefix*, or return None; an image ID (``sha256:<hex>``) is none."""
    name = text.removeprefix(prefix)
    if (prefix and name == text) or _IMAGE_ID.fullmatch(name):
        return None
    try:
        return ImageReference.parse(name)
    except InvalidInput:
        return None


def unless_pinned(code: str, reference: ImageReference | None) -> str:
    """The code of a remark about a reference: ``already-pinned`` with a digest, else *code*."""
    return "already-pinned" if reference and reference.digest else code


def literal_reference(text: str) -> ImageReference | None:
    """Parse *text*; None where it is no reference, or something fills it in first."""
    return None if literal_obstacle(text) else parse_reference(text)
