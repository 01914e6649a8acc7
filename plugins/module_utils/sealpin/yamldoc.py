# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""YAML parsed to nodes (`yamlnodes`); the only importer of ruamel.yaml.

Both parsers of ruamel.yaml are needed. The C one is fast and carries an old libyaml that rejects
``{image: nginx:1.27}``; the pure one is slow and rejects a tab after a colon. Text is unparseable
only if both say so. Grammar: YAML 1.2.2, chapters 5 to 9; what a plain scalar *means* is in
`yamlschema`. Offsets are the same whichever parser gave them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from .errors import InvalidInput, missing_library, quote
from .limits import MAX_PURE_YAML_CHARS, MAX_YAML_DEPTH
from .yamlnodes import (
    BYTE_ORDER_MARK,
    MERGE_KEY,
    Document,
    Mapping,
    Node,
    Scalar,
    Sequence,
    SourceText,
    new_scalar,
)

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

_BINARY = "tag:yaml.org,2002:binary"

# The pure parser lets these through on malformed escapes and directives; each means "not YAML".
_PURE_FAILURES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


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
    # The pure parser takes a mark inside the text for a part of the key behind it.
    is_final = len(text) > MAX_PURE_YAML_CHARS or f"\n{BYTE_ORDER_MARK}" in text
    if failure is not None and is_final:
        raise _unparsable(failure, source, start) from failure
    try:
        return _Composer(source, start).compose(_pure_events(text))
    except _YAMLError as error:
        raise _unparsable(failure or error, source, start) from error
    except _PURE_FAILURES as error:
        raise _unparsable(failure, source, start) from error


def changed_values(before: str, after: str) -> list[tuple[str, str]] | None:
    """List the scalars whose values differ between two texts, old and new, in their order.

    None where anything else differs: the kind, tag, anchor or style of any event, or their number.
    Two texts with an empty list mean the same to every reader.

    Raises `InvalidInput` ``yaml.unparsable``.
    """
    if _CParser is not None:
        try:
            return _compare(_c_events(before), _c_events(after))
        except _YAMLError:
            pass  # the pure parser has the last word
    try:
        return _compare(_pure_events(before), _pure_events(after))
    except (_YAMLError, *_PURE_FAILURES) as error:
        raise InvalidInput("yaml.unparsable", "not YAML: neither parser reads the text") from error


def _compare(before: Iterator[Any], after: Iterator[Any]) -> list[tuple[str, str]] | None:
    """Written out: a self-check reads more events than anything else does."""
    changed = []
    scalar_event: type = _events.ScalarEvent
    ends = (_events.MappingEndEvent, _events.SequenceEndEvent)
    for old in before:
        new: Any = next(after, None)
        kind = old.__class__
        if new.__class__ is not kind:
            return None
        if kind is scalar_event:
            if old.style != new.style or old.anchor != new.anchor or old.tag != new.tag:
                return None
            if old.value != new.value:
                changed.append((old.value, new.value))
        elif kind not in ends and _marks_of(old) != _marks_of(new):
            return None
    return changed if next(after, None) is None else None


def _marks_of(event: Any) -> tuple[Any, Any]:
    """Anchor and tag of a collection, an alias or a document, where it has them."""
    return getattr(event, "anchor", None), getattr(event, "tag", None)


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
    is_tab = isinstance(offset, int) and source.text[base + offset : base + offset + 1] == "\t"
    return InvalidInput(
        "yaml.unparsable",
        f"not YAML: {problem} ({source.where}{position})",
        hint="there is a tab: indent with spaces" if is_tab else "",
    )


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
