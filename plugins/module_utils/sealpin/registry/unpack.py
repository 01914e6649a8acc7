# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Unpacking evidence within a budget of bytes.

Some tools store a bundle's layer gzip-compressed; cosign reads those, so they count. One budget
covers everything fetched and unpacked for a subject, so that neither many pieces nor one that
swells can fill the memory (CVE-2024-29902).
"""

from __future__ import annotations

import zlib
from threading import Lock

from ..errors import InvalidInput, Unavailable
from ..limits import MAX_EVIDENCE_BYTES

_GZIP_MAGIC = b"\x1f\x8b"
_STEP_BYTES = 256 * 1024


class ByteBudget:
    """How many bytes may still be held; shared by the threads that gather one evidence set."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left_bytes = max_bytes
        self._lock = Lock()

    def take(self, count: int, *, where: str) -> None:
        """Take *count* bytes. Raises `Unavailable` ``evidence.too-large`` without them."""
        with self._lock:
            if count <= self._left_bytes:
                self._left_bytes -= count
                return
        raise Unavailable(
            "evidence.too-large",
            f"evidence beyond {self._max_bytes} bytes in all was not looked at: {where}",
        )


class PieceBudget:
    """How many pieces may still be asked for, however small they say they are; shared likewise."""

    def __init__(self, max_pieces: int) -> None:
        self._left = max_pieces
        self._lock = Lock()

    def take(self, wanted: int) -> int:
        """Return how many of *wanted* pieces may be looked at."""
        with self._lock:
            allowed = min(wanted, self._left)
            self._left -= allowed
        return allowed


def unpacked(content: bytes, *, budget: ByteBudget, where: str) -> bytes:
    """Return *content*, decompressed if it is gzip.

    Raises `InvalidInput` ``evidence.compression`` for a broken stream, `Unavailable`
    ``evidence.too-large`` for one that unpacks to more than a piece of evidence may have or the
    budget holds.
    """
    if not content.startswith(_GZIP_MAGIC):
        return content
    parts: list[bytes] = []
    size = 0
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    rest = content
    try:
        while not stream.eof and (rest or not parts):
            step = stream.decompress(rest, _STEP_BYTES)
            rest = stream.unconsumed_tail
            if not step and not rest:
                break
            budget.take(len(step), where=where)
            parts.append(step)
            size += len(step)
            if size > MAX_EVIDENCE_BYTES:
                raise Unavailable(
                    "evidence.too-large",
                    f"evidence unpacks to more than {MAX_EVIDENCE_BYTES} bytes: {where}",
                )
    except zlib.error as error:
        raise InvalidInput("evidence.compression", f"broken gzip data: {where}") from error
    except Unavailable:
        # The error is reported at the end of the run and keeps this frame alive until then.
        parts.clear()
        raise
    if not stream.eof:
        raise InvalidInput("evidence.compression", f"gzip data ends early: {where}")
    return b"".join(parts)
