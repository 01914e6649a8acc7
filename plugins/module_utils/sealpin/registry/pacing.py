# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Pacing: the monotonic clock, the sleeper and the deadline of everything that waits for a network.

They are values handed down, so a test moves time by hand and never sleeps. A run has one deadline;
a request may have a nearer one.
"""

from __future__ import annotations

import time
from typing import Protocol

from ..errors import Unavailable
from ..records import dataclass


class Ticker(Protocol):
    """Monotonic time and the means to wait."""

    def monotonic_s(self) -> float:
        """Return seconds since some fixed moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""


class SystemTicker:
    """The machine's monotonic clock."""

    def monotonic_s(self) -> float:
        """Return `time.monotonic`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for *seconds*."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The moment after which an answer is no longer awaited."""

    ticker: Ticker
    at_s: float
    """On the ticker's scale."""

    @classmethod
    def after(cls, seconds: float, *, ticker: Ticker) -> Deadline:
        """Make the deadline that lies *seconds* ahead."""
        return cls(ticker=ticker, at_s=ticker.monotonic_s() + seconds)

    def within(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the one *seconds* ahead."""
        return Deadline(
            ticker=self.ticker, at_s=min(self.at_s, self.ticker.monotonic_s() + seconds)
        )

    @property
    def remaining_s(self) -> float:
        """Seconds left; negative when it has passed."""
        return self.at_s - self.ticker.monotonic_s()

    def check(self, *, where: str) -> float:
        """Return the seconds left. Raises `Unavailable` ``registry.deadline`` without any."""
        remaining_s = self.remaining_s
        if remaining_s <= 0:
            raise Unavailable(
                "registry.deadline",
                f"no time left to wait for {where}",
                hint="allow more time, or find out why the registry is slow",
            )
        return remaining_s
