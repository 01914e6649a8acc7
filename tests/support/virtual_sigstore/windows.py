# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""When an authority is trusted, as `validFor` in a trusted root spells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
FAR_AHEAD = datetime(2049, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
SIGNING_TIME = datetime(2025, 6, 1, 12, 0, 0, tzinfo=timezone.utc)
"""Everything is signed at this moment unless a test says otherwise."""


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """A `TimeRange`; either end may be open."""

    start: datetime | None = LONG_AGO
    end: datetime | None = None

    def to_json(self) -> dict[str, str]:
        ends = {"start": self.start, "end": self.end}
        return {name: rfc3339(moment) for name, moment in ends.items() if moment is not None}
