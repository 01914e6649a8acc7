# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Reading what people want to see out of predicates whose shape nobody checked.

A summary is for reading, never for deciding: where a predicate has another shape than its type
says, these functions find nothing instead of failing, and they make every text fit for one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..errors import quote


def find(value: Any, *keys: str) -> Any:
    """Return what lies under *keys* in nested objects, or None."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def find_text(value: Any, *keys: str) -> str:
    """Return the string or number under *keys*, escaped for one line; empty if there is none."""
    found = find(value, *keys)
    if isinstance(found, bool) or not isinstance(found, (str, int, float)):
        return ""
    return quote(found)[1:-1]


def find_list(value: Any, *keys: str) -> list[Any]:
    """Return the list under *keys*; empty if there is none."""
    found = find(value, *keys)
    return found if isinstance(found, list) else []


def tally(words: Iterable[str]) -> str:
    """Count *words*: ``3 high, 1 low``, most frequent first; empty for none."""
    return ", ".join(f"{count} {word or 'unnamed'}" for word, count in Counter(words).most_common())


def listed(words: Iterable[str], *, at_most: int = 5) -> str:
    """Join the first *words* and say how many more there are."""
    present = [word for word in words if word]
    more = f", and {len(present) - at_most} more" if len(present) > at_most else ""
    return ", ".join(present[:at_most]) + more


def lines(*labelled: tuple[str, str]) -> tuple[str, ...]:
    """Return ``label: text`` for every text that is not empty."""
    return tuple(f"{label}: {text}" for label, text in labelled if text)
