# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""One run's memory: evidence is verified once under each trust, programs run once.

Fifty policies that trust the same root ask fifty times about the same signature; the answer cannot
differ within a run. Documents are loaded so that equal trust is one object (`policy.document`),
which makes identity a sound key. Several threads may share a memory: two of them may do the same
work, neither can see a half-made answer.
"""

from __future__ import annotations

from datetime import datetime

from ..errors import SealpinError
from ..evidence import Evidence
from ..signatures.opinion import SecondOpinion
from ..signatures.verified import VerifiedStatement
from ..trust.material import SigningTrust
from .answer import Answer
from .criteria import CriteriaTable
from .model import ProgramCondition


class Verifications:
    """What was verified in this run; a failure is remembered like a proof."""

    def __init__(self) -> None:
        self._answers: dict[
            tuple[int, int], tuple[Evidence, SigningTrust, VerifiedStatement | SealpinError]
        ] = {}
        self.criteria = CriteriaTable()
        self._programs: dict[tuple[ProgramCondition, bytes], Answer] = {}

    def verify(
        self,
        evidence: Evidence,
        *,
        trust: SigningTrust,
        now_utc: datetime,
        second_opinion: SecondOpinion,
    ) -> VerifiedStatement | SealpinError:
        """Return the proven statement, or the error that says why there is none."""
        key = (id(evidence), id(trust))
        known = self._answers.get(key)
        if known is not None:
            return known[2]
        answer = _verify(evidence, trust, now_utc, second_opinion)
        # The entry keeps both objects alive, so that neither id can come to mean something else.
        self._answers[key] = (evidence, trust, answer)
        return answer

    def run_program(self, program: ProgramCondition, document: bytes) -> Answer:
        """Return what *program* says of the JSON *document*."""
        key = (program, document)
        answer = self._programs.get(key)
        if answer is None:
            # Few policies have a program, and the engines are half of what policies import.
            from .engines.run import run_program

            answer = self._programs[key] = run_program(program, document)
        return answer


def _verify(
    evidence: Evidence, trust: SigningTrust, now_utc: datetime, second_opinion: SecondOpinion
) -> VerifiedStatement | SealpinError:
    # Loads what reads keys and certificates, while the other lookups are under way.
    from ..signatures.verify import verify_evidence

    try:
        return verify_evidence(
            evidence, trust=trust, now_utc=now_utc, second_opinion=second_opinion
        )
    except SealpinError as error:
        return error.with_traceback(None)
