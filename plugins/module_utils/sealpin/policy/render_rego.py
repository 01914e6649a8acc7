# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Rego modules (v0 syntax) for what a ClusterImagePolicy cannot say itself."""

from __future__ import annotations

import json

from ..regexes import Pattern
from .model import Condition, Operator, PointerCondition

_HEAD = "package sigstore\n\ndefault isCompliant = false\n\nisCompliant {\n"


_WHOLE = "count([name | name := group[_]; input.authorityMatches[name]]) == count(group)"


class NoRego(Exception):
    """The condition has no Rego form here."""


def authorities_program(groups: list[list[str]], threshold: int, required: list[list[str]]) -> str:
    """Ask for *threshold* groups of authorities, *required* ones among them, to match whole."""
    lines = [
        f"  groups := {json.dumps(groups)}",
        f"  matched := [group | group := groups[_]; {_WHOLE}]",
        f"  count(matched) >= {threshold}",
        *(f"  input.authorityMatches[{json.dumps(name)}]" for group in required for name in group),
    ]
    return _HEAD + "\n".join(lines) + "\n}\n"


def attestation_program(conditions: tuple[Condition, ...]) -> str:
    """Ask for every comparison to hold on the predicate. Raises `NoRego`."""
    lines = [line for number, each in enumerate(conditions) for line in _comparison(each, number)]
    return _HEAD + "\n".join(f"  {line}" for line in lines) + "\n}\n"


def _comparison(condition: Condition, number: int) -> list[str]:
    if not isinstance(condition, PointerCondition):
        raise NoRego("a JSON Schema or several programs")
    parts = [
        part.replace("~1", "/").replace("~0", "~") for part in condition.pointer.split("/")[1:]
    ]
    if any(part.isdecimal() for part in parts):
        raise NoRego(f"the pointer {condition.pointer}, which may lead into a list")
    name = f"value_{number}"
    lines = [f"{name} := input.predicate" + "".join(f"[{json.dumps(part)}]" for part in parts)]
    return lines + _holds(condition, name)


def _holds(condition: PointerCondition, name: str) -> list[str]:
    if isinstance(condition.expected, Pattern):
        return [f"is_string({name})", f"regex.match({json.dumps(condition.expected.text)}, {name})"]
    expected = json.dumps(condition.expected)
    match condition.operator:
        case Operator.EQUALS:
            return [f"{name} == {expected}"]
        case Operator.ONE_OF:
            return [f"{name} == {expected}[_]"]
        case Operator.AT_MOST:
            return [f"is_number({name})", f"{name} <= {expected}"]
        case Operator.AT_LEAST:
            return [f"is_number({name})", f"{name} >= {expected}"]
        case Operator.CONTAINS:
            return [f"is_array({name})", f"{name}[_] == {expected}"]
        case Operator.EXISTS if condition.expected is True:
            return [f"count([{name}]) == 1"]
    raise NoRego(f"the comparison {condition.operator.value}")
