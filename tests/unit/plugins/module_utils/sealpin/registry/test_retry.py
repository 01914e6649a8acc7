# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked again, how often, and how long is waited before."""

from __future__ import annotations

import pytest

from sealpin.errors import SealpinError, Unavailable
from sealpin.registry.pacing import Deadline
from sealpin.registry.retry import RetryingTransport, RetryPolicy, retry_after_s
from sealpin.registry.transport import Request, Response
from support.pacing import HandTicker


class Script:
    """A transport that answers from a list."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def send(self, request: Request) -> Response:
        answer = self.answers.pop(0)
        if isinstance(answer, SealpinError):
            raise answer
        return answer


def answered(status: int, **headers: str) -> Response:
    return Response(url="https://r/", status=status, headers=headers, body=b"")


def failed(code: str) -> Unavailable:
    return Unavailable(code, "it failed")


def send(*answers: object, seconds: float = 100, jitter: float = 1.0):
    ticker = HandTicker()
    script = Script(*answers)
    transport = RetryingTransport(script, ticker=ticker, jitter=lambda: jitter)
    deadline = Deadline.after(seconds, ticker=ticker)
    try:
        result = transport.send(Request(url="https://r/", max_bytes=1, deadline=deadline)).status
    except SealpinError as error:
        result = error.code
    return result, ticker.slept_s, len(script.answers)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_asks_again_after_a_passing_status(status):
    assert send(answered(status), answered(200)) == (200, [0.25], 0)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 416, 501])
def test_takes_any_other_status_for_an_answer(status):
    assert send(answered(status), answered(200)) == (status, [], 1)


@pytest.mark.parametrize("code", ["registry.connection", "registry.timeout", "registry.truncated"])
def test_asks_again_when_the_connection_broke(code):
    assert send(failed(code), answered(200)) == (200, [0.25], 0)


@pytest.mark.parametrize(
    "code",
    [
        "registry.unknown-host",
        "registry.unreachable",
        "registry.tls",
        "registry.too-large",
        "registry.deadline",
        "digest.mismatch",
    ],
)
def test_does_not_ask_again_for_what_waiting_does_not_mend(code):
    assert send(failed(code), answered(200)) == (code, [], 1)


def test_waits_twice_as_long_each_time_and_gives_up_at_the_fourth_answer():
    assert send(*[answered(503)] * 5) == (503, [0.25, 0.5, 1.0], 1)
    assert send(*[failed("registry.timeout")] * 5) == ("registry.timeout", [0.25, 0.5, 1.0], 1)


def test_jitter_shortens_the_wait():
    assert send(answered(503), answered(200), jitter=0.1)[1] == [pytest.approx(0.025)]


def test_the_wait_has_an_upper_end():
    assert RetryPolicy().backoff_s(30, lambda: 1.0) == RetryPolicy().max_wait_s


def test_obeys_retry_after():
    assert send(answered(429, **{"retry-after": "7"}), answered(200)) == (200, [7.0], 0)


def test_reports_a_registry_that_wants_more_patience_than_there_is():
    assert send(answered(429, **{"retry-after": "3600"}), answered(200)) == (429, [], 1)


def test_waits_for_nothing_beyond_the_deadline():
    assert send(answered(429, **{"retry-after": "7"}), seconds=5) == (429, [], 0)
    assert send(failed("registry.timeout"), seconds=0.1) == ("registry.timeout", [], 0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="absent"),
        pytest.param({"retry-after": "12"}, 12.0, id="seconds"),
        pytest.param(
            {
                "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            30.0,
            id="date",
        ),
        pytest.param(
            {
                "retry-after": "Wed, 21 Oct 2026 07:27:00 GMT",
                "date": "Wed, 21 Oct 2026 07:28:00 GMT",
            },
            0.0,
            id="date in the past",
        ),
        pytest.param({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None, id="date alone"),
        pytest.param({"retry-after": "soon"}, None, id="junk"),
        pytest.param({"retry-after": "-1"}, None, id="negative"),
        pytest.param({"retry-after": "1e9"}, None, id="exponent"),
    ],
)
def test_reads_retry_after(headers, expected):
    assert retry_after_s(answered(429, **headers)) == expected
