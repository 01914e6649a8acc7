# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Comment directives: ``# sealpin: ignore`` leaves an image alone, ``# sealpin: image`` marks one.

A directive counts on the image's own line, after the value, or alone on the line right above it;
text may follow it (``# sealpin: ignore - moved on purpose``). ``# pin: ignore`` is an alias.
Comments begin with ``#``, ``//`` or ``;``, as the file's language has it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..yamlnodes import SourceText

_LEADER = r"(?:#|//|;)[ \t]*"
_IGNORE = re.compile(rf"{_LEADER}(?:sealpin|pin):[ \t]*ignore(?![\w-])")
_QUOTED = re.compile(r"""(?<![^\s,:=\[({-])(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')""")
"""A string in quotes that begins and ends on its line: what it holds is no comment."""
_IMAGE = re.compile(rf"(?:^|[\s,]){_LEADER}sealpin:[ \t]*image(?![\w-])")
_MANAGED = re.compile(r"""\{\s*["']\$imagepolicy["']""")


def is_ignored(source: SourceText, start: int, end: int) -> bool:
    """Whether a directive covers the value at ``[start, end)``, whose key may begin earlier."""
    if not _mentions(source, "ignore"):
        return False
    return _ignores_next(source, source.start_of_line(start)) or is_ignored_beside(source, end)


def is_ignored_beside(source: SourceText, end: int) -> bool:
    """Whether a directive stands behind the value that ends at *end*."""
    last, unseparated = _ignores(source, source.start_of_line(end))
    return end <= last or end in unseparated


def is_managed(source: SourceText, end: int) -> bool:
    """Whether a Flux image policy marker stands behind the value that ends at *end*."""
    if not _mentions(source, "$imagepolicy"):
        return False
    return end <= _policy_comment(source, source.start_of_line(end))


# A line may hold a hundred thousand values, so what is asked of each is kept by line.
_of_a_line = lru_cache(maxsize=4)


@_of_a_line
def _mentions(source: SourceText, word: str) -> bool:
    return word in source.text


@_of_a_line
def _ignores_next(source: SourceText, line_start: int) -> bool:
    """Whether the line above the one at *line_start* is a directive alone."""
    return _IGNORE.match(source.line_before(line_start).lstrip()) is not None


@_of_a_line
def _ignores(source: SourceText, line_start: int) -> tuple[int, frozenset[int]]:
    """Where the last directive begins, and each that follows its value without a space or comma.

    The former covers all values before it, the latter only the one that it touches.
    """
    line = source.rest_of_line(line_start)
    unquoted = _QUOTED.sub(_blank, line) if _IGNORE.search(line) else ""
    starts = [match.start() for match in _IGNORE.finditer(unquoted)]
    separated = [at for at in starts if at == 0 or line[at - 1].isspace() or line[at - 1] == ","]
    last = line_start + max(separated, default=-1)
    return last, frozenset(line_start + at for at in starts)


def _blank(match: re.Match[str]) -> str:
    return '"' * len(match.group())


@_of_a_line
def _policy_comment(source: SourceText, line_start: int) -> int:
    """Where the last comment with a Flux marker begins; before *line_start* when there is none."""
    line = source.rest_of_line(line_start)
    markers = [match.start() for match in _MANAGED.finditer(line)]
    return line_start + line.rfind("#", 0, max(markers, default=0))


def has_marker(text: str) -> bool:
    """Whether any line of *text* may carry an image marker."""
    return "sealpin:" in text and _IMAGE.search(text) is not None


def marker_offset(line: str) -> int | None:
    """Where the comment with an image marker begins on *line*; None when there is none."""
    match = _IMAGE.search(line)
    return None if match is None else match.start()
