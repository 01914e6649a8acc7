# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The tree of a CUE program: what `cue_parser` makes and `cue_evaluate` walks.

Only the part of the language that policies are written in has a place here
(https://cuelang.org/docs/reference/spec/); anything else is `Unsupported`: named, never guessed.
"""

from __future__ import annotations

from typing import Union

from ...errors import Unavailable
from ...records import dataclass


class Unsupported(Unavailable):
    """A construct this reader does not know; another engine may."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "cue.unsupported",
            f"not in the part of CUE that is built in: {what}",
            hint="install the cue command, or write the condition as a JSON Schema",
        )


class CueError(Exception):
    """The text is not CUE: no input satisfies it."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A scalar constant."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A name, resolved in the scopes around it."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``base.name`` or ``base["name"]``."""

    base: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``."""

    function: Expression
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """A bound (``<x``, ``=~x``), ``!x``, ``-x`` or a default mark ``*x``."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """``[a, b, ...rest]``."""

    items: tuple[Expression, ...]
    rest: Expression | None
    """What further items must be; None for a closed list."""


@dataclass(frozen=True, slots=True)
class Field:
    """``label: value``; `mark` is empty, ``?`` or ``!``."""

    label: str
    is_quoted: bool
    mark: str
    value: Expression

    @property
    def is_regular(self) -> bool:
        """Whether it is about the input: not hidden (``_x``), no definition (``#x``)."""
        return self.is_quoted or not self.label.startswith(("_", "#"))


@dataclass(frozen=True, slots=True)
class Pattern:
    """``[pattern]: value``: of every field whose name matches."""

    pattern: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Conditional:
    """``if condition {body}``."""

    condition: Expression
    body: Struct


@dataclass(frozen=True, slots=True)
class Let:
    """``let name = value``."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Embedding:
    """An expression among the fields: the struct is that, too."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Rest:
    """``...``: further fields are allowed."""


Declaration = Union[Field, Pattern, Conditional, Let, Embedding, Rest]


@dataclass(frozen=True, slots=True)
class Struct:
    """``{…}``, or a whole file."""

    declarations: tuple[Declaration, ...]


Expression = Union[Literal, Name, Select, Call, Unary, Binary, ListLiteral, Struct]


@dataclass(frozen=True, slots=True)
class Program:
    """A parsed file."""

    imports: frozenset[str]
    body: Struct
