# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Just enough DER (ITU-T X.690) to write timestamp tokens and certificate extensions."""

from __future__ import annotations

from datetime import datetime, timezone


def tagged(tag: int, *parts: bytes) -> bytes:
    """One value: identifier octet, definite length, contents."""
    contents = b"".join(parts)
    size = len(contents)
    if size < 0x80:
        return bytes([tag, size]) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + contents


def sequence(*parts: bytes) -> bytes:
    return tagged(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tagged(0x31, *sorted(parts))


def integer(value: int) -> bytes:
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    return tagged(0x04, value)


def utf8(value: str) -> bytes:
    return tagged(0x0C, value.encode())


def null() -> bytes:
    return tagged(0x05)


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tagged(0x06, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def generalized_time(moment: datetime) -> bytes:
    return tagged(0x18, moment.astimezone(timezone.utc).strftime("%Y%m%d%H%M%SZ").encode())


def utc_time(moment: datetime) -> bytes:
    return tagged(0x17, moment.astimezone(timezone.utc).strftime("%y%m%d%H%M%SZ").encode())


def _base128(arc: int) -> bytes:
    out = [arc & 0x7F]
    while arc := arc >> 7:
        out.append(0x80 | (arc & 0x7F))
    return bytes(reversed(out))
