# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is taken of an answer's body, whoever reads it from a socket.

A 200's body is taken whole: counted against its bound, hashed as it comes and given up at the
deadline, whatever its declared length says. Of any other status the beginning is enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from ..errors import Unavailable, VerificationFailed, quote
from ..limits import MAX_ERROR_BODY_BYTES
from .transport import Request


def read_body(
    request: Request, status: int, headers: Mapping[str, str], chunks: Iterable[bytes]
) -> tuple[bytes, bool]:
    """Return the body that counts, and whether *chunks* were read to their end.

    Raises `Unavailable` ``registry.content-encoding``, ``registry.too-large``,
    ``registry.deadline``; `VerificationFailed` ``digest.mismatch``.
    """
    pieces = _in_time(request, chunks)
    if status == 200:
        return _read_content(request, headers, pieces), True
    return _read_beginning(pieces)


def shown(url: str) -> str:
    """Return *url* for a message; a query may hold a signed address, so it is left out."""
    return url.partition("?")[0]


def _read_content(request: Request, headers: Mapping[str, str], chunks: Iterator[bytes]) -> bytes:
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity"):
        # We asked for identity; a compressed answer would need a second bound and a second digest.
        raise Unavailable(
            "registry.content-encoding",
            f"unasked-for Content-Encoding {quote(encoding)} from {shown(request.url)}",
        )
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > request.max_bytes:
        raise _too_large(request, f"{declared} bytes declared")
    expected = request.expected_digest
    hasher = hashlib.new(expected.algorithm) if expected else None
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > request.max_bytes:
            raise _too_large(request, "more sent")
        if hasher is not None:
            hasher.update(chunk)
    if hasher is not None and expected is not None and hasher.hexdigest() != expected.hex:
        got = f"{expected.algorithm}:{hasher.hexdigest()}"
        raise VerificationFailed(
            "digest.mismatch",
            f"content digest mismatch: expected {expected}, got {got} ({shown(request.url)})",
        )
    return bytes(body)


def _read_beginning(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) >= MAX_ERROR_BODY_BYTES:
            return bytes(body[:MAX_ERROR_BODY_BYTES]), False
    return bytes(body), True


def _in_time(request: Request, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what arrives, looking at the deadline between pieces, so that a trickle ends too."""
    for chunk in chunks:
        yield chunk
        request.deadline.check(where=shown(request.url))


def _too_large(request: Request, got: str) -> Unavailable:
    return Unavailable(
        "registry.too-large",
        f"answer too large: expected at most {request.max_bytes} bytes, got {got}"
        f" ({shown(request.url)})",
    )
