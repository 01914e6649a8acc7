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

from ..records import dataclass
from .site import Span
from .survey import Survey

_TOKEN = re.compile(
    r"""(?P<comment>//[^\r\n]*|/\*.*?\*/)|"(?P<string>(?:[^"\\\r\n]|\\.)*)"|(?P<mark>[{}\[\]:,])""",
    re.DOTALL,
)
_DEPTH = {"{": 1, "[": 1, "}": -1, "]": -1}


@dataclass(frozen=True, slots=True)
class _String:
    text: str
    """Between the quotes, escapes not resolved."""
    span: Span


def find_devcontainer(survey: Survey) -> None:
    """Note the image of the file that *survey* holds."""
    images = [value for key, value in _top_level_strings(survey.source.text) if key.text == "image"]
    if len(images) > 1:
        survey.remark("duplicate-key", "$", images[1].span.start)
    elif images and "\\" in images[0].text:
        survey.remark("not-splicable", "$.image", images[0].span.start, detail=images[0].text)
    elif images:
        survey.literal(images[0].span, "$.image")


def _top_level_strings(text: str) -> Iterator[tuple[_String, _String]]:
    """Yield key and value of every entry of the outermost object whose value is a string."""
    depth = 0
    opener: _String | str = ""
    key: _String | str = ""
    colon: _String | str = ""
    for match in _TOKEN.finditer(text):
        if match["comment"] is not None:
            continue
        mark = match["mark"] or ""
        token: _String | str = mark
        if not mark:
            token = _String(match["string"], Span(match.start("string"), match.end("string")))
        is_entry = depth == 1 and opener in ("{", ",") and colon == ":"
        if is_entry and isinstance(key, _String) and isinstance(token, _String):
            yield key, token
        depth += _DEPTH.get(mark, 0)
        opener, key, colon = key, colon, token
