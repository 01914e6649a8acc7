# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealpin.crypto import PublicKey
from sealpin.digest import Digest
from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.mediatypes import IN_TOTO_PAYLOAD
from sealpin.policy.decision import AuthorityResult, Decision, Outcome
from sealpin.reference import ImageReference
from sealpin.report.vsa import parse_verifier, resource_uri, verification_summary
from sealpin.signatures.dsse import pre_authentication_encoding
from sealpin.slsa.vsa import ExpectedSummary, Summary, verify_vsa
from sealpin.version import __version__
from sealpin.weakening import Weakening
from support.builders import decision, statement

VERIFIER = "https://ci.example/verifier"
POLICY = Digest.of(b"the policy")
NOW = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)
IMAGE = ImageReference.parse("registry.example/team/app:1.4")


def allowed(reference: ImageReference = IMAGE, **changes: Any) -> Decision:
    """An allowed decision that one signature satisfied."""
    made = decision(reference)
    proof = statement(made.artifact.digest, at_utc=NOW)
    evidence = replace(proof.evidence, location="registry.example/team/app:sha256-00.sig")
    result = AuthorityResult(
        policy="app", authority="keyless", statements=(replace(proof, evidence=evidence),)
    )
    return replace(made, satisfied=(result,), **changes)


def summary_of(made: Decision, **changes: Any) -> dict[str, Any]:
    options = {"verifier": VERIFIER, "policy": POLICY, "now_utc": NOW, **changes}
    return verification_summary(made, **options)


def test_every_field_says_what_was_proven() -> None:
    made = allowed()
    evidence = made.statements[0].evidence
    assert summary_of(made) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "registry.example/team/app", "digest": {"sha256": made.digest.hex}}],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": {
            "verifier": {"id": VERIFIER, "version": {"sealpin": __version__}},
            "timeVerified": "2026-07-01T12:00:00Z",
            "resourceUri": "oci://registry.example/team/app",
            "policy": {
                "uri": "ni:///sha-256;" + base64.urlsafe_b64encode(POLICY.raw).decode().rstrip("="),
                "digest": {"sha256": POLICY.hex},
            },
            "inputAttestations": [
                {
                    "uri": "oci://registry.example/team/app:sha256-00.sig",
                    "digest": {"sha256": evidence.digest.hex},
                }
            ],
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_UNEVALUATED"],
            "slsaVersion": "1.0",
        },
    }


def test_the_tag_is_not_in_it_since_nothing_proves_it() -> None:
    assert "1.4" not in json.dumps(summary_of(allowed()))


def signed(summary: dict[str, Any]) -> tuple[bytes, PublicKey]:
    """Sign a summary as somebody with a key would: a DSSE envelope around the bytes."""
    key = ec.generate_private_key(ec.SECP256R1())
    payload = json.dumps(summary).encode()
    message = pre_authentication_encoding(IN_TOTO_PAYLOAD, payload)
    signature = key.sign(message, ec.ECDSA(SHA256()))
    envelope = {
        "payloadType": IN_TOTO_PAYLOAD,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": "k", "sig": base64.b64encode(signature).decode()}],
    }
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return json.dumps(envelope).encode(), PublicKey.from_der(spki, what="key")


def expected(**changes: Any) -> ExpectedSummary:
    demands: dict[str, Any] = {
        "subjects": (("sha256", decision(IMAGE).artifact.digest.hex),),
        "verifier": VERIFIER,
        "resource": resource_uri(IMAGE.repository),
        "levels": ("SLSA_BUILD_LEVEL_UNEVALUATED",),
    }
    return ExpectedSummary(**{**demands, **changes})


def read_back(demands: ExpectedSummary) -> Summary:
    envelope, key = signed(summary_of(allowed()))
    return verify_vsa(envelope, key=key, key_id="k", expected=demands)


def test_once_signed_it_is_read_back() -> None:
    assert read_back(expected()) == Summary(
        verifier=VERIFIER,
        resource="oci://registry.example/team/app",
        levels=("SLSA_BUILD_LEVEL_UNEVALUATED",),
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subjects": (("sha256", "0" * 64),)}, "vsa.subject-mismatch"),
        ({"verifier": "https://ci.example/other"}, "vsa.verifier-mismatch"),
        ({"resource": "oci://registry.example/team/app:1.4"}, "vsa.resource-mismatch"),
        ({"levels": ("SLSA_BUILD_LEVEL_1",)}, "vsa.level-mismatch"),
    ],
)
def test_once_signed_it_answers_for_nothing_else(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        read_back(expected(**changes))
    assert caught.value.code == code


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.INCONCLUSIVE])
def test_only_what_is_allowed_has_a_summary(outcome: Outcome) -> None:
    with pytest.raises(ValueError, match=outcome.value):
        summary_of(allowed(outcome=outcome))


def weak_statement() -> Decision:
    made = allowed()
    (result,) = made.satisfied
    (proof,) = result.statements
    weak = replace(proof, weakenings=frozenset({Weakening.IGNORE_SCT}))
    return replace(made, satisfied=(replace(result, statements=(weak,)),))


@pytest.mark.parametrize(
    ("made", "code", "named"),
    [
        pytest.param(allowed(unsigned=True), "vsa.unproven", "without proof", id="unsigned"),
        pytest.param(decision(IMAGE), "vsa.unproven", "without proof", id="no evidence"),
        pytest.param(
            allowed(weakenings=frozenset({Weakening.POLICY_WARN})),
            "vsa.weakened", "insecure.mode-warn", id="weakened policy",
        ),
        pytest.param(
            weak_statement(), "vsa.weakened", "insecure.ignore-sct", id="weakened statement"
        ),
    ],
)  # fmt: skip
def test_what_the_format_cannot_tell_has_no_summary(made: Decision, code: str, named: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        summary_of(made)
    assert caught.value.code == code
    assert named in caught.value.message


def test_a_place_that_is_no_uri_is_left_out() -> None:
    made = allowed()
    (result,) = made.satisfied
    (proof,) = result.statements
    elsewhere = replace(proof, evidence=replace(proof.evidence, location="a place\nof mine"))
    made = replace(made, satisfied=(replace(result, statements=(elsewhere,)),))
    (given,) = summary_of(made)["predicate"]["inputAttestations"]
    assert list(given) == ["digest"]


@pytest.mark.parametrize("text", ["", "ci", "ci.example/verifier", "https:// a", "1a:b", "https:"])
def test_a_verifier_is_named_by_an_absolute_uri(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_verifier(text)
    assert caught.value.code == "vsa.verifier"


@pytest.mark.parametrize("text", [VERIFIER, "urn:uuid:0", "mailto:ci@example.com"])
def test_any_scheme_names_a_verifier(text: str) -> None:
    assert parse_verifier(text) == text
