# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""YAML documents as nodes with source positions; the only importer of ruamel.yaml.

Nothing is ever re-emitted: a node says where in the text it stands, and whoever edits splices the
text. Both parsers of ruamel.yaml are needed. The C one is fast and carries an old libyaml that
rejects ``{image: nginx:1.27}``; the pure one is slow and rejects a tab after a colon. Text is
unparseable only if both say so. Grammar: YAML 1.2.2, chapters 5 to 9; what a plain scalar *means*
is in `yamlschema`.

Offsets are indexes into the ``str`` that was given (code points), whichever parser gave them and
whether or not the text begins with a byte order mark. An alias is the very node its anchor stands
on, so an edit at a node is made once.
"""

from __future__ import annotations

import base64
import gc
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any, NamedTuple, Union

from .errors import InvalidInput, missing_library, quote
from .limits import MAX_PURE_YAML_CHARS, MAX_YAML_DEPTH
from .records import dataclass

try:
    from ruamel.yaml import YAML
    from ruamel.yaml import events as _events
    from ruamel.yaml.error import YAMLError as _YAMLError
except ImportError:
    HAS_RUAMEL = False
else:
    HAS_RUAMEL = True
try:
    from ruamel.yaml.cyaml import CParser as _CParser  # type: ignore[attr-defined]
except ImportError:
    _CParser = None

BYTE_ORDER_MARK = "\ufeff"
MERGE_KEY = "<<"
_BLOCK = 4096
_BINARY = "tag:yaml.org,2002:binary"

# The pure parser lets these through on malformed escapes and directives; each means "not YAML".
_PURE_FAILURES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


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

    __slots__ = ("_block_lines", "_has_returns", "_line_starts", "text", "where")

    def __init__(self, text: str, *, where: str) -> None:
        self.text = text
        self.where = where
        self._has_returns = "\r" in text
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
        return Position(self.line_number(offset), offset - self._start_of_line(offset) + 1)

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
        end = self._start_of_line(offset) - 1
        return self.text[self._start_of_line(end) : end] if end >= 0 else ""

    def _start_of_line(self, offset: int) -> int:
        if self._has_returns:
            return self.line_starts[self.line_number(offset) - 1]
        return self.text.rfind("\n", 0, offset) + 1

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


def parse_documents(text: str, *, where: str) -> tuple[Document, ...]:
    """Parse every document of *text*; *where* names it in messages.

    A leading byte order mark is allowed and counted. Raises `InvalidInput` ``yaml.unparsable``,
    ``yaml.too-deep`` or ``yaml.unknown-alias``, `MissingDependency` without ruamel.yaml.
    """
    start = 1 if text.startswith(BYTE_ORDER_MARK) else 0
    return parse_region(SourceText(text, where=where), start, len(text))


def parse_region(source: SourceText, start: int, end: int) -> tuple[Document, ...]:
    """Parse ``source.text[start:end]`` as a stream; offsets are those of the whole text.

    Raises as `parse_documents`.
    """
    if not HAS_RUAMEL:
        raise missing_library("ruamel.yaml", purpose="reading YAML")
    text = source.text[start:end]
    failure = None
    if _CParser is not None:
        try:
            return _Composer(source, start).compose(_c_events(text))
        except _YAMLError as error:
            failure = error
    if failure is not None and len(text) > MAX_PURE_YAML_CHARS:
        raise _unparsable(failure, source, start) from failure
    try:
        return _Composer(source, start).compose(_pure_events(text))
    except _YAMLError as error:
        raise _unparsable(failure or error, source, start) from error
    except _PURE_FAILURES as error:
        raise _unparsable(failure, source, start) from error


@contextmanager
def without_collection() -> Iterator[None]:
    """Hold the cyclic garbage collector back while a file is read.

    Nodes are made by the ten thousand and none is garbage before the file is done with, so that
    every collection on the way looks at all of them in vain, for a sixth of the time.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def event_signature(text: str) -> list[tuple[str, str, str, str, str]]:
    """List kind, tag, anchor, style and value of every event in *text*.

    Two texts with equal lists mean the same to every reader.

    Raises `InvalidInput` ``yaml.unparsable``.
    """
    if _CParser is not None:
        try:
            return [_signature(event) for event in _c_events(text)]
        except _YAMLError:
            pass  # the pure parser has the last word
    try:
        return [_signature(event) for event in _pure_events(text)]
    except (_YAMLError, *_PURE_FAILURES) as error:
        raise InvalidInput("yaml.unparsable", "not YAML: neither parser reads the text") from error


def _signature(event: Any) -> tuple[str, str, str, str, str]:
    """Written out by kind: a self-check reads more events than anything else does."""
    kind = type(event).__name__
    if kind == "ScalarEvent":
        return kind, str(event.tag or ""), event.anchor or "", event.style or "", event.value
    if kind in ("MappingEndEvent", "SequenceEndEvent"):
        return kind, "", "", "", ""
    return (
        kind,
        str(getattr(event, "tag", None) or ""),
        getattr(event, "anchor", None) or "",
        "",
        "",
    )


def _c_events(text: str) -> Iterator[Any]:
    next_event: Callable[[], Any] = _CParser(text).get_event
    return iter(next_event, None)


def _pure_events(text: str) -> Iterator[Any]:
    events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
    return events


def _unparsable(failure: Exception | None, source: SourceText, base: int) -> InvalidInput:
    """Turn a parser's error into ours, with the position in the whole text when it tells one."""
    mark = getattr(failure, "problem_mark", None)
    offset = getattr(mark, "index", getattr(failure, "position", None))
    position = f":{source.position(base + offset)}" if isinstance(offset, int) else ""
    problem = getattr(failure, "problem", None) or getattr(failure, "reason", None) or "malformed"
    return InvalidInput("yaml.unparsable", f"not YAML: {problem} ({source.where}{position})")


class _Composer:
    """Makes nodes from parser events; iterative, so that depth costs no stack."""

    __slots__ = (
        "anchored",
        "anchors",
        "base",
        "documents",
        "duplicates",
        "open",
        "parts",
        "source",
        "start",
    )

    def __init__(self, source: SourceText, base: int) -> None:
        self.source = source
        self.base = base
        self.documents: list[Document] = []
        self.open: list[tuple[Any, list[Node]]] = []
        """Collections around the current one, each with the parts of its own surroundings."""
        self._begin(0)

    def _begin(self, start: int) -> None:
        self.start = start
        self.parts: list[Node] = []
        """Children of the innermost open collection, or the document's root."""
        self.anchors: dict[str, Node] = {}
        self.anchored: list[Scalar] = []
        self.duplicates: list[tuple[Mapping, Node]] = []

    def compose(self, events: Iterator[Any]) -> tuple[Document, ...]:
        handlers: dict[type, Callable[[Any], None]] = {
            _events.AliasEvent: self._alias,
            _events.MappingStartEvent: self._enter_mapping,
            _events.SequenceStartEvent: self._enter_sequence,
            _events.MappingEndEvent: self._leave_mapping,
            _events.SequenceEndEvent: self._leave_sequence,
            _events.DocumentStartEvent: self._enter_document,
            _events.DocumentEndEvent: self._leave_document,
            _events.StreamStartEvent: self._ignore,
            _events.StreamEndEvent: self._ignore,
        }
        scalar_event: type = _events.ScalarEvent
        for event in events:
            if event.__class__ is scalar_event:  # two of three
                self._scalar(event)
            else:
                handlers[event.__class__](event)
        return tuple(self.documents)

    def _ignore(self, event: Any) -> None:
        """The stream's own ends hold nothing."""

    def _scalar(self, event: Any) -> None:
        base, anchor, tag = self.base, event.anchor, event.tag
        start, end = event.start_mark.index + base, event.end_mark.index + base
        value = _decoded(event.value) if tag == _BINARY else event.value
        node = new_scalar(Scalar, (start, end, value, event.style or "", tag or "", anchor or ""))
        self.parts.append(node)
        if anchor:
            self.anchors[anchor] = node
            self.anchored.append(node)

    def _alias(self, event: Any) -> None:
        node = self.anchors.get(event.anchor)
        if node is None:
            position = self.source.position(event.start_mark.index + self.base)
            raise InvalidInput(
                "yaml.unknown-alias",
                f"no anchor for the alias {quote(event.anchor)} ({self.source.where}:{position})",
            )
        self.parts.append(node)

    def _enter_mapping(self, event: Any) -> None:
        start = event.start_mark.index + self.base
        flow = bool(event.flow_style)
        self._enter(Mapping(start, start, [], flow, event.tag or "", event.anchor or ""))

    def _enter_sequence(self, event: Any) -> None:
        start = event.start_mark.index + self.base
        flow = bool(event.flow_style)
        self._enter(Sequence(start, start, [], flow, event.tag or "", event.anchor or ""))

    def _enter(self, node: Sequence | Mapping) -> None:
        if len(self.open) >= MAX_YAML_DEPTH:
            where = f"{self.source.where}:{self.source.position(node.start)}"
            raise InvalidInput(
                "yaml.too-deep", f"nested deeper than {MAX_YAML_DEPTH} collections ({where})"
            )
        self.parts.append(node)
        self.open.append((node, self.parts))
        self.parts = []
        if node.anchor:
            self.anchors[node.anchor] = node

    def _leave_mapping(self, event: Any) -> None:
        parts = self.parts
        mapping, self.parts = self.open.pop()
        mapping.end = event.end_mark.index + self.base
        keys = parts[::2]
        mapping.entries = list(zip(keys, parts[1::2], strict=True))
        names = {key.value if isinstance(key, Scalar) else key for key in keys}
        mapping.is_simple = MERGE_KEY not in names and names.isdisjoint(keys)
        if len(names) < len(keys):
            self.duplicates.append((mapping, _repeated_key(keys)))

    def _leave_sequence(self, event: Any) -> None:
        items = self.parts
        node, self.parts = self.open.pop()
        node.end = event.end_mark.index + self.base
        node.items = items

    def _enter_document(self, event: Any) -> None:
        self._begin(event.start_mark.index + self.base)

    def _leave_document(self, event: Any) -> None:
        root = self.parts[0]
        is_empty = isinstance(root, Scalar) and root.start == root.end
        end = event.end_mark.index + self.base
        self.documents.append(
            Document(
                self.source,
                None if is_empty else root,
                self.start,
                end,
                tuple(self.duplicates),
                tuple(self.anchored),
            )
        )


def _decoded(text: str) -> str:
    """What ``!!binary`` means to those who read it as text: a key can be spelled so."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except ValueError:
        return text


def _repeated_key(keys: list[Node]) -> Node:
    """The first of *keys* that stands there a second time."""
    seen: set[str | Node] = set()
    for key in keys:
        name = key.value if isinstance(key, Scalar) else key
        if name in seen:
            return key
        seen.add(name)
    raise ValueError("no key is repeated")
