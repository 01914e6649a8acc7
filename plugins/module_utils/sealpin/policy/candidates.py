# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The candidates: which pieces of evidence are genuine and of whom the criteria name.

Each piece is verified under the criteria's trust; then who signed, the annotations and the signed
name are compared. A candidate that is bad never hides one that is good. What was refused keeps its
reason, and where nothing satisfies, that a place did not answer leaves absence unproven.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from ..errors import InvalidInput, SealpinError, VerificationFailed, quote
from ..evidence import Evidence, EvidenceSet
from ..records import dataclass
from ..reference import ImageReference, Repository
from ..signatures.opinion import SecondOpinion
from ..signatures.verified import VerifiedStatement
from ..trust.material import SigningTrust
from .answer import Answer, answer_of, failed
from .criteria import Criteria
from .decision import Outcome
from .identity import identity_refusal
from .model import MatchReference
from .verifications import Verifications

_GENUINE = frozenset({"identity.mismatch", "annotation.mismatch", "reference.mismatch"})
_OTHER_INSTANCE = (
    "if another Sigstore instance signed it, name its trusted root: --trusted-root, or"
    " trusted_root in the policy"
)
_NEXT = {
    "identity.mismatch": "compare this with the signer that the publisher documents; then correct"
    " what you expect, or do not use the image",
    "annotation.mismatch": "compare this with the annotations that the publisher documents",
    "signer.key-mismatch": "check whether the publisher signs with another key now, or with"
    " certificates",
    "chain.unknown-authority": _OTHER_INSTANCE,
    "sct.threshold": _OTHER_INSTANCE,
    "timestamp.threshold": _OTHER_INSTANCE,
    "tlog.threshold": _OTHER_INSTANCE,
}
"""What to do about genuine evidence that the policy or the trusted root does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked about one image; the same for every policy."""

    reference: ImageReference
    evidence: EvidenceSet
    now_utc: datetime
    second_opinion: SecondOpinion
    memory: Verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A piece of evidence that is not what the criteria ask for, and why."""

    evidence: Evidence
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """An image's evidence, sorted."""

    evidence: EvidenceSet
    accepted: tuple[VerifiedStatement, ...]
    refused: tuple[Refused, ...]

    def missing(self, what: str) -> Answer:
        """Answer for a want nothing satisfied; inconclusive where something was not looked at."""
        unseen = self.unseen(what)
        if unseen is not None:
            return unseen
        nearest = self._nearest()
        if nearest is not None:
            message = f"no {what} satisfies: {nearest.message}"
            hint = nearest.hint or _NEXT.get(nearest.code, "")
            return failed(nearest.code, message, hint=hint)
        gaps = self.evidence.gaps
        unusable = f"; {gaps[0].location} is unusable: {gaps[0].error.message}" if gaps else ""
        return failed(
            f"{what}.missing",
            f"no {what} found for {self.evidence.subject}{unusable}",
            hint="sealpin tree shows what is attached to the image; name in the policy the"
            " repository that its signatures are kept in, if that is another",
        )

    def unseen(self, what: str) -> Answer | None:
        """Say which place was not looked at or which piece not judged; None if all was."""
        for gap in self.evidence.gaps:
            if not gap.conclusive:
                return Answer(
                    outcome=Outcome.INCONCLUSIVE,
                    code=gap.error.code,
                    message=f"no {what} satisfies; {gap.location} was not read in full:"
                    f" {gap.error.message}",
                    hint=gap.error.hint,
                )
        for refused in self.refused:
            if refused.answer.outcome is Outcome.INCONCLUSIVE:
                return refused.answer
        return None

    def _nearest(self) -> Answer | None:
        """The refusal to show first: of genuine evidence that is another's, if there is one."""
        answers = (each.answer for each in self.refused)
        return min(answers, key=lambda answer: answer.code not in _GENUINE, default=None)


def sort_candidates(criteria: Criteria, trust: SigningTrust, question: Question) -> Candidates:
    """Verify every candidate under *trust*, and hold it against the criteria's signers."""
    accepted, refused = [], []
    wanted = criteria.rules.kinds
    for evidence in question.evidence.items:
        if evidence.kind not in wanted:
            continue  # it could not satisfy, and is not worth a signature check
        answer = question.memory.verify(
            evidence,
            trust=trust,
            now_utc=question.now_utc,
            second_opinion=question.second_opinion,
        )
        if isinstance(answer, VerifiedStatement):
            error = _refusal(answer, criteria, question)
            if error is None:
                accepted.append(answer)
                continue
        else:
            error = answer
        refused.append(Refused(evidence=evidence, answer=answer_of(error)))
    return Candidates(evidence=question.evidence, accepted=tuple(accepted), refused=tuple(refused))


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
        error = identity_refusal(criteria.identities, statement.signer)
        if error is not None:
            return error
    for key, wanted in criteria.rules.annotations:
        got = statement.annotations.get(key)
        if got != wanted:
            shown = "none" if got is None else quote(got)
            return VerificationFailed(
                "annotation.mismatch",
                f"annotation {quote(key)} mismatch: expected {quote(wanted)}, got {shown}",
            )
    if criteria.match_reference is MatchReference.REQUIRE:
        return _other_name(statement, question.reference)
    return None


def other_names(
    criteria: Criteria, candidates: Candidates, reference: ImageReference
) -> Iterator[tuple[VerifiedStatement, VerificationFailed]]:
    """Yield what was accepted and names another repository, where that is worth a warning."""
    if criteria.match_reference is not MatchReference.WARN:
        return
    for statement in candidates.accepted:
        error = _other_name(statement, reference) if statement.claimed_reference else None
        if error is not None:
            yield statement, error


def _other_name(
    statement: VerifiedStatement, reference: ImageReference
) -> VerificationFailed | None:
    """Say that the signer wrote another repository than was asked for; no name is another."""
    if _repository_in(statement.claimed_reference) == reference.repository:
        return None
    got = quote(statement.claimed_reference) if statement.claimed_reference else "no name"
    return VerificationFailed(
        "reference.mismatch",
        f"signed name mismatch: expected {quote(reference.repository)}, got {got}",
    )


@lru_cache(maxsize=1024)
def _repository_in(claimed: str) -> Repository | None:
    """The repository a signer named; None where the text is no reference."""
    try:
        return ImageReference.parse(claimed).repository
    except InvalidInput:
        return None
