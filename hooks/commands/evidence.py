# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin evidence``: take the evidence for pinned images along, and verify it without a network.

What is saved is believed by nobody: ``evidence verify`` and ``check --evidence`` verify every piece
again, under the policy and trust of the day.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput, SealpinError
from sealpin.project_files import LOCK_NAME, project_root
from sealpin.records import dataclass, replace
from sealpin.tree import EVIDENCE_FOLDER

from .. import exit_codes
from ..arguments import Parser
from ..gathering import gather
from ..options import (
    add_file_options,
    add_format_option,
    add_identity_options,
    add_policy_revision_option,
    add_registry_options,
    add_trust_options,
)
from ..subverbs import SubVerb, run_subverb
from ..targets import Targets
from ..trusted import ProjectPolicy

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from sealpin.api import Session
    from sealpin.manifests.lock import Lock
    from sealpin.manifests.site import Found
    from sealpin.policy.decision import Decision
    from sealpin.reference import ImageReference
    from sealpin.rules import Rules

    from ..evidence_verdicts import Verdict


def run(argv: Sequence[str]) -> int:
    """Run ``evidence save`` or ``evidence verify``."""
    return run_subverb("evidence", SUBVERBS, argv)


def make_save_parser() -> Parser:
    """Return the parser of ``evidence save``."""
    parser = Parser(
        prog="sealpin evidence save",
        description="Save the evidence for the images that files pin, to be verified offline.",
    )
    _add_options(parser)
    add_registry_options(parser)
    return parser


def make_verify_parser() -> Parser:
    """Return the parser of ``evidence verify``."""
    parser = Parser(
        prog="sealpin evidence verify",
        description="Verify the images that files pin from saved evidence. Opens no socket.",
    )
    _add_options(parser)
    add_format_option(parser, "text", "json", "html")
    return parser


def _add_options(parser: Parser) -> None:
    add_file_options(parser)
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="REF",
        help="this image, instead of those in files (repeatable)",
    )
    parser.add_argument(
        "--evidence-dir",
        default="",
        metavar="DIR",
        help="the folder (default: sealpin-evidence beside sealpin.lock)",
    )
    parser.add_argument(
        "--unsigned-vsa",
        default="",
        metavar="VERIFIER",
        help="write a verification summary of each verified image into the folder, for"
        " VERIFIER (a URI) to sign",
    )
    add_identity_options(parser)
    add_policy_revision_option(parser)
    add_trust_options(parser)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which images a run is about."""

    references: tuple[ImageReference, ...]
    """What there is to be evidence for: of a pinned platform the index it came from."""
    found: tuple[Found, ...] = ()
    """The pinned images of files; empty where images were named instead."""
    lock: Lock
    unreadable: tuple[InvalidInput, ...]
    unpinned: int
    """How many references in files carry no digest and are left out."""
    folder: Path
    policy: ProjectPolicy
    verifier: str
    """Whose verification summaries are written; empty where none are."""

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> _Wanted:
        from sealpin.manifests.lock import Lock
        from sealpin.pinning import asked_reference, pinned_only

        from ..pin_run import read_lock
        from ..running import parse_references

        here = Path.cwd()
        root = project_root(here)
        policy = ProjectPolicy.at(
            here, given=tuple(arguments.policy), revision=arguments.policy_from
        )
        folder = Path(arguments.evidence_dir) if arguments.evidence_dir else root / EVIDENCE_FOLDER
        verifier = _verifier(arguments)
        if arguments.image:
            return cls(
                references=parse_references(arguments.image),
                lock=Lock(),
                unreadable=(),
                unpinned=0,
                folder=folder,
                policy=policy,
                verifier=verifier,
            )
        gathered = gather(Targets.of(arguments, root=root), options=policy.find_options())
        lock = read_lock(root / LOCK_NAME)
        found = pinned_only(gathered.found)
        asked = [asked_reference(site, lock) for each in found for site in each.sites]
        return cls(
            references=tuple(dict.fromkeys(asked)),
            found=found,
            lock=lock,
            unreadable=gathered.unreadable,
            unpinned=sum(len(each.sites) for each in gathered.found) - len(asked),
            folder=folder,
            policy=policy,
            verifier=verifier,
        )

    def exit_code(self, codes: Sequence[int]) -> int:
        """Tell what was left out, and combine the items' codes with those of unreadable files."""
        from ..cli import print_error

        sys.stdout.flush()
        for error in self.unreadable:
            print_error(error)
        if self.unpinned:
            print(
                f"sealpin: references without a digest, left out: {self.unpinned}\n"
                "sealpin: next: run: sealpin pin",
                file=sys.stderr,
            )
        elif not self.references and not self.unreadable:
            print("sealpin: no image found", file=sys.stderr)
        return exit_codes.combine([*codes, *map(exit_codes.of_error, self.unreadable)])


def _verifier(arguments: argparse.Namespace) -> str:
    if not arguments.unsigned_vsa:
        return ""
    from sealpin.report.vsa import parse_verifier

    return parse_verifier(arguments.unsigned_vsa)


def _save(argv: Sequence[str]) -> int:
    arguments = make_save_parser().parse(argv)
    from ..cli import print_error
    from ..running import new_session, run_options, this_machine

    wanted = _Wanted.of(arguments)
    if not wanted.references:
        return wanted.exit_code([])
    rules = wanted.policy.rules(run_options(arguments), this_machine())
    codes = []
    saved = []
    with new_session(rules.options, registries=rules.registries) as session:
        for reference in wanted.references:
            try:
                pinned, count = _save_one(session, rules, reference, wanted.folder)
                print(f"{count} saved for {pinned}")
                saved.append(pinned)
            except SealpinError as error:
                sys.stdout.flush()
                print_error(error)
                codes.append(exit_codes.of_error(error))
    if wanted.verifier and saved:
        codes += _summarise_saved(wanted, rules, saved)
    return wanted.exit_code([*codes, *(exit_codes.VERIFIED for _pinned in saved)])


def _save_one(
    session: Session, rules: Rules, reference: ImageReference, folder: Path
) -> tuple[ImageReference, int]:
    """Save the manifest of *reference* and what the policy needs to decide on it.

    What is missing there is an error.

    Returns the reference with its digest, and how many pieces there are.
    """
    from sealpin.policy.needs import needs_of
    from sealpin.reference import ImageReference
    from sealpin.registry.evidence_store import save, save_manifest

    from ..running import this_machine

    now_utc = this_machine().clock.now_utc()
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
    wanted: _Wanted, rules: Rules, references: Sequence[ImageReference]
) -> list[int]:
    """Verify what was just saved, write the summaries and say so; returns the images' codes."""
    from ..evidence_folder import open_evidence
    from ..reports import print_refusals

    with open_evidence(wanted.folder, rules) as saved:
        decisions = saved.decide(references, rules.policies)
        lines = _summarise(wanted, rules, decisions, now_utc=saved.now_utc)
    print("\n".join(lines))
    sys.stdout.flush()
    print_refusals(decisions)
    return [exit_codes.of_outcome(decision.outcome.value) for decision in decisions]


def _summarise(
    wanted: _Wanted, rules: Rules, decisions: Sequence[Decision], *, now_utc: datetime
) -> list[str]:
    """Write the summary of each decision; returns a line for people about each image."""
    from ..summaries import Summaries

    summaries = Summaries(
        folder=wanted.folder,
        verifier=wanted.verifier,
        policies=rules.policies,
        now_utc=now_utc,
    )
    return [summaries.write(decision) for decision in decisions]


def _verify(argv: Sequence[str]) -> int:
    arguments = make_verify_parser().parse(argv)
    from ..reports import print_report

    wanted = _Wanted.of(arguments)
    # An image without a digest was not verified, and this verb is asked whether all are.
    codes = [exit_codes.REFUSED] * wanted.unpinned
    if not wanted.references and arguments.format == "text":
        return wanted.exit_code(codes)
    verdicts = _decide_saved(arguments, wanted) if wanted.references else []
    decisions = [verdict.decision for verdict in verdicts]
    print_report(
        decisions,
        arguments.format,
        platforms=[verdict.platform for verdict in verdicts],
        details=[verdict.lines for verdict in verdicts],
    )
    codes += [exit_codes.of_outcome(decision.outcome.value) for decision in decisions]
    return wanted.exit_code(codes)


def _decide_saved(arguments: argparse.Namespace, wanted: _Wanted) -> list[Verdict]:
    """Decide on saved evidence alone."""
    from ..evidence_folder import open_evidence
    from ..evidence_verdicts import Verdict, verdicts_on_files
    from ..running import run_options, this_machine

    rules = wanted.policy.rules(run_options(arguments, offline=True), this_machine())
    with open_evidence(wanted.folder, rules) as saved:
        if wanted.found:
            verdicts = verdicts_on_files(saved, rules.policies, wanted.found, known=wanted.lock)
        else:
            decided = saved.decide(wanted.references, rules.policies)
            verdicts = [Verdict(decision=decision) for decision in decided]
        if not wanted.verifier:
            return verdicts
        decisions = [verdict.decision for verdict in verdicts]
        lines = _summarise(wanted, rules, decisions, now_utc=saved.now_utc)
    return [
        replace(verdict, lines=(*verdict.lines, f"    {line}"))
        for verdict, line in zip(verdicts, lines, strict=True)
    ]


SUBVERBS = {
    "save": SubVerb(
        description="save the evidence for pinned images", make_parser=make_save_parser, run=_save
    ),
    "verify": SubVerb(
        description="verify pinned images from saved evidence",
        make_parser=make_verify_parser,
        run=_verify,
    ),
}
