# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Identity patterns: RE2, compiled before anything is fetched.

They are searched unanchored, as cosign and policy-controller do. Python's ``re`` is no substitute
(``$`` matches before a final newline, Unicode classes are missing, some patterns take exponential
time), so a pattern without the ``re2`` library is a missing dependency, never an approximation.
Syntax: https://github.com/google/re2/wiki/Syntax. This file is the only importer of ``re2``.
"""

from __future__ import annotations

import re
from typing import Any

from .errors import InvalidInput, missing_library, quote
from .records import dataclass, field

MAX_PATTERN_CHARS = 4096
_MAX_PROGRAM_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled RE2 expression, made by `compile_pattern`; two of the same text are equal."""

    text: str
    _compiled: Any = field(compare=False, repr=False)

    def matches(self, value: str) -> bool:
        """Whether the expression is found anywhere in *value* (Go's ``MatchString``)."""
        try:
            return self._compiled.search(value) is not None
        except (
            UnicodeEncodeError
        ):  # a lone surrogate (from JSON's \\ud800) is in no language RE2 knows
            return False


def compile_pattern(text: str, *, where: str) -> Pattern:
    """Compile *text*; *where* names the flag or field in the error.

    Raises `InvalidInput` ``pattern.malformed`` or ``pattern.too-long``, and `MissingDependency`
    without ``re2``.
    """
    if len(text) > MAX_PATTERN_CHARS:
        raise InvalidInput(
            "pattern.too-long",
            f"{where}: at most {MAX_PATTERN_CHARS} characters expected, got {len(text)}",
        )
    try:
        import re2
    except ImportError as error:
        raise missing_library("google-re2", purpose=f"the regular expression in {where}") from error
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_PROGRAM_BYTES
    try:
        return Pattern(text, re2.compile(text, options))
    except re2.error as error:
        raise InvalidInput(
            "pattern.malformed",
            f"{where}: not an RE2 regular expression: {quote(text)} ({_reason(error)})",
            hint="the syntax is https://github.com/google/re2/wiki/Syntax",
        ) from error


def lint_pattern(text: str) -> tuple[str, ...]:
    """Say what makes *text* match more than it seems to, with the corrected form."""
    remarks = []
    if not _is_anchored(text):
        remarks.append(
            f"the pattern {quote(text)} is not anchored, so it also matches inside a longer value;"
            f" write {quote(anchored(text))}"
        )
    escaped = _TOKEN_OR_BARE_DOT.sub(
        lambda found: r"\." if found.group("dot") else found.group(), text
    )
    if escaped != text:
        remarks.append(
            f"an unescaped dot in {quote(text)} matches any character; write"
            f" {quote(anchored(escaped))}"
        )
    return tuple(remarks)


def anchored(text: str) -> str:
    """Return *text* made to match the whole value."""
    if _is_anchored(text):
        return text
    body = text.removeprefix("^")
    if body.endswith("$") and not _ends_escaped(body):
        body = body[:-1]
    elif body.endswith("/"):  # a prefix: no identity ends there, so nothing would match
        body += ".*"
    return f"^(?:{body})$" if "|" in body else f"^{body}$"


_TOKEN = r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]"
"""An escape or a character class: in neither is a dot or a bar an operator."""
_TOKEN_OR_BARE_DOT = re.compile(rf"{_TOKEN}|(?<=[A-Za-z0-9])(?P<dot>\.)(?=[A-Za-z0-9])", re.DOTALL)
_TOKEN_OR_CHARACTER = re.compile(rf"{_TOKEN}|.", re.DOTALL)


def _is_anchored(text: str) -> bool:
    starts = text.startswith(("^", r"\A"))
    ends = text.endswith(r"\z") or (text.endswith("$") and not _ends_escaped(text))
    return starts and ends and not _has_bare_alternative(text)


def _ends_escaped(text: str) -> bool:
    """Whether the last character is escaped: an odd number of backslashes stands before it."""
    stem = text[:-1]
    return (len(stem) - len(stem.rstrip("\\"))) % 2 == 1


def _has_bare_alternative(text: str) -> bool:
    """Whether a ``|`` stands outside every group, as in ``^a|b$``: half anchored each."""
    depth = 0
    for token in _TOKEN_OR_CHARACTER.findall(text):
        depth += (token == "(") - (token == ")")
        if token == "|" and depth == 0:
            return True
    return False


def _reason(error: Exception) -> str:
    """Return RE2's own words; the binding gives them as bytes."""
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
