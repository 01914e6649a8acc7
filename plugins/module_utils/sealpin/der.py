# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The DER that is read here and not by a library: an extension as it stands, and what it wraps.

Fulcio writes newer extensions and its OtherName as ``UTF8String``, and RFC 6962 wraps the list of
signed certificate timestamps in an ``OCTET STRING``. Encoding rules: ITU-T X.690 section 10
(definite, shortest length; no trailing bytes).
"""

from __future__ import annotations

from collections.abc import Iterator

from .errors import InvalidInput

_OCTET_STRING = 0x04
_UTF8_STRING = 0x0C
_SEQUENCE = 0x30
_EXTENSIONS = 0xA3
_TRUE = (0x01, b"\xff")


def find_extension(tbs: bytes, identifier: bytes, *, what: str) -> tuple[bool, bytes]:
    """Return whether an extension is critical, and its value.

    *tbs* is a whole TBSCertificate (RFC 5280 section 4.1), *identifier* the content of the
    extension's OBJECT IDENTIFIER. The first of several is found. Raises `InvalidInput`
    ``der.malformed``, also where there is none.
    """
    for tag, content in _items(_read(tbs, _SEQUENCE, what), what):
        if tag == _EXTENSIONS:
            for _tag, extension in _items(_read(content, _SEQUENCE, what), what):
                found, *critical, value = _extension_fields(extension, what)
                if found[1] == identifier:
                    return _TRUE in critical, value[1]
    raise _malformed(what, "the extension is not there")


def wrap_sequence(content: bytes) -> bytes:
    """Encode a SEQUENCE."""
    size = len(content)
    if size < 0x80:
        return bytes((_SEQUENCE, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((_SEQUENCE, 0x80 | len(length))) + length + content


def read_octet_string(data: bytes, *, what: str) -> bytes:
    """Return the content of an OCTET STRING. Raises `InvalidInput` ``der.malformed``."""
    return _read(data, _OCTET_STRING, what)


def read_utf8_string(data: bytes, *, what: str) -> str:
    """Return the text of a UTF8String. Raises `InvalidInput` ``der.malformed``."""
    try:
        return _read(data, _UTF8_STRING, what).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(what, f"not UTF-8 at byte {error.start}") from error


def _read(data: bytes, expected_tag: int, what: str) -> bytes:
    if len(data) < 2:
        raise _malformed(what, f"expected at least 2 bytes, got {len(data)}")
    if data[0] != expected_tag:
        raise _malformed(what, f"expected tag {expected_tag:#04x}, got {data[0]:#04x}")
    length, start = _length(data, what)
    if len(data) - start != length:
        raise _malformed(what, f"expected {length} bytes of content, got {len(data) - start}")
    return data[start:]


def _extension_fields(data: bytes, what: str) -> list[tuple[int, bytes]]:
    """Identifier, whether it is critical where that is said, and value."""
    fields = list(_items(data, what))
    if len(fields) not in (2, 3):
        raise _malformed(what, f"expected 2 or 3 fields of an extension, got {len(fields)}")
    return fields


def _items(data: bytes, what: str) -> Iterator[tuple[int, bytes]]:
    """Take a SEQUENCE's content apart: each value's tag and content."""
    while data:
        if len(data) < 2:
            raise _malformed(what, f"expected at least 2 bytes, got {len(data)}")
        length, start = _length(data, what)
        if len(data) - start < length:
            raise _malformed(what, f"expected {length} bytes of content, got {len(data) - start}")
        yield data[0], data[start : start + length]
        data = data[start + length :]


def _length(data: bytes, what: str) -> tuple[int, int]:
    """Return the content's length and where it starts."""
    first = data[1]
    if first < 0x80:
        return first, 2
    start = 2 + (first & 0x7F)
    length = int.from_bytes(data[2:start], "big")
    shortest = (length.bit_length() + 7) // 8
    if length < 0x80 or start - 2 != shortest:
        raise _malformed(what, "the length is not in its shortest form")
    return length, start


def _malformed(what: str, why: str) -> InvalidInput:
    return InvalidInput("der.malformed", f"{what} is not the DER it should be: {why}")
