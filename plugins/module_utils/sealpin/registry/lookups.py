# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Lookups: questions to a source that lead to further questions, asked many at a time.

A lookup that fails leaves a `Gap` in its place. The result is in the order of the lookups' places,
whoever answered first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from queue import SimpleQueue

from ..digest import Digest
from ..errors import SealpinError
from ..evidence import Evidence, EvidenceKind, EvidenceSet, Gap
from ..records import dataclass, field

Order = tuple[int, ...]
"""A place in the result: below the place of the lookup that led to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one lookup brought: evidence, gaps, and the lookups it leads to."""

    items: tuple[tuple[Order, Evidence], ...] = ()
    gaps: tuple[tuple[Order, Gap], ...] = ()
    next: tuple[Lookup, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One question to the source; its place in the result is fixed before it is asked."""

    order: Order
    location: str
    ask: Callable[[], Found] = field(repr=False)


def run_lookups(subject: Digest, lookups: Sequence[Lookup], executor: Executor) -> EvidenceSet:
    """Run lookups and what they lead to, until nothing leads further.

    A piece found by several routes is kept once. Threads are few and changing them is dear: this
    one does the first lookup, and each goes on with the first it is led to.
    """
    answers: SimpleQueue[Found | BaseException] = SimpleQueue()

    def begin(next_lookups: Sequence[Lookup]) -> Lookup | None:
        for lookup in next_lookups[1:]:
            executor.submit(follow, lookup)
        return next_lookups[0] if next_lookups else None

    def follow(lookup: Lookup | None) -> None:
        try:
            while lookup is not None:
                found = _answer(lookup)
                answers.put(found)
                lookup = begin(found.next)
        except BaseException as error:  # noqa: BLE001 - handed over to who waits for an answer
            answers.put(error)

    follow(begin(lookups))
    items: list[tuple[Order, Evidence]] = []
    gaps: list[tuple[Order, Gap]] = []
    pending = len(lookups)
    while pending:
        found = answers.get()
        if isinstance(found, BaseException):
            raise found
        items += found.items
        gaps += found.gaps
        pending += len(found.next) - 1
    return EvidenceSet(
        subject=subject,
        items=_unique(item for _key, item in sorted(items, key=lambda entry: entry[0])),
        gaps=tuple(gap for _key, gap in sorted(gaps, key=lambda entry: entry[0])),
    )


def _answer(lookup: Lookup) -> Found:
    try:
        return lookup.ask()
    except SealpinError as error:
        return missed(lookup.order, lookup.location, error)


def missed(order: Order, location: str, error: SealpinError, *, conclusive: bool = False) -> Found:
    """Make the answer of a lookup that brought nothing: its gap."""
    return Found(gaps=((order, Gap(location=location, error=error, conclusive=conclusive)),))


def _unique(items: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Drop a piece that was found twice, by whatever routes; content and annotations make it."""
    seen: dict[tuple[EvidenceKind, Digest, frozenset[tuple[str, str]]], Evidence] = {}
    for item in items:
        key = (item.kind, item.digest, frozenset(item.annotations.items()))
        seen.setdefault(key, item)
    return tuple(seen.values())
