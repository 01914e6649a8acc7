# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Lines that their author marks: ``# sealpin: image`` in any text file.

It is how Terraform, Nomad, scripts, arguments (``--sidecar-image=…``) and fields of custom
resources are pinned: the comment says that the line names one image, so no format has to be known.
The mark stands behind the value or alone on the line above. The image is the one word of the line
that is a reference with a tag, a digest or a registry.
"""

from __future__ import annotations

import re

from ..reference import ImageReference
from ..yamlnodes import SourceText
from .directives import is_ignored, marker_offset
from .image_text import literal_obstacle, parse_reference
from .site import Span
from .survey import Survey

_WORD = re.compile(r"[^\s\"'`=,;(){}\[\]<>|\\]+")
_TRANSPORT = re.compile(r"(?:docker|docker-image|container-image|oci)://")


def find_marked_lines(survey: Survey) -> None:
    """Note the image of every marked line."""
    source = survey.source
    for number in range(1, len(source.line_starts) + 1):
        line = source.line(number)
        offset = marker_offset(line)
        if offset is None:
            continue
        if line[:offset].strip():
            _read_line(survey, number, offset)
        else:
            _read_line(survey, number + 1, len(source.line(number + 1)))


def _read_line(survey: Survey, number: int, end: int) -> None:
    """Read the first *end* characters of a marked line."""
    source = survey.source
    path = f"line {number}"
    start = source.line_starts[min(number, len(source.line_starts)) - 1]
    text = source.line(number)[:end]
    images = _images(source, start, text)
    if is_ignored(source, start, start + len(text)):
        survey.remark("ignored", path, start)
    elif not images and literal_obstacle(text):
        survey.remark(literal_obstacle(text), path, start, detail=text.strip())
    elif len(images) != 1:
        survey.remark("ambiguous-marker", path, start, detail=text.strip())
    else:
        survey.literal(images[0], path)


def _images(source: SourceText, line_start: int, text: str) -> list[Span]:
    spans: list[Span] = []
    for match in _WORD.finditer(text):
        word = _TRANSPORT.sub("", match[0], count=1)
        reference = parse_reference(word)
        if reference is not None and _is_telling(reference, word):
            end = line_start + match.end()
            spans.append(Span(end - len(word), end))
    return spans


def _is_telling(reference: ImageReference, word: str) -> bool:
    """Whether a word is more than any word: it has a tag, a digest or a registry."""
    host = word.partition("/")[0]
    has_registry = "/" in word and ("." in host or ":" in host or host == "localhost")
    return bool(reference.tag or reference.digest or has_registry)
