# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Strict reading of policy documents: every problem at once, with its field and place.

A `Fields` is one mapping being read. What is asked for is taken out, and what is left at the end
was never known: an unknown field is a problem, because a misspelled restriction restricts nothing.
The words of the messages are those of policy-controller's webhook (knative's ``apis.FieldError``),
so that people find what they know.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, Union

from ..errors import InvalidInput, PolicyInvalid, quote
from ..records import dataclass
from ..yamlnodes import Document
from ..yamlschema import node_at

Path = tuple[Union[str, int], ...]
_T = TypeVar("_T")
MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a policy document."""

    file: str
    line: int
    column: int
    """Both from 1."""
    field: str
    """``spec.authorities[0].key.data``."""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class DocumentInvalid(PolicyInvalid):
    """A policy document does not load; carries every problem that was found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        shown = problems[:MAX_PROBLEMS]
        super().__init__(
            "policy.invalid",
            "\n".join(str(problem) for problem in shown),
            hint=next((problem.hint for problem in shown if problem.hint), ""),
        )
        self.problems = shown


class Reader:
    """Collects the problems of one document."""

    def __init__(self, document: Document, *, file: str) -> None:
        self.document = document
        self.file = file
        self.problems: list[Problem] = []
        self.finished: list[Fields] = []
        """Every mapping of which all that may stand there was asked for."""
        self.place_of: Callable[[Path], str] = lambda _path: ""
        """Says where a field that is unknown at a path belongs: ``under trust``, or nothing."""

    def add(self, message: str, *paths: Path, hint: str = "", details: str = "") -> None:
        """Note a problem with the fields at *paths*; it is shown where the first of them stands.

        Beyond `MAX_PROBLEMS` it is only counted: to find its place would take ever longer.
        """
        if len(self.problems) >= MAX_PROBLEMS:
            self.problems.append(self.problems[-1])
            return
        names = ", ".join(render(path) for path in paths)
        text = (
            f"validation failed: {message}: {names}" if names else f"validation failed: {message}"
        )
        node = node_at(self.document, paths[0] if paths else ())
        position = self.document.position(node) if node is not None else None
        problem = Problem(
            file=self.file,
            line=position.line if position else 1,
            column=position.column if position else 1,
            field=names,
            message=f"{text}: {details}" if details else text,
            hint=hint,
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def invalid(self, value: object, path: Path, details: str = "", *, hint: str = "") -> None:
        """Note that *value* cannot stand at *path*."""
        self.add(f"invalid value: {_shown(value)}", path, details=details, hint=hint)

    def missing(self, *paths: Path, details: str = "") -> None:
        """Note that one of *paths* must be given."""
        self.add("missing field(s)", *paths, details=details)

    def attempt(self, value: object, path: Path, make: Callable[[], _T]) -> _T | None:
        """Return what *make* makes of *value*; an `InvalidInput` becomes a problem at *path*."""
        try:
            return make()
        except (InvalidInput, PolicyInvalid) as error:
            self.invalid(value, path, error.message, hint=error.hint)
            return None

    def origin(self, path: Path) -> str:
        """``file:line`` of the field at *path*."""
        node = node_at(self.document, path)
        return f"{self.file}:{self.document.position(node).line}" if node is not None else self.file


class Fields:
    """One mapping, read strictly."""

    def __init__(self, value: Any, path: Path, reader: Reader) -> None:
        self.path = path
        self.reader = reader
        self.known: set[str] = set()
        """The names that were asked for."""
        if not isinstance(value, dict):
            reader.invalid(value, path, "expected a mapping")
            value = {}
        self._values: dict[str, Any] = value

    def at(self, name: str | int) -> Path:
        """The path of a field."""
        return (*self.path, name)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        self.known.add(name)
        return self._values.get(name) is not None

    def any(self, name: str) -> Any:
        """The field's value as it is; None when absent."""
        self.known.add(name)
        return self._values.get(name)

    def text(self, name: str, *, required: bool = False) -> str:
        """A text; empty when absent or wrong."""
        value = self.any(name)
        if value is None or (required and value == ""):
            if required:
                self.reader.missing(self.at(name))
            return ""
        if not isinstance(value, str):
            self.reader.invalid(value, self.at(name), f"expected text, got {_kind(value)}")
            return ""
        return value

    def boolean(self, name: str) -> bool:
        """A boolean; false when absent or wrong."""
        value = self.any(name)
        if value is not None and not isinstance(value, bool):
            self.reader.invalid(value, self.at(name), f"expected true or false, got {_kind(value)}")
        return value is True

    def integer(self, name: str, default: int) -> int:
        """An integer; the default when absent or wrong."""
        value = self.any(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self.reader.invalid(value, self.at(name), f"expected an integer, got {_kind(value)}")
            return default
        return value

    def choice(self, name: str, choices: Mapping[str, _T], *, details: str = "") -> _T | None:
        """What one of some words stands for; None when absent or wrong."""
        text = self.text(name)
        if text and text not in choices:
            expected = details or f"expected one of {', '.join(choices)}"
            self.reader.invalid(text, self.at(name), expected)
        return choices.get(text)

    def items(self, name: str, *, required: bool = False) -> list[tuple[Path, Any]]:
        """The items of a list with their paths; empty when absent or wrong."""
        value = self.any(name)
        if value is None or (required and value == []):
            if required:
                self.reader.missing(self.at(name))
            return []
        if not isinstance(value, list):
            self.reader.invalid(value, self.at(name), f"expected a list, got {_kind(value)}")
            return []
        return [((*self.at(name), index), item) for index, item in enumerate(value)]

    def texts(self, name: str) -> list[tuple[Path, str]]:
        """The items of a list of texts."""
        found = []
        for path, item in self.items(name):
            if isinstance(item, str) and item:
                found.append((path, item))
            else:
                self.reader.invalid(item, path, f"expected text, got {_kind(item)}")
        return found

    def mapping(self, name: str) -> Fields | None:
        """A mapping inside; None when absent. Its own `finish` must be called."""
        value = self.any(name)
        return None if value is None else Fields(value, self.at(name), self.reader)

    def mappings(self, name: str, *, required: bool = False) -> Iterator[Fields]:
        """The mappings of a list; each one's own `finish` must be called."""
        for path, item in self.items(name, required=required):
            yield Fields(item, path, self.reader)

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """A mapping of texts to texts, sorted; empty when absent or wrong."""
        inner = self.mapping(name)
        if inner is None:
            return ()
        return tuple(sorted((key, inner.text(key)) for key in inner.names()))

    def names(self) -> list[str]:
        """The names of all fields, in order."""
        return list(self._values)

    def exactly_one(self, *names: str) -> str:
        """The one of *names* that is given; empty, with a problem, for none or several."""
        given = [name for name in names if self.has(name) and self._values[name] != ""]
        if len(given) == 1:
            return given[0]
        got = "both" if given else "neither"
        self.reader.add(f"expected exactly one, got {got}", *(self.at(name) for name in names))
        return ""

    def finish(self) -> None:
        """Note every field that nobody asked for."""
        self.reader.finished.append(self)
        for name in self._values:
            if name not in self.known:
                self.reader.add("unknown field", self.at(name), hint=self._advise(name))

    def _advise(self, name: str) -> str:
        """Say which field *name* may be misspelled for, and where it belongs as it is."""
        close = difflib.get_close_matches(name, self.known, n=1)
        advice = [f"did you mean {close[0]}?"] if close else []
        if place := self.reader.place_of(self.at(name)):
            advice.append(f"{name} belongs {place}")
        return " ".join(advice)


def render(path: Path) -> str:
    """``spec.authorities[0].key``; a name with a dot is quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "[" in step:
            text += f"[{quote(step)}]"
        else:
            text += f".{step}" if text else step
    return text


def _shown(value: object) -> str:
    """Show a value in a message: short, on one line, and never a private key."""
    if isinstance(value, str) and "PRIVATE KEY" in value:
        return "(a private key)"
    return quote(value)[1:-1]


def _kind(value: object) -> str:
    names = {
        dict: "a mapping",
        list: "a list",
        str: "text",
        bool: "a boolean",
        type(None): "nothing",
    }
    return names.get(type(value), "a number")
