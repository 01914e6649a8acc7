# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Windows of time, and the times documents write."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from sealpin.errors import InvalidInput
from sealpin.trust.window import ALWAYS, Window, format_time, parse_time

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (ALWAYS, [NOON], []),
        (Window(start_utc=NOON), [NOON, NOON + TICK], [NOON - TICK]),
        (Window(end_utc=NOON), [NOON, NOON - TICK], [NOON + TICK]),
        (Window(start_utc=NOON, end_utc=NOON), [NOON], [NOON - TICK, NOON + TICK]),
    ],
    ids=["always", "start", "end", "one-moment"],
)
def test_both_ends_are_included(window, inside, outside):
    assert all(window.contains(moment) for moment in inside)
    assert not any(window.contains(moment) for moment in outside)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01t12:00:00z", NOON),
        ("2026-01-01T12:00:00.000000001Z", NOON),
        ("2026-01-01T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-01-01T14:00:00+02:00", NOON),
        ("2026-01-01T10:30:00-01:30", NOON),
    ],
)
def test_reads_times(text, moment):
    assert parse_time(text, what="it") == moment


@pytest.mark.parametrize(
    "text", ["", "now", "2026-01-01", "2026-01-01T12:00:00", "2026-13-01T12:00:00Z", 1, None]
)
def test_refuses_other_times(text):
    with pytest.raises(InvalidInput) as raised:
        parse_time(text, what="it")
    assert raised.value.code == "trust.malformed"


@pytest.mark.parametrize("moment", [NOON, NOON + timedelta(milliseconds=999)])
def test_what_is_written_is_read_back(moment):
    assert parse_time(format_time(moment), what="it") == moment


def test_shows_its_ends():
    assert str(Window(start_utc=NOON)) == "2026-01-01T12:00:00Z to now on"
    assert str(Window(end_utc=NOON)) == "always to 2026-01-01T12:00:00Z"
