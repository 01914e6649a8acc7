# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Texts of several lines in YAML: a line of theirs that begins with ``#`` is no comment."""

from __future__ import annotations

from collections.abc import Iterator

from ..yamlnodes import Document, Node, Scalar, Sequence


def lines_below_texts(document: Document) -> frozenset[int]:
    """Return the number of each line right below a text in quotes or a block scalar."""
    source = document.source
    ends = [node.end for node in _scalars(document) if node.style]
    # A block scalar ends where the line below it begins.
    return frozenset(source.line_number(end) + (source.start_of_line(end) < end) for end in ends)


def _scalars(document: Document) -> Iterator[Scalar]:
    """Yield every scalar, keys included; a collection that aliases bring in again counts once."""
    entered: set[int] = set()
    pending: list[Node] = [document.root] if document.root else []
    while pending:
        node = pending.pop()
        if isinstance(node, Scalar):
            yield node
        elif id(node) not in entered:
            entered.add(id(node))
            if isinstance(node, Sequence):
                pending += node.items
            else:
                pending += [part for entry in node.entries for part in entry]
