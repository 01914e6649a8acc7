# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What an image's evidence is worth under one authority's criteria; no names of policies yet.

1. Every candidate is verified under the authority's trust; what is refused keeps its reason.
2. Who signed is compared with the authority's identities, then the annotations and the signed name
   (both steps: `candidates`).
3. An image signature is wanted, unless attestations replace it.
4. Every attestation the authority lists is wanted: the type, the provenance's demands, every
   condition.

Where nothing satisfied a want, the absence counts as proven only if every place that may hold
evidence answered; otherwise the result is inconclusive. Appraisal is RFC 9334's word for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..attestations.predicates import short_names
from ..errors import SealpinError, VerificationFailed, quote
from ..evidence import EvidenceKind
from ..mediatypes import COSIGN_SIGN_V1
from ..records import dataclass
from ..signatures.verified import VerifiedStatement
from ..slsa.expectations import check_provenance
from ..weakening import Weakening
from .answer import Answer, all_of, answer_of, failed, passed, undecided
from .candidates import Candidates, Question, Refused, other_names, sort_candidates
from .conditions import check_value
from .criteria import Criteria
from .decision import Outcome
from .model import AttestationRule, Condition, ProgramCondition, Unresolved
from .verifications import Verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAttestation:
    """The answer to one attestation rule."""

    rule: AttestationRule
    answer: Answer
    statements: tuple[VerifiedStatement, ...] = ()
    """Those that satisfied it; none unless it passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """The answer under one criteria, and what it rests on."""

    answer: Answer
    signatures: tuple[VerifiedStatement, ...] = ()
    attestations: tuple[JudgedAttestation, ...] = ()
    """One for each attestation rule."""
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


class Appraiser:
    """Appraises the evidence of one image, once for equal criteria."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self._appraised: dict[int, Appraisal] = {}
        """By the identity of criteria, which the question's memory keeps alive."""

    def appraise(self, criteria: Criteria) -> Appraisal:
        """Say what the evidence is worth under *criteria*."""
        known = self._appraised.get(id(criteria))
        if known is None:
            known = self._appraised[id(criteria)] = _appraise(criteria, self.question)
        return known


def _appraise(criteria: Criteria, question: Question) -> Appraisal:
    trust = criteria.trust
    if isinstance(trust, Unresolved):
        return Appraisal(answer=undecided(trust.error))
    rules = criteria.rules
    # 1. and 2.
    candidates = sort_candidates(criteria, trust, question)
    wants: list[Answer] = []
    signatures: tuple[VerifiedStatement, ...] = ()
    # 3.
    if rules.wants_signature:
        signatures = tuple(s for s in candidates.accepted if _is_signature(s, criteria))
        wants.append(passed() if signatures else candidates.missing("signature"))
    # 4.
    attestations = tuple(
        _judge_attestation(rule, candidates, question.memory) for rule in rules.attestations
    )
    statements = signatures + tuple(
        statement for judged in attestations for statement in judged.statements
    )
    return Appraisal(
        answer=all_of([*wants, *(judged.answer for judged in attestations)]),
        signatures=signatures,
        attestations=attestations,
        refused=candidates.refused,
        other_names=tuple(other_names(criteria, candidates, question.reference)),
        statements=statements,
        weakenings=frozenset(_weakenings(attestations, statements)),
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
    rule: AttestationRule, candidates: Candidates, memory: Verifications
) -> JudgedAttestation:
    """Try every accepted statement of the type; one is enough, unless `every_one` must do."""
    attestations = [s for s in candidates.accepted if _is_attestation(s, rule)]
    fitting = [s for s in attestations if rule.predicate_type in ("", s.predicate_type)]
    answers = [_check_statement(rule, statement, memory) for statement in fitting]
    satisfying = [
        statement
        for statement, answer in zip(fitting, answers, strict=True)
        if answer.outcome is Outcome.ALLOWED
    ]
    if not satisfying:
        if attestations and not fitting:
            answers = [_of_other_types(rule, attestations)]
        missing = candidates.missing("attestation")
        return JudgedAttestation(rule=rule, answer=_most_telling(answers, missing=missing))
    answer = passed()
    if rule.every_one:
        answer = all_of(answers)
        if answer.outcome is Outcome.ALLOWED:
            answer = candidates.unseen("attestation") or answer
    if answer.outcome is not Outcome.ALLOWED:
        return JudgedAttestation(rule=rule, answer=answer)
    return JudgedAttestation(rule=rule, answer=answer, statements=tuple(satisfying))


def _is_attestation(statement: VerifiedStatement, rule: AttestationRule) -> bool:
    """Whether a statement is more than an image signature, or that is what *rule* asks for."""
    return rule.predicate_type == COSIGN_SIGN_V1 or statement.predicate_type != COSIGN_SIGN_V1


def _of_other_types(rule: AttestationRule, attestations: list[VerifiedStatement]) -> Answer:
    """Answer that no attestation is of the rule's type, and name the types there are."""
    types = tuple(dict.fromkeys(statement.predicate_type for statement in attestations))
    names = ", ".join(next(iter(short_names(each)), each) for each in types)
    return failed(
        "attestation.type",
        f"predicate type mismatch: expected {quote(rule.predicate_type)}, got"
        f" {', '.join(map(quote, types))}",
        hint=f"ask for a type that the image has an attestation of: {names}",
    )


def _most_telling(answers: list[Answer], *, missing: Answer) -> Answer:
    """Choose what to say where no attestation satisfies.

    An undecided one outranks every refusal; *missing* is said where there was nothing, or where the
    right one may be elsewhere.
    """
    nearest = min(
        answers,
        key=lambda answer: answer.outcome is not Outcome.INCONCLUSIVE,
        default=missing,
    )
    is_final = missing.outcome is Outcome.DENIED or nearest.outcome is Outcome.INCONCLUSIVE
    return nearest if is_final else missing


def _check_statement(
    rule: AttestationRule, statement: VerifiedStatement, memory: Verifications
) -> Answer:
    """Ask a statement of the rule's type the rest of the rule."""
    if rule.provenance is not None:
        try:
            check_provenance(statement, rule.provenance)
        except SealpinError as error:
            return answer_of(error)
    return all_of([_check_condition(condition, statement, memory) for condition in rule.conditions])


def _check_condition(
    condition: Condition, statement: VerifiedStatement, memory: Verifications
) -> Answer:
    try:
        if isinstance(condition, ProgramCondition):
            return memory.run_program(condition, statement.payload)
        return check_value(condition, statement.predicate)
    except SealpinError as error:
        return answer_of(error)


def _weakenings(
    attestations: tuple[JudgedAttestation, ...],
    statements: tuple[VerifiedStatement, ...],
) -> Iterator[Weakening]:
    for statement in statements:
        yield from statement.weakenings
    for judged in attestations:
        for condition in judged.rule.conditions:
            if isinstance(condition, ProgramCondition) and condition.absent_fields_pass:
                yield Weakening.CUE_COSIGN_SEMANTICS
