# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Time as an argument: the core never asks the machine what time it is."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    """A source of the present moment."""

    def now_utc(self) -> datetime:
        """The present, aware, in UTC."""


class SystemClock:
    """The machine's clock; made by the faces, handed down."""

    def now_utc(self) -> datetime:
        return datetime.now(timezone.utc)
