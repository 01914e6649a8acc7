# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Provenance and VSA with real signatures, in the forms no peer's case has."""

from __future__ import annotations

from typing import Any

import pytest

from sealpin.digest import Digest
from sealpin.errors import VerificationFailed
from sealpin.evidence import EvidenceSet
from sealpin.mediatypes import SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1, SLSA_VSA_V1
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.verify import verify_evidence
from sealpin.slsa.expectations import ExpectedProvenance
from sealpin.slsa.verify_image import VerifiedBuild, verify_image
from sealpin.slsa.vsa import ExpectedSummary, check_vsa
from sealpin.trust.material import KeylessTrust
from support.slsa_builds import (
    COMMIT,
    OWN_WORKFLOW,
    REPOSITORY,
    RUN,
    TAG_REF,
    buildkit_provenance,
    github_attestation,
)
from support.verification import root_of
from support.virtual_sigstore import SIGNING_TIME, Identity, KeyPair, Signer, VirtualSigstore

DIGEST = "sha256:" + "5e" * 32
EXPECTED = ExpectedProvenance(builder=OWN_WORKFLOW, source=REPOSITORY, tag="v1.2.3")


@pytest.fixture(scope="module")
def sigstore() -> VirtualSigstore:
    return VirtualSigstore()


def run_identity(workflow: str = OWN_WORKFLOW, **fields: Any) -> Identity:
    claims = {
        2: "push", 3: COMMIT, 5: "octo-org/service", 6: TAG_REF, 12: REPOSITORY, 13: COMMIT,
        14: TAG_REF, 18: f"{OWN_WORKFLOW}@{TAG_REF}", 19: COMMIT, 20: "push", 21: RUN,
    }  # fmt: skip
    return Identity.uri(f"{workflow}@{TAG_REF}", claims=claims, **fields)


def verify(sigstore: VirtualSigstore, *signed: Any) -> VerifiedBuild:
    evidence = EvidenceSet(
        subject=Digest.parse(DIGEST), items=tuple(item.as_evidence(DIGEST) for item in signed)
    )
    return verify_image(
        evidence,
        expected=EXPECTED,
        trust=KeylessTrust(root=root_of(sigstore)),
        now_utc=SIGNING_TIME,
        second_opinion=SecondOpinion.OFF,
    )


def bundle(sigstore: VirtualSigstore, **made: Any) -> Any:
    options: dict[str, Any] = {
        "predicate_type": SLSA_PROVENANCE_V1,
        "predicate": github_attestation(),
        "identity": run_identity(),
    }
    return sigstore.bundle(DIGEST, **{**options, **made})


@pytest.mark.parametrize("log", ["v1", "v2"])
def test_verifies_a_github_attestation_from_either_log(log: str, sigstore: VirtualSigstore) -> None:
    build = verify(sigstore, bundle(sigstore, log=log))
    assert build.builder == f"{OWN_WORKFLOW}@{TAG_REF}"
    assert build.commit == COMMIT


@pytest.mark.parametrize("is_bundle", [True, False], ids=["bundle", "layer"])
def test_verifies_buildkit_provenance_that_a_workflow_signed(
    is_bundle: bool, sigstore: VirtualSigstore
) -> None:
    sign = sigstore.bundle if is_bundle else sigstore.attest
    signed = sign(
        DIGEST,
        predicate_type=SLSA_PROVENANCE_V02,
        predicate=buildkit_provenance(),
        identity=run_identity(),
    )
    assert verify(sigstore, signed).provenance.tag == "v1.2.3"


def test_looks_past_statements_that_are_no_provenance(sigstore: VirtualSigstore) -> None:
    signature = sigstore.bundle(DIGEST, identity=run_identity())
    sbom = bundle(sigstore, predicate_type="https://spdx.dev/Document", predicate={})
    assert verify(sigstore, signature, sbom, bundle(sigstore)).commit == COMMIT
    with pytest.raises(VerificationFailed) as caught:
        verify(sigstore, signature, sbom)
    assert caught.value.code == "slsa.no-provenance"


def test_refuses_another_workflow_that_copies_the_provenance(sigstore: VirtualSigstore) -> None:
    forged = bundle(sigstore, identity=run_identity(f"{REPOSITORY}/.github/workflows/evil.yml"))
    with pytest.raises(VerificationFailed) as caught:
        verify(sigstore, forged)
    assert caught.value.code == "slsa.builder-mismatch"


def test_refuses_the_workflows_name_from_another_issuer(sigstore: VirtualSigstore) -> None:
    forged = bundle(sigstore, identity=run_identity(issuer="https://issuer.example"))
    with pytest.raises(VerificationFailed) as caught:
        verify(sigstore, forged)
    assert caught.value.code == "slsa.issuer"


def test_refuses_provenance_by_a_key_where_a_workflow_is_expected(
    sigstore: VirtualSigstore,
) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(sigstore, bundle(sigstore, signer=Signer(key=KeyPair("ecdsa-p256"))))
    assert caught.value.code == "signer.no-certificate"


def test_verifies_a_summary_in_a_bundle(sigstore: VirtualSigstore) -> None:
    predicate = {
        "verifier": {"id": "https://verifier.example"},
        "resourceUri": "pkg:oci/service",
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
    }
    signed = bundle(sigstore, predicate_type=SLSA_VSA_V1, predicate=predicate)
    statement = verify_evidence(
        signed.as_evidence(DIGEST),
        trust=KeylessTrust(root=root_of(sigstore)),
        now_utc=SIGNING_TIME,
        second_opinion=SecondOpinion.OFF,
    )
    summary = check_vsa(
        statement.payload,
        ExpectedSummary(
            subjects=(("sha256", DIGEST.removeprefix("sha256:")),),
            verifier="https://verifier.example",
            resource="pkg:oci/service",
            levels=("SLSA_BUILD_LEVEL_2",),
        ),
    )
    assert summary.levels == ("SLSA_BUILD_LEVEL_3",)
