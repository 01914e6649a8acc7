# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin evidence verify``: decide on images from saved evidence alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sealpin.records import replace

from . import exit_codes
from .arguments import Parser
from .evidence_run import EvidenceRun, add_options
from .options import add_format_option

if TYPE_CHECKING:
    import argparse

    from .evidence_verdicts import Verdict


def make_parser() -> Parser:
    """Return the parser of ``evidence verify``."""
    parser = Parser(
        prog="sealpin evidence verify",
        description="Verify the images that files pin from saved evidence. Opens no socket.",
    )
    add_options(parser)
    add_format_option(parser, "text", "json", "html")
    return parser


def run(argv: Sequence[str]) -> int:
    """Verify each image and print the report."""
    arguments = make_parser().parse(argv)
    from .reports import print_report

    asked = EvidenceRun.of(arguments)
    if not asked.images.references and arguments.format == "text":
        return asked.images.exit_code([])
    verdicts = _decide_saved(arguments, asked) if asked.images.references else []
    decisions = [verdict.decision for verdict in verdicts]
    print_report(
        decisions,
        arguments.format,
        platforms=[verdict.platform for verdict in verdicts],
        details=[verdict.lines for verdict in verdicts],
    )
    return asked.images.exit_code(
        [exit_codes.of_outcome(decision.outcome.value) for decision in decisions]
    )


def _decide_saved(arguments: argparse.Namespace, asked: EvidenceRun) -> list[Verdict]:
    """Decide on saved evidence alone."""
    from .evidence_folder import open_evidence
    from .evidence_verdicts import Verdict, verdicts_on_files
    from .running import run_options, this_machine

    rules = asked.policy.rules(run_options(arguments, offline=True), this_machine())
    with open_evidence(asked.folder, rules) as saved:
        if asked.images.found:
            verdicts = verdicts_on_files(
                saved, rules.policies, asked.images.found, known=asked.images.lock
            )
        else:
            decided = saved.decide(asked.images.references, rules.policies)
            verdicts = [Verdict(decision=decision) for decision in decided]
        if not asked.verifier:
            return verdicts
        decisions = [verdict.decision for verdict in verdicts]
        lines = asked.summarise(rules, decisions, now_utc=saved.now_utc)
    return [
        replace(verdict, lines=(*verdict.lines, f"    {line}"))
        for verdict, line in zip(verdicts, lines, strict=True)
    ]
