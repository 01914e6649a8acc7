# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Keys, signatures and certificates at the boundary of the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

import sealpin.crypto
from sealpin.crypto import Certificate, KeyAlgorithm, PublicKey
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, SealpinError, VerificationFailed
from support.virtual_sigstore import ALGORITHMS, CertificateAuthority, KeyPair, der_of

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


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\n"], ids=repr)
def test_refuses_what_is_no_certificate(data):
    assert code(Certificate.from_pem, data, what="it") == "certificate.malformed"
    assert code(Certificate.from_der, data, what="it") == "certificate.malformed"


def test_a_key_is_named_by_its_hash():
    pair = KeyPair()
    assert public(pair).key_id == pair.key_id.hex()
    assert public(pair).algorithm is KeyAlgorithm.ECDSA_P256


def test_certificates_are_their_bytes():
    authority = CertificateAuthority()
    first, second = (
        Certificate.from_der(der_of(authority.chain[0]), what="") for _turn in range(2)
    )
    assert first == second
    assert hash(first) == hash(second)
    assert first != Certificate.from_der(der_of(authority.chain[1]), what="")


def test_a_certificate_of_an_unsupported_key_issued_nothing():
    authority = CertificateAuthority(intermediates=0)
    root = Certificate.from_der(der_of(authority.chain[0]), what="root")
    assert root.is_issued_by(root)
    assert root.is_self_issued
    other = CertificateAuthority(intermediates=0)
    assert not root.is_issued_by(Certificate.from_der(der_of(other.chain[0]), what="other"))


def test_a_certificate_whose_key_is_no_point_is_refused_when_it_is_asked_for():
    key = KeyPair()
    der = der_of(CertificateAuthority().issue(key))
    certificate = Certificate.from_der(der.replace(key.spki_der[-64:], b"\1" * 64), what="leaf")
    assert code(lambda: certificate.public_key) == "key.malformed"


def test_a_certificate_without_timestamps_has_no_body_without_them():
    leaf = Certificate.from_der(der_of(CertificateAuthority().issue(KeyPair())), what="leaf")
    assert code(lambda: leaf.precertificate_tbs) == "certificate.malformed"


def test_messages_call_a_nameless_certificate_by_its_names():
    authority = CertificateAuthority()
    leaf = Certificate.from_der(der_of(authority.issue(KeyPair())), what="leaf")
    assert "github.com" in leaf.label


def test_without_the_library_the_file_imports_and_names_what_is_missing():
    script = (
        f"import sys; sys.path.insert(0, {str(CORE)!r})\n"
        "sys.modules['cryptography'] = None\n"
        "from sealpin.crypto import Certificate, PublicKey\n"
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
