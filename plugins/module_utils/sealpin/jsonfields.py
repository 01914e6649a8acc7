# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Typed reading of parsed JSON: a field is what it should be, or the error names it.

The rules are protobuf's JSON mapping, which Sigstore's documents follow: null means absent, an
absent list is empty, and a 64-bit integer may be a number or a decimal string.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import jsonbytes
from .errors import InvalidInput, quote

Fields = Mapping[str, Any]

_DECIMAL = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)


def read_object(fields: Fields, key: str, *, what: str) -> Fields:
    """Return the object under *key*. Raises `InvalidInput` ``json.field``, as all of these."""
    value = fields.get(key)
    if not isinstance(value, dict):
        raise wrong_field(key, expected="an object", got=value, what=what)
    return value


def read_optional_object(fields: Fields, key: str, *, what: str) -> Fields | None:
    """Return the object under *key*, or None if it is absent."""
    return None if fields.get(key) is None else read_object(fields, key, what=what)


def read_objects(fields: Fields, key: str, *, what: str, at_most: int) -> tuple[Fields, ...]:
    """Return the list of objects under *key*; ``json.too-many`` beyond *at_most*."""
    items = read_list(fields, key, what=what, at_most=at_most)
    for item in items:
        if not isinstance(item, dict):
            raise wrong_field(key, expected="a list of objects", got=item, what=what)
    return items


def read_list(fields: Fields, key: str, *, what: str, at_most: int) -> tuple[Any, ...]:
    """Return the list under *key*, empty when absent.

    Raises `InvalidInput` ``json.too-many`` beyond *at_most*.
    """
    value = fields.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise wrong_field(key, expected="a list", got=value, what=what)
    if len(value) > at_most:
        raise InvalidInput(
            "json.too-many", f"{what} has too many {key}: at most {at_most}, got {len(value)}"
        )
    return tuple(value)


def read_text(fields: Fields, key: str, *, what: str) -> str:
    """Return the text under *key*."""
    value = fields.get(key)
    if not isinstance(value, str):
        raise wrong_field(key, expected="text", got=value, what=what)
    return value


def read_optional_text(fields: Fields, key: str, *, what: str) -> str:
    """Return the text under *key*, empty if it is absent."""
    return "" if fields.get(key) is None else read_text(fields, key, what=what)


def read_integer(fields: Fields, key: str, *, what: str) -> int:
    """Return the 64-bit integer of at least 0 under *key*, a number or its decimal text."""
    value = fields.get(key)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise wrong_field(
            key, expected="a 64-bit integer of at least 0", got=fields.get(key), what=what
        )
    return value


def read_optional_integer(fields: Fields, key: str, *, what: str) -> int:
    """Return the integer under *key*, 0 if it is absent."""
    return 0 if fields.get(key) is None else read_integer(fields, key, what=what)


def read_bytes(fields: Fields, key: str, *, what: str) -> bytes:
    """Return the bytes that base64 under *key* encodes; ``base64.malformed`` if it does not."""
    return jsonbytes.decode_base64(fields.get(key), what=f"{key} of {what}")


def wrong_field(key: str, *, expected: str, got: object, what: str) -> InvalidInput:
    """Make the error for a field that is not what it should be."""
    shown = "nothing" if got is None else f"{type(got).__name__} {quote(got)}"
    return InvalidInput("json.field", f"{what}: expected {expected} in {key}, got {shown}")
