# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The image, features and build caches of a development container, in ``devcontainer.json``.

Format: https://containers.dev/implementors/json_reference/, which is JSON with ``//`` and ``/* */``
comments and trailing commas. Only tokens are read: enough to know under which keys a string stands.
Features are OCI artifacts of another kind, which a lock of their own pins; they get a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import dataclass
from .directives import is_ignored
from .image_text import literal_obstacle, parse_reference
from .site import Span
from .survey import Survey

_TOKEN = re.compile(
    r"""(?P<comment>//[^\r\n]*|/\*.*?\*/)|"(?P<string>(?:[^"\\\r\n]|\\.)*)"|(?P<mark>[{}\[\]:,])""",
    re.DOTALL,
)
_FEATURES = ("features",)
_CACHE = ("build", "cacheFrom")


@dataclass(frozen=True, slots=True)
class _String:
    text: str
    """Between the quotes, escapes not resolved."""
    span: Span
    path: tuple[str, ...]
    """The keys it stands under; those of the object that has it, for a key."""
    is_key: bool


def find_devcontainer(survey: Survey) -> None:
    """Note the image of the file that *survey* holds."""
    strings = list(_strings(survey.source.text))
    images = [item for item in strings if item.path == ("image",) and not item.is_key]
    if len(images) > 1:
        survey.remark("duplicate-key", "$", images[1].span.start)
    elif images and "\\" in images[0].text:
        survey.remark("not-splicable", "$.image", images[0].span.start, detail=images[0].text)
    elif images:
        survey.literal(images[0].span, "$.image")
    for item in strings:
        if item.path == _FEATURES and item.is_key and _is_in_registry(item.text):
            _remark(survey, item, "feature", f"$.features['{item.text}']")
        elif item.path == _CACHE and not item.is_key:
            _remark(survey, item, "build-cache", "$.build.cacheFrom")


def _is_in_registry(feature: str) -> bool:
    """Features may be folders beside the file and archives behind a URL, too."""
    return "/" in feature and not feature.startswith((".", "/", "http://", "https://"))


def _remark(survey: Survey, item: _String, code: str, path: str) -> None:
    reference = parse_reference(item.text)
    if reference is not None and reference.digest is not None:
        code = "already-pinned"
    elif is_ignored(survey.source, item.span.start, item.span.end):
        code = "ignored"
    elif literal_obstacle(item.text):
        code = literal_obstacle(item.text)
    survey.remark(code, path, item.span.start, detail=item.text)


def _strings(text: str) -> Iterator[_String]:
    """Yield every string with its place; an array adds nothing to the path of its items."""
    above: list[tuple[str, ...]] = []
    keys: list[str | None] = []
    """Of each open object the key that is being read; of an array always the empty one."""
    for match in _TOKEN.finditer(text):
        mark = match["mark"] or ""
        if match["string"] is not None:
            path = above[-1] if above else ()
            span = Span(match.start("string"), match.end("string"))
            is_key = bool(keys) and keys[-1] is None
            below = () if is_key or not keys else _below(keys[-1])
            yield _String(match["string"], span, (*path, *below), is_key)
            if is_key:
                keys[-1] = match["string"]
        elif mark in ("{", "["):
            above.append((*above[-1], *_below(keys[-1])) if above else ())
            keys.append(None if mark == "{" else "")
        elif mark in ("}", "]") and keys:
            above.pop()
            keys.pop()
        elif mark == "," and keys and keys[-1] != "":
            keys[-1] = None


def _below(key: str | None) -> tuple[str, ...]:
    return (key,) if key else ()
