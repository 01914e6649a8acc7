# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Windows of time in which a key or certificate counts, closed at both ends.

Nothing an authority made outside of its window is believed, in the last moment of it everything is:
sigstore-go and the conformance suite read ``validFor`` so (sigstore_common.proto, TimeRange).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from ..errors import InvalidInput, quote
from ..records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time, both ends included; a missing end is open."""

    start_utc: datetime | None = None
    end_utc: datetime | None = None

    def contains(self, at_utc: datetime) -> bool:
        """Whether *at_utc* (aware) lies within, the ends included."""
        after_start = self.start_utc is None or self.start_utc <= at_utc
        return after_start and (self.end_utc is None or at_utc <= self.end_utc)

    def __str__(self) -> str:
        start = format_time(self.start_utc) if self.start_utc else "always"
        return f"{start} to {format_time(self.end_utc) if self.end_utc else 'now on'}"


ALWAYS = Window()


def format_time(moment_utc: datetime) -> str:
    """Write a moment as RFC 3339 with as many fractional digits as it needs."""
    text = moment_utc.astimezone(timezone.utc).replace(tzinfo=None).isoformat()
    return text + "Z"


_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


def parse_time(text: object, *, what: str) -> datetime:
    """Read an RFC 3339 timestamp; nanoseconds are cut to microseconds."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise _not_a_time(text, what)
    day, clock, fraction, sign, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=timezone.utc)
        moment += timedelta(microseconds=int(((fraction or "") + "000000")[:6]))
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError) as error:  # an offset may lead out of the years 1 to 9999
        raise _not_a_time(text, what) from error
    return moment


def _not_a_time(text: object, what: str) -> InvalidInput:
    return InvalidInput("trust.malformed", f"{what} is malformed: not a time: {quote(text)}")
