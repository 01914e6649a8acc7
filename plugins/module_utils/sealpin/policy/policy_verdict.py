# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Is one policy satisfied? Third step of a decision.

Enough of its authorities must be, the required ones among them, and then its condition must hold.
"""

from __future__ import annotations

import json
from functools import lru_cache

from ..errors import SealpinError
from ..records import dataclass, replace
from ..weakening import Weakening
from .answer import Answer, answer_of, failed, passed
from .appraisal import Appraiser
from .authorities import AuthorityVerdict, judge_authority
from .conditions import check_value
from .decision import AuthorityResult, Finding, Outcome, worst
from .findings import policy_finding, policy_satisfied
from .model import (
    Condition,
    Mode,
    ProgramCondition,
    ProgramInputs,
    StaticAuthority,
    TrustPolicy,
)
from .program_input import Facts, build_input
from .verifications import Verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVerdict:
    """The answer of one policy."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    satisfied: tuple[AuthorityResult, ...] = ()
    weakenings: frozenset[Weakening] = frozenset()


def judge_policy(policy: TrustPolicy, appraiser: Appraiser, facts: Facts) -> PolicyVerdict:
    """Answer for one policy; *facts* are what its condition may read beside the authorities."""
    if policy.unsigned_allowed:
        return _unsigned_allowed(policy.name)
    verdicts = [judge_authority(policy, authority, appraiser) for authority in policy.authorities]
    satisfying = tuple(verdict for verdict in verdicts if verdict.outcome is Outcome.ALLOWED)
    answer = _combine(policy, verdicts)
    if answer.outcome is Outcome.ALLOWED and policy.condition is not None:
        answer = _check_policy_condition(
            policy.condition, satisfying, verdicts, appraiser.question.memory, facts
        )
    return _conclude(policy, answer, verdicts, satisfying)


@lru_cache(maxsize=4096)
def _unsigned_allowed(name: str) -> PolicyVerdict:
    """The verdict of a policy that asks for nothing, which is the same for every image."""
    message = "allowed without evidence (unsigned: allow)"
    return PolicyVerdict(
        outcome=Outcome.ALLOWED,
        findings=(replace(policy_satisfied(name), message=message),),
        weakenings=frozenset({Weakening.UNSIGNED_ALLOWED}),
    )


def _combine(policy: TrustPolicy, verdicts: list[AuthorityVerdict]) -> Answer:
    """Count the authorities: ``threshold`` of them, all that are ``required`` among them."""
    if not verdicts:
        return failed(
            "policy.no-authorities", "the policy has no authority that could allow the image"
        )
    outcomes = [verdict.outcome for verdict in verdicts]
    count = outcomes.count(Outcome.ALLOWED)
    if count >= policy.threshold and not policy.required:
        return passed()
    required = worst(
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
    where = f"authority {first.name} could not be checked: " if len(verdicts) > 1 else ""
    return Answer(
        outcome=Outcome.INCONCLUSIVE,
        code=first.code,
        message=f"{where}{first.message}",
        hint=first.hint,
    )


def _refused_by(policy: TrustPolicy, verdicts: list[AuthorityVerdict], count: int) -> Answer:
    first = next(verdict for verdict in verdicts if verdict.outcome is Outcome.DENIED).findings[0]
    wanted = f"{policy.threshold} of {len(verdicts)} authorities"
    if policy.required:
        wanted += f" with {', '.join(policy.required)} among them"
    if len(verdicts) == 1:
        return failed(first.code, first.message, hint=first.hint)
    return failed(
        "policy.authorities", f"expected {wanted}, got {count}; {first.name}: {first.message}"
    )


def _check_policy_condition(
    condition: Condition,
    satisfying: tuple[AuthorityVerdict, ...],
    verdicts: list[AuthorityVerdict],
    memory: Verifications,
    facts: Facts,
) -> Answer:
    """Ask the policy's own condition about the authorities that passed.

    A refusal is final only if no authority is undecided: with that one in the input the condition
    might hold.
    """
    inputs = condition.inputs if isinstance(condition, ProgramCondition) else ProgramInputs()
    try:
        document = build_input(satisfying, inputs, facts)
        if isinstance(condition, ProgramCondition):
            answer = memory.run_program(condition, json.dumps(document).encode("ascii"))
        else:
            answer = check_value(condition, document)
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
) -> PolicyVerdict:
    if answer.outcome is Outcome.ALLOWED:
        return _satisfied(policy, verdicts, satisfying)
    findings = [policy_finding(policy, answer)]
    findings += [finding for verdict in verdicts for finding in verdict.findings]
    if answer.outcome is Outcome.DENIED and policy.mode is Mode.WARN:
        return PolicyVerdict(
            outcome=Outcome.ALLOWED,
            findings=tuple(replace(finding, is_warning=True) for finding in findings),
            weakenings=frozenset({Weakening.POLICY_WARN}),
        )
    return PolicyVerdict(outcome=answer.outcome, findings=tuple(findings))


def _satisfied(
    policy: TrustPolicy,
    verdicts: list[AuthorityVerdict],
    satisfying: tuple[AuthorityVerdict, ...],
) -> PolicyVerdict:
    findings = [policy_satisfied(policy.name)]
    for verdict in verdicts:
        findings += [finding.as_note() for finding in verdict.findings]
    return PolicyVerdict(
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
