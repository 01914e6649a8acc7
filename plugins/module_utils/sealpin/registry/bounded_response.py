# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""BoundedResponse: an HTTP response whose headers and body arrive within one time, or not at all.

A socket's timeout bounds the silence between two pieces; a server that sends one byte before each
timeout could hold a thread for days. Here the timeout set on the socket when reading begins is the
time for everything, and the silence is bounded by a shorter one.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_SILENCE_S = 30.0


class BoundedResponse(HTTPResponse):
    """For use as ``response_class`` of an `http.client.HTTPConnection`."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        """Begin to read from *sock*, for as long as its timeout says."""
        total_s = sock.gettimeout()
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, total_s))


class _TimedReader(io.RawIOBase):
    """The raw bytes of a socket until a moment has passed."""

    def __init__(self, sock: socket.socket, total_s: float | None) -> None:
        self._sock = sock
        # Keeps the socket open until it is closed itself, as any file made from a socket does.
        self._raw = sock.makefile("rb", buffering=0)
        self._end_s = time.monotonic() + (MAX_SILENCE_S if total_s is None else total_s)

    def readable(self) -> bool:
        """Whether there may be something to read: always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read what is at hand, or wait for it. Raises `TimeoutError`."""
        remaining_s = self._end_s - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(min(MAX_SILENCE_S, remaining_s))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()
