# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.evidence import EvidenceSet
from sealpin.policy.appraisal import Appraiser
from sealpin.policy.candidates import Question
from sealpin.policy.criteria import Criteria
from sealpin.policy.decision import Outcome
from sealpin.policy.model import (
    AttestationRule,
    EvidenceRules,
    IdentityRule,
    MatchReference,
    Operator,
    PointerCondition,
)
from sealpin.policy.verifications import Verifications
from sealpin.reference import ImageReference
from sealpin.signatures.opinion import SecondOpinion
from support.policies import IMAGE
from support.verification import NOW, SUBJECT, keyless
from support.virtual_sigstore import Identity

TYPE = "https://example.test/scan/v1"
WHO = "https://github.test/o/r/.github/workflows/scan.yml@refs/heads/main"
IDENTITY = Identity.uri(WHO)


def criteria(sigstore) -> Criteria:
    """Ask for scans of which every one has at most level 3, and no signature."""
    level = PointerCondition(pointer="/level", operator=Operator.AT_MOST, expected=3)
    scan = AttestationRule(
        name="scan", predicate_type=TYPE, written_type=TYPE, conditions=(level,), every_one=True
    )
    return Criteria(
        trust=keyless(sigstore),
        identities=(IdentityRule(issuer=IDENTITY.issuer, subject=WHO),),
        rules=EvidenceRules(attestations=(scan,), wants_signature=False),
        match_reference=MatchReference.OFF,
        any_predicate_signs=False,
    )


def appraiser(sigstore, *levels: int) -> Appraiser:
    scans = [
        sigstore.attest(
            str(SUBJECT), predicate_type=TYPE, predicate={"level": level}, identity=IDENTITY
        )
        for level in levels
    ]
    question = Question(
        reference=ImageReference.parse(IMAGE),
        evidence=EvidenceSet(
            subject=SUBJECT, items=tuple(scan.as_evidence(SUBJECT) for scan in scans)
        ),
        now_utc=NOW,
        second_opinion=SecondOpinion.OFF,
        memory=Verifications(),
    )
    return Appraiser(question)


@pytest.mark.parametrize(
    ("levels", "outcome", "proven"),
    [((1, 2), Outcome.ALLOWED, 2), ((1, 9), Outcome.DENIED, 0), ((), Outcome.DENIED, 0)],
    ids=["all", "one-too-high", "none"],
)
def test_an_attestation_rule_that_is_not_met_rests_on_no_statement(
    sigstore, levels, outcome, proven
) -> None:
    appraisal = appraiser(sigstore, *levels).appraise(criteria(sigstore))
    (judged,) = appraisal.attestations
    assert (judged.answer.outcome, len(judged.statements)) == (outcome, proven)
    assert (appraisal.answer.outcome, len(appraisal.statements)) == (outcome, proven)


def test_equal_criteria_are_appraised_once(sigstore) -> None:
    asked, once = criteria(sigstore), appraiser(sigstore, 1)
    assert once.appraise(asked) is once.appraise(asked)
