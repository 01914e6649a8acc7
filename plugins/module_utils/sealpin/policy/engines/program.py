# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Condition programs: which engine reads a CUE or Rego text, and the three answers it can give.

An engine that is missing, too slow or faced with something it does not know answers *inconclusive*,
never "passes". What the languages mean is policy-controller's ``EvaluatePolicyAgainstJSON``
(``pkg/policy/policy.go``).
"""

from __future__ import annotations

from ...errors import MissingDependency, SealpinError, Unavailable
from ...records import dataclass
from ..decision import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a condition says of its input."""

    outcome: Outcome
    code: str = "ok"
    message: str = ""
    hint: str = ""
    engine: str = ""
    """Which engine answered."""


_PASSED = Answer(outcome=Outcome.ALLOWED)


def passed(engine: str = "") -> Answer:
    """Make the answer of a condition that holds."""
    return Answer(outcome=Outcome.ALLOWED, engine=engine) if engine else _PASSED


def failed(code: str, message: str, *, hint: str = "", engine: str = "") -> Answer:
    """Make the answer of a condition that does not hold."""
    return Answer(outcome=Outcome.DENIED, code=code, message=message, hint=hint, engine=engine)


def undecided(error: SealpinError) -> Answer:
    """Make the answer of a condition that could not be evaluated."""
    return Answer(
        outcome=Outcome.INCONCLUSIVE, code=error.code, message=error.message, hint=error.hint
    )


UNDECIDED_ERRORS = (Unavailable, MissingDependency)
