# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Do all names of a CUE program lead somewhere? CUE asks before it evaluates anything.

A name is a label written without quotes, a ``let`` or an import in a scope around it, or
predeclared (CUE specification, "Declarations and scopes"). An import nobody uses is an error, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import quote
from ...records import fields, is_dataclass
from .cue_tree import CueError, Field, Let, Name, Program, Struct
from .cue_values import TYPES

PREDECLARED = frozenset(TYPES) | {
    "_|_", "bytes", "error", "len", "close", "and", "or", "div", "mod", "quo", "rem",
    "uint", "uint8", "int8", "uint16", "int16", "rune", "uint32", "int32", "uint64", "int64",
    "uint128", "int128", "float32", "float64",
}  # fmt: skip


def check_names(program: Program) -> None:
    """Raise `CueError` for a name that leads nowhere or an import without use."""
    packages = {path.rpartition("/")[2]: path for path in program.imports}
    used = set(_free_names(program.body, frozenset()))
    for name in sorted(used):
        if name not in PREDECLARED and name not in packages:
            raise CueError(f"reference {quote(name)} not found")
    for name, path in packages.items():
        if name not in used:
            raise CueError(f"imported and not used: {quote(path)}")


def names_in(value: object) -> Iterator[str]:
    """Yield every name an expression or declaration refers to."""
    if isinstance(value, Name):
        yield value.name
    else:
        for part in _parts(value):
            yield from names_in(part)


def _free_names(value: object, known: frozenset[str]) -> Iterator[str]:
    """Yield the names that no scope inside *value* nor *known* declares."""
    if isinstance(value, Name):
        if value.name not in known:
            yield value.name
        return
    if isinstance(value, Struct):
        _check_lets(value)
        known |= {
            each.label
            for each in value.declarations
            if isinstance(each, Field) and not each.is_quoted
        }
        known |= {each.name for each in value.declarations if isinstance(each, Let)}
    for part in _parts(value):
        yield from _free_names(part, known)


def _check_lets(struct: Struct) -> None:
    lets = [each.name for each in struct.declarations if isinstance(each, Let)]
    if len(set(lets)) < len(lets):
        raise CueError("a let is declared twice in one scope")


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        yield from value
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield getattr(value, each.name)
