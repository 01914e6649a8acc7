# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Trusted roots: read, written, made of PEM files, and refused."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed448

from sealpin.chain import ChainProfile
from sealpin.errors import InvalidInput
from sealpin.trust.embedded import PUBLIC_GOOD_DATE, embedded_root
from sealpin.trust.root_json import parse_trusted_root
from sealpin.trust.root_pems import root_from_pems
from support.vectors import vectors
from support.virtual_sigstore import CertificateAuthority, KeyPair, VirtualSigstore

MADE = VirtualSigstore()
DOCUMENT = json.loads(MADE.trusted_root_json())


def changed(path, value):
    document = copy.deepcopy(DOCUMENT)
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if value is None:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(document).encode()


def code(data):
    with pytest.raises(InvalidInput) as raised:
        parse_trusted_root(data)
    return raised.value.code


def test_the_embedded_root_is_the_public_good_instance_s():
    root = embedded_root()
    assert [log.name for log in root.transparency_logs] == [
        "https://rekor.sigstore.dev",
        "https://log2025-1.rekor.sigstore.dev",
    ]
    assert (len(root.certificate_authorities), len(root.ct_logs)) == (2, 2)
    assert len(root.timestamp_authorities) == 1
    assert root.unsupported == ()
    assert PUBLIC_GOOD_DATE.year >= 2026


@pytest.mark.parametrize(
    "path",
    ["lab/trusted_root.json", "public-good/trusted_root.json"],
)
def test_a_root_survives_being_written(path):
    name, _separator, file = path.partition("/")
    root = parse_trusted_root((vectors(name) / file).read_bytes())
    again = parse_trusted_root(root.document())
    assert again == root
    assert again.digest == root.digest


def test_the_digest_is_of_the_trust_and_not_of_its_spelling():
    plain, indented = (json.dumps(DOCUMENT, indent=indent).encode() for indent in (None, 4))
    digest = parse_trusted_root(plain).digest
    assert parse_trusted_root(indented).digest == digest
    assert parse_trusted_root(VirtualSigstore().trusted_root_json()).digest != digest


LOG = ("tlogs", 0)
CA = ("certificateAuthorities", 0)
TSA = ("timestampAuthorities", 0)
REFUSED = {
    "no media type": (("mediaType",), None, "trust.malformed"),
    "another version": (
        ("mediaType",),
        "application/vnd.dev.sigstore.trustedroot+json;version=0.9",
        "trust.malformed",
    ),
    "log without start": ((*LOG, "publicKey", "validFor", "start"), None, "trust.malformed"),
    "log without window": ((*LOG, "publicKey", "validFor"), None, "trust.malformed"),
    "log without key": ((*LOG, "publicKey"), None, "json.field"),
    "log without id": ((*LOG, "logId"), None, "json.field"),
    "log with a wrong key": ((*LOG, "publicKey", "rawBytes"), "AAAA", "key.malformed"),
    "not a time": ((*CA, "validFor", "start"), "yesterday", "trust.malformed"),
    "empty chain": ((*CA, "certChain", "certificates"), [], "trust.malformed"),
    "no chain": ((*CA, "certChain"), None, "json.field"),
    "not a certificate": (
        (*CA, "certChain", "certificates"),
        [{"rawBytes": "AAAA"}],
        "certificate.malformed",
    ),
    "lone timestamp certificate": (
        (*TSA, "certChain", "certificates"),
        DOCUMENT["timestampAuthorities"][0]["certChain"]["certificates"][:1],
        "trust.incomplete",
    ),
    "no signing certificate": (
        (*TSA, "certChain", "certificates"),
        DOCUMENT["timestampAuthorities"][0]["certChain"]["certificates"][1:],
        "trust.incomplete",
    ),
    "too many logs": (("tlogs",), DOCUMENT["tlogs"] * 60, "json.too-many"),
    "logs of another type": (("tlogs",), {"a": 1}, "json.field"),
}


@pytest.mark.parametrize(("path", "value", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(path, value, expected):
    assert code(changed(path, value)) == expected


@pytest.mark.parametrize("data", [b"", b"[]", b"junk", b'{"a":1,"a":2}'], ids=repr)
def test_refuses_what_is_no_document(data):
    assert code(data).startswith("json.")


def test_leaves_a_log_with_an_unknown_kind_of_key_out_and_says_so():
    raw = (
        ed448.Ed448PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    path = (*LOG, "publicKey", "rawBytes")
    root = parse_trusted_root(changed(path, base64.b64encode(raw).decode()))
    assert root.unsupported == (DOCUMENT["tlogs"][0]["baseUrl"],)
    assert len(root.transparency_logs) == len(DOCUMENT["tlogs"]) - 1


def test_makes_a_root_of_pem_files():
    authority, other = CertificateAuthority(), CertificateAuthority(name="b.test")
    root = root_from_pems(
        ca_roots=authority.root_pem + other.root_pem,
        ca_intermediates=authority.intermediates_pem,
        rekor_keys=(MADE.rekor.key.public_pem,),
        ct_keys=(MADE.ct_logs[0].key.public_pem,),
        timestamp_chain=MADE.timestamp_authorities[0].chain_pem,
        name="files",
    )
    assert len(root.certificate_authorities) == 2
    assert {a.profile for a in root.certificate_authorities} == {ChainProfile.PRIVATE}
    assert root.transparency_logs[0].log_id == MADE.rekor.log_id
    assert root.timestamp_authorities[0].name == "files"


def test_intermediates_without_roots_are_refused():
    authority = CertificateAuthority()
    with pytest.raises(InvalidInput) as raised:
        root_from_pems(ca_intermediates=authority.intermediates_pem)
    assert raised.value.code == "trust.incomplete"


def test_bounds_the_certificates_of_a_file():
    with pytest.raises(InvalidInput) as raised:
        root_from_pems(ca_roots=CertificateAuthority().root_pem * 101)
    assert raised.value.code == "trust.too-many-certificates"


def test_joins_what_two_roots_believe():
    first = parse_trusted_root(MADE.trusted_root_json())
    second = root_from_pems(rekor_keys=(KeyPair().public_pem,))
    joined = first.joined(second)
    assert joined.transparency_logs == first.transparency_logs + second.transparency_logs
    assert joined.certificate_authorities == first.certificate_authorities
    assert replace(joined, transparency_logs=first.transparency_logs) == first
