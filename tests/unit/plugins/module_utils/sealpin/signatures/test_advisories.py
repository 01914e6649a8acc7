# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One test for each published attack on a peer that this project could suffer, named by it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sealpin import mediatypes
from sealpin.trust.material import Thresholds
from sealpin.trust.window import Window
from support.verification import (
    IGNORE_TLOG,
    SUBJECT,
    keyed,
    keyless,
    prove,
    refusal,
    signer,
    with_annotations,
)
from support.virtual_sigstore import (
    FAR_AHEAD,
    LONG_AGO,
    SIGNING_TIME,
    CertificateAuthority,
    Edits,
    Stamp,
    TimestampAuthority,
    VirtualSigstore,
    canonical,
)

DIGEST = str(SUBJECT)


@pytest.fixture(scope="module")
def sigstore():
    return VirtualSigstore()


def borrow(layer, other):
    """*layer* with the log entry of *other*."""
    entry = other.annotations[mediatypes.ANNOTATION_BUNDLE]
    return with_annotations(layer, **{mediatypes.ANNOTATION_BUNDLE: entry})


def test_cve_2022_23649_a_valid_log_entry_of_another_signature(sigstore):
    who = sigstore.keyless()
    mine = sigstore.sign_image(DIGEST, signer=who)
    other = sigstore.sign_image(DIGEST, signer=who, annotations={"a": "b"})
    assert refusal(borrow(mine, other), keyless(sigstore)) == "tlog.hash-mismatch"


def test_cve_2022_36056_a_log_entry_not_bound_to_the_signature(sigstore):
    who = sigstore.keyless()
    first, second = (sigstore.sign_image(DIGEST, signer=who) for _turn in range(2))
    assert first.content == second.content
    assert refusal(borrow(first, second), keyless(sigstore)) == "tlog.signature-mismatch"


def test_cve_2026_22703_an_unrelated_entry_under_a_trusted_root(sigstore):
    mine, other = sigstore.attest(DIGEST), sigstore.attest(DIGEST, predicate={"other": 1})
    assert refusal(borrow(mine, other), keyless(sigstore)).startswith("tlog.")
    bundle, unrelated = sigstore.bundle(DIGEST), sigstore.bundle(DIGEST, predicate={"other": 1})
    document = bundle.document
    document["verificationMaterial"]["tlogEntries"] = unrelated.document["verificationMaterial"][
        "tlogEntries"
    ]
    mixed = replace(bundle, content=json.dumps(document).encode())
    assert refusal(mixed, keyless(sigstore)) == "tlog.hash-mismatch"


def test_cve_2026_24122_an_expired_intermediate(sigstore):
    authority = CertificateAuthority(not_after_utc=SIGNING_TIME + timedelta(minutes=1))
    made = VirtualSigstore(certificate_authority=authority)
    signed = made.sign_image(
        DIGEST, signer=made.keyless(), at_utc=SIGNING_TIME + timedelta(minutes=2)
    )
    assert refusal(signed, keyless(made)) == "chain.expired"


def test_cve_2026_39395_a_malformed_payload_is_no_attestation(sigstore):
    for payload in (b"junk", b"{}", b"[]", b""):
        edits = Edits(payload=lambda _, payload=payload: payload)
        for form in ("attest", "bundle"):
            signed = getattr(sigstore, form)(DIGEST, edits=edits)
            assert refusal(signed, keyless(sigstore)) in (
                "json.malformed",
                "json.not-an-object",
                "statement.type",
            )


def test_cve_2024_45395_masses_of_entries_timestamps_and_subjects(sigstore):
    document = sigstore.bundle(DIGEST, stamps=(Stamp(),)).document
    material = document["verificationMaterial"]
    stamps = material["timestampVerificationData"]["rfc3161Timestamps"]
    many_entries = {**material, "tlogEntries": material["tlogEntries"] * 33}
    many_stamps = {**material, "timestampVerificationData": {"rfc3161Timestamps": stamps * 33}}
    for changed in (many_entries, many_stamps):
        content = json.dumps({**document, "verificationMaterial": changed}).encode()
        signed = replace(sigstore.bundle(DIGEST), content=content)
        assert refusal(signed, keyless(sigstore)) == "json.too-many"
    subjects = Edits(statement=lambda s: {**s, "subject": s["subject"] * 1025})
    assert refusal(sigstore.bundle(DIGEST, edits=subjects), keyless(sigstore)) == "json.too-many"


def test_ghsa_9vcr_p3rj_q5q6_one_certificate_log_counted_twice():
    made = VirtualSigstore()
    key = signer().key
    certificate = made.certificate_authorities[0].issue(key, ct_logs=made.ct_logs * 2)
    who = replace(made.keyless(), key=key, certificate=certificate)
    trust = keyless(made, thresholds=Thresholds(ct_logs=2))
    assert refusal(made.sign_image(DIGEST, signer=who), trust) == "sct.threshold"


def test_ghsa_wqqc_jjcq_vfxm_a_key_outside_of_its_window(sigstore):
    who = signer()
    signed = sigstore.bundle(DIGEST, signer=who)
    ended = Window(end_utc=SIGNING_TIME - timedelta(seconds=1))
    assert refusal(signed, keyed(sigstore, who.key, window=ended)) == "key.window"


def test_cve_2026_39984_a_decoy_certificate_in_a_timestamp():
    made = VirtualSigstore()
    decoy = TimestampAuthority()
    stamp = Stamp(signer=decoy.key, embed=(made.timestamp_authorities[0].certificate,))
    signed = made.bundle(DIGEST, log="v2", stamps=(stamp,))
    assert refusal(signed, keyless(made)) == "time.missing"


BODIES = [
    b"null",
    b"[]",
    b"{}",
    b'{"kind":null,"apiVersion":null,"spec":null}',
    b'{"kind":"dsse","apiVersion":"0.0.1"}',
    b'{"kind":"dsse","apiVersion":"0.0.1","spec":[]}',
    b'{"kind":"dsse","apiVersion":"0.0.1","spec":{"signatures":null}}',
    b'{"kind":"dsse","apiVersion":"0.0.1","spec":{"signatures":[null]}}',
    b'{"kind":"dsse","apiVersion":"0.0.1","spec":{"signatures":[{}],"payloadHash":7}}',
    b'{"kind":"dsse","kind":"dsse","apiVersion":"0.0.1","spec":{}}',
    b"\xff\xfe",
    b"[" * 5000,
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:30]))
def test_cve_2023_33199_malformed_log_entries_are_refused_and_no_more(body):
    made = VirtualSigstore()
    who = made.keyless()
    text = base64.b64encode(body).decode()

    def forge(annotation):
        payload = {**annotation["Payload"], "body": text}
        promise = made.rekor.key.sign(canonical(payload), hash_algorithm="sha256")
        return {
            "Payload": payload,
            "SignedEntryTimestamp": base64.b64encode(promise).decode(),
        }

    signed = made.attest(DIGEST, signer=who, edits=Edits(entry=forge))
    code = refusal(signed, keyless(made))
    assert code.split(".")[0] in ("json", "tlog", "base64")


def test_cve_2026_44309_duplicate_keys_make_two_statements(sigstore):
    def twice(payload):
        return payload.replace(b'"subject":', b'"subject":[],"subject":', 1)

    for form in ("attest", "bundle"):
        signed = getattr(sigstore, form)(DIGEST, edits=Edits(payload=twice))
        assert refusal(signed, keyless(sigstore)) == "json.duplicate-key"
    claims = Edits(payload=lambda p: p.replace(b'"critical":', b'"critical":{},"critical":', 1))
    assert refusal(sigstore.sign_image(DIGEST, edits=claims), keyless(sigstore)) == (
        "json.duplicate-key"
    )


def test_pysec_2026_1923_an_integrated_time_without_a_promise(sigstore):
    """An expired certificate would look valid at whatever time the bundle says."""
    late = sigstore.keyless()
    edits = Edits(entry=lambda e: {**e, "integratedTime": str(int(SIGNING_TIME.timestamp()))})
    signed = sigstore.bundle(
        DIGEST,
        signer=late,
        at_utc=SIGNING_TIME + timedelta(days=1),
        promise=False,
        stamps=(),
        edits=edits,
    )
    assert refusal(signed, keyless(sigstore)) == "time.missing"


def test_a_timestamp_may_not_borrow_another_authority_s_life():
    """sigstore-conformance pull request 403."""
    ended = TimestampAuthority(certificate_window=(LONG_AGO, SIGNING_TIME - timedelta(days=1)))
    made = VirtualSigstore(timestamp_authority=ended)
    made.timestamp_authorities.append(
        TimestampAuthority(certificate_window=(LONG_AGO, FAR_AHEAD - timedelta(days=1)))
    )
    signed = made.bundle(DIGEST, log="", stamps=(Stamp(),))
    trust = keyless(made, weakenings=IGNORE_TLOG, require_timestamp=True)
    assert refusal(signed, trust) == "timestamp.threshold"


def test_the_right_ones_verify(sigstore):
    """The counterpart of all of the above."""
    for form in ("sign_image", "attest", "bundle"):
        prove(getattr(sigstore, form)(DIGEST), keyless(sigstore))
