# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Exit codes of the command, and what each error of the core means in them.

A mixed run answers 1 over 2 over 0; 3 only if nothing could run; each item's own answer is in
the JSON report.
"""

from __future__ import annotations

from collections.abc import Iterable

from sealpin.errors import (
    InvalidInput,
    MissingDependency,
    PolicyInvalid,
    SealpinError,
    Unavailable,
    VerificationFailed,
)

VERIFIED = 0
REFUSED = 1
NOT_CHECKED = 2
BAD_INPUT = 3
DEFECT = 4
INTERRUPTED = 130
UNHEARD = 141
"""The verdict could not be told: its reader left, or standard output is closed or full.

Shells show this number for SIGPIPE. It is never a success, whatever the verdict would have been.
"""

_BY_OUTCOME = {"allowed": VERIFIED, "denied": REFUSED, "inconclusive": NOT_CHECKED}


def of_error(error: SealpinError) -> int:
    """Return the exit code for an error that ended the run, or one item."""
    if isinstance(error, VerificationFailed):
        return REFUSED
    if isinstance(error, (Unavailable, MissingDependency)):
        return NOT_CHECKED
    if isinstance(error, (InvalidInput, PolicyInvalid)):
        return BAD_INPUT
    return DEFECT


def of_outcome(outcome: str) -> int:
    """Return the exit code of one image by its outcome's value."""
    return _BY_OUTCOME[outcome]


def combine(codes: Iterable[int]) -> int:
    """Return the exit code of a run from those of its items."""
    seen = set(codes)
    for code in (DEFECT, REFUSED, NOT_CHECKED):
        if code in seen:
            return code
    return BAD_INPUT if seen == {BAD_INPUT} else (NOT_CHECKED if BAD_INPUT in seen else VERIFIED)
