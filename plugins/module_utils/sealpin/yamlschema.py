# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What YAML nodes mean: the YAML 1.2 core schema, merge keys and paths.

Policies and the configuration are read with `to_plain`, manifests with `scalar_value` and
`merged_entries`. The schema is YAML 1.2.2 section 10.3: ``yes`` is text, ``1.10`` is a number,
``2024-01-01`` is text. Merge keys (``<<``, https://yaml.org/type/merge.html) belong to YAML 1.1,
yet every consumer of the files we read knows them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Union

from .errors import InvalidInput, quote
from .limits import MAX_YAML_ALIASES, MAX_YAML_DEPTH
from .yamlnodes import MERGE_KEY, Document, Mapping, Node, Scalar, Sequence

STANDARD_TAG = "tag:yaml.org,2002:"

# A quoted key merges too, to go-yaml, if its tag says so or leaves it open.
_MERGE_TAGS = frozenset({"!", f"{STANDARD_TAG}merge"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NUMBER_BEGINNINGS = frozenset("+-.0123456789")
_MAX_NUMBER_CHARS = 1000
_MAX_MERGED = 100
MAX_SHOWN_STEPS = 20

Path = tuple[Union[str, int], ...]
"""Keys and indexes from a document's root to a node."""
PlainScalar = Union[str, int, float, bool, None]
Plain = Union[dict[str, Any], list[Any], PlainScalar]


def resolve_plain(text: str) -> PlainScalar:
    """Resolve the text of an untagged plain scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in _NUMBER_BEGINNINGS or len(text) > _MAX_NUMBER_CHARS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def scalar_value(scalar: Scalar) -> PlainScalar:
    """The value of *scalar*; a quoted, block or tagged one is its text."""
    if scalar.is_plain and not scalar.tag:
        return resolve_plain(scalar.value)
    return scalar.value


def merged_entries(mapping: Mapping) -> Collection[tuple[Scalar, Node]]:
    """Entries of *mapping*, merge keys followed: own keys win, then the earlier merged mapping.

    Keys that are not scalars are passed over; of a key that is there twice the first counts. A
    mapping merged twice adds nothing the second time, which also ends cycles. Raises `InvalidInput`
    ``yaml.alias-limit`` for one that merges many others: a chain of them takes quadratic time.
    """
    if mapping.is_simple:
        return mapping.entries  # type: ignore[return-value]  # its keys are scalars
    found: dict[str, tuple[Scalar, Node]] = {}
    entered: set[int] = set()
    pending = [mapping]
    while pending:
        current = pending.pop()
        if id(current) in entered:
            continue
        entered.add(id(current))
        if len(entered) > _MAX_MERGED:
            raise InvalidInput(
                "yaml.alias-limit", f"a mapping merges more than {_MAX_MERGED} others"
            )
        merged: list[Mapping] = []
        for key, value in current.entries:
            if not isinstance(key, Scalar):
                continue
            if key.value == MERGE_KEY and (key.is_plain or key.tag in _MERGE_TAGS):
                merged.extend(_merge_sources(value))
            else:
                found.setdefault(key.value, (key, value))
        pending.extend(reversed(merged))
    return found.values()


def _merge_sources(value: Node) -> Iterator[Mapping]:
    for node in value.items if isinstance(value, Sequence) else (value,):
        if isinstance(node, Mapping):
            yield node


def render_path(path: Path) -> str:
    """``$.spec.containers[0].image``; a key that is no identifier is written ``['a.b']``."""
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _IDENTIFIER.fullmatch(step):
            parts.append(f".{step}")
        else:
            parts.append(f"['{step}']")
    return "".join(parts)


def node_at(document: Document, path: Path) -> Node | None:
    """The deepest node on *path* that exists: where an error about that path is shown."""
    node = document.root
    for step in path:
        below = _child(node, step)
        if below is None:
            return node
        node = below
    return node


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    if isinstance(node, Mapping) and isinstance(step, str):
        return next((value for key, value in merged_entries(node) if key.value == step), None)
    return None


def path_of(document: Document, target: Node) -> Path:
    """The first path at which *target* stands; empty when it is the root or not there."""
    return next(iter(paths_of(document, (target,))[id(target)]), ())


def paths_of(document: Document, targets: Iterable[Node]) -> dict[int, list[Path]]:
    """Every path at which each of *targets*, or an alias of it, stands, by the node's ``id``.

    One walk for all of them; a collection that aliases bring in again is entered once.
    """
    found: dict[int, list[Path]] = {id(target): [] for target in targets}
    entered: set[int] = set()
    pending: list[tuple[Node, Path]] = [(document.root, ())] if document.root else []
    while pending:
        node, path = pending.pop()
        if id(node) in found:
            found[id(node)].append(path)
        if isinstance(node, Scalar) or id(node) in entered:
            continue
        entered.add(id(node))
        pending.extend(reversed([(child, (*path, step)) for step, child in _steps(node)]))
    return found


def _steps(node: Mapping | Sequence) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node, Sequence):
        yield from enumerate(node.items)
        return
    for key, value in node.entries:
        yield key.value if isinstance(key, Scalar) else "?", value


def to_plain(node: Node | None, *, document: Document) -> Plain:
    """Convert *node* to dictionaries, lists and resolved scalars.

    Keys are text as written, merge keys are followed. Raises `InvalidInput` naming line, column
    and path: ``yaml.duplicate-key``, ``yaml.unknown-tag``, ``yaml.key-not-scalar``, and
    ``yaml.alias-limit`` for a document that grows by its aliases.
    """
    for mapping, key in document.duplicates:
        name = key.value if isinstance(key, Scalar) else "…"
        raise _error(
            "yaml.duplicate-key",
            f"the key {quote(name)} is there twice",
            document,
            key,
            path_of(document, mapping),
        )
    return _Conversion(document).convert(node, ())


class _Conversion:
    """One conversion and what its aliases may still expand; that also ends a cycle."""

    __slots__ = ("document", "remaining", "seen")

    def __init__(self, document: Document) -> None:
        self.document = document
        self.remaining = MAX_YAML_ALIASES
        self.seen: set[int] = set()

    def convert(self, node: Node | None, path: Path) -> Plain:
        if node is None:
            return None
        if isinstance(node, Scalar):
            return self._scalar(node, path)
        self._count(node, path)
        if isinstance(node, Sequence):
            self._check_tag(node, ("seq",), path)
            return [self.convert(item, (*path, index)) for index, item in enumerate(node.items)]
        self._check_tag(node, ("map",), path)
        return {
            key.value: self.convert(value, (*path, key.value))
            for key, value in self._entries(node, path)
        }

    def _entries(self, node: Node, path: Path) -> Collection[tuple[Scalar, Node]]:
        if not isinstance(node, Mapping):
            return ()
        for key, _value in node.entries:
            if not isinstance(key, Scalar):
                raise _error(
                    "yaml.key-not-scalar", "a key is a collection", self.document, key, path
                )
        return merged_entries(node)

    def _count(self, node: Mapping | Sequence, path: Path) -> None:
        if id(node) in self.seen:
            self.remaining -= 1 + sum(1 for _turn in _steps(node))
        self.seen.add(id(node))
        if self.remaining < 0 or len(path) > MAX_YAML_DEPTH:
            raise _error(
                "yaml.alias-limit",
                f"its aliases expand to more than {MAX_YAML_ALIASES} nodes or nest too deeply",
                self.document,
                node,
                path,
            )

    def _scalar(self, node: Scalar, path: Path) -> PlainScalar:
        self._check_tag(node, ("str", "int", "float", "bool", "null"), path)
        if not node.tag or node.tag == f"{STANDARD_TAG}str":
            return scalar_value(node)
        return resolve_plain(node.value)

    def _check_tag(self, node: Node, names: tuple[str, ...], path: Path) -> None:
        if (
            node.tag
            and node.tag not in {f"{STANDARD_TAG}{name}" for name in names}
            and node.tag != "!"
        ):
            raise _error(
                "yaml.unknown-tag",
                f"the tag {quote(node.tag)} is not known",
                self.document,
                node,
                path,
            )


def _error(code: str, problem: str, document: Document, node: Node, path: Path) -> InvalidInput:
    where = f"{document.source.where}:{document.position(node)}"
    return InvalidInput(code, f"{problem} at {render_path(path[:MAX_SHOWN_STEPS])} ({where})")
