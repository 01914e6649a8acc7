# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Decide: a policy set and the evidence of one image make a `Decision`.

1. The policies that apply are found (`policy.select`); an image that none covers is refused unless
   the set says otherwise.
2. Each authority of each policy answers (`policy.authorities`).
3. A policy is satisfied when enough of its authorities are, the required ones among them, and its
   condition holds (`policy.policy_verdict`).
4. Every policy that applies must be satisfied.

There are three answers at every step. *Denied* is said only where everything that could have
changed the answer was looked at; what could not be looked at makes *inconclusive*; what is proven
stays allowed whatever else is missing. This is the only maker of a `Decision`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ..descriptor import ResolvedArtifact
from ..errors import InvalidInput, SealpinError, VerificationFailed, quote
from ..evidence import EvidenceSet
from ..records import replace
from ..reference import ImageReference
from ..signatures.opinion import SecondOpinion
from ..weakening import Weakening
from .answer import failed, undecided
from .appraisal import Appraiser
from .candidates import Question
from .decision import Decision, Finding, Outcome, worst
from .findings import image_finding, match_notes, weakening_findings
from .model import NoMatch, PolicySet, TrustPolicy
from .policy_verdict import PolicyVerdict, judge_policy
from .program_input import NO_FACTS, Facts
from .select import Resource, applicable, match_policies
from .verifications import Verifications


def evaluate(
    policies: PolicySet,
    artifact: ResolvedArtifact,
    evidence: EvidenceSet,
    *,
    now_utc: datetime,
    second_opinion: SecondOpinion,
    cache: Verifications,
    facts: Facts = NO_FACTS,
) -> Decision:
    """Decide on *artifact*, whose digest *evidence* was gathered for.

    Raises `ValueError` when they are about different digests, which is a caller's defect.
    """
    if evidence.subject != artifact.digest:
        raise ValueError(f"evidence for {evidence.subject} cannot decide on {artifact.digest}")
    reference = artifact.reference
    # 1.
    try:
        matches = match_policies(policies, reference, now_utc=now_utc, resource=facts.resource)
    except InvalidInput as error:
        return Decision(
            reference=reference,
            artifact=artifact,
            outcome=Outcome.DENIED,
            findings=(image_finding(reference, failed(error.code, error.message)),),
        )
    applying = applicable(policies, matches)
    notes = [finding for match in matches for finding in match_notes(match)]
    if not applying:
        return _decide_unmatched(policies, reference, artifact, notes)
    # 2. and 3.
    question = Question(
        reference=reference,
        evidence=evidence,
        now_utc=now_utc,
        second_opinion=second_opinion,
        memory=cache,
    )
    appraiser = Appraiser(question)
    verdicts = [judge_policy(policy, appraiser, facts) for policy in applying]
    return _decide_by(verdicts, applying, artifact, notes)


def _decide_by(
    verdicts: Sequence[PolicyVerdict],
    applying: Sequence[TrustPolicy],
    artifact: ResolvedArtifact,
    notes: Iterable[Finding],
) -> Decision:
    """Step 4."""
    outcome = worst(verdict.outcome for verdict in verdicts)
    satisfied = tuple(result for verdict in verdicts for result in verdict.satisfied)
    weakenings = frozenset().union(*(verdict.weakenings for verdict in verdicts))
    return Decision(
        reference=artifact.reference,
        artifact=artifact,
        outcome=outcome,
        findings=(
            *notes,
            *(finding for verdict in verdicts for finding in verdict.findings),
            *weakening_findings(artifact.reference, weakenings),
        ),
        satisfied=satisfied,
        weakenings=weakenings,
        unsigned=outcome is Outcome.ALLOWED and not satisfied,
        policies=tuple(policy.name for policy in applying),
    )


def decide_by_name(
    policies: PolicySet,
    reference: ImageReference,
    *,
    now_utc: datetime,
    resource: Resource | None = None,
) -> Decision | None:
    """Refuse an image no policy covers, before anything is asked of a registry; else None.

    Raises `InvalidInput` ``reference.not-for-cluster`` as `policy.select` does.
    """
    matches = match_policies(policies, reference, now_utc=now_utc, resource=resource)
    if applicable(policies, matches) or policies.no_match is not NoMatch.DENY:
        return None
    notes = [finding for match in matches for finding in match_notes(match)]
    return _decide_unmatched(policies, reference, None, notes)


def decide_unresolved(reference: ImageReference, error: SealpinError) -> Decision:
    """Decide on an image without a digest: denied only for what is proven wrong."""
    proven_wrong = isinstance(error, VerificationFailed)
    answer = (
        failed(error.code, error.message, hint=error.hint) if proven_wrong else undecided(error)
    )
    return Decision(
        reference=reference,
        artifact=None,
        outcome=answer.outcome,
        findings=(image_finding(reference, answer),),
    )


def _decide_unmatched(
    policies: PolicySet,
    reference: ImageReference,
    artifact: ResolvedArtifact | None,
    notes: list[Finding],
) -> Decision:
    answer = failed("policy.no-match", f"no policy covers {quote(reference.normalised)}")
    if policies.no_match is NoMatch.DENY:
        hint = (
            "add a policy whose images cover it (`sealpin policy match` tells which globs do);"
            " a publisher covers its own images alone"
        )
        return Decision(
            reference=reference,
            artifact=artifact,
            outcome=Outcome.DENIED,
            findings=(*notes, image_finding(reference, replace(answer, hint=hint))),
        )
    warning = replace(image_finding(reference, answer), is_warning=True)
    findings = [*notes, warning] if policies.no_match is NoMatch.WARN else notes
    weakenings = frozenset({Weakening.NO_MATCH_ALLOWED})
    return Decision(
        reference=reference,
        artifact=artifact,
        outcome=Outcome.ALLOWED,
        findings=(*findings, *weakening_findings(reference, weakenings)),
        weakenings=weakenings,
        unsigned=True,
    )
