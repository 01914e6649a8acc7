# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Ed25519ph, the prehashed Ed25519: cosign signs images so, and ``cryptography`` has it not.

Verification only, of public values only, so that the time it takes tells nothing: RFC 8032 sections
5.1 (the curve and its encodings) and 5.1.7 with the prefix of section 2 (``dom2(1, "")``), over the
SHA-512 of the message. The prefix keeps its signatures and those of pure Ed25519 apart. Points are
extended homogeneous coordinates (X, Y, Z, T).
"""

from __future__ import annotations

import hashlib

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_DOM2 = b"SigEd25519 no Ed25519 collisions\x01\x00"

_Point = tuple[int, int, int, int]


def is_valid(*, public_key: bytes, signature: bytes, message_sha512: bytes) -> bool:
    """Whether *signature* (64 bytes) is by *public_key* (32 bytes) over the prehashed message."""
    if len(public_key) != 32 or len(signature) != 64 or len(message_sha512) != 64:
        return False
    key, commitment = _decode(public_key), _decode(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    # A scalar of at least L would make signatures malleable; 5.1.7 step 1 refuses it.
    if key is None or commitment is None or scalar >= _L:
        return False
    transcript = hashlib.sha512(_DOM2 + signature[:32] + public_key + message_sha512)
    challenge = int.from_bytes(transcript.digest(), "little") % _L
    return _equal(_multiply(scalar, _BASE), _add(commitment, _multiply(challenge, key)))


def _decode(data: bytes) -> _Point | None:
    """RFC 8032 section 5.1.3; None for bytes that encode no point."""
    encoded = int.from_bytes(data, "little")
    y, sign = encoded & ((1 << 255) - 1), encoded >> 255
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % _P)


def _recover_x(y: int, sign: int) -> int | None:
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_MINUS_ONE % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    return _P - x if x & 1 != sign else x


def _add(p: _Point, q: _Point) -> _Point:
    """RFC 8032 section 5.1.4; complete, so it doubles as well."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    result: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _equal(p: _Point, q: _Point) -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % _P == 0 and (p[1] * q[2] - q[1] * p[2]) % _P == 0


_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)
