# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The bound on work that other tests rely on does end what goes beyond it."""

from __future__ import annotations

import signal

import pytest

from support.processor_time import at_most


def work_without_end() -> None:
    while True:
        pass


def test_work_without_end_is_ended_and_fails():
    with pytest.raises(AssertionError, match="processor time"), at_most(0.05):
        work_without_end()


def test_nothing_is_left_behind_by_work_that_was_short_enough():
    before = signal.getsignal(signal.SIGPROF)
    with at_most(60):
        pass
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGPROF) is before
