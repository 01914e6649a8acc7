# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What CUE knows of one value, and how two pieces of knowledge become one.

This is the lattice of the CUE specification for scalars ("Values"): unifying can only narrow, and
what cannot be is `Bottom`. Integers and floating-point numbers are different kinds, as in CUE
(``1`` is not ``1.0``), texts compare by Unicode code points. Structs and lists are nodes of
`cue_evaluate`; here they are only kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import quote
from ...records import dataclass, replace
from ...regexes import Pattern

NULL, BOOL, INT, FLOAT, TEXT, STRUCT, LIST = (
    "null",
    "bool",
    "int",
    "float",
    "string",
    "struct",
    "list",
)
ALL_KINDS = frozenset({NULL, BOOL, INT, FLOAT, TEXT, STRUCT, LIST})
NUMBER = frozenset({INT, FLOAT})

TYPES = {
    "_": ALL_KINDS,
    "bool": frozenset({BOOL}),
    "int": frozenset({INT}),
    "float": frozenset({FLOAT}),
    "number": NUMBER,
    "string": frozenset({TEXT}),
}


class Bottom(Exception):
    """No value satisfies this."""


class Absent:
    """The constant of a value that is not known."""


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Check:
    """A test every constant must pass: a bound, a pattern, a validator."""

    text: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a scalar; of a struct or list only that it is one."""

    kinds: frozenset[str] = ALL_KINDS
    constant: Any = ABSENT
    checks: tuple[Check, ...] = ()
    choices: tuple[Value, ...] = ()
    """Alternatives of a disjunction that is not decided yet."""
    default: Any = ABSENT
    """The constant a disjunction falls back to when nothing decides it."""


TOP = Value()


def kind_of(constant: Any) -> str:
    """The kind of a parsed JSON value."""
    if constant is None:
        return NULL
    for type_, kind in ((bool, BOOL), (int, INT), (float, FLOAT), (str, TEXT), (dict, STRUCT)):
        if isinstance(constant, type_):
            return kind
    return LIST


def same(one: Any, other: Any) -> bool:
    """Whether two constants are one value, of one kind all the way down (``1`` is not ``true``)."""
    if kind_of(one) != kind_of(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def constant(value: Any) -> Value:
    """The value that is exactly *value*."""
    return Value(kinds=frozenset({kind_of(value)}), constant=value)


def bound(operator: str, operand: Any) -> Value:
    """The values for which ``value <operator> operand`` holds."""
    kind = kind_of(operand)
    if operator == "!=":
        text = f"!={quote(operand)}"
        kinds = ALL_KINDS if kind == NULL else NUMBER if kind in NUMBER else frozenset({kind})
        return Value(kinds=kinds, checks=(Check(text, lambda got: got != operand),))
    if kind not in (TEXT, INT, FLOAT):
        raise Bottom(f"{kind} has no order")
    kinds = frozenset({TEXT}) if kind == TEXT else NUMBER
    compare = COMPARISONS[operator]
    return Value(
        kinds=kinds,
        checks=(Check(f"{operator}{quote(operand)}", lambda got: compare(got, operand)),),
    )


def pattern(operator: str, expression: Pattern) -> Value:
    """The texts in which *expression* is found (``=~``) or not (``!~``)."""
    wanted = operator == "=~"
    check = Check(
        f"{operator}{quote(expression.text)}", lambda got: expression.matches(got) is wanted
    )
    return Value(kinds=frozenset({TEXT}), checks=(check,))


def disjunction(alternatives: list[tuple[Value, bool]]) -> Value:
    """One of several values; those marked ``*`` are what it falls back to."""
    marked = [value for value, is_default in alternatives if is_default]
    values = tuple(value for value, _value in alternatives)
    fallback = marked[0].constant if len(marked) == 1 else ABSENT
    kinds = frozenset[str]().union(*(value.kinds for value in values))
    return Value(kinds=kinds, choices=values, default=fallback)


def unify(one: Value, other: Value, *, where: str) -> Value:
    """Know what both know, or raise `Bottom`; *where* names the field."""
    kinds = one.kinds & other.kinds
    if not kinds:
        raise Bottom(
            f"{where}: conflicting types: {'|'.join(sorted(one.kinds))} and"
            f" {'|'.join(sorted(other.kinds))}"
        )
    both_known = one.constant is not ABSENT and other.constant is not ABSENT
    if both_known and not same(one.constant, other.constant):
        raise Bottom(
            f"{where}: conflicting values {quote(one.constant)} and {quote(other.constant)}"
        )
    known = one.constant if one.constant is not ABSENT else other.constant
    value = Value(kinds=kinds, constant=known, checks=one.checks + other.checks)
    for choices, default in ((one.choices, one.default), (other.choices, other.default)):
        if choices:
            value = _choose(value, choices, default, where)
    return _checked(value, where)


def _choose(value: Value, choices: tuple[Value, ...], default: Any, where: str) -> Value:
    """Keep the alternatives that can still be; one that is left decides."""
    possible = []
    for choice in choices:
        try:
            possible.append(unify(replace(value, choices=(), default=ABSENT), choice, where=where))
        except Bottom:
            continue
    if not possible:
        raise Bottom(f"{where}: none of the alternatives is possible")
    if len(possible) == 1 or all(_is_same(each, possible[0]) for each in possible):
        return possible[0]
    fallback = default if any(same(each.constant, default) for each in possible) else ABSENT
    kinds = frozenset[str]().union(*(each.kinds for each in possible))
    return Value(kinds=kinds, choices=tuple(possible), default=fallback)


def _is_same(one: Value, other: Value) -> bool:
    known = one.constant is not ABSENT and other.constant is not ABSENT
    return known and same(one.constant, other.constant)


def _checked(value: Value, where: str) -> Value:
    if value.constant is not ABSENT and not isinstance(value.constant, (dict, list)):
        for check in value.checks:
            if not check.holds(value.constant):
                raise Bottom(f"{where}: {quote(value.constant)} is not {check.text}")
    return value


def compare_values(operator: str, left: Any, right: Any) -> bool:
    """Compare two constants as an expression does, or raise `Bottom` without common order."""
    if operator in ("==", "!="):
        numbers = {kind_of(left), kind_of(right)} <= NUMBER
        is_equal = left == right if numbers else same(left, right)
        return is_equal is (operator == "==")
    kinds = {kind_of(left), kind_of(right)}
    if not (kinds <= NUMBER or kinds == {TEXT}):
        raise Bottom(f"{' and '.join(sorted(kinds))} have no common order")
    return COMPARISONS[operator](left, right)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}
