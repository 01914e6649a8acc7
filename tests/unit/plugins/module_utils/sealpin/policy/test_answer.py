# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.errors import InvalidInput, MissingDependency, SealpinError, Unavailable
from sealpin.policy.answer import all_of, answer_of, failed, passed, undecided
from sealpin.policy.decision import Outcome

REFUSED = failed("identity.mismatch", "it is of somebody else")
OPEN = undecided(Unavailable("registry.timeout", "no answer in time"))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Unavailable("registry.timeout", "no answer", hint="try again"), Outcome.INCONCLUSIVE),
        (MissingDependency("engine.missing", "no cue", hint="try again"), Outcome.INCONCLUSIVE),
        (InvalidInput("cue.malformed", "not CUE", hint="try again"), Outcome.DENIED),
    ],
    ids=["unavailable", "missing", "invalid"],
)
def test_an_error_answers_with_its_code_its_words_and_its_hint(
    error: SealpinError, outcome: Outcome
) -> None:
    answer = answer_of(error)
    assert answer.outcome is outcome
    assert (answer.code, answer.message, answer.hint) == (error.code, error.message, "try again")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], passed()),
        ([passed(), passed()], passed()),
        ([passed(), OPEN, REFUSED], REFUSED),
        ([OPEN, passed()], OPEN),
    ],
    ids=["none", "all-passed", "refused-over-undecided", "undecided-over-passed"],
)
def test_of_several_answers_the_worst_counts(answers, expected) -> None:
    assert all_of(answers) == expected
