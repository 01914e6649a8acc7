# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Certificates at the boundary of the library."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from sealpin.certificates import Certificate
from sealpin.errors import InvalidInput
from support.virtual_sigstore import CertificateAuthority, KeyPair, der_of


def code(call, *arguments, **options):
    with pytest.raises(InvalidInput) as raised:
        call(*arguments, **options)
    return raised.value.code


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\n"], ids=repr)
def test_refuses_what_is_no_certificate(data):
    assert code(Certificate.from_pem, data, what="it") == "certificate.malformed"
    assert code(Certificate.from_der, data, what="it") == "certificate.malformed"


def test_certificates_are_their_bytes():
    authority = CertificateAuthority()
    first, second = (
        Certificate.from_der(der_of(authority.chain[0]), what="") for _turn in range(2)
    )
    assert first == second
    assert hash(first) == hash(second)
    assert first != Certificate.from_der(der_of(authority.chain[1]), what="")


def test_a_root_is_issued_by_itself_and_by_no_namesake():
    root, namesake = (
        Certificate.from_der(der_of(CertificateAuthority(intermediates=0).chain[0]), what="root")
        for _turn in range(2)
    )
    assert root.is_issued_by(root)
    assert root.is_self_issued
    assert root.subject == namesake.subject
    assert not root.is_issued_by(namesake)


@pytest.mark.parametrize(
    "private",
    [ec.generate_private_key(ec.SECP256K1()), rsa.generate_private_key(65537, 1024)],
    ids=["secp256k1", "rsa-1024"],
)
def test_an_authority_with_a_key_that_is_not_supported_issued_nothing(private):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    builder = x509.CertificateBuilder(name, name, private.public_key(), serial_number=1)
    builder = builder.not_valid_before(datetime(2026, 1, 1)).not_valid_after(datetime(2027, 1, 1))
    root = Certificate.from_der(der_of(builder.sign(private, hashes.SHA256())), what="root")
    assert not root.is_issued_by(root)


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
