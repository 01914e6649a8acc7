# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Given keys: which files are keys, and over which hashes they sign."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization

from sealpin.errors import InvalidInput
from sealpin.trust.keys import load_key
from sealpin.trust.material import KeyTrust, Thresholds
from sealpin.weakening import Weakening
from support.virtual_sigstore import KeyPair


def code(call, *arguments, **options):
    with pytest.raises(InvalidInput) as raised:
        call(*arguments, **options)
    return raised.value.code


@pytest.mark.parametrize(
    ("algorithm", "hashes"),
    [
        ("ecdsa-p256", ("sha256",)),
        ("ecdsa-p384", ("sha256", "sha384")),
        ("ecdsa-p521", ("sha256", "sha512")),
        ("rsa-2048", ("sha256",)),
        ("ed25519", ("sha256",)),
    ],
)
def test_accepts_sha256_and_the_natural_hash(algorithm, hashes):
    pair = KeyPair(algorithm)
    assert load_key(pair.public_pem, name="k").accepted_hashes == hashes
    assert load_key(pair.public_pem.decode(), name="k").accepted_hashes == hashes


def test_a_chosen_hash_is_the_only_one():
    key = load_key(KeyPair("ecdsa-p384").public_pem, name="k", hash_algorithm="sha512")
    assert key.accepted_hashes == ("sha512",)


@pytest.mark.parametrize("name", ["sha1", "md5", "SHA256"])
def test_refuses_other_hashes(name):
    pem = KeyPair().public_pem
    assert code(load_key, pem, name="k", hash_algorithm=name) == "hash.unsupported"


def test_refuses_a_private_key_and_does_not_repeat_it():
    pem = KeyPair().private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(InvalidInput) as raised:
        load_key(pem, name="cosign.key")
    assert raised.value.code == "key.private"
    assert pem.decode().split("\n")[1] not in str(raised.value)


@pytest.mark.parametrize(
    "data", [b"", b"junk", KeyPair().public_pem + b"\n" * 70_000], ids=["empty", "junk", "huge"]
)
def test_refuses_what_is_no_key(data):
    assert code(load_key, data, name="k") == "key.malformed"


def test_a_key_without_root_needs_the_log_given_up_by_name():
    key = load_key(KeyPair().public_pem, name="k")
    assert code(KeyTrust, key=key) == "trust.root-missing"
    ignoring = frozenset({Weakening.IGNORE_TLOG})
    assert not KeyTrust(key=key, weakenings=ignoring).requires_log
    private = frozenset({Weakening.PRIVATE_INFRASTRUCTURE})
    assert not KeyTrust(key=key, weakenings=private).requires_log
    refused = code(KeyTrust, key=key, weakenings=ignoring, require_timestamp=True)
    assert refused == "trust.root-missing"


@pytest.mark.parametrize("name", ["logs", "ct_logs", "timestamp_authorities"])
def test_a_threshold_is_at_least_one(name):
    assert code(Thresholds, **{name: 0}) == "trust.threshold"
