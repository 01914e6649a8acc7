# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Decide: a policy set and the evidence of one image make a `Decision`.

1. The policies that apply are found (`policy.select`); an image none speaks of is refused unless
   the set says otherwise.
2. Each authority of each policy answers (`policy.authorities`).
3. A policy is satisfied when enough of its authorities are, the required ones among them, and its
   condition holds.
4. Every policy that applies must be satisfied.

There are three answers at every step. *Denied* is said only where everything that could have
changed the answer was looked at; what could not be looked at makes *inconclusive*; what is proven
stays allowed whatever else is missing. This is the only maker of a `Decision`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from ..descriptor import ResolvedArtifact
from ..errors import InvalidInput, SealpinError, VerificationFailed, quote
from ..evidence import EvidenceSet
from ..records import dataclass, replace
from ..reference import ImageReference
from ..signatures.opinion import SecondOpinion
from ..weakening import Weakening
from .answer import Answer, answer_of, failed, passed, undecided
from .appraisal import Question
from .authorities import AuthorityVerdict, judge_authority
from .conditions import check_value
from .decision import AuthorityResult, Decision, Finding, Outcome
from .findings import (
    image_finding,
    match_notes,
    policy_finding,
    policy_satisfied,
    weakening_findings,
)
from .model import (
    Mode,
    NoMatch,
    PolicySet,
    ProgramCondition,
    ProgramInputs,
    StaticAuthority,
    TrustPolicy,
)
from .program_input import NO_FACTS, Facts, build_input
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
        return _decide(
            artifact, Outcome.DENIED, [image_finding(reference, failed(error.code, error.message))]
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
    verdicts = [_judge_policy(policy, question, facts) for policy in applying]
    # 4.
    outcome = _worst(verdict.outcome for verdict in verdicts)
    satisfied = tuple(result for verdict in verdicts for result in verdict.satisfied)
    weakenings = frozenset().union(*(verdict.weakenings for verdict in verdicts))
    return Decision(
        reference=reference,
        artifact=artifact,
        outcome=outcome,
        findings=(
            *notes,
            *(finding for verdict in verdicts for finding in verdict.findings),
            *weakening_findings(reference, weakenings),
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
    """Refuse an image no policy speaks of, before anything is asked of a registry; else None.

    Raises `InvalidInput` ``reference.not-for-cluster`` as `policy.select` does.
    """
    matches = match_policies(policies, reference, now_utc=now_utc, resource=resource)
    if applicable(policies, matches) or policies.no_match is not NoMatch.DENY:
        return None
    notes = [finding for match in matches for finding in match_notes(match)]
    return _decide_unmatched(policies, reference, None, notes)


def decide_unresolved(reference: ImageReference, error: SealpinError) -> Decision:
    """Decide on an image whose digest could not be had: denied only for what is proven wrong."""
    proven_wrong = isinstance(error, VerificationFailed)
    answer = failed(error.code, error.message) if proven_wrong else undecided(error)
    return Decision(
        reference=reference,
        artifact=None,
        outcome=answer.outcome,
        findings=(image_finding(reference, replace(answer, hint=error.hint)),),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _PolicyVerdict:
    outcome: Outcome
    findings: tuple[Finding, ...]
    satisfied: tuple[AuthorityResult, ...] = ()
    weakenings: frozenset[Weakening] = frozenset()


def _judge_policy(policy: TrustPolicy, question: Question, facts: Facts) -> _PolicyVerdict:
    if policy.unsigned_allowed:
        return _unsigned_allowed(policy.name)
    verdicts = [judge_authority(policy, authority, question) for authority in policy.authorities]
    satisfying = tuple(verdict for verdict in verdicts if verdict.outcome is Outcome.ALLOWED)
    answer = _combine(policy, verdicts)
    if answer.outcome is Outcome.ALLOWED and policy.condition is not None:
        answer = _check_policy_condition(policy, satisfying, verdicts, question, facts)
    return _conclude(policy, answer, verdicts, satisfying)


@lru_cache(maxsize=4096)
def _unsigned_allowed(name: str) -> _PolicyVerdict:
    """The verdict of a policy that asks for nothing, which is the same for every image."""
    message = "allowed without evidence (unsigned: allow)"
    return _PolicyVerdict(
        outcome=Outcome.ALLOWED,
        findings=(replace(policy_satisfied(name), message=message),),
        weakenings=frozenset({Weakening.UNSIGNED_ALLOWED}),
    )


def _combine(policy: TrustPolicy, verdicts: list[AuthorityVerdict]) -> Answer:
    """Count the authorities: *threshold* of them, every *required* one among them."""
    if not verdicts:
        return failed(
            "policy.no-authorities", "the policy has no authority that could allow the image"
        )
    outcomes = [verdict.outcome for verdict in verdicts]
    count = outcomes.count(Outcome.ALLOWED)
    if count >= policy.threshold and not policy.required:
        return passed()
    required = _worst(
        verdict.outcome for verdict in verdicts if verdict.authority.name in policy.required
    )
    possible = count + outcomes.count(Outcome.INCONCLUSIVE)
    if required is Outcome.ALLOWED and count >= policy.threshold:
        return passed()
    if required is Outcome.DENIED or possible < policy.threshold:
        return _refused_by(policy, verdicts, count)
    first = next(
        verdict for verdict in verdicts if verdict.outcome is Outcome.INCONCLUSIVE
    ).findings[0]
    return Answer(
        outcome=Outcome.INCONCLUSIVE,
        code=first.code,
        message=f"authority {first.name} could not be checked: {first.message}",
        hint=first.hint,
    )


def _refused_by(policy: TrustPolicy, verdicts: list[AuthorityVerdict], count: int) -> Answer:
    first = next(verdict for verdict in verdicts if verdict.outcome is Outcome.DENIED).findings[0]
    wanted = f"{policy.threshold} of {len(verdicts)} authorities"
    if policy.required:
        wanted += f" with {', '.join(policy.required)} among them"
    if len(verdicts) == 1:
        return replace(failed(first.code, first.message), hint=first.hint)
    return failed(
        "policy.authorities", f"expected {wanted}, got {count}; {first.name}: {first.message}"
    )


def _check_policy_condition(
    policy: TrustPolicy,
    satisfying: tuple[AuthorityVerdict, ...],
    verdicts: list[AuthorityVerdict],
    question: Question,
    facts: Facts,
) -> Answer:
    """Ask the policy's own condition about the authorities that passed.

    A refusal is final only if no authority is undecided: with that one in the input the condition
    might hold.
    """
    try:
        document = build_input(satisfying, _inputs_of(policy), facts)
        if isinstance(policy.condition, ProgramCondition):
            answer = question.memory.run_program(
                policy.condition, json.dumps(document).encode("ascii")
            )
        elif policy.condition is not None:
            answer = check_value(policy.condition, document)
        else:
            answer = passed()
    except SealpinError as error:
        answer = answer_of(error)
    open_question = any(verdict.outcome is Outcome.INCONCLUSIVE for verdict in verdicts)
    if answer.outcome is Outcome.DENIED and open_question:
        return replace(answer, outcome=Outcome.INCONCLUSIVE)
    return answer


def _conclude(
    policy: TrustPolicy,
    answer: Answer,
    verdicts: list[AuthorityVerdict],
    satisfying: tuple[AuthorityVerdict, ...],
) -> _PolicyVerdict:
    if answer.outcome is Outcome.ALLOWED:
        return _satisfied(policy, verdicts, satisfying)
    findings = [policy_finding(policy, answer)]
    findings += [finding for verdict in verdicts for finding in verdict.findings]
    if answer.outcome is Outcome.DENIED and policy.mode is Mode.WARN:
        return _PolicyVerdict(
            outcome=Outcome.ALLOWED,
            findings=tuple(replace(finding, is_warning=True) for finding in findings),
            weakenings=frozenset({Weakening.POLICY_WARN}),
        )
    return _PolicyVerdict(outcome=answer.outcome, findings=tuple(findings))


def _satisfied(
    policy: TrustPolicy,
    verdicts: list[AuthorityVerdict],
    satisfying: tuple[AuthorityVerdict, ...],
) -> _PolicyVerdict:
    findings = [policy_satisfied(policy.name)]
    for verdict in verdicts:
        findings += [finding.as_note() for finding in verdict.findings]
    return _PolicyVerdict(
        outcome=Outcome.ALLOWED,
        findings=tuple(findings),
        satisfied=tuple(
            [
                AuthorityResult(
                    policy=policy.name,
                    authority=verdict.authority.name,
                    statements=verdict.appraisal.statements,
                )
                for verdict in satisfying
                if verdict.appraisal.statements
            ]
        ),
        weakenings=_weakenings_used(policy, satisfying),
    )


def _weakenings_used(
    policy: TrustPolicy, satisfying: tuple[AuthorityVerdict, ...]
) -> frozenset[Weakening]:
    used = set(policy.weakenings)
    for verdict in satisfying:
        if isinstance(verdict.authority, StaticAuthority):
            used.add(Weakening.STATIC_PASS)
        used |= verdict.appraisal.weakenings
    if isinstance(policy.condition, ProgramCondition) and policy.condition.absent_fields_pass:
        used.add(Weakening.CUE_COSIGN_SEMANTICS)
    return frozenset(used)


def _decide_unmatched(
    policies: PolicySet,
    reference: ImageReference,
    artifact: ResolvedArtifact | None,
    notes: list[Finding],
) -> Decision:
    answer = failed("policy.no-match", f"no policy speaks of {quote(reference.normalised)}")
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


def _decide(artifact: ResolvedArtifact, outcome: Outcome, findings: list[Finding]) -> Decision:
    return Decision(
        reference=artifact.reference, artifact=artifact, outcome=outcome, findings=tuple(findings)
    )


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Denied over inconclusive over allowed; of nothing, allowed."""
    found = tuple(outcomes)
    for outcome in (Outcome.DENIED, Outcome.INCONCLUSIVE):
        if outcome in found:
            return outcome
    return Outcome.ALLOWED


def _inputs_of(policy: TrustPolicy) -> ProgramInputs:
    condition = policy.condition
    return condition.inputs if isinstance(condition, ProgramCondition) else ProgramInputs()
