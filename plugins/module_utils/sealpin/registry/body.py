# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The body of an answer: read in pieces, never more of it than was agreed to.

A piece is no larger than what is at hand; it is counted against the bound and hashed as it comes.
Reading ends at the deadline, whatever length was declared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Protocol

from ..errors import Unavailable, VerificationFailed, quote
from ..limits import MAX_ERROR_BODY_BYTES
from .transport import Request

_CHUNK_BYTES = 64 * 1024


class Answer(Protocol):
    """A response whose headers are read and whose body is still to come."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in any case."""

    def read1(self, amt: int) -> bytes:
        """Return what is at hand, of at most *amt* bytes, or wait for some; empty at the end."""

    def close(self) -> None:
        """Give the connection up."""


def read_body(request: Request, answer: Answer) -> bytes:
    """Read all of a 200, within the bounds of *request*; of other answers the beginning.

    Raises `Unavailable` ``registry.*`` and `VerificationFailed` ``digest.mismatch``, as
    `Transport.send` does, and what the connection raises.
    """
    if answer.status == 200:
        return _read_content(request, answer)
    return _read_beginning(request, answer)


def _read_content(request: Request, answer: Answer) -> bytes:
    _check_headers(request, answer)
    expected = request.expected_digest
    hasher = hashlib.new(expected.algorithm) if expected else None
    body = bytearray()
    for chunk in _chunks(request, answer):
        body += chunk
        if len(body) > request.max_bytes:
            raise _too_large(request, "more sent")
        if hasher is not None:
            hasher.update(chunk)
    if hasher is not None and expected is not None and hasher.hexdigest() != expected.hex:
        got = f"{expected.algorithm}:{hasher.hexdigest()}"
        raise VerificationFailed(
            "digest.mismatch",
            f"content digest mismatch: expected {expected}, got {got} ({request.shown_url})",
        )
    return bytes(body)


def _check_headers(request: Request, answer: Answer) -> None:
    encoding = answer.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("", "identity"):
        # We asked for identity; a compressed answer would need a second bound and a second digest.
        raise Unavailable(
            "registry.content-encoding",
            f"unasked-for Content-Encoding {quote(encoding)} from {request.shown_url}",
        )
    declared = answer.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > request.max_bytes:
        raise _too_large(request, f"{declared} bytes declared")


def _read_beginning(request: Request, answer: Answer) -> bytes:
    """Read what an error status says; a connection with more to say is not used again."""
    body = bytearray()
    for chunk in _chunks(request, answer):
        body += chunk
        if len(body) >= MAX_ERROR_BODY_BYTES:
            answer.close()
            break
    return bytes(body[:MAX_ERROR_BODY_BYTES])


def _chunks(request: Request, answer: Answer) -> Iterator[bytes]:
    """Yield what arrives, looking at the deadline between pieces, so that a trickle ends too."""
    while chunk := answer.read1(_CHUNK_BYTES):
        yield chunk
        request.deadline.check(where=request.shown_url)


def _too_large(request: Request, got: str) -> Unavailable:
    return Unavailable(
        "registry.too-large",
        f"answer too large: expected at most {request.max_bytes} bytes, got {got}"
        f" ({request.shown_url})",
    )
