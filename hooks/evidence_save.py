# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin evidence save``: take along what a policy needs to decide on images.

Evidence is saved as it is, believed by nobody; an image whose evidence cannot be read in full is an
error. Where summaries are wanted, what was saved is verified for them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import SealpinError

from . import exit_codes
from .arguments import Parser
from .evidence_run import EvidenceRun, add_options
from .options import add_registry_options

if TYPE_CHECKING:
    from datetime import datetime

    from sealpin.api import Session
    from sealpin.reference import ImageReference
    from sealpin.rules import Rules


def make_parser() -> Parser:
    """Return the parser of ``evidence save``."""
    parser = Parser(
        prog="sealpin evidence save",
        description="Save the evidence for the images that files pin, to be verified offline.",
    )
    add_options(parser)
    add_registry_options(parser)
    return parser


def run(argv: Sequence[str]) -> int:
    """Save the evidence for each image; one that cannot be had does not stop the others."""
    arguments = make_parser().parse(argv)
    from .cli import print_error
    from .running import new_session, run_options, this_machine

    asked = EvidenceRun.of(arguments)
    if not asked.images.references:
        return asked.images.exit_code([])
    machine = this_machine()
    rules = asked.policy.rules(run_options(arguments), machine)
    now_utc = machine.clock.now_utc()
    codes = []
    saved = []
    with new_session(rules.options, registries=rules.registries) as session:
        for reference in asked.images.references:
            try:
                pinned, count = _save_one(session, rules, reference, asked.folder, now_utc)
                print(f"{count} saved for {pinned}")
                saved.append(pinned)
            except SealpinError as error:
                sys.stdout.flush()
                print_error(error, about=f"nothing saved for {reference}")
                codes.append(exit_codes.of_error(error))
    if asked.verifier and saved:
        codes += _summarise_saved(asked, rules, saved)
    return asked.images.exit_code([*codes, *(exit_codes.VERIFIED for _pinned in saved)])


def _save_one(
    session: Session, rules: Rules, reference: ImageReference, folder: Path, now_utc: datetime
) -> tuple[ImageReference, int]:
    """Save the manifest of *reference* and what the policy needs to decide on it.

    Returns the reference with its digest, and how many pieces there are; raises what any place
    that may hold more of them answered instead.
    """
    from sealpin.policy.needs import needs_of
    from sealpin.reference import ImageReference
    from sealpin.registry.evidence_store import save, save_manifest

    needs = needs_of(rules.policies, reference, now_utc=now_utc)
    answer = session.resolve((reference,))[0]
    if isinstance(answer, SealpinError):
        raise answer
    found = session.gather(answer, needs=needs)
    if found.gaps:
        raise found.gaps[0].error
    save_manifest(session.manifest(answer), folder)
    save(found, folder)
    return ImageReference.parse(reference.pinned_tagged(answer.digest)), len(found.items)


def _summarise_saved(
    asked: EvidenceRun, rules: Rules, references: Sequence[ImageReference]
) -> list[int]:
    """Verify what was just saved, write the summaries and say so; returns the images' codes."""
    from .evidence_folder import open_evidence
    from .reports import print_refusals

    with open_evidence(asked.folder, rules) as saved:
        decisions = saved.decide(references, rules.policies)
        lines = asked.summarise(rules, decisions, now_utc=saved.now_utc)
    print("\n".join(lines))
    sys.stdout.flush()
    print_refusals(decisions)
    return [exit_codes.of_outcome(decision.outcome.value) for decision in decisions]
