# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""DER strings: the right ones, and every way to be almost right."""

from __future__ import annotations

import pytest

from sealpin.der import find_extension, read_octet_string, read_utf8_string, wrap_sequence
from sealpin.errors import InvalidInput

LONG = b"x" * 200


@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"\x04\x00", b""),
        (b"\x04\x03abc", b"abc"),
        (b"\x04\x81\xc8" + LONG, LONG),
        (b"\x04\x82\x01\x2c" + b"y" * 300, b"y" * 300),
    ],
    ids=["empty", "short", "one-byte-length", "two-byte-length"],
)
def test_reads_octet_strings(data, content):
    assert read_octet_string(data, what="it") == content


def test_reads_text():
    assert read_utf8_string(b"\x0c\x04gr\xc3\xbc", what="it") == "gr\u00fc"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x04",
        b"\x05\x00",
        b"\x0c\x01a",
        b"\x04\x03ab",
        b"\x04\x01ab",
        b"\x04\x80ab\x00\x00",
        b"\x04\x81\x03abc",
        b"\x04\x82\x00\xc8" + LONG,
        b"\x04\x84\xff\xff\xff\xff",
    ],
    ids=[
        "nothing",
        "no-length",
        "null",
        "other-string",
        "short",
        "tail",
        "indefinite",
        "long-form-of-a-short-length",
        "leading-zero",
        "huge",
    ],
)
def test_refuses_everything_else(data):
    with pytest.raises(InvalidInput) as raised:
        read_octet_string(data, what="it")
    assert raised.value.code == "der.malformed"


def test_refuses_text_that_is_not_utf8():
    with pytest.raises(InvalidInput) as raised:
        read_utf8_string(b"\x0c\x01\xff", what="it")
    assert raised.value.code == "der.malformed"


OID = b"\x2a\x03"


def of(tag, *parts):
    content = b"".join(parts)
    return bytes((tag, len(content))) + content


def extension(*fields):
    return of(0x30, *fields)


def certificate_body(*extensions):
    return of(0x30, of(0x02, b"\1"), of(0xA3, of(0x30, *extensions)))


OTHER = extension(of(0x06, b"\x2a\x04"), of(0x04, b"no"))


@pytest.mark.parametrize(
    ("fields", "is_critical"),
    [
        ([of(0x04, b"yes")], False),
        ([of(0x01, b"\xff"), of(0x04, b"yes")], True),
        ([of(0x01, b"\0"), of(0x04, b"yes")], False),
    ],
    ids=["unsaid", "critical", "said-not-to-be"],
)
def test_finds_an_extension_and_whether_it_is_critical(fields, is_critical):
    body = certificate_body(OTHER, extension(of(0x06, OID), *fields))
    assert find_extension(body, OID, what="it") == (is_critical, b"yes")


@pytest.mark.parametrize(
    "body", [certificate_body(OTHER), of(0x30, of(0x02, b"\1"))], ids=["others", "none-at-all"]
)
def test_refuses_to_find_an_extension_that_is_not_there(body):
    with pytest.raises(InvalidInput, match="not there") as raised:
        find_extension(body, OID, what="it")
    assert raised.value.code == "der.malformed"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x31\x00", "expected tag 0x30"),
        (of(0x30, b"\x02"), "expected at least 2 bytes"),
        (of(0x30, b"\x02\x05\x01"), "expected 5 bytes of content"),
        (certificate_body(extension(of(0x06, OID))), "expected 2 or 3 fields"),
        (certificate_body(extension(*[of(0x06, OID)] * 4)), "expected 2 or 3 fields"),
    ],
    ids=["no-sequence", "no-length", "short", "no-value", "four-fields"],
)
def test_refuses_bodies_that_are_not_der(body, why):
    with pytest.raises(InvalidInput, match=why) as raised:
        find_extension(body, OID, what="it")
    assert raised.value.code == "der.malformed"


@pytest.mark.parametrize("size", [0, 127, 128, 255, 256, 70_000])
def test_a_wrapped_sequence_reads_back(size):
    content = b"\x04" + b"x" * size if size else b""
    data = wrap_sequence(content)
    assert read_octet_string(b"\x04" + data[1:], what="it") == content
