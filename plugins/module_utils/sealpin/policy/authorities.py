# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Does the evidence satisfy one authority? Second step of a decision.

1. Every candidate is verified under the authority's trust; what is refused keeps its reason.
2. Who signed is compared with the authority's identities, then the annotations and the signed name.
3. An image signature is wanted, unless attestations replace it.
4. Every attestation the authority lists is wanted: the type, the provenance's demands, every
   condition.

A candidate that is bad never hides one that is good. Where nothing satisfied a want, the absence
counts as proven only if every place that may hold evidence answered; otherwise the result is
inconclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ..errors import InvalidInput, SealpinError, VerificationFailed, quote
from ..evidence import Evidence, EvidenceKind, EvidenceSet
from ..mediatypes import COSIGN_SIGN_V1
from ..reference import ImageReference, Repository
from ..signatures.second_opinion import SecondOpinion
from ..signatures.verified import CertificateIdentity, VerifiedStatement
from ..slsa.expectations import check_provenance
from ..weakening import Weakening
from .conditions import check_value
from .decision import Finding, Outcome, Scope
from .engines.program import UNDECIDED_ERRORS, Answer, failed, passed, undecided
from .identity import mismatch
from .model import (
    AttestationRule,
    Authority,
    Condition,
    KeyAuthority,
    KeylessAuthority,
    MatchReference,
    ProgramCondition,
    StaticAuthority,
    TrustPolicy,
    Unresolved,
)
from .verifications import Verifications

_GENUINE = frozenset({"identity.mismatch", "annotation.mismatch", "reference.mismatch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about one image; the same for every policy."""

    reference: ImageReference
    evidence: EvidenceSet
    now_utc: datetime
    second_opinion: SecondOpinion
    memory: Verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityVerdict:
    """The answer of one authority."""

    authority: Authority
    outcome: Outcome
    findings: tuple[Finding, ...]
    signatures: tuple[VerifiedStatement, ...] = ()
    attestations: tuple[tuple[AttestationRule, tuple[VerifiedStatement, ...]], ...] = ()
    """For each attestation rule, the statements that satisfied it."""

    @property
    def statements(self) -> tuple[VerifiedStatement, ...]:
        """Everything that satisfied the authority."""
        return self.signatures + tuple(s for _key, found in self.attestations for s in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorted:
    """The candidates of one authority after steps 1 and 2."""

    accepted: tuple[VerifiedStatement, ...]
    refused: tuple[Finding, ...]

    @property
    def nearest(self) -> Finding | None:
        """The refusal to show first: of genuine evidence that is not the authority's, if any."""
        return min(self.refused, key=lambda finding: finding.code not in _GENUINE, default=None)


def judge_authority(
    policy: TrustPolicy, authority: Authority, question: Question
) -> AuthorityVerdict:
    """Answer for one authority; see the module's numbered steps."""
    name = f"{policy.name}/{authority.name}"
    if isinstance(authority, StaticAuthority):
        return _judge_static(authority, name)
    if isinstance(authority.trust, Unresolved):
        finding = _finding(Scope.AUTHORITY, name, undecided(authority.trust.error))
        return AuthorityVerdict(authority=authority, outcome=finding.outcome, findings=(finding,))
    # 1. and 2.
    candidates = _sort_candidates(policy, authority, question)
    wants: list[Answer] = []
    findings: list[Finding] = []
    # 3.
    signatures = tuple(s for s in candidates.accepted if _is_signature(s, policy))
    if authority.rules.wants_signature:
        wants.append(passed() if signatures else _nothing("signature", candidates, question))
    # 4.
    attestations = []
    for rule in authority.rules.attestations:
        found, answer = _judge_attestation(rule, candidates, question)
        attestations.append((rule, found))
        findings.append(_finding(Scope.ATTESTATION, f"{name}/{rule.name}", answer))
        wants.append(answer)
    answer = _all_of(wants)
    return AuthorityVerdict(
        authority=authority,
        outcome=answer.outcome,
        findings=(
            _finding(Scope.AUTHORITY, name, answer),
            *findings,
            *candidates.refused,
            *_other_names(policy, candidates.accepted, question),
        ),
        signatures=signatures if authority.rules.wants_signature else (),
        attestations=tuple(attestations),
    )


def claims_other_name(statement: VerifiedStatement, reference: ImageReference) -> bool:
    """Whether the signer wrote another repository than was asked for; no name is another."""
    return _repository_in(statement.claimed_reference) != reference.repository


@lru_cache(maxsize=1024)
def _repository_in(claimed: str) -> Repository | None:
    """The repository a signer named; None where the text is no reference."""
    try:
        return ImageReference.parse(claimed).repository
    except InvalidInput:
        return None


def _judge_static(authority: StaticAuthority, name: str) -> AuthorityVerdict:
    answer = (
        passed()
        if authority.passes
        else failed(
            "static.fail", f"disallowed by static policy: {authority.message}".removesuffix(": ")
        )
    )
    finding = _finding(Scope.AUTHORITY, name, answer)
    return AuthorityVerdict(authority=authority, outcome=answer.outcome, findings=(finding,))


def _sort_candidates(
    policy: TrustPolicy, authority: KeylessAuthority | KeyAuthority, question: Question
) -> _Sorted:
    accepted, refused = [], []
    for evidence in _candidates(authority, question.evidence):
        answer = _verify(evidence, authority, question)
        if isinstance(answer, VerifiedStatement):
            error = _refusal(answer, policy, authority, question)
            if error is None:
                accepted.append(answer)
                continue
        else:
            error = answer
        refused.append(_refused_evidence(evidence, authority, policy, error))
    return _Sorted(accepted=tuple(accepted), refused=tuple(refused))


def _candidates(
    authority: KeylessAuthority | KeyAuthority, evidence: EvidenceSet
) -> Iterator[Evidence]:
    """Yield what could satisfy the authority; the rest is not worth a signature check."""
    wanted = authority.rules.kinds
    return (item for item in evidence.items if item.kind in wanted)


def _verify(
    evidence: Evidence, authority: KeylessAuthority | KeyAuthority, question: Question
) -> VerifiedStatement | SealpinError:
    if isinstance(authority.trust, Unresolved):
        return authority.trust.error
    return question.memory.verify(
        evidence,
        trust=authority.trust,
        now_utc=question.now_utc,
        second_opinion=question.second_opinion,
    )


def _refusal(
    statement: VerifiedStatement,
    policy: TrustPolicy,
    authority: KeylessAuthority | KeyAuthority,
    question: Question,
) -> SealpinError | None:
    """Say why a proven statement is not the authority's, or None when it is."""
    if statement.subject != question.evidence.subject:
        return VerificationFailed(
            "subject.mismatch",
            f"statement is about another digest: expected {question.evidence.subject}, got"
            f" {statement.subject}",
        )
    if isinstance(authority, KeylessAuthority) and authority.identities:
        if not isinstance(statement.signer, CertificateIdentity):
            return VerificationFailed(
                "identity.no-certificate", "expected a signer's certificate, got a key"
            )
        reasons = [mismatch(rule, statement.signer) for rule in authority.identities]
        if all(reasons):
            return VerificationFailed("identity.mismatch", " / ".join(dict.fromkeys(reasons)))
    for key, wanted in authority.rules.annotations:
        got = statement.annotations.get(key)
        if got != wanted:
            shown = "none" if got is None else quote(got)
            return VerificationFailed(
                "annotation.mismatch",
                f"annotation {quote(key)} mismatch: expected {quote(wanted)}, got {shown}",
            )
    if policy.match_reference is MatchReference.REQUIRE and claims_other_name(
        statement, question.reference
    ):
        return _other_name(statement, question.reference)
    return None


def _other_name(statement: VerifiedStatement, reference: ImageReference) -> VerificationFailed:
    got = quote(statement.claimed_reference) if statement.claimed_reference else "no name"
    return VerificationFailed(
        "reference.mismatch",
        f"signed name mismatch: expected {quote(reference.repository)}, got {got}",
    )


def _is_signature(statement: VerifiedStatement, policy: TrustPolicy) -> bool:
    """Whether a statement is an image signature: of type cosign sign v1, or weakened."""
    kind = statement.evidence.kind
    if kind is EvidenceKind.ATTESTATION_LAYER:
        return False
    if kind is EvidenceKind.BUNDLE and Weakening.ANY_PREDICATE_AS_SIGNATURE in policy.weakenings:
        return True
    return statement.predicate_type == COSIGN_SIGN_V1


def _judge_attestation(
    rule: AttestationRule, candidates: _Sorted, question: Question
) -> tuple[tuple[VerifiedStatement, ...], Answer]:
    """Try every accepted statement; one that satisfies is enough, unless `every_one` must."""
    satisfying, answers = [], []
    for statement in candidates.accepted:
        if statement.predicate_type == COSIGN_SIGN_V1 and rule.predicate_type != COSIGN_SIGN_V1:
            continue
        if rule.predicate_type and statement.predicate_type != rule.predicate_type:
            answers.append(_other_type(rule, statement))
            continue
        answer = _check_statement(rule, statement, question)
        answers.append(answer)
        if answer.outcome is Outcome.ALLOWED:
            satisfying.append(statement)
    if satisfying and rule.every_one:
        judged = _all_of([answer for answer in answers if answer.code != "attestation.type"])
        if judged.outcome is Outcome.ALLOWED:
            judged = _unseen("attestation", candidates, question) or judged
        return (tuple(satisfying) if judged.outcome is Outcome.ALLOWED else ()), judged
    if satisfying:
        return tuple(satisfying), passed()
    # The most telling refusal is of an attestation of the right type; an undecided one outranks
    # every refusal.
    answers.sort(
        key=lambda answer: (
            answer.outcome is not Outcome.INCONCLUSIVE,
            answer.code == "attestation.type",
        )
    )
    missing = _nothing("attestation", candidates, question)
    if answers and (
        missing.outcome is Outcome.DENIED or answers[0].outcome is Outcome.INCONCLUSIVE
    ):
        return (), answers[0]
    return (), missing


def _other_type(rule: AttestationRule, statement: VerifiedStatement) -> Answer:
    return failed(
        "attestation.type",
        f"predicate type mismatch: expected {quote(rule.predicate_type)}, got"
        f" {quote(statement.predicate_type)}",
    )


def _check_statement(
    rule: AttestationRule, statement: VerifiedStatement, question: Question
) -> Answer:
    if rule.provenance is not None:
        try:
            check_provenance(statement, rule.provenance)
        except SealpinError as error:
            return _answer_of(error)
    return _all_of(
        [_check_condition(condition, statement, question) for condition in rule.conditions]
    )


def _check_condition(
    condition: Condition, statement: VerifiedStatement, question: Question
) -> Answer:
    try:
        if isinstance(condition, ProgramCondition):
            return question.memory.run_program(condition, statement.payload)
        return check_value(condition, statement.predicate)
    except SealpinError as error:
        return _answer_of(error)


def _answer_of(error: SealpinError) -> Answer:
    if isinstance(error, UNDECIDED_ERRORS):
        return undecided(error)
    return failed(error.code, error.message, hint=error.hint)


def _all_of(answers: list[Answer]) -> Answer:
    """Return the first refusal, else the first that is undecided, else that all passed."""
    for outcome in (Outcome.DENIED, Outcome.INCONCLUSIVE):
        for answer in answers:
            if answer.outcome is outcome:
                return answer
    return passed()


def _nothing(what: str, candidates: _Sorted, question: Question) -> Answer:
    """Answer for a want nothing satisfied; inconclusive where something was not looked at."""
    unseen = _unseen(what, candidates, question)
    if unseen is not None:
        return unseen
    nearest = candidates.nearest
    if nearest is not None:
        message = f"no {what} satisfies: {nearest.message}"
        return failed(nearest.code, message, hint=nearest.hint)
    return failed(
        f"{what}.missing",
        f"no {what} found for {question.evidence.subject}",
        hint="sealpin tree shows what hangs on the image; name in the policy the repository that"
        " its signatures are kept in, if that is another",
    )


def _unseen(what: str, candidates: _Sorted, question: Question) -> Answer | None:
    """Say which place was not looked at, or which piece could not be judged; None if all was."""
    for gap in question.evidence.gaps:
        if not gap.conclusive:
            return Answer(
                outcome=Outcome.INCONCLUSIVE,
                code=gap.error.code,
                message=f"no {what} satisfies; {gap.location} did not answer: {gap.error.message}",
                hint=gap.error.hint,
            )
    for finding in candidates.refused:
        if finding.outcome is Outcome.INCONCLUSIVE:
            return Answer(
                outcome=finding.outcome,
                code=finding.code,
                message=finding.message,
                hint=finding.hint,
            )
    return None


def _refused_evidence(
    evidence: Evidence,
    authority: KeylessAuthority | KeyAuthority,
    policy: TrustPolicy,
    error: SealpinError,
) -> Finding:
    answer = _answer_of(error)
    return Finding(
        scope=Scope.EVIDENCE,
        name=f"{policy.name}/{authority.name}: {evidence.location}",
        outcome=answer.outcome,
        code=answer.code,
        message=answer.message,
        hint=error.hint,
        is_warning=True,
    )


def _other_names(
    policy: TrustPolicy, statements: tuple[VerifiedStatement, ...], question: Question
) -> Iterator[Finding]:
    """Yield a warning for each statement whose signed name is not the one that was asked for."""
    if policy.match_reference is not MatchReference.WARN:
        return
    for statement in statements:
        if statement.claimed_reference and claims_other_name(statement, question.reference):
            error = _other_name(statement, question.reference)
            yield Finding(
                scope=Scope.EVIDENCE,
                name=f"{policy.name}: {statement.evidence.location}",
                outcome=Outcome.ALLOWED,
                code=error.code,
                message=error.message,
                is_warning=True,
            )


def _finding(scope: Scope, name: str, answer: Answer) -> Finding:
    return Finding(
        scope=scope,
        name=name,
        outcome=answer.outcome,
        code=answer.code,
        message=answer.message or "satisfied",
        hint=answer.hint,
    )
