# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Comment directives: ``# sealpin: ignore`` leaves an image alone, ``# sealpin: image`` marks one.

A directive counts on the image's own line, after the value, or alone on the line right above it;
text may follow it (``# sealpin: ignore - moved on purpose``). ``# pin: ignore`` is an alias.
Comments begin with ``#``, ``//`` or ``;``, as the file's language has it.
"""

from __future__ import annotations

import re

from ..yamlnodes import SourceText

_LEADER = r"(?:#|//|;)[ \t]*"
_IGNORE = re.compile(rf"(?:^|[\s,]){_LEADER}(?:sealpin|pin):[ \t]*ignore(?![\w-])")
_IGNORE_ALONE = re.compile(rf"\s*{_LEADER}(?:sealpin|pin):[ \t]*ignore(?![\w-])")
_IMAGE = re.compile(rf"(?:^|[\s,]){_LEADER}sealpin:[ \t]*image(?![\w-])")
_MANAGED = re.compile(r"""#.*\{\s*["']\$imagepolicy["']""")


def is_ignored(source: SourceText, start: int, end: int) -> bool:
    """Whether a directive covers the value at ``[start, end)``, whose key may begin earlier."""
    if _IGNORE_ALONE.match(source.line_before(start)):
        return True
    return _IGNORE.search(source.rest_of_line(end)) is not None


def is_managed(source: SourceText, end: int) -> bool:
    """Whether a Flux image policy marker stands behind the value that ends at *end*."""
    return _MANAGED.search(source.rest_of_line(end)) is not None


def has_marker(text: str) -> bool:
    """Whether any line of *text* may carry an image marker."""
    return "sealpin:" in text and _IMAGE.search(text) is not None


def marker_offset(line: str) -> int | None:
    """Where the comment with an image marker begins on *line*; None when there is none."""
    match = _IMAGE.search(line)
    return None if match is None else match.start()
