# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Transport: one HTTP exchange as a value in and a value out.

Everything above (retries, redirects, authorisation, the registry protocol) is written against this
one-method interface; `urllib3_transport` is the only implementation that opens sockets. A status is
an answer, not an error: only the absence of a usable answer raises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Protocol

from ..digest import Digest
from ..records import dataclass, field
from .pacing import Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask, and how much of an answer is accepted."""

    url: str
    """Absolute, ``https://`` or ``http://``; carries no credentials."""
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """May hold an ``Authorization`` and is therefore kept out of `repr`."""
    body: bytes = field(default=b"", repr=False)
    max_bytes: int
    """The largest acceptable body of a 200; a larger one, declared or not, is an error."""
    expected_digest: Digest | None = None
    """Checked while a 200's body streams in."""
    deadline: Deadline

    @property
    def shown_url(self) -> str:
        """The URL for a message; a query may hold a signed address, so it is left out."""
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What was answered; the body of a 200 is within bounds and has the expected digest."""

    url: str
    """Of the request that was answered; differs from the one asked after a redirect."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case; of a repeated header the values are joined by commas."""
    body: bytes = field(repr=False)
    """Of an error status: the beginning only."""
    login: str = ""
    """Of a 401 or 403: the login that was not enough, in words; empty when there was none."""


class Transport(Protocol):
    """Sends requests; safe to use from several threads."""

    def send(self, request: Request) -> Response:
        """Answer *request*.

        Raises `Unavailable` ``registry.*`` when no whole answer within bounds came,
        `VerificationFailed` ``digest.mismatch`` when one came and is not what was asked for.
        """


class DeferredTransport:
    """A transport made when first used, so that nothing is imported before a socket is needed."""

    def __init__(self, make: Callable[[], Transport]) -> None:
        self._make = make
        self._made: Transport | None = None
        self._lock = Lock()

    def send(self, request: Request) -> Response:
        """Answer *request* with the real transport."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return self._made.send(request)
