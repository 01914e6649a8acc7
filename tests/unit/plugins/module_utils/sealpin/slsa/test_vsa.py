# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealpin.crypto import PublicKey
from sealpin.errors import InvalidInput, SealpinError, VerificationFailed
from sealpin.mediatypes import IN_TOTO_PAYLOAD
from sealpin.signatures.dsse import pre_authentication_encoding
from sealpin.slsa.vsa import ExpectedSummary, check_vsa, parse_subject, verify_vsa
from support.slsa_fixtures import Case, cases
from support.vectors import vectors

VSA_CASES = [case for case in cases() if case.suite == "vsa"]
DIGEST = "e4a9a3ca4fd1d203fc37beb4b5668fd33ca2003d2cc30296787452c6e7c0b405"
EXPECTED = ExpectedSummary(
    subjects=(("sha256", DIGEST),),
    verifier="https://verifier.example",
    resource="pkg:oci/service",
    levels=("SLSA_BUILD_LEVEL_2",),
)


def file(path: str | None) -> bytes:
    return (vectors("slsa") / str(path)).read_bytes()


def answer(case: Case) -> str:
    expected = ExpectedSummary(
        subjects=tuple(parse_subject(text) for text in case.options["subject-digest"]),
        verifier=case.option("verifier-id") or "",
        resource=case.option("resource-uri") or "",
        levels=tuple(case.options.get("verified-level", ())),
    )
    key = PublicKey.from_pem(file(case.option("public-key-path")), what="key")
    envelope = file(case.option("attestation-path"))
    try:
        verify_vsa(envelope, key=key, key_id=case.option("public-key-id"), expected=expected)
    except SealpinError as error:
        return error.code
    return "ok"


@pytest.mark.parametrize("case", VSA_CASES, ids=lambda case: case.id)
def test_answers_as_slsa_verifier_does(case: Case) -> None:
    assert answer(case) == ("ok" if case.is_accepted else "vsa.key-id")


def gce_expected() -> ExpectedSummary:
    return ExpectedSummary(
        subjects=(("gce_image_id", "8970095005306000053"),),
        verifier="https://bcid.corp.google.com/verifier/bcid_package_enforcer/v0.1",
        resource=VSA_CASES[0].option("resource-uri") or "",
    )


def test_tries_every_signature_when_no_key_id_is_expected() -> None:
    key = PublicKey.from_pem(file(VSA_CASES[0].option("public-key-path")), what="key")
    envelope = file(VSA_CASES[0].option("attestation-path"))
    summary = verify_vsa(envelope, key=key, key_id=None, expected=gce_expected())
    assert summary.levels == ("BCID_L1", "SLSA_BUILD_LEVEL_2")


def test_refuses_a_signature_by_another_key() -> None:
    other = PublicKey.from_pem(file("gcb-keys/global.key"), what="key")
    envelope = file(VSA_CASES[0].option("attestation-path"))
    with pytest.raises(VerificationFailed) as caught:
        verify_vsa(envelope, key=other, key_id=None, expected=gce_expected())
    assert caught.value.code == "signature.invalid"


def test_refuses_an_envelope_of_another_payload_type() -> None:
    key = PublicKey.from_pem(file(VSA_CASES[0].option("public-key-path")), what="key")
    envelope = json.loads(file(VSA_CASES[0].option("attestation-path")))
    envelope["payloadType"] = "application/json"
    with pytest.raises(VerificationFailed) as caught:
        verify_vsa(json.dumps(envelope).encode(), key=key, key_id=None, expected=gce_expected())
    assert caught.value.code == "dsse.payload-type"


def statement(
    predicate_type: str = "https://slsa.dev/verification_summary/v1", **changes: Any
) -> bytes:
    predicate = {
        "verifier": {"id": "https://verifier.example"},
        "resourceUri": "pkg:oci/service",
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3", "SLSA_SOURCE_LEVEL_1", "FEDRAMP_HIGH"],
    }
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [
                {"name": "other", "digest": {"sha256": "0" * 64}},
                {"name": "service", "digest": {"sha256": DIGEST, "sha1": "7"}},
            ],
            "predicateType": predicate_type,
            "predicate": {**predicate, **changes},
        }
    ).encode()


def code_of(payload: bytes, expected: ExpectedSummary = EXPECTED) -> str:
    try:
        check_vsa(payload, expected)
    except SealpinError as error:
        return error.code
    return "ok"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (statement(), "ok"),
        (statement("https://slsa.dev/verification_summary/v0.2"), "slsa.predicate-type-mismatch"),
        (statement(verifier={"id": "https://other.example"}), "vsa.verifier-mismatch"),
        (statement(verifier=None), "vsa.verifier-mismatch"),
        (statement(resourceUri="pkg:oci/servic"), "vsa.resource-mismatch"),
        (statement(verificationResult="FAILED"), "vsa.result-mismatch"),
        (statement(verificationResult="passed"), "vsa.result-mismatch"),
        (statement(verificationResult=None), "vsa.result-mismatch"),
        (statement(verifiedLevels=[]), "vsa.level-mismatch"),
        (statement(verifiedLevels="SLSA_BUILD_LEVEL_3"), "slsa.provenance-malformed"),
    ],
)  # fmt: skip
def test_holds_a_summary_against_what_is_expected(payload: bytes, code: str) -> None:
    assert code_of(payload) == code


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ((), "ok"),
        (("SLSA_BUILD_LEVEL_3",), "ok"),
        (("SLSA_BUILD_LEVEL_0", "SLSA_SOURCE_LEVEL_1"), "ok"),
        (("SLSA_BUILD_LEVEL_4",), "vsa.level-mismatch"),
        (("SLSA_SOURCE_LEVEL_2",), "vsa.level-mismatch"),
        (("SLSA_DEPENDENCY_LEVEL_0",), "vsa.level-mismatch"),
        (("FEDRAMP_HIGH",), "ok"),
        (("FEDRAMP_LOW",), "vsa.level-mismatch"),
        (("SLSA_BUILD_LEVEL_3", "FEDRAMP_LOW"), "vsa.level-mismatch"),
    ],
)
def test_takes_a_level_for_a_minimum_in_its_track(levels: tuple[str, ...], code: str) -> None:
    assert code_of(statement(), replace(EXPECTED, levels=levels)) == code


@pytest.mark.parametrize(
    ("subjects", "code"),
    [
        ((("sha256", DIGEST), ("sha1", "7")), "ok"),
        ((("sha256", DIGEST), ("sha1", "8")), "vsa.subject-mismatch"),
        ((("sha256", DIGEST.upper()),), "vsa.subject-mismatch"),
        ((("sha512", DIGEST),), "vsa.subject-mismatch"),
    ],
)
def test_wants_every_expected_digest_among_the_subjects(
    subjects: tuple[tuple[str, str], ...], code: str
) -> None:
    assert code_of(statement(), replace(EXPECTED, subjects=subjects)) == code


def test_refuses_to_verify_a_summary_for_no_digest() -> None:
    with pytest.raises(InvalidInput) as caught:
        replace(EXPECTED, subjects=())
    assert caught.value.code == "vsa.expectation"


@pytest.mark.parametrize("text", ["", "sha256", "sha256:", ":abc"])
def test_refuses_a_malformed_subject(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_subject(text)
    assert caught.value.code == "vsa.subject"


def bare(signature: bytes) -> bytes:
    """Write an ECDSA signature of P-256 as r and s side by side."""
    return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signature))


def envelope_of(payload: bytes, signature: bytes) -> bytes:
    encoded = base64.b64encode(payload).decode()
    sig = base64.b64encode(signature).decode()
    return json.dumps(
        {
            "payload": encoded,
            "payloadType": IN_TOTO_PAYLOAD,
            "signatures": [{"keyid": "any", "sig": sig}],
        }
    ).encode()


def test_takes_both_encodings_of_a_signature_whatever_its_leading_bytes() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = PublicKey.from_der(spki, what="key")
    message = pre_authentication_encoding(IN_TOTO_PAYLOAD, statement())
    for _turn in range(200):  # half of all numbers need a leading zero, one in 128 loses a byte
        signature = private.sign(message, ec.ECDSA(SHA256()))
        for form in (signature, bare(signature)):
            envelope = envelope_of(statement(), form)
            verify_vsa(envelope, key=key, key_id=None, expected=EXPECTED)
