# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Plain YAML read line by line: what most manifests are written in, three times as fast.

A parser makes an object for every event; most manifests are block collections of keys, one-line
scalars and comments, and those are told by one pattern for each line. Whatever is not beyond doubt
(an anchor, a tag, an escape, a block scalar, a value over several lines, anything but printable
ASCII) is `None`: `yamldoc` reads it. What is read is, node for node and offset for offset, what the
parser gives; a test compares the two over every document there is and over random ones.

Productions of YAML 1.2.2: 8.2.1 (block sequences, also at the indentation of their key), 8.2.2
(block mappings), 7.3.3 (plain scalars, of one line), 7.4 (flow collections, of scalars, on one
line). Indentation says where a collection ends, so one line is looked at once.
"""

from __future__ import annotations

import re

from .limits import MAX_YAML_DEPTH
from .yamlnodes import Document, Mapping, Node, Scalar, Sequence, SourceText, new_scalar

_KEY = r"[A-Za-z0-9_/][A-Za-z0-9_./-]{0,127}"
# A colon or a number sign is text only where no space makes it a mark; spaces are never the last.
_PLAIN = (
    r"(?:[A-Za-z0-9_./$(+~]|-{1,2}(?=[A-Za-z0-9]))"
    r"[^\n: ]*(?:(?::(?=[^\n ])| {1,99}(?=[^\n:# ]))[^\n: ]*){0,999}"
)
_QUOTED = r"""(?:"[^"\\\n]*"|'[^'\n]*')"""
_FLOW_ITEM = rf"(?:(?:-{{1,2}}(?=[A-Za-z0-9]))?[A-Za-z0-9_./][A-Za-z0-9_./-]*|{_QUOTED})"
_FLOW_ENTRY = rf"{_KEY}: {_FLOW_ITEM}"
_FLOW_ITEMS = rf"{_FLOW_ITEM}(?:, {_FLOW_ITEM}){{0,99}}"
_FLOW_ENTRIES = rf"{_FLOW_ENTRY}(?:, {_FLOW_ENTRY}){{0,99}}"
_FLOW = rf"\[(?:{_FLOW_ITEMS})?\]|\{{(?:{_FLOW_ENTRIES})?\}}"
_VALUE = rf"(?:({_PLAIN}|{_QUOTED})|({_FLOW}))"
_LINE = re.compile(
    rf"( *)(?:(- +)?(?:({_KEY}):(?: +{_VALUE})?|(?<=- ){_VALUE})(?: +\#[^\n]*| *)|\#[^\n]*)?"
    r"(?:\n|\Z)|(.)"  # the last one is any other line, given up at its first character
)
# Groups of a line; the last one that matched tells what the line is.
_INDENT, _DASH, _KEY_TEXT, _ITEM, _OTHER = 1, 2, 3, 6, 8
_FLOW_PART = re.compile(rf"(?:({_KEY}): )?({_FLOW_ITEM})")
_HEAD = re.compile(r"---\n")
_PRINTABLE = re.compile(r"[\n -~]*")


def read_plain(source: SourceText, start: int, end: int) -> tuple[Document, ...] | None:
    """Read ``source.text[start:end]``, one document, if it is plain beyond doubt; else None."""
    text = source.text
    head = _HEAD.match(text, start, end)
    first = head.end() if head else start
    if _PRINTABLE.fullmatch(text, start, end) is None:
        return None
    root = _Reader(text).read(first, end)
    if root is None:
        return None
    return (Document(source, root, start if head else root.start, end, (), ()),)


class _NotPlain(Exception):
    """The text needs a parser."""


class _Reader:
    """Keeps the block collections whose end is not reached, outermost first."""

    __slots__ = ("columns", "key", "nodes", "root", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Mapping | Sequence | None = None
        self.nodes: list[Mapping | Sequence] = []
        self.columns: list[int] = []
        self.key: Scalar | None = None
        """The last key of the innermost mapping while its value is still to come."""

    def read(self, start: int, end: int) -> Mapping | Sequence | None:
        """Read every line, and return the root; None if one is not plain, or nothing is there."""
        try:
            self._read_lines(start, end)
            self._close(0, end)
        except _NotPlain:
            return None
        return self.root

    def _read_lines(self, start: int, end: int) -> None:
        """One turn a line, written for speed: the usual line is a key below or beside another."""
        text, columns, nodes = self.text, self.columns, self.nodes
        for line in _LINE.finditer(text, start, end):
            begin, last = line.start(), line.lastindex or _INDENT
            if last == _INDENT:
                continue  # blank, or a comment
            if last == _OTHER:
                raise _NotPlain
            offset = line.end(_INDENT)
            if line.start(_DASH) >= 0:
                self._begin_item(offset - begin, offset)
                if last >= _ITEM:
                    self._add(_value(text, *line.span(last)))
                    continue
                offset = line.start(_KEY_TEXT)
                mapping = _mapping(offset)
                self._enter(mapping, offset - begin)
            elif self.key is not None or not columns or columns[-1] != offset - begin:
                mapping = self._begin_key(offset - begin, offset)
            elif isinstance(innermost := nodes[-1], Mapping):
                mapping = innermost
            else:
                mapping = self._begin_key(offset - begin, offset)
            key_end = line.end(_KEY_TEXT)
            key = new_scalar(Scalar, (offset, key_end, text[offset:key_end], "", "", ""))
            if last == _KEY_TEXT:
                self.key = key
            else:
                mapping.entries.append((key, _value(text, *line.span(last))))

    def _begin_key(self, column: int, offset: int) -> Mapping:
        """Return the mapping that a key at *column* belongs to, now the innermost collection."""
        columns, nodes = self.columns, self.nodes
        innermost = columns[-1] if columns else -1
        if column > innermost:
            if self.key is None and (column or nodes or self.root is not None):
                raise _NotPlain
            mapping = _mapping(offset)
            self._enter(mapping, column)
            return mapping
        self._close(column + 1, offset)
        self._fill()
        if nodes and isinstance(nodes[-1], Sequence):
            # A sequence at its key's own indentation ends with the next key.
            if columns[-2:] != [column, column]:
                raise _NotPlain
            columns.pop()
            nodes.pop().end = offset
        found = nodes[-1] if nodes and columns[-1] == column else None
        if not isinstance(found, Mapping):
            raise _NotPlain
        return found

    def _begin_item(self, column: int, offset: int) -> None:
        """Make the sequence that a dash at *column* belongs to the innermost collection."""
        self._close(column + 1, offset)
        innermost = self.columns[-1] if self.columns else -1
        if self.key is not None or (column == 0 and self.root is None):
            self._enter(_sequence(offset), column)  # below its key, or beside it
        elif innermost != column or not isinstance(self.nodes[-1], Sequence):
            raise _NotPlain

    def _enter(self, node: Mapping | Sequence, column: int) -> None:
        if len(self.nodes) >= MAX_YAML_DEPTH:
            raise _NotPlain
        if self.root is None:
            self.root = node
        else:
            self._add(node)
        self.nodes.append(node)
        self.columns.append(column)

    def _add(self, value: Node) -> None:
        innermost = self.nodes[-1]
        if isinstance(innermost, Sequence):
            innermost.items.append(value)
        elif self.key is not None:
            innermost.entries.append((self.key, value))
            self.key = None

    def _close(self, column: int, offset: int) -> None:
        """End, at *offset*, the collections that stand at *column* or further in."""
        columns, nodes = self.columns, self.nodes
        if columns and columns[-1] >= column:
            self._fill()
        while columns and columns[-1] >= column:
            columns.pop()
            closed = nodes.pop()
            closed.end = offset
            if isinstance(closed, Mapping):
                _refuse_duplicates(closed)

    def _fill(self) -> None:
        """A key without a value has an empty one, right behind its colon."""
        if self.key is not None:
            after = self.key.end + 1
            self._add(new_scalar(Scalar, (after, after, "", "", "", "")))


def _mapping(start: int) -> Mapping:
    # By position, since names take a fifth longer: not flow, no tag, no anchor, simple.
    return Mapping(start, start, [], False, "", "", True)  # noqa: FBT003


def _sequence(start: int) -> Sequence:
    return Sequence(start, start, [], False, "", "")  # noqa: FBT003


def _refuse_duplicates(mapping: Mapping) -> None:
    entries = mapping.entries
    # Every key is a scalar here; asking takes as long as the rest.
    if len(entries) > 1 and len({key.value for key, _value in entries}) < len(entries):  # type: ignore[union-attr]
        raise _NotPlain


def _value(text: str, start: int, end: int) -> Node:
    first = text[start]
    if first == "[" or first == "{":  # noqa: PLR1714 - half the time of `in`
        return _flow(text, start, end)
    if first == '"' or first == "'":  # noqa: PLR1714
        return new_scalar(Scalar, (start, end, text[start + 1 : end - 1], first, "", ""))
    return new_scalar(Scalar, (start, end, text[start:end], "", "", ""))


def _flow(text: str, start: int, end: int) -> Mapping | Sequence:
    parts = _FLOW_PART.finditer(text, start + 1, end - 1)
    if text[start] == "[":
        items = [_value(text, *part.span(2)) for part in parts]
        return Sequence(start, end, items, is_flow=True, tag="", anchor="")
    entries: list[tuple[Node, Node]] = [
        (
            new_scalar(Scalar, (part.start(1), part.end(1), part[1], "", "", "")),
            _value(text, *part.span(2)),
        )
        for part in parts
    ]
    mapping = Mapping(start, end, entries, is_flow=True, tag="", anchor="", is_simple=True)
    _refuse_duplicates(mapping)
    return mapping
