# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The exit codes of the design, for one error and for many items."""

from __future__ import annotations

import pytest
from sealpin_hooks import exit_codes

from sealpin.errors import (
    InvalidInput,
    MissingDependency,
    PolicyInvalid,
    SealpinError,
    Unavailable,
    VerificationFailed,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (VerificationFailed, 1),
        (Unavailable, 2),
        (MissingDependency, 2),
        (InvalidInput, 3),
        (PolicyInvalid, 3),
        (SealpinError, 4),
    ],
)
def test_each_family_of_errors_has_its_code(kind: type[SealpinError], code: int) -> None:
    assert exit_codes.of_error(kind("a.code", "a message")) == code


@pytest.mark.parametrize(("outcome", "code"), [("allowed", 0), ("denied", 1), ("inconclusive", 2)])
def test_each_outcome_has_its_code(outcome: str, code: int) -> None:
    assert exit_codes.of_outcome(outcome) == code


@pytest.mark.parametrize(
    ("codes", "together"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 1], 1),
        ([2, 1, 0], 1),
        ([2, 0], 2),
        ([3], 3),
        ([3, 3], 3),
        ([3, 0], 2),
        ([3, 2], 2),
        ([3, 1], 1),
        ([4, 1], 4),
    ],
    ids=str,
)
def test_a_mixed_run_answers_one_over_two_and_three_only_if_nothing_could_run(
    codes: list[int], together: int
) -> None:
    assert exit_codes.combine(codes) == together
