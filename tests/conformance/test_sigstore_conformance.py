# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The Sigstore client conformance suite's bundle cases: 70 cases, by content and by digest.

No case is expected to fail.
"""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from sealpin.digest import Digest
from sealpin.errors import SealpinError
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.verified import CertificateIdentity, VerifiedBlob
from sealpin.signatures.verify import verify_blob
from support.conformance_cases import ConformanceCase, conformance_cases

NOW = datetime(2026, 11, 21, tzinfo=timezone.utc)
CASES = conformance_cases()


def verify(case: ConformanceCase, *, by_digest: bool) -> VerifiedBlob:
    artifact = case.artifact_path.read_bytes()
    proven = verify_blob(
        case.bundle,
        Digest.of(artifact) if by_digest else artifact,
        trust=case.trust(),
        now_utc=NOW,
        second_opinion=SecondOpinion.AUTO,
    )
    if isinstance(proven.signer, CertificateIdentity):
        assert case.identity in [name.value for name in proven.signer.subjects]
        assert proven.signer.issuer == case.issuer
    return proven


def test_all_cases_are_there():
    assert len(CASES) == 70


@pytest.mark.parametrize("by_digest", [False, True], ids=["path", "digest"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gives_the_suite_s_answer(case, by_digest):
    if case.must_verify:
        assert verify(case, by_digest=by_digest).artifact == Digest.of(
            case.artifact_path.read_bytes()
        )
    else:
        with pytest.raises(SealpinError):
            verify(case, by_digest=by_digest)


EXPECTED_CODES = {
    "bundle-empty-certificate-chain_fail": "bundle.chain",
    "bundle-from-wrong-instance_fail": "tlog.threshold",
    "bundle-invalid-base64-signature_fail": "base64.malformed",
    "bundle-malformed-json_fail": "json.malformed",
    "bundle-negative-log-index_fail": "json.field",
    "bundle-unknown-version_fail": "bundle.version",
    "bundle-with-root-cert_fail": "bundle.chain",
    "checkpoint-bad-keyhint_fail": "checkpoint.unsigned",
    "checkpoint-wrong-roothash_fail": "checkpoint.root-mismatch",
    "dsse-invalid-sig_fail": "signature.invalid",
    "dsse-mismatch-envelope_fail": "tlog.hash-mismatch",
    "dsse-mismatch-sig_fail": "tlog.signature-mismatch",
    "inclusion-proof-corrupted-hash_fail": "merkle.root-mismatch",
    "incorrect-public-key_fail": "tlog.promise",
    "integrated-time-in-future_fail": "chain.expired",
    "intoto-expired-certificate_fail": "chain.not-yet-valid",
    "intoto-log-entry-mismatch_fail": "base64.malformed",
    "intoto-missing-inclusion-proof_fail": "bundle.no-proof",
    "intoto-set-outside-signing-cert-validity_fail": "chain.expired",
    "intoto-tsa-timestamp-outside-cert-validity_fail": "chain.expired",
    "invalid-checkpoint-signature_fail": "checkpoint.signature",
    "invalid-ct-key_fail": "sct.threshold",
    "invalid-inclusion-proof_fail": "bundle.no-checkpoint",
    "managed-key-no-key_fail": "signer.no-certificate",
    "managed-key-wrong-key_fail": "key.malformed",
    "message-digest-mismatch_fail": "subject.mismatch",
    "rekor2-checkpoint-missing-log-signature_fail": "checkpoint.malformed",
    "rekor2-checkpoint-missing-origin_fail": "checkpoint.malformed",
    "rekor2-checkpoint-missing-root-hash_fail": "checkpoint.malformed",
    "rekor2-checkpoint-missing-size_fail": "checkpoint.malformed",
    "rekor2-checkpoint-no-matching-signature_fail": "checkpoint.unsigned",
    "rekor2-dsse-invalid-sig_fail": "signature.invalid",
    "rekor2-dsse-mismatch-envelope_fail": "tlog.hash-mismatch",
    "rekor2-dsse-mismatch-sig_fail": "tlog.signature-mismatch",
    "rekor2-no-inclusion-proof_fail": "bundle.no-proof",
    "rekor2-no-timestamp_fail": "time.missing",
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail": "time.missing",
    "rekor2-timestamp-outside-tsa-cert-validity_fail": "time.missing",
    "rekor2-timestamp-payload-mismatch_fail": "time.missing",
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": "timestamp.malformed",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": "time.missing",
    "rekor2-timestamp-with-incorrect-time_fail": "chain.expired",
    "set-invalid-signature_fail": "tlog.promise",
    "signature-mismatch_fail": "signature.invalid",
    "trust-root-tlog-missing-validity-start_fail": "trust.malformed",
    "wrong-hashedrekord-artifact_fail": "tlog.hash-mismatch",
    "wrong-hashedrekord-cert-and-sig_fail": "tlog.signature-mismatch",
    "wrong-hashedrekord-entry_fail": "tlog.hash-mismatch",
    "wrong-material_fail": "subject.mismatch",
}


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.must_verify], ids=lambda case: case.name
)
def test_refuses_for_the_case_s_own_reason(case):
    with pytest.raises(SealpinError) as refusal:
        verify(case, by_digest=False)
    assert refusal.value.code == EXPECTED_CODES[case.name]
