# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What an image's evidence is worth under one authority's criteria; no names of policies yet.

1. Every candidate is verified under the authority's trust; what is refused keeps its reason.
2. Who signed is compared with the authority's identities, then the annotations and the signed name.
3. An image signature is wanted, unless attestations replace it.
4. Every attestation the authority lists is wanted: the type, the provenance's demands, every
   condition.

A candidate that is bad never hides one that is good. Where nothing satisfied a want, the absence
counts as proven only if every place that may hold evidence answered; otherwise the result is
inconclusive. Appraisal is RFC 9334's word for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from ..errors import InvalidInput, SealpinError, VerificationFailed, quote
from ..evidence import Evidence, EvidenceKind, EvidenceSet
from ..mediatypes import COSIGN_SIGN_V1
from ..records import dataclass, field
from ..reference import ImageReference, Repository
from ..signatures.opinion import SecondOpinion
from ..signatures.verified import CertificateIdentity, VerifiedStatement
from ..slsa.expectations import check_provenance
from ..trust.material import SigningTrust
from ..weakening import Weakening
from .answer import Answer, all_of, answer_of, failed, passed, undecided
from .conditions import check_value
from .criteria import Criteria
from .decision import Outcome
from .identity import mismatch
from .model import AttestationRule, Condition, MatchReference, ProgramCondition, Unresolved
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
    appraised: dict[int, Appraisal] = field(default_factory=dict)
    """By the identity of criteria, which *memory* keeps alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A piece of evidence that is not what the criteria ask for, and why."""

    evidence: Evidence
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """The answer under one criteria, and what it rests on."""

    answer: Answer
    signatures: tuple[VerifiedStatement, ...] = ()
    attestations: tuple[tuple[AttestationRule, tuple[VerifiedStatement, ...]], ...] = ()
    """For each attestation rule, the statements that satisfied it."""
    attestation_answers: tuple[Answer, ...] = ()
    """In the order of *attestations*."""
    refused: tuple[Refused, ...] = ()
    other_names: tuple[tuple[VerifiedStatement, VerificationFailed], ...] = ()
    """Accepted statements whose signer named another repository, where that is worth a warning."""
    statements: tuple[VerifiedStatement, ...] = ()
    """Everything that satisfied."""
    weakenings: frozenset[Weakening] = frozenset()
    """What was given up for *statements*."""

    @property
    def is_plain(self) -> bool:
        """Whether it passed and there is nothing to add."""
        return (
            self.answer.outcome is Outcome.ALLOWED
            and not self.attestations
            and not self.refused
            and not self.other_names
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorted:
    """The candidates after steps 1 and 2."""

    accepted: tuple[VerifiedStatement, ...]
    refused: tuple[Refused, ...]

    @property
    def nearest(self) -> Answer | None:
        """The refusal to show first: of genuine evidence that is another's, if there is one."""
        answers = (each.answer for each in self.refused)
        return min(answers, key=lambda answer: answer.code not in _GENUINE, default=None)


def appraise(criteria: Criteria, question: Question) -> Appraisal:
    """Appraise the evidence of *question*, once for equal criteria."""
    known = question.appraised.get(id(criteria))
    if known is None:
        known = question.appraised[id(criteria)] = _appraise(criteria, question)
    return known


def _appraise(criteria: Criteria, question: Question) -> Appraisal:
    trust = criteria.trust
    if isinstance(trust, Unresolved):
        return Appraisal(answer=undecided(trust.error))
    rules = criteria.rules
    # 1. and 2.
    candidates = _sort_candidates(criteria, trust, question)
    wants: list[Answer] = []
    signatures: tuple[VerifiedStatement, ...] = ()
    # 3.
    if rules.wants_signature:
        signatures = tuple(s for s in candidates.accepted if _is_signature(s, criteria))
        wants.append(passed() if signatures else _nothing("signature", candidates, question))
    # 4.
    judged = [_judge_attestation(rule, candidates, question) for rule in rules.attestations]
    answers = tuple(answer for _found, answer in judged)
    found = tuple(found for found, _answer in judged)
    attestations = tuple(zip(rules.attestations, found, strict=True))
    statements = signatures + tuple(statement for each in found for statement in each)
    return Appraisal(
        answer=all_of([*wants, *answers]),
        signatures=signatures,
        attestations=attestations,
        attestation_answers=answers,
        refused=candidates.refused,
        other_names=tuple(_other_names(criteria, candidates.accepted, question)),
        statements=statements,
        weakenings=frozenset(_weakenings(attestations, statements)),
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


def _sort_candidates(criteria: Criteria, trust: SigningTrust, question: Question) -> _Sorted:
    accepted, refused = [], []
    wanted = criteria.rules.kinds
    for evidence in question.evidence.items:
        if evidence.kind not in wanted:
            continue  # it could not satisfy, and is not worth a signature check
        answer = _verify(evidence, trust, question)
        if isinstance(answer, VerifiedStatement):
            error = _refusal(answer, criteria, question)
            if error is None:
                accepted.append(answer)
                continue
        else:
            error = answer
        refused.append(Refused(evidence=evidence, answer=answer_of(error)))
    return _Sorted(accepted=tuple(accepted), refused=tuple(refused))


def _verify(
    evidence: Evidence, trust: SigningTrust, question: Question
) -> VerifiedStatement | SealpinError:
    return question.memory.verify(
        evidence,
        trust=trust,
        now_utc=question.now_utc,
        second_opinion=question.second_opinion,
    )


def _refusal(
    statement: VerifiedStatement, criteria: Criteria, question: Question
) -> SealpinError | None:
    """Say why a proven statement is not what is asked for, or None when it is."""
    if statement.subject != question.evidence.subject:
        return VerificationFailed(
            "subject.mismatch",
            f"statement is about another digest: expected {question.evidence.subject}, got"
            f" {statement.subject}",
        )
    if criteria.identities:
        if not isinstance(statement.signer, CertificateIdentity):
            return VerificationFailed(
                "identity.no-certificate", "expected a signer's certificate, got a key"
            )
        reasons = [mismatch(rule, statement.signer) for rule in criteria.identities]
        if all(reasons):
            return VerificationFailed("identity.mismatch", " / ".join(dict.fromkeys(reasons)))
    for key, wanted in criteria.rules.annotations:
        got = statement.annotations.get(key)
        if got != wanted:
            shown = "none" if got is None else quote(got)
            return VerificationFailed(
                "annotation.mismatch",
                f"annotation {quote(key)} mismatch: expected {quote(wanted)}, got {shown}",
            )
    if criteria.match_reference is MatchReference.REQUIRE and claims_other_name(
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


def _is_signature(statement: VerifiedStatement, criteria: Criteria) -> bool:
    """Whether a statement is an image signature: of type cosign sign v1, or weakened."""
    kind = statement.evidence.kind
    if kind is EvidenceKind.ATTESTATION_LAYER:
        return False
    if kind is EvidenceKind.BUNDLE and criteria.any_predicate_signs:
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
        judged = all_of([answer for answer in answers if answer.code != "attestation.type"])
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
            return answer_of(error)
    return all_of(
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
        return answer_of(error)


def _nothing(what: str, candidates: _Sorted, question: Question) -> Answer:
    """Answer for a want nothing satisfied; inconclusive where something was not looked at."""
    unseen = _unseen(what, candidates, question)
    if unseen is not None:
        return unseen
    nearest = candidates.nearest
    if nearest is not None:
        message = f"no {what} satisfies: {nearest.message}"
        return failed(nearest.code, message, hint=nearest.hint)
    gaps = question.evidence.gaps
    unusable = f"; {gaps[0].location} is unusable: {gaps[0].error.message}" if gaps else ""
    return failed(
        f"{what}.missing",
        f"no {what} found for {question.evidence.subject}{unusable}",
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
                message=f"no {what} satisfies; {gap.location} was not read in full:"
                f" {gap.error.message}",
                hint=gap.error.hint,
            )
    for refused in candidates.refused:
        if refused.answer.outcome is Outcome.INCONCLUSIVE:
            return refused.answer
    return None


def _other_names(
    criteria: Criteria, statements: tuple[VerifiedStatement, ...], question: Question
) -> Iterator[tuple[VerifiedStatement, VerificationFailed]]:
    """Yield the statements whose signed name is not the one that was asked for."""
    if criteria.match_reference is not MatchReference.WARN:
        return
    for statement in statements:
        if statement.claimed_reference and claims_other_name(statement, question.reference):
            yield statement, _other_name(statement, question.reference)


def _weakenings(
    attestations: tuple[tuple[AttestationRule, tuple[VerifiedStatement, ...]], ...],
    statements: tuple[VerifiedStatement, ...],
) -> Iterator[Weakening]:
    for statement in statements:
        yield from statement.weakenings
    for rule, _found in attestations:
        for condition in rule.conditions:
            if isinstance(condition, ProgramCondition) and condition.absent_fields_pass:
                yield Weakening.CUE_COSIGN_SEMANTICS
