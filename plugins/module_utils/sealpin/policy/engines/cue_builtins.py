# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The functions of CUE's standard library that policies use; any other is unsupported.

https://pkg.go.dev/cuelang.org/go/pkg: ``time``, ``struct``, ``list`` and ``strings``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from ...errors import quote
from .cue_tree import Unsupported
from .cue_values import LIST, STRUCT, TEXT, Bottom, Check, Value, constant, same

RFC3339 = "2006-01-02T15:04:05Z07:00"
"""Go's layout; the only one ``time.Parse`` is given here."""

CONSTANTS: dict[str, str] = {"time.RFC3339": RFC3339}

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def call(name: str, arguments: list[Any]) -> Value:
    """Call the function *name* with constants. Raises `Bottom` for arguments it refuses."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise Unsupported(f"the function {name}")
    arity, make = function
    if len(arguments) != arity:
        raise Bottom(f"{name}: expected {arity} arguments, got {len(arguments)}")
    return make(*arguments)


def _parse_time(layout: Any, text: Any) -> Value:
    """``time.Parse``: the moment in UTC, written as RFC 3339 with the fraction it needs."""
    if layout != RFC3339:
        raise Unsupported("a time layout other than time.RFC3339")
    match = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Bottom(f"time.Parse: not an RFC 3339 time: {quote(text)}")
    second, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(second).replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise Bottom(f"time.Parse: {quote(text)}: {error}") from error
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        moment += offset if zone[0] == "-" else -offset
    shown = moment.strftime("%Y-%m-%dT%H:%M:%S") + (fraction or "").rstrip("0").rstrip(".") + "Z"
    return constant(shown)


def _count(kind: str, what: str, holds: Callable[[int, int], bool]) -> Callable[[Any], Value]:
    def make(limit: Any) -> Value:
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise Bottom(f"{what}: expected an integer, got {quote(limit)}")
        check = Check(f"{what}({limit})", lambda got: holds(len(got), limit))
        return Value(kinds=frozenset({kind}), checks=(check,))

    return make


def _contains(items: Any, wanted: Any) -> Value:
    if not isinstance(items, list):
        raise Bottom(f"list.Contains: expected a list, got {quote(items)}")
    return constant(any(same(item, wanted) for item in items))


def _of_texts(what: str, holds: Callable[[str, str], bool]) -> Callable[[Any, Any], Value]:
    def make(text: Any, part: Any) -> Value:
        if not isinstance(text, str) or not isinstance(part, str):
            raise Bottom(f"{what}: expected two texts")
        return constant(holds(text, part))

    return make


def length(value: Any) -> Value:
    """``len``: of a text its bytes, of a list its items, of a struct its fields."""
    if isinstance(value, str):
        return constant(len(value.encode("utf-8", "surrogatepass")))
    if isinstance(value, (list, dict)):
        return constant(len(value))
    raise Bottom(f"len: {quote(value)} has no length")


_FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "time.Parse": (2, _parse_time),
    "struct.MinFields": (1, _count(STRUCT, "struct.MinFields", lambda got, limit: got >= limit)),
    "struct.MaxFields": (1, _count(STRUCT, "struct.MaxFields", lambda got, limit: got <= limit)),
    "list.MinItems": (1, _count(LIST, "list.MinItems", lambda got, limit: got >= limit)),
    "list.MaxItems": (1, _count(LIST, "list.MaxItems", lambda got, limit: got <= limit)),
    "list.Contains": (2, _contains),
    "strings.MinRunes": (1, _count(TEXT, "strings.MinRunes", lambda got, limit: got >= limit)),
    "strings.MaxRunes": (1, _count(TEXT, "strings.MaxRunes", lambda got, limit: got <= limit)),
    "strings.HasPrefix": (2, _of_texts("strings.HasPrefix", str.startswith)),
    "strings.HasSuffix": (2, _of_texts("strings.HasSuffix", str.endswith)),
    "strings.Contains": (2, _of_texts("strings.Contains", lambda text, part: part in text)),
}
