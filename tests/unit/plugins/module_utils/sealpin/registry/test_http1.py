# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 from bytes: where an answer ends, and what is none."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sealpin.registry.http1 import (
    CutShort,
    Head,
    Incoming,
    Malformed,
    may_be_reused,
    read_chunks,
    read_head,
    request_bytes,
)

OK = b"HTTP/1.1 200 OK\r\n"


def arriving(pieces: Iterable[bytes]) -> Incoming:
    rest = iter(pieces)
    return Incoming(lambda: next(rest, b""))


def read(content: bytes, *, piece_bytes: int = 1 << 20) -> tuple[Head, bytes, bool]:
    """Return the head, the body and whether the connection may be used again."""
    pieces = [content[i : i + piece_bytes] for i in range(0, len(content), piece_bytes)]
    incoming = arriving(pieces)
    head = read_head(incoming)
    body = b"".join(read_chunks(head, incoming))
    return head, body, may_be_reused(head, incoming)


LENGTH = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: x\r\n\r\n"
TO_THE_END = OK + b"\r\nhello"


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("content", [LENGTH, CHUNKED, TO_THE_END])
def test_the_body_is_the_same_however_it_arrives(content: bytes, piece_bytes: int) -> None:
    head, body, _reused = read(content, piece_bytes=piece_bytes)
    assert (head.status, body) == (200, b"hello")


@pytest.mark.parametrize(
    ("content", "is_reused"),
    [
        pytest.param(LENGTH, True, id="length"),
        pytest.param(CHUNKED, True, id="chunked"),
        pytest.param(TO_THE_END, False, id="no-end"),
        pytest.param(LENGTH + b"HTTP/1.1 200 OK", False, id="more-than-asked-for"),
        pytest.param(LENGTH.replace(b"1.1", b"1.0"), False, id="http-1.0"),
        pytest.param(
            LENGTH.replace(b"Content", b"connection: Close\r\nContent"), False, id="closing"
        ),
        pytest.param(
            CHUNKED.replace(b"Transfer", b"Content-Length: 9\r\nTransfer"), False, id="two-ends"
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", True, id="no-body"),
    ],
)
def test_a_connection_is_used_again_only_after_an_end_both_sides_know(
    content: bytes, is_reused: bool
) -> None:
    assert read(content)[2] == is_reused


def test_headers_are_found_by_their_lower_case_name_and_repeated_ones_joined() -> None:
    head = read(OK + b"Link: <a>\r\nX-Empty:\r\nLINK:\t<b> \r\nContent-Length: 0\r\n\r\n")[0]
    assert head.headers == {"link": "<a>, <b>", "x-empty": "", "content-length": "0"}


def test_a_length_may_be_repeated_only_as_it_was() -> None:
    repeated = OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
    assert read(repeated)[1] == b"hello"
    with pytest.raises(Malformed):
        read(OK + b"Content-Length: 5\r\nContent-Length: 4\r\n\r\nhello")


def test_interim_answers_are_passed_over() -> None:
    assert read(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + LENGTH)[1] == b"hello"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="another-protocol"),
        pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="another-version"),
        pytest.param(b"HTTP/1.1 99 Odd\r\n\r\n", id="no-status"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 0\n\r\n\r\n", id="bare-line-feeds"),
        pytest.param(OK + b" folded\r\n\r\n", id="folded-first"),
        pytest.param(OK + b"A: b\r\n folded\r\n\r\n", id="folded"),
        pytest.param(OK + b"Content-Length : 5\r\n\r\nhello", id="space-before-colon"),
        pytest.param(OK + b"no header\r\n\r\n", id="no-colon"),
        pytest.param(OK + b"A: b\0c\r\n\r\n", id="nul"),
        pytest.param(OK + b"A: b\rc\r\n\r\n", id="bare-carriage-return"),
        pytest.param(OK + b"Content-Length: -1\r\n\r\n", id="negative-length"),
        pytest.param(OK + b"Content-Length: +5\r\n\r\nhello", id="signed-length"),
        pytest.param(OK + b"Content-Length: \xb2\r\n\r\nhello", id="superscript-length"),
        pytest.param(OK + b"Content-Length: 0x5\r\n\r\nhello", id="hexadecimal-length"),
        pytest.param(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", id="compressed-transfer"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", id="no-chunk-size"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", id="negative-chunk"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", id="long-chunk"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 99, id="many-trailers"
        ),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", id="upgrade"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 99, id="interim-for-ever"),
        pytest.param(OK + b"A: " + b"b" * 99_999, id="endless-header"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 99_999, id="endless-size"),
    ],
)
def test_what_is_no_answer_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        read(content, piece_bytes=4096)


@pytest.mark.parametrize("content", [LENGTH, CHUNKED], ids=["length", "chunked"])
def test_an_answer_that_ends_early_anywhere_is_cut_short(content: bytes) -> None:
    for end in range(len(content)):
        with pytest.raises(CutShort):
            read(content[:end])


def test_a_request_is_one_request_whatever_is_in_its_parts() -> None:
    asked = request_bytes("GET", "r.example:5000", "/v2/ü\r\nX: y?q=%20", {"Accept": "*/*"}, b"")
    assert asked == (
        b"GET /v2/%C3%BC%0D%0AX:%20y?q=%20 HTTP/1.1\r\nHost: r.example:5000\r\nAccept: */*\r\n\r\n"
    )
    for value in ("a\r\nX: y", "a\nb", "a\0b", "€"):
        with pytest.raises(Malformed):
            request_bytes("GET", "r.example", "/", {"Authorization": value}, b"")


def test_a_body_is_sent_with_its_length() -> None:
    assert request_bytes("POST", "r.example", "/", {}, b"a=b") == (
        b"POST / HTTP/1.1\r\nHost: r.example\r\nContent-Length: 3\r\n\r\na=b"
    )
