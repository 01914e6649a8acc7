# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""DER strings: the right ones, and every way to be almost right."""

from __future__ import annotations

import pytest

from sealpin.der import read_octet_string, read_utf8_string
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
