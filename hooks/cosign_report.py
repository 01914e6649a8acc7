# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Print the answers of cosign's verifying verbs, in the form that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from sealpin.policy.decision import Decision, Outcome
from sealpin.report.text import printable
from sealpin.run_options import RunOptions

from . import exit_codes
from .cosign_compat import print_as_cosign
from .cosign_run import Answer, CosignRun
from .reports import print_refusals, print_report
from .running import registry_weakenings

PrintVerified = Callable[[Answer, RunOptions], None]
"""Prints one verified image as cosign does: report on standard error, the rest on output."""


def print_answers(
    answers: Sequence[Answer],
    run: CosignRun,
    print_verified: PrintVerified,
    *,
    people: Callable[[Answer], list[str]] = lambda _answer: [],
) -> int:
    """Print every answer and return the exit code; *people* adds lines to the text report."""
    if run.arguments.compat:
        return print_as_cosign(answers, run, print_verified)
    form = run.arguments.format
    if form == "cosign":
        _print_cosign(answers, run, print_verified)
    else:
        print_report(
            [answer.decision for answer in answers],
            form,
            weakenings=registry_weakenings(run.options),
            platforms=[answer.target.platform for answer in answers],
            details=[_details(answer, people) for answer in answers],
        )
    return exit_codes.combine(
        exit_codes.of_outcome(answer.decision.outcome.value) for answer in answers
    )


def _print_cosign(answers: Sequence[Answer], run: CosignRun, print_verified: PrintVerified) -> None:
    """Print what cosign prints for each verified image, and our reasons for each of the others."""
    for answer in answers:
        if answer.decision.outcome is not Outcome.ALLOWED:
            continue
        print_verified(answer, run.options)
        sys.stdout.flush()
        print_weakenings(answer.decision)
    print_refusals(
        (answer.decision for answer in answers),
        platforms=[answer.target.platform for answer in answers],
    )


def _details(answer: Answer, people: Callable[[Answer], list[str]]) -> list[str]:
    platform = answer.target.platform
    return [*([f"    platform {printable(platform)}"] if platform else []), *people(answer)]


def print_weakenings(decision: Decision) -> None:
    """Name every check that was given up for an image."""
    for weakening in sorted(decision.weakenings, key=lambda weakening: weakening.value):
        print(f"WARNING: weakened: {weakening.value}", file=sys.stderr)
