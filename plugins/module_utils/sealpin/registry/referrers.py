# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is listed as referring to a subject: every entry once, and within a bound.

Anyone who may push to a repository can attach any number of referrers to any digest, of any shape.
What lies within the bound and can be read is used; that there was more, or an entry that cannot be
read, is a gap, so a signature among the rest is neither believed nor declared absent, and none
hides another. Whoever lists one entry over and over reaches a bound too, and that is a gap as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..descriptor import Descriptor
from ..digest import Digest
from ..errors import InvalidInput, SealpinError, Unavailable
from ..evidence import Gap, Route
from ..limits import MAX_LISTED_ENTRIES, MAX_REFERRERS
from .manifest import parse_descriptor
from .source import Referrers


class Listing:
    """One list of referrers while it is read, page after page."""

    def __init__(self, *, where: str, route: Route) -> None:
        self._where = where
        self._route = route
        self._found: dict[Digest, Descriptor] = {}
        self._entries = 0
        self.is_begun = False
        """Whether a page was read."""
        self._unreadable: SealpinError | None = None

    @property
    def is_full(self) -> bool:
        """Whether there is more than will be looked at."""
        return len(self._found) > MAX_REFERRERS or self._entries > MAX_LISTED_ENTRIES

    def add(self, descriptors: Iterable[Descriptor]) -> None:
        """Take entries; of two with one digest the first counts."""
        for descriptor in descriptors:
            self._found.setdefault(descriptor.digest, descriptor)

    def read(self, entries: Iterable[Any]) -> None:
        """Take entries as they are in JSON; of those that are no descriptors the first is kept."""
        self.is_begun = True
        for entry in entries:
            if self.is_full:
                return
            self._entries += 1
            try:
                self.add((parse_descriptor(entry, where="an entry"),))
            except InvalidInput as error:
                self._unreadable = self._unreadable or error

    def referrers(self, *, failure: SealpinError | None = None) -> Referrers:
        """Return the list, cut at the bound; *failure* is why it ended early."""
        too_many = Unavailable(
            "evidence.too-many-referrers",
            f"more than {MAX_REFERRERS} referrers, or {MAX_LISTED_ENTRIES} entries in their list;"
            f" the rest was not looked at: {self._where}",
        )
        errors = (failure, too_many if self.is_full else None, self._unreadable)
        return Referrers(
            descriptors=tuple(self._found.values())[:MAX_REFERRERS],
            route=self._route,
            gaps=tuple(Gap(location=self._where, error=error) for error in errors if error),
        )
