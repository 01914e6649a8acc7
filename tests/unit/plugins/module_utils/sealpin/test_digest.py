# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Digests: strict to read, compared by value."""

from __future__ import annotations

import hashlib

import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, VerificationFailed

EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_parses_what_it_renders(algorithm):
    digest = Digest.of(b"content", algorithm)
    assert Digest.parse(str(digest)) == digest
    assert digest.raw == hashlib.new(algorithm, b"content").digest()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "digest.malformed"),
        (EMPTY, "digest.malformed"),
        (f"sha256:{EMPTY.upper()}", "digest.malformed"),
        (f"SHA256:{EMPTY}", "digest.malformed"),
        (f"sha256:{EMPTY}\n", "digest.malformed"),
        (f" sha256:{EMPTY}", "digest.malformed"),
        (f"sha256:{EMPTY[:-1]}", "digest.malformed"),
        (f"sha256:{EMPTY}0", "digest.malformed"),
        ("sha256:" + "g" * 64, "digest.malformed"),
        ("sha256:" + "\u0660" * 64, "digest.malformed"),
        (f"sha512:{EMPTY}", "digest.malformed"),
        (f"sha1:{EMPTY[:40]}", "digest.algorithm"),
        (f"md5+x:{EMPTY[:32]}", "digest.algorithm"),
    ],
)
def test_refuses_anything_else(text, code):
    with pytest.raises(InvalidInput) as caught:
        Digest.parse(text)
    assert caught.value.code == code


def test_content_with_another_digest_is_refused():
    Digest.of(b"content").check(b"content", where="here")
    with pytest.raises(VerificationFailed) as caught:
        Digest.of(b"content").check(b"Content", where="here")
    assert caught.value.code == "digest.mismatch"
    assert str(Digest.of(b"content")) in caught.value.message
    assert str(Digest.of(b"Content")) in caught.value.message


def test_is_checked_by_its_own_algorithm():
    Digest.of(b"content", "sha512").check(b"content", where="here")
    with pytest.raises(VerificationFailed):
        Digest.of(b"content", "sha512").check(b"", where="here")


def test_a_tag_scheme_cuts_a_long_digest():
    assert Digest.of(b"").tag_prefix == f"sha256-{EMPTY}"
    long = Digest.of(b"", "sha512")
    assert long.tag_prefix == f"sha512-{long.hex[:64]}"
