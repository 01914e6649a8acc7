# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Strict JSON for bytes that somebody signed or sent.

No duplicate keys, no NaN, no number beyond all floats, bounded depth, UTF-8 only. Two parsers that
disagree about one document are an attack (a duplicate key read as its first value by one and as its
last by the other), so a document that RFC 8259 leaves open is refused. `canonical` is RFC 8785 for
the values that occur in Rekor entries: strings, integers, arrays and objects.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from math import isinf
from typing import Any

from .errors import InvalidInput, quote
from .limits import MAX_JSON_DEPTH


def parse(
    data: bytes, *, what: str, max_bytes: int | None = None, max_values: int | None = None
) -> Any:
    """Parse one JSON document. *what* names it in errors.

    *max_values* is for what has few values and long texts without commas and brackets: nested lists
    take thirty times their text in memory, and a third of a second for each megabyte.
    Raises `InvalidInput` with code ``json.too-large``, ``json.too-many``, ``json.encoding``,
    ``json.depth``, ``json.duplicate-key`` or ``json.malformed``.
    """
    if max_bytes is not None and len(data) > max_bytes:
        raise InvalidInput(
            "json.too-large", f"{what} is too large: at most {max_bytes} bytes, got {len(data)}"
        )
    if max_values is not None and sum(map(data.count, _BEFORE_VALUES)) > max_values:
        raise InvalidInput("json.too-many", f"{what} has more than {max_values} values")
    _check_depth(data, what)
    try:
        value = _DECODER.decode(data.decode("utf-8"))
        if _SURROGATE.search(data):
            # An escape may name half of a character, which no encoding can write.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError as error:
        raise InvalidInput(
            "json.encoding", f"{what} is not Unicode text: {quote(error)}"
        ) from error
    except _DuplicateKey as error:
        raise InvalidInput(
            "json.duplicate-key", f"{what} has the key {quote(error)} twice in one object"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("json.malformed", f"{what} is not JSON: {quote(error)}") from error
    return value


def parse_object(
    data: bytes, *, what: str, max_bytes: int | None = None, max_values: int | None = None
) -> dict[str, Any]:
    """Parse one JSON object.

    Raises as `parse`, and `InvalidInput` ``json.not-an-object``.
    """
    value = parse(data, what=what, max_bytes=max_bytes, max_values=max_values)
    if not isinstance(value, dict):
        raise InvalidInput(
            "json.not-an-object", f"{what} is not a JSON object, but {type(value).__name__}"
        )
    return value


def canonical(value: Any) -> bytes:
    """Serialise by RFC 8785: strings, integers, booleans, null, arrays and objects.

    Raises `InvalidInput` ``json.not-canonical`` for a number with a fraction.
    """
    if _has_float(value):
        raise InvalidInput(
            "json.not-canonical", "a number with a fraction has no canonical form here"
        )
    text = json.dumps(_ordered(value), separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def decode_base64(text: object, *, what: str) -> bytes:
    """Decode standard or URL-safe base64, line breaks allowed.

    Raises `InvalidInput` ``base64.malformed``.
    """
    if not isinstance(text, str):
        raise InvalidInput(
            "base64.malformed", f"{what} is not base64 text, but {type(text).__name__}"
        )
    compact = text.replace("\r", "").replace("\n", "").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("base64.malformed", f"{what} is not base64: {error}") from error


class _DuplicateKey(ValueError):
    pass


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise _DuplicateKey(key)
            seen.add(key)
    return result


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    """Refuse a number beyond all floats, as Go does; here it would be read as an infinite one."""
    value = float(text)
    if isinf(value):
        raise ValueError(f"{text} is beyond what a number can be")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
)


# A string that nothing ends reaches to the end of the data: were it no match, every quote in it
# would be tried as a beginning, which takes quadratic time.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89A-Fa-f]")
_FLAT_ROUNDS = 8  # what they leave nothing of is far from the bound
_BEFORE_VALUES = (b",", b"[", b"{")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _check_depth(data: bytes, what: str) -> None:
    """Bound nesting before the recursive parser sees it; strings do not count."""
    if data.count(b"[") + data.count(b"{") <= MAX_JSON_DEPTH:
        return
    brackets = _STRING.sub(b"", data).translate(None, _NOT_BRACKETS)
    # Pairs around nothing fall out, the innermost first: at most two levels in a round.
    rest = brackets
    for _round in range(_FLAT_ROUNDS):
        rest = rest.replace(b"{}", b"").replace(b"[]", b"")
    if not rest:
        return
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_JSON_DEPTH:
            raise InvalidInput(
                "json.depth", f"{what} is nested deeper than {MAX_JSON_DEPTH} levels"
            )


def _ordered(value: Any) -> Any:
    """Order keys by their UTF-16 code units (RFC 8785 section 3.2.3), not by their characters."""
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    return value


def _has_float(value: Any) -> bool:
    if isinstance(value, float):
        return True
    if isinstance(value, Mapping):
        return any(_has_float(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_has_float(item) for item in value)
    return False
