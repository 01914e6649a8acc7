# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""RetryingTransport: ask again what may be answered differently a moment later.

Repeated are 429, 500, 502, 503 and 504 and connections that broke under way. Not repeated are names
that do not resolve, refused connections, TLS failures and wrong digests: these do not pass by
waiting. ``Retry-After`` (RFC 9110 section 10.2.3) is obeyed up to a bound; otherwise the wait
doubles, with full jitter so that many clients spread out. Nothing is awaited beyond the request's
deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import Unavailable
from ..records import dataclass
from .pacing import Ticker
from .transport import Request, Response, Transport

if TYPE_CHECKING:
    from datetime import datetime

_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
_RETRIED_CODES = frozenset({"registry.connection", "registry.timeout", "registry.truncated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently."""

    max_attempts: int = 4
    first_wait_s: float = 0.25
    """Upper end of the first wait; doubles each time."""
    max_wait_s: float = 8.0
    max_retry_after_s: float = 30.0
    """A registry that asks for more patience than this is reported instead."""

    def backoff_s(self, attempt: int, jitter: Callable[[], float]) -> float:
        """Return the wait after the *attempt*-th failure (from 1)."""
        return jitter() * min(self.max_wait_s, self.first_wait_s * 2.0 ** (attempt - 1))


class RetryingTransport:
    """Repeats what failed for a passing reason; answers or raises what the last attempt did."""

    def __init__(
        self,
        inner: Transport,
        *,
        ticker: Ticker,
        policy: RetryPolicy | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self._inner = inner
        self._ticker = ticker
        self._policy = policy or RetryPolicy()
        self._jitter = jitter or _random

    def send(self, request: Request) -> Response:
        """Answer *request*; see `Transport.send`."""
        for attempt in range(1, self._policy.max_attempts):
            try:
                response = self._inner.send(request)
            except Unavailable as error:
                wait_s = self._policy.backoff_s(attempt, self._jitter)
                if error.code not in _RETRIED_CODES or wait_s >= request.deadline.remaining_s:
                    raise
            else:
                if response.status not in _RETRIED_STATUSES:
                    return response
                wait_s = self._wait_s(response, attempt)
                if wait_s >= request.deadline.remaining_s or wait_s < 0:
                    return response
            self._ticker.sleep(wait_s)
        return self._inner.send(request)

    def _wait_s(self, response: Response, attempt: int) -> float:
        """Return how long to wait; negative when the registry asks for more than is bearable."""
        asked_s = retry_after_s(response)
        if asked_s is None:
            return self._policy.backoff_s(attempt, self._jitter)
        return asked_s if asked_s <= self._policy.max_retry_after_s else -1.0


def retry_after_s(response: Response) -> float | None:
    """Read ``Retry-After``: seconds, or a date compared with the response's own ``Date``."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until, now = _date(value), _date(response.headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _random() -> float:
    from random import random  # loaded when there is something to wait for

    return random()  # noqa: S311 - spreads clients out, keeps no secret


def _date(text: str) -> datetime | None:
    if not text:
        return None
    from email.utils import parsedate_to_datetime  # dear to load, and few registries send a date

    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.tzinfo is not None else None
