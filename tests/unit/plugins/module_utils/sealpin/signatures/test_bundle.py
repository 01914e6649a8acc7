# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Bundles: what each version must have, and what none may."""

from __future__ import annotations

import copy
import json

import pytest

from sealpin.errors import InvalidInput
from sealpin.signatures.bundle import read_bundle
from sealpin.signatures.dsse import Envelope
from sealpin.signatures.parts import Form
from support.verification import SUBJECT
from support.virtual_sigstore import Stamp, VirtualSigstore

DIGEST = str(SUBJECT)
MADE = VirtualSigstore()
PLAIN = MADE.bundle(DIGEST, stamps=(Stamp(),)).document
CHAINED = MADE.bundle(DIGEST, version="0.2").document
OLD = MADE.bundle(DIGEST, version="0.1").document
BLOB = MADE.blob_bundle(b"file").document
REMOVE = object()


def changed(document, path, value):
    """A copy of *document* with *value* at *path*, or without it."""
    document = copy.deepcopy(document)
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if value is REMOVE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(document).encode()


def code(data):
    with pytest.raises(InvalidInput) as raised:
        read_bundle(data)
    return raised.value.code


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "application/vnd.dev.sigstore.bundle.v0.3.2+json",
    ],
)
def test_reads_every_spelling_of_the_version(media_type):
    parts = read_bundle(changed(PLAIN, ("mediaType",), media_type))
    assert parts.form is Form.BUNDLE
    assert isinstance(parts.content, Envelope)
    assert (len(parts.entries), len(parts.timestamps), len(parts.signatures)) == (1, 1, 1)


ENTRY = ("verificationMaterial", "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")
CERTIFICATES = ("verificationMaterial", "x509CertificateChain", "certificates")
LEAF = CHAINED["verificationMaterial"]["x509CertificateChain"]["certificates"][0]
ROOT = {
    "rawBytes": MADE.certificate_authorities[0].to_json()["certChain"]["certificates"][-1][
        "rawBytes"
    ]
}
INTERMEDIATE = {
    "rawBytes": MADE.certificate_authorities[0].to_json()["certChain"]["certificates"][0][
        "rawBytes"
    ]
}
REFUSED = {
    "no media type": (PLAIN, ("mediaType",), REMOVE, "json.field"),
    "version 0.4": (
        PLAIN,
        ("mediaType",),
        "application/vnd.dev.sigstore.bundle.v0.4+json",
        "bundle.version",
    ),
    "not a bundle": (PLAIN, ("mediaType",), "application/json", "bundle.version"),
    "no material": (PLAIN, ("verificationMaterial",), REMOVE, "json.field"),
    "no signer": (PLAIN, ("verificationMaterial", "certificate"), REMOVE, "bundle.signer"),
    "two signers": (
        PLAIN,
        ("verificationMaterial", "publicKey"),
        {"hint": "a"},
        "bundle.signer",
    ),
    "chain in 0.3": (
        CHAINED,
        ("mediaType",),
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "bundle.chain",
    ),
    "empty chain": (CHAINED, CERTIFICATES, [], "bundle.chain"),
    "root in chain": (CHAINED, CERTIFICATES, [LEAF, ROOT], "bundle.chain"),
    "long chain": (CHAINED, CERTIFICATES, [LEAF] * 11, "json.too-many"),
    "not a certificate": (CHAINED, CERTIFICATES, [{"rawBytes": "AAAA"}], "certificate.malformed"),
    "no content": (PLAIN, ("dsseEnvelope",), REMOVE, "bundle.content"),
    "two contents": (
        PLAIN,
        ("messageSignature",),
        BLOB["messageSignature"],
        "bundle.content",
    ),
    "two signatures": (
        PLAIN,
        ("dsseEnvelope", "signatures"),
        PLAIN["dsseEnvelope"]["signatures"] * 2,
        "bundle.content",
    ),
    "no signature": (PLAIN, ("dsseEnvelope", "signatures"), [], "dsse.no-signature"),
    "33 entries": (
        PLAIN,
        ENTRY[:-1],
        PLAIN["verificationMaterial"]["tlogEntries"] * 33,
        "json.too-many",
    ),
    "33 timestamps": (
        PLAIN,
        ("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps"),
        [{"signedTimestamp": "AAAA"}] * 33,
        "json.too-many",
    ),
    "65 hashes": (PLAIN, (*PROOF, "hashes"), ["AAAA"] * 65, "json.too-many"),
    "no proof in 0.3": (PLAIN, PROOF, REMOVE, "bundle.no-proof"),
    "no proof in 0.2": (CHAINED, PROOF, REMOVE, "bundle.no-proof"),
    "no checkpoint": (PLAIN, (*PROOF, "checkpoint"), REMOVE, "bundle.no-checkpoint"),
    "no promise in 0.1": (OLD, (*ENTRY, "inclusionPromise"), REMOVE, "bundle.no-promise"),
    "negative index": (PLAIN, (*ENTRY, "logIndex"), "-1", "json.field"),
    "huge index": (PLAIN, (*ENTRY, "logIndex"), str(2**63), "json.field"),
    "boolean index": (PLAIN, (*ENTRY, "logIndex"), True, "json.field"),
    "index with zeros": (PLAIN, (*ENTRY, "logIndex"), "007", "json.field"),
    "no kind": (PLAIN, (*ENTRY, "kindVersion"), REMOVE, "json.field"),
    "no body": (PLAIN, (*ENTRY, "canonicalizedBody"), REMOVE, "base64.malformed"),
    "entries of texts": (PLAIN, ENTRY[:-1], ["a"], "json.field"),
    "entries not a list": (PLAIN, ENTRY[:-1], {"a": 1}, "json.field"),
    "md5 digest": (
        BLOB,
        ("messageSignature", "messageDigest", "algorithm"),
        "MD5",
        "bundle.hash",
    ),
    "digest by a list": (
        BLOB,
        ("messageSignature", "messageDigest", "algorithm"),
        [],
        "json.field",
    ),
    "no message signature": (BLOB, ("messageSignature", "signature"), REMOVE, "base64.malformed"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(case):
    document, path, value, expected = case
    assert code(changed(document, path, value)) == expected


def test_refuses_duplicate_keys():
    twice = json.dumps(PLAIN).replace('"mediaType"', '"mediaType": "x", "mediaType"', 1)
    assert code(twice.encode()) == "json.duplicate-key"


def test_keeps_what_came_with_the_leaf():
    parts = read_bundle(changed(CHAINED, CERTIFICATES, [LEAF, INTERMEDIATE]))
    assert len(parts.chain) == 1


def test_a_proof_without_checkpoint_counts_for_nothing_in_0_1():
    entry = read_bundle(changed(OLD, (*PROOF, "checkpoint"), REMOVE)).entries[0]
    assert (entry.proof, entry.promise is None) == (None, False)


def test_absent_numbers_are_zero_as_protobuf_writes_them():
    parts = read_bundle(changed(PLAIN, (*ENTRY, "logIndex"), None))
    assert parts.entries[0].log_index == 0


def test_a_bundle_by_a_key_has_no_certificate():
    material = {**PLAIN["verificationMaterial"], "publicKey": {"hint": "a"}}
    del material["certificate"]
    assert read_bundle(changed(PLAIN, ("verificationMaterial",), material)).certificate is None


def test_a_message_signature_may_claim_no_digest():
    data = changed(BLOB, ("messageSignature", "messageDigest"), REMOVE)
    assert read_bundle(data).content.claimed_digest is None
