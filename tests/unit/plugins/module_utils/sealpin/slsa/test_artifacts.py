# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""slsa-verifier's cases for files: the same provenance checks behind a verified bundle."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from sealpin.errors import SealpinError
from sealpin.signatures.opinion import SecondOpinion
from sealpin.signatures.statement import parse_statement
from sealpin.signatures.verify import verify_blob
from sealpin.slsa.expectations import check_provenance
from sealpin.trust.embedded import embedded_root
from sealpin.trust.material import KeylessTrust
from support.slsa_builds import Attestation
from support.slsa_fixtures import Case, cases
from support.vectors import vectors

BUNDLE_WITH_ROOT = (
    "testdata/gha_container-based/v1.7.0/binary-linux-amd64-workflow_dispatch.intoto.sigstore"
)
"""Refused here, because the Sigstore conformance suite wants it: docs/compatibility.md."""

ARTIFACT_CASES = [case for case in cases() if case.provenance]


def verified(case: Case) -> Attestation:
    folder = vectors("slsa")
    blob = verify_blob(
        (folder / case.provenance).read_bytes(),
        (folder / case.path).read_bytes(),
        trust=KeylessTrust(root=embedded_root()),
        now_utc=datetime(2026, 6, 1, tzinfo=timezone.utc),
        second_opinion=SecondOpinion.OFF,
    )
    statement = parse_statement(blob.statement or b"")
    return Attestation(
        signer=blob.signer,
        predicate_type=statement.predicate_type,
        predicate=statement.predicate,
    )


@pytest.mark.parametrize("case", ARTIFACT_CASES, ids=lambda case: case.id)
def test_answers_as_slsa_verifier_does(case: Case) -> None:
    try:
        check_provenance(verified(case), case.expected())
    except SealpinError as error:
        code = error.code
    else:
        code = "ok"
    if case.provenance == BUNDLE_WITH_ROOT:
        assert code == "bundle.chain"
    elif case.option("builder-id") == "":
        # The peer demands a builder of a GitHub attestation; here the policy says who may sign.
        assert not case.is_accepted
    else:
        assert (code == "ok") == case.is_accepted, f"{code}, but the peer: {case.error_class}"
