# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes a CUE evaluation fills: everything the program and the document say of one field.

Nodes and scopes are filled while the program is walked and are compared by identity; they live as
long as one evaluation (`cue_evaluate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from ...records import dataclass, field
from .cue_tree import Expression, Struct
from .cue_values import ABSENT, TOP, Value

IRREGULAR = "\0"
"""Begins the label of a hidden field or a definition among a node's children."""


class Incomplete(Exception):
    """It depends on a value that is not there."""


class State(Enum):
    """How far a node is known."""

    NEW = "new"
    GATHERING = "gathering"
    DONE = "done"


@dataclass(slots=True, eq=False)
class Scope:
    """A struct literal around an expression, and the ones around that."""

    node: Node
    names: frozenset[str]
    """Labels that were written without quotes; only they can be referred to by name."""
    lets: Mapping[str, Expression]
    outer: Scope | None


class Closing(Enum):
    """How far a struct literal forbids fields it does not name."""

    OPEN = 0
    LEVEL = 1
    """This level only (``close``)."""
    DEEP = 2
    """All levels (a definition)."""


@dataclass(frozen=True, slots=True, eq=False)
class Conjunct:
    """One thing the program says of a field."""

    expression: Expression
    scope: Scope | None
    closing: Closing = Closing.OPEN


@dataclass(slots=True, eq=False)
class Node:
    """Everything said of one field of the document."""

    path: str
    data: Any
    """The document's value; `ABSENT` where it has none."""
    conjuncts: list[Conjunct] = field(default_factory=list)
    children: dict[str, Node] = field(default_factory=dict)
    """By label; that of a hidden field or a definition begins with a NUL."""
    value: Value = TOP
    state: State = State.NEW
    structs: list[tuple[Struct, Scope, Closing]] = field(default_factory=list)
    is_demanded: bool = False
    """Whether the program says ``!``: it must be in the document, whoever refers to it."""
    is_list_literal: bool = False
    """Whether the program writes its items out."""
    incomplete: str = ""
    """What could not be decided, because a value is missing."""

    def labels(self) -> list[str]:
        """The regular labels of the document and the program, in order."""
        own = list(self.data) if isinstance(self.data, dict) else []
        known = set(own)
        return own + [name for name in self.children if name[:1] != IRREGULAR and name not in known]

    def at(self, label: str) -> str:
        """The path of a field below."""
        name = label.removeprefix(IRREGULAR)
        return f"{self.path}.{name}" if self.path else name


def data_below(data: Any, label: str) -> Any:
    """Return the document's value below *data*; `ABSENT` where it has none."""
    if isinstance(data, dict):
        return data.get(label, ABSENT)
    if isinstance(data, list) and label.isdecimal() and int(label) < len(data):
        return data[int(label)]
    return ABSENT
