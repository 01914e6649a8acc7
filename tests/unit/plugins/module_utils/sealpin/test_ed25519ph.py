# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Prehashed Ed25519: the specification's vector, and everything next to it."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealpin.ed25519ph import is_valid

# RFC 8032 section 7.3.
KEY = bytes.fromhex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf")
SIGNATURE = bytes.fromhex(
    "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
    "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
)
PREHASH = hashlib.sha512(b"abc").digest()
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19


def check(*, key=KEY, signature=SIGNATURE, prehash=PREHASH):
    return is_valid(public_key=key, signature=signature, message_sha512=prehash)


def test_accepts_the_specification_s_vector():
    assert check()


def test_refuses_another_message():
    assert not check(prehash=hashlib.sha512(b"abd").digest())


def test_refuses_another_key():
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert not check(key=other)


@pytest.mark.parametrize("position", range(0, 64, 7))
def test_refuses_every_changed_signature(position):
    changed = bytearray(SIGNATURE)
    changed[position] ^= 1
    assert not check(signature=bytes(changed))


def test_refuses_the_same_signature_with_a_larger_scalar():
    scalar = int.from_bytes(SIGNATURE[32:], "little") + ORDER
    assert not check(signature=SIGNATURE[:32] + scalar.to_bytes(32, "little"))


def test_a_pure_signature_is_not_a_prehashed_one():
    private = Ed25519PrivateKey.generate()
    signature = private.sign(PREHASH)
    assert not check(key=private.public_key().public_bytes_raw(), signature=signature)


@pytest.mark.parametrize(
    "point",
    [
        PRIME.to_bytes(32, "little"),
        (2).to_bytes(32, "little"),
        ((1 << 255) | 1).to_bytes(32, "little"),
    ],
    ids=["not-reduced", "not-on-the-curve", "negative-zero"],
)
def test_refuses_bytes_that_are_no_point(point):
    assert not check(key=point)
    assert not check(signature=point + SIGNATURE[32:])


@pytest.mark.parametrize(
    "lengths", [{"key": b""}, {"signature": b"\0" * 63}, {"prehash": b"\0" * 32}], ids=str
)
def test_refuses_other_lengths(lengths):
    assert not check(**lengths)
