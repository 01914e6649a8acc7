# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""An answer: of a condition, an attestation, an authority or a policy; passed, failed, undecided.

What could not be asked, because an engine is missing or a place did not answer, is *undecided* and
becomes an inconclusive outcome; never "passed".
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import MissingDependency, SealpinError, Unavailable
from ..records import dataclass
from .decision import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was said when something was asked, and why."""

    outcome: Outcome
    code: str = "ok"
    message: str = ""
    hint: str = ""
    engine: str = ""
    """Which engine answered, where a program was run."""


_PASSED = Answer(outcome=Outcome.ALLOWED)


def passed(engine: str = "") -> Answer:
    """Make the answer of what holds."""
    return Answer(outcome=Outcome.ALLOWED, engine=engine) if engine else _PASSED


def failed(code: str, message: str, *, hint: str = "", engine: str = "") -> Answer:
    """Make the answer of what does not hold."""
    return Answer(outcome=Outcome.DENIED, code=code, message=message, hint=hint, engine=engine)


def undecided(error: SealpinError) -> Answer:
    """Make the answer of what could not be asked."""
    return Answer(
        outcome=Outcome.INCONCLUSIVE, code=error.code, message=error.message, hint=error.hint
    )


def answer_of(error: SealpinError) -> Answer:
    """Make the answer that *error* amounts to: undecided where asking again may end otherwise."""
    if isinstance(error, (Unavailable, MissingDependency)):
        return undecided(error)
    return failed(error.code, error.message, hint=error.hint)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Return the first refusal, else the first that is undecided, else that all passed."""
    first_undecided = None
    for answer in answers:
        if answer.outcome is Outcome.DENIED:
            return answer
        if answer.outcome is Outcome.INCONCLUSIVE and first_undecided is None:
            first_undecided = answer
    return first_undecided or passed()
