# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""BoundedResponse: an HTTP response whose headers and body arrive within one time, or not at all.

A socket's timeout bounds the silence between two pieces; a server that sends one byte before each
timeout could hold a thread for days. Here the timeout set on the socket when reading begins is the
time for everything, and the silence is bounded by a shorter one.

What comes before the body is bounded in bytes, too: `http.client` reads interim answers for as long
as a server sends them, and keeps a processor busy with it.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

from ..limits import MAX_ANSWER_HEAD_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_SILENCE_S = 30.0


class EndlessHead(HTTPException):
    """The body of an answer does not begin."""

    strerror = f"over {MAX_ANSWER_HEAD_BYTES} bytes before the body"
    """In the words of an `OSError`, since that is where our messages look for a reason."""


class BoundedResponse(HTTPResponse):
    """For use as ``response_class`` of an `http.client.HTTPConnection`."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        """Begin to read from *sock*, for as long as its timeout says."""
        total_s = sock.gettimeout()
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self._reader = _TimedReader(sock, total_s)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read up to the body. Raises `EndlessHead`."""
        super().begin()
        self._reader.left_bytes = None


class _TimedReader(io.RawIOBase):
    """The raw bytes of a socket until a moment has passed."""

    def __init__(self, sock: socket.socket, total_s: float | None) -> None:
        self._sock = sock
        # Keeps the socket open until it is closed itself, as any file made from a socket does.
        self._raw = sock.makefile("rb", buffering=0)
        self._end_s = time.monotonic() + (MAX_SILENCE_S if total_s is None else total_s)
        self.left_bytes: int | None = MAX_ANSWER_HEAD_BYTES
        """What may still come before the body; None once that is read."""

    def readable(self) -> bool:
        """Whether there may be something to read: always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read what is at hand, or wait for it. Raises `TimeoutError`, `EndlessHead`."""
        if self.left_bytes is not None and self.left_bytes <= 0:
            raise EndlessHead
        remaining_s = self._end_s - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(min(MAX_SILENCE_S, remaining_s))
        count = self._raw.readinto(buffer)
        if self.left_bytes is not None:
            self.left_bytes -= count or 0
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()
