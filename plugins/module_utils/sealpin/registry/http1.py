# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as bytes, the side of a client that only reads (RFC 9112): no socket, no clock.

Read strictly, since nothing here has to please the servers of another age: lines end in CRLF, a
folded header or a length that is none is malformed, everything has a bound. Where a message ends
(section 6.3): with the last chunk of a chunked body, which counts before a length; after
``Content-Length`` bytes; else with the connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ..records import dataclass

_MAX_HEAD_BYTES = 64 * 1024
_MAX_LINE_BYTES = 8 * 1024
_MAX_TRAILERS = 64
_MAX_INTERIM_ANSWERS = 8
_WITHOUT_BODY = frozenset({204, 304})

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\0]*)?\r\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)\r\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_NO_TARGET_CHARACTER = re.compile(r"[^\x21-\x7e]")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class Malformed(ValueError):
    """What arrived is no HTTP/1.1."""


class CutShort(ValueError):
    """The connection ended before the answer did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The status and headers of an answer."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of a repeated header the values are joined by commas."""
    is_persistent: bool
    """Whether the connection stays, if the message has an end of its own."""


class Incoming:
    """Bytes that arrive, taken by line, by number or as they come."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        """*receive* waits for some bytes; none are the end."""
        self._receive = receive
        self._held = b""

    @property
    def is_drained(self) -> bool:
        """Whether nothing has arrived that was not taken."""
        return not self._held

    def until(self, end: bytes, *, max_bytes: int) -> bytes:
        """Take everything up to and with *end*. Raises `CutShort`, `Malformed` beyond a bound."""
        found = self._held.find(end)
        while found < 0:
            if len(self._held) > max_bytes:
                raise Malformed("too long a line or too many headers")
            more = self._receive()
            if not more:
                raise CutShort("ended within a line")
            begin = max(0, len(self._held) - len(end) + 1)
            self._held += more
            found = self._held.find(end, begin)
        taken, self._held = self._held[: found + len(end)], self._held[found + len(end) :]
        return taken

    def some(self, max_bytes: int | None = None) -> bytes:
        """Take what is there, or wait for some; nothing is the end."""
        held = self._held or self._receive()
        if max_bytes is None or len(held) <= max_bytes:
            self._held = b""
            return held
        self._held = held[max_bytes:]
        return held[:max_bytes]


def request_bytes(
    method: str, host: str, target: str, headers: Mapping[str, str], body: bytes
) -> bytes:
    """Return a request as it goes over the wire. Raises `Malformed` for what would not be one.

    Characters that have no place in a target (a redirect may bring some) are percent-encoded.
    """
    if _NO_TARGET_CHARACTER.search(target):
        from urllib.parse import quote

        target = quote(target, safe="!#$%&'()*+,/:;=?@[]~")
    fields = {"Host": host, **headers}
    if body:
        fields["Content-Length"] = str(len(body))
    for value in fields.values():
        if _FIELD_VALUE.fullmatch(value) is None:
            raise Malformed("a header of the request has characters that none may have")
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body


def read_head(incoming: Incoming) -> Head:
    """Read status and headers of the final answer. Raises `Malformed`, `CutShort`."""
    for _turn in range(_MAX_INTERIM_ANSWERS):
        head = _parse_head(incoming.until(b"\r\n\r\n", max_bytes=_MAX_HEAD_BYTES))
        if head.status >= 200:
            return head
        if head.status == 101:
            raise Malformed("another protocol, that nobody asked for")
    raise Malformed("too many interim answers")


def read_chunks(head: Head, incoming: Incoming) -> Iterator[bytes]:
    """Yield the body's bytes as they come. Raises `Malformed`, `CutShort`."""
    if head.status in _WITHOUT_BODY:
        return
    if "transfer-encoding" in head.headers:
        yield from _chunked(head, incoming)
    elif (length := head.headers.get("content-length")) is not None:
        yield from _exactly(_length(length), incoming)
    else:
        while chunk := incoming.some():
            yield chunk


def may_be_reused(head: Head, incoming: Incoming) -> bool:
    """Tell whether another request can follow on the connection, the body being read."""
    has_end = head.status in _WITHOUT_BODY or (
        ("content-length" in head.headers) != ("transfer-encoding" in head.headers)
    )
    return head.is_persistent and has_end and incoming.is_drained


def _parse_head(block: bytes) -> Head:
    status_line = _STATUS_LINE.match(block)
    if status_line is None:
        raise Malformed("no status line of HTTP/1.1")
    headers: dict[str, str] = {}
    position, end = status_line.end(), len(block) - 2
    while position < end:
        field = _HEADER.match(block, position)
        if field is None:
            raise Malformed("a header that is none")
        name = field[1].decode("ascii").lower()
        value = field[2].decode("latin-1").strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
        position = field.end()
    options = headers.get("connection", "").lower()
    return Head(
        status=int(status_line[2]),
        headers=headers,
        is_persistent=status_line[1] == b"1" and "close" not in options,
    )


def _length(text: str) -> int:
    """Read a length; one that is repeated must be the same each time (RFC 9112 6.3, item 5)."""
    lengths = {each.strip() for each in text.split(",")}
    if len(lengths) != 1 or _LENGTH.fullmatch(length := lengths.pop()) is None:
        raise Malformed("a Content-Length that is no length")
    return int(length)


def _exactly(length: int, incoming: Incoming) -> Iterator[bytes]:
    while length:
        chunk = incoming.some(length)
        if not chunk:
            raise CutShort("ended within the body")
        length -= len(chunk)
        yield chunk


def _chunked(head: Head, incoming: Incoming) -> Iterator[bytes]:
    if head.headers["transfer-encoding"].lower() != "chunked":
        raise Malformed("a Transfer-Encoding that nobody asked for")
    while size := _chunk_size(_line(incoming)):
        yield from _exactly(size, incoming)
        if _line(incoming):
            raise Malformed("a chunk longer than it says")
    for _turn in range(_MAX_TRAILERS):
        if not _line(incoming):
            return
    raise Malformed("too many trailers")


def _chunk_size(line: bytes) -> int:
    size = _CHUNK_SIZE.fullmatch(line)
    if size is None:
        raise Malformed("a chunk without a size")
    return int(size[1], 16)


def _line(incoming: Incoming) -> bytes:
    return incoming.until(b"\r\n", max_bytes=_MAX_LINE_BYTES)[:-2]
