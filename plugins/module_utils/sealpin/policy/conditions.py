# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Conditions on what was signed: JSON pointers and JSON Schemas.

They are the native languages of `.sealpin.yaml`.

Both say plainly what must be there: a pointer that leads nowhere never satisfies a comparison, and
a schema lists what is ``required``. Pointers are RFC 6901; schemas are evaluated by ``jsonschema``
(this file is its only importer) with no way to fetch a ``$ref`` from anywhere. Programs (CUE, Rego)
are `policy.engines`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..errors import InvalidInput, missing_library, quote
from ..regexes import Pattern
from .answer import Answer, failed, passed
from .model import Operator, PointerCondition, SchemaCondition

_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_SHOWN_ERRORS = 3


class _Absent:
    """What a pointer yields that leads nowhere."""


_ABSENT = _Absent()


def check_pointer(pointer: str, *, where: str) -> None:
    """Raise `InvalidInput` ``condition.pointer`` unless *pointer* is RFC 6901."""
    if _POINTER.fullmatch(pointer) is None:
        raise InvalidInput(
            "condition.pointer",
            f"{where}: not a JSON pointer: {quote(pointer)}",
            hint='a pointer is empty or begins with "/", and spells ~ as ~0 and / as ~1',
        )


def check_schema(schema: Mapping[str, Any], *, where: str) -> None:
    """Raise `InvalidInput` unless *schema* is a JSON Schema that needs nothing from elsewhere.

    The codes are ``condition.schema`` and ``condition.schema-reference``.
    """
    for reference in _references(schema):
        if not reference.startswith("#"):
            raise InvalidInput(
                "condition.schema-reference",
                f"{where}: a schema may only refer to itself (#/…), got $ref {quote(reference)}",
            )
    library = _jsonschema()
    validator = library.validators.validator_for(schema, default=library.Draft202012Validator)
    try:
        validator.check_schema(schema)
    except library.SchemaError as error:
        raise InvalidInput(
            "condition.schema", f"{where}: not a JSON Schema: {quote(error.message)}"
        ) from error


def check_value(condition: PointerCondition | SchemaCondition, value: Any) -> Answer:
    """Hold *value* (parsed JSON) against a native condition."""
    if isinstance(condition, SchemaCondition):
        return _check_schema_condition(condition, value)
    return _check_pointer_condition(condition, value)


def resolve_pointer(pointer: str, value: Any) -> Any:
    """Follow an RFC 6901 pointer; an `_Absent` where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return _ABSENT
    return value


def _check_pointer_condition(condition: PointerCondition, value: Any) -> Answer:
    got = resolve_pointer(condition.pointer, value)
    if _holds(condition.operator, condition.expected, got):
        return passed()
    shown = "nothing" if isinstance(got, _Absent) else quote(got)
    expected = (
        condition.expected.text if isinstance(condition.expected, Pattern) else condition.expected
    )
    return failed(
        "condition.not-met",
        f"{condition.pointer or '(the whole document)'}: expected {condition.operator.value}"
        f" {quote(expected)}, got {shown}",
    )


def _holds(operator: Operator, expected: Any, got: Any) -> bool:
    match operator:
        case Operator.EXISTS:
            return isinstance(got, _Absent) is not expected
        case _ if isinstance(got, _Absent):
            return False
        case Operator.EQUALS:
            return _same(got, expected)
        case Operator.ONE_OF:
            return any(_same(got, item) for item in expected)
        case Operator.MATCHES:
            return isinstance(got, str) and expected.matches(got)
        case Operator.AT_MOST:
            return _is_number(got) and got <= expected
        case Operator.AT_LEAST:
            return _is_number(got) and got >= expected
        case Operator.CONTAINS:
            return isinstance(got, list) and any(_same(item, expected) for item in got)
    raise ValueError(f"unknown operator {operator}")


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does: ``true`` is not ``1``, ``1.0`` is."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_schema_condition(condition: SchemaCondition, value: Any) -> Answer:
    library = _jsonschema()
    import referencing

    kind = library.validators.validator_for(condition.schema, default=library.Draft202012Validator)
    validator = kind(condition.schema, registry=referencing.Registry())
    try:
        errors = list(islice(validator.iter_errors(value), _SHOWN_ERRORS))
    except (referencing.exceptions.Unresolvable, RecursionError) as error:
        return failed(
            "condition.schema-reference", f"the schema's references lead nowhere: {quote(error)}"
        )
    except OverflowError as error:  # ``multipleOf`` divides as floats do
        return failed(
            "condition.schema-not-met", f"JSON Schema: a number is too large: {quote(error)}"
        )
    if not errors:
        return passed("jsonschema")
    shown = "; ".join(f"{error.json_path}: {quote(error.message)}" for error in errors)
    return failed("condition.schema-not-met", f"JSON Schema: {shown}", engine="jsonschema")


def _references(schema: Any) -> Iterator[str]:
    """Yield the text of every ``$ref`` and ``$dynamicRef``."""
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    if isinstance(schema, dict):
        for key, item in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(item, str):
                yield item
            yield from _references(item)


def _jsonschema() -> Any:
    try:
        import jsonschema
    except ImportError as error:
        raise missing_library("jsonschema", purpose="a JSON Schema condition") from error
    return jsonschema
