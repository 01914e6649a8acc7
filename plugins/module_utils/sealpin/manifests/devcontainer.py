# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The image of a development container: ``image`` at the top of ``devcontainer.json``.

Format: https://containers.dev/implementors/json_reference/, which is JSON with ``//`` and ``/* */``
comments and trailing commas. Only tokens are read: enough to know which string is the value of the
top-level key. Features are OCI artifacts of another kind and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .site import Span
from .survey import Survey

_TOKEN = re.compile(
    r"""(?P<comment>//[^\r\n]*|/\*.*?\*/)|"(?P<string>(?:[^"\\\r\n]|\\.)*)"|(?P<mark>[{}\[\]:,])""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _String:
    text: str
    """Between the quotes, escapes not resolved."""
    span: Span


def find_devcontainer(survey: Survey) -> None:
    """Note the image of the file that *survey* holds."""
    for key, value in _top_level_strings(survey.source.text):
        if key.text != "image":
            continue
        if "\\" in value.text:
            survey.remark("not-splicable", "$.image", value.span.start, detail=value.text)
        else:
            survey.literal(value.span, "$.image")


def _top_level_strings(text: str) -> Iterator[tuple[_String, _String]]:
    """Yield key and value of every entry of the outermost object whose value is a string."""
    depth = 0
    before: list[_String | str] = ["", ""]
    for match in _TOKEN.finditer(text):
        if match["comment"] is not None:
            continue
        mark = match["mark"] or ""
        token: _String | str = mark
        if not mark:
            token = _String(match["string"], Span(match.start("string"), match.end("string")))
        key, colon = before
        if depth == 1 and colon == ":" and isinstance(key, _String) and isinstance(token, _String):
            yield key, token
        depth += (mark in ("{", "[") and bool(mark)) - (mark in ("}", "]") and bool(mark))
        before = [colon, token]
