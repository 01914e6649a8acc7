# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""YAML documents as nodes with source positions, whoever read them (`yamldoc`, `yamlplain`).

Nothing is ever re-emitted: a node says where in the text it stands, and whoever edits splices the
text. Offsets are indexes into the ``str`` that was given (code points), whether or not the text
begins with a byte order mark. An alias is the very node its anchor stands on, so an edit at a node
is made once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple, Union

from .records import dataclass

BYTE_ORDER_MARK = "\ufeff"
MERGE_KEY = "<<"
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands, counted as editors count."""

    line: int
    """From 1."""
    column: int
    """From 1, in characters."""

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


class SourceText:
    """A text and its lines, which end with LF, CRLF or a lone CR (YAML 1.2.2, section 5.4).

    A large text is asked about a few places only, so that lines are counted by blocks; a text with
    a CR in it is cut into lines when first asked for.
    """

    __slots__ = ("_block_lines", "_has_returns", "_line", "_line_starts", "text", "where")

    def __init__(self, text: str, *, where: str) -> None:
        self.text = text
        self.where = where
        self._has_returns = "\r" in text
        self._line = (0, -1)
        """Start and end of the line that was asked about last: one line may hold all values."""
        self._line_starts: list[int] = []
        self._block_lines: list[int] = []
        """How many lines end before each block of `_BLOCK` characters."""

    @property
    def line_starts(self) -> list[int]:
        """Offset of each line's first character."""
        if not self._line_starts:
            self._line_starts = list(_line_starts(self.text))
        return self._line_starts

    def line_number(self, offset: int) -> int:
        """The line of *offset*, from 1."""
        if self._has_returns:
            return bisect_right(self.line_starts, offset)
        if not self._block_lines:
            counts = (
                self.text.count("\n", at, at + _BLOCK) for at in range(0, len(self.text), _BLOCK)
            )
            self._block_lines = list(accumulate(counts, initial=0))
        block = offset // _BLOCK
        return 1 + self._block_lines[block] + self.text.count("\n", block * _BLOCK, offset)

    def position(self, offset: int) -> Position:
        """Line and column of *offset*."""
        return Position(self.line_number(offset), offset - self.start_of_line(offset) + 1)

    def rest_of_line(self, offset: int) -> str:
        """The text from *offset* to the end of its line, the line break left out."""
        if self._has_returns:
            number = self.line_number(offset)
            return self.line(number)[offset - self.line_starts[number - 1] :]
        end = self.text.find("\n", offset)
        return self.text[offset : len(self.text) if end < 0 else end]

    def line_before(self, offset: int) -> str:
        """The line above that of *offset*, without its line end; empty when there is none."""
        if self._has_returns:
            return self.line(self.line_number(offset) - 1)
        end = self.start_of_line(offset) - 1
        return self.text[self.text.rfind("\n", 0, end) + 1 : end] if end >= 0 else ""

    def start_of_line(self, offset: int) -> int:
        """Offset of the first character of the line of *offset*."""
        if self._has_returns:
            return self.line_starts[self.line_number(offset) - 1]
        start, end = self._line
        if not start <= offset <= end:
            start, end = self.text.rfind("\n", 0, offset) + 1, self.text.find("\n", offset)
            self._line = (start, end if end >= 0 else len(self.text))
        return start

    def line(self, number: int) -> str:
        """Line *number* (from 1) without its line end; empty when there is none such."""
        starts = self.line_starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")


def _line_starts(text: str) -> Iterable[int]:
    if "\r" not in text:
        # In C throughout: large files have hundreds of thousands of lines.
        return accumulate(map((1).__add__, map(len, text.split("\n")[:-1])), initial=0)
    return _line_starts_with_returns(text)


def _line_starts_with_returns(text: str) -> Iterator[int]:
    yield 0
    for offset, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[offset + 1 : offset + 2] != "\n"):
            yield offset + 1


# Nodes are compared by identity: an alias is its anchor's node. There are hundreds of thousands in
# a large tree, most of them scalars, so these are tuples: made by `new_scalar` in half the time.
class _ScalarFields(NamedTuple):
    start: int
    end: int
    """For a block scalar: the beginning of the line after it."""
    value: str
    """The content after folding and escapes; unresolved text, but for ``!!binary``."""
    style: str
    """Empty for plain, else one of ``'``, ``"``, ``|``, ``>``."""
    tag: str
    """Resolved (``tag:yaml.org,2002:str`` for ``!!str``), empty if none was written."""
    anchor: str


class Scalar(_ScalarFields):
    """A scalar; `start` and `end` include its anchor, tag and quotes."""

    __slots__ = ()
    __eq__ = object.__eq__
    __ne__ = object.__ne__
    __hash__ = object.__hash__

    @property
    def is_plain(self) -> bool:
        """Whether it is unquoted, so that its text may mean a number, a boolean or null."""
        return not self.style


new_scalar: Callable[[type[Scalar], tuple[int, int, str, str, str, str]], Scalar] = tuple.__new__
"""Make a scalar of its six fields: ``new_scalar(Scalar, (start, end, value, style, tag, anchor))``.

Python's own constructor of a named tuple takes as long again.
"""


# Collections are filled while they are composed; nobody changes one afterwards.
@dataclass(slots=True, eq=False)
class Sequence:
    """A sequence, block or flow."""

    start: int
    end: int
    items: list[Node]
    is_flow: bool
    tag: str
    anchor: str
    first: int = 0
    """The number of the first item: what is known of a sequence may begin in its middle."""

    @property
    def numbered(self) -> Iterable[tuple[int, Node]]:
        """Each item with its number."""
        return enumerate(self.items, self.first)


def numbered(node: Node | None) -> Iterable[tuple[int, Node]]:
    """Each item of a sequence with its number; of anything else there is none."""
    return node.numbered if isinstance(node, Sequence) else ()


@dataclass(slots=True, eq=False)
class Mapping:
    """A mapping, block or flow, with its entries in document order."""

    start: int
    end: int
    entries: list[tuple[Node, Node]]
    is_flow: bool
    tag: str
    anchor: str
    is_simple: bool = False
    """Whether every key is a scalar and none is the merge key."""

    def get(self, key: str) -> Node | None:
        """The value of the last entry with the scalar *key*; merge keys are not followed."""
        found = None
        for name, value in self.entries:
            if isinstance(name, Scalar) and name.value == key:
                found = value
        return found


Node = Union[Scalar, Sequence, Mapping]


@dataclass(slots=True, eq=False)
class Document:
    """One document of a stream."""

    source: SourceText
    root: Node | None
    """None for a document without content."""
    start: int
    """Of its ``---``, or of its content where none is written."""
    end: int
    duplicates: tuple[tuple[Mapping, Node], ...]
    """Mappings that have a key twice, and that key; YAML 1.2.2, section 3.2.1.3 forbids it."""
    anchored: tuple[Scalar, ...]
    """Scalars that an alias may repeat."""

    def position(self, node: Node) -> Position:
        """Line and column of a node's first character."""
        return self.source.position(node.start)
