# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Keys and signatures at the boundary of the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

import sealpin.crypto
from sealpin.crypto import KeyAlgorithm, PublicKey
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, SealpinError, VerificationFailed
from support.virtual_sigstore import ALGORITHMS, KeyPair

MESSAGE = b"message"
CORE = Path(sealpin.crypto.__file__).parents[1]


def public(pair):
    return PublicKey.from_der(pair.spki_der, what="key")


def code(call, *arguments, **options):
    with pytest.raises((InvalidInput, VerificationFailed)) as raised:
        call(*arguments, **options)
    return raised.value.code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_verifies_with_the_natural_hash(algorithm):
    pair = KeyPair(algorithm)
    key = public(pair)
    signature = pair.sign(MESSAGE)
    key.verify(signature, MESSAGE)
    assert code(key.verify, signature, b"other") == "signature.invalid"
    assert code(public(KeyPair(algorithm)).verify, signature, MESSAGE) == "signature.invalid"
    assert code(key.verify, b"", MESSAGE) == "signature.invalid"


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "rsa-2048"])
@pytest.mark.parametrize("chosen", ["sha224", "sha256", "sha384", "sha512"])
def test_verifies_with_a_chosen_hash(algorithm, chosen):
    pair = KeyPair(algorithm)
    signature = pair.sign(MESSAGE, hash_algorithm=chosen)
    public(pair).verify(signature, MESSAGE, hash_algorithm=chosen)
    other = "sha384" if chosen == "sha256" else "sha256"
    refused = code(public(pair).verify, signature, MESSAGE, hash_algorithm=other)
    assert refused == "signature.invalid"


@pytest.mark.parametrize("name", ["sha1", "md5", "SHA256"])
def test_refuses_other_hashes(name):
    pair = KeyPair()
    assert code(public(pair).verify, b"x", MESSAGE, hash_algorithm=name) == "hash.unsupported"


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "rsa-2048"])
def test_verifies_over_a_digest(algorithm):
    pair = KeyPair(algorithm)
    signature = pair.sign(MESSAGE)
    public(pair).verify_digest(signature, Digest.of(MESSAGE))
    assert code(public(pair).verify_digest, signature, Digest.of(b"o")) == "signature.invalid"


def test_ed25519_needs_the_content():
    pair = KeyPair("ed25519")
    signature = pair.sign(MESSAGE)
    refused = code(public(pair).verify_digest, signature, Digest.of(MESSAGE))
    assert refused == "signature.needs-content"


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "rsa-2048", "ed25519"])
def test_writes_the_pem_it_reads(algorithm):
    pair = KeyPair(algorithm)
    assert PublicKey.from_pem(pair.public_pem, what="key").pem == pair.public_pem


def test_reads_both_pem_forms_of_rsa():
    pair = KeyPair("rsa-2048")
    pkcs1 = pair.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.PKCS1
    )
    assert PublicKey.from_pem(pkcs1, what="key") == PublicKey.from_pem(pair.public_pem, what="key")


@pytest.mark.parametrize(
    ("private", "named"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA with 1024 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "ECDSA with secp256k1"),
        (ec.generate_private_key(ec.SECP224R1()), "ECDSA with secp224r1"),
        (dsa.generate_private_key(1024), "DSA"),
    ],
    ids=["rsa-1024", "secp256k1", "secp224r1", "dsa"],
)
def test_refuses_other_kinds_of_key_and_names_them(private, named):
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(SealpinError) as raised:
        PublicKey.from_der(der, what="key")
    assert (raised.value.code, named in raised.value.message) == ("key.unsupported", True)


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN PUBLIC KEY-----\n"], ids=repr)
def test_refuses_what_is_no_key(data):
    assert code(PublicKey.from_pem, data, what="key") == "key.malformed"
    assert code(PublicKey.from_der, data, what="key") == "key.malformed"


def test_a_key_is_named_by_its_hash():
    pair = KeyPair()
    assert public(pair).key_id == pair.key_id.hex()
    assert public(pair).algorithm is KeyAlgorithm.ECDSA_P256


def test_without_the_library_the_files_import_and_name_what_is_missing():
    script = (
        f"import sys; sys.path.insert(0, {str(CORE)!r})\n"
        "sys.modules['cryptography'] = None\n"
        "from sealpin.certificates import Certificate\n"
        "from sealpin.crypto import PublicKey\n"
        "from sealpin.errors import MissingDependency\n"
        "for read in (PublicKey.from_pem, Certificate.from_der):\n"
        "    try:\n"
        "        read(b'', what='it')\n"
        "    except MissingDependency as error:\n"
        "        print(error.code)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert output.split() == ["dependency.missing-library"] * 2
