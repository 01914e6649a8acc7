# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Time moved by hand: nothing in the tests waits."""

from __future__ import annotations


class HandTicker:
    """A ticker whose time passes only when somebody sleeps or moves it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept_s: list[float] = []

    def monotonic_s(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds

    def pass_s(self, seconds: float) -> None:
        self.now_s += seconds
