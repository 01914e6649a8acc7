# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A bound on work: hostile input that asks for hours of it is ended and fails the test.

Processor time, not the clock's: a busy machine changes nothing. The bound is far above what the
work takes and far below what it would take if it grew with the square of the input.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


@contextmanager
def at_most(processor_s: float) -> Iterator[None]:
    """Let the block take *processor_s* seconds of this process; then it ends in a failure."""

    def fail(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise AssertionError(f"took more than {processor_s} s of processor time")

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, processor_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
