# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Small CUE programs and documents, made up from a seed, to hold our reader to ``cue``."""

from __future__ import annotations

import json
from random import Random

LABELS = ("a", "b", "c", "predicate", '"x-y"')
CONSTANTS = ("1", "2", "1.0", '"s"', '"t"', "true", "false", "null", '"2022-01-01T00:00:00Z"')
TYPES = ("string", "int", "number", "bool", "_", "float")
BOUNDS = ("<1", "<=2", '>"s"', ">=1.5", '!="s"', "!=1", '=~"^s"', '!~"s$"')
SIZES = ("struct.MinFields(1)", "struct.MaxFields(1)", "list.MinItems(1)", "list.MaxItems(1)")
OTHER = (
    "a",
    "b",
    "a.b",
    "predicate.a",
    "#D",
    "len(a)",
    "close({a: int})",
    "[...int]",
    "[...string]",
)
CONDITIONS = ("a == 1", 'b != "s"', "len(a) < 2", "true", "false")


def make_program(random: Random) -> str:
    """Make the text of a program."""
    body = _struct(random, 0)[1:-1]
    imports = [f'import "{name}"\n' for name in ("struct", "list") if f"{name}." in body]
    return "".join(imports) + ("#D: {a: int}\n" if "#D" in body else "") + body


def make_document(random: Random) -> bytes:
    """Make the JSON a program is asked about."""
    labels = random.sample(LABELS, random.randint(0, 5))
    return json.dumps({label.strip('"'): _value(random, 0) for label in labels}).encode("ascii")


def _scalar(random: Random) -> str:
    kind = random.randrange(8)
    if kind == 6:
        return f"{_scalar(random)} & {_scalar(random)}"
    if kind == 7:
        mark = random.choice(("", "*"))
        return f"{mark}{random.choice(CONSTANTS)} | {random.choice(CONSTANTS + TYPES)}"
    return random.choice((CONSTANTS, CONSTANTS, TYPES, BOUNDS, SIZES, OTHER)[kind])


def _struct(random: Random, depth: int) -> str:
    declarations = (_declaration(random, depth) for _turn in range(random.randint(0, 3)))
    return f"{{{', '.join(declarations)}}}"


def _declaration(random: Random, depth: int) -> str:
    kind, label = random.random(), random.choice(LABELS)
    if kind < 0.65:
        mark = random.choice(("", "", "", "", "?", "!"))
        is_deep = depth < 2 and random.random() < 0.4
        return f"{label}{mark}: " + (_struct(random, depth + 1) if is_deep else _scalar(random))
    if kind < 0.75:
        return f"[string]: {_scalar(random)}"
    if kind < 0.85:
        return f"if {random.choice(CONDITIONS)} {{{label}: {_scalar(random)}}}"
    if kind < 0.9:
        return "..."
    return f"_h: {_scalar(random)}"


def _value(random: Random, depth: int) -> object:
    kind = random.random()
    if kind < 0.5 or depth > 2:
        return json.loads(random.choice(CONSTANTS))
    if kind < 0.65:
        return [_value(random, depth + 1) for _turn in range(random.randint(0, 3))]
    labels = random.sample(LABELS, random.randint(0, 4))
    return {label.strip('"'): _value(random, depth + 1) for label in labels}
