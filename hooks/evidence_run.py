# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run of ``sealpin evidence`` is about: images, a folder and the policy they are held to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput
from sealpin.project_files import LOCK_NAME, project_root
from sealpin.records import dataclass
from sealpin.tree import EVIDENCE_FOLDER

from . import exit_codes
from .arguments import Parser
from .gathering import gather
from .options import (
    add_file_options,
    add_identity_options,
    add_policy_revision_option,
    add_trust_options,
)
from .targets import Targets
from .trusted import ProjectPolicy

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from sealpin.manifests.lock import Lock
    from sealpin.manifests.options import FindOptions
    from sealpin.manifests.site import Found
    from sealpin.policy.decision import Decision
    from sealpin.reference import ImageReference
    from sealpin.rules import Rules


def add_options(parser: Parser) -> None:
    """Add what ``save`` and ``verify`` have in common."""
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
class EvidenceImages:
    """The images that were named, or else those that files pin."""

    references: tuple[ImageReference, ...]
    """What there is to be evidence for: of a pinned platform the index it came from."""
    found: tuple[Found, ...] = ()
    """The pinned images of files; empty where images were named instead."""
    lock: Lock
    unreadable: tuple[InvalidInput, ...] = ()
    unpinned: int = 0
    """How many references in files carry no digest and are left out."""

    @classmethod
    def named(cls, words: list[str]) -> EvidenceImages:
        """Take the images called *words*. Raises `InvalidInput` for one that is no reference."""
        from sealpin.manifests.lock import Lock

        from .running import parse_references

        return cls(references=parse_references(words), lock=Lock())

    @classmethod
    def pinned(cls, targets: Targets, *, root: Path, options: FindOptions | None) -> EvidenceImages:
        """Take the images that the files of *targets* pin, a platform's by the lock in *root*."""
        from sealpin.pinning import asked_reference, pinned_only

        from .pin_run import read_lock

        gathered = gather(targets, options=options)
        lock = read_lock(root / LOCK_NAME)
        found = pinned_only(gathered.found)
        asked = [asked_reference(site, lock) for each in found for site in each.sites]
        return cls(
            references=tuple(dict.fromkeys(asked)),
            found=found,
            lock=lock,
            unreadable=gathered.unreadable,
            unpinned=sum(len(each.sites) for each in gathered.found) - len(asked),
        )

    def exit_code(self, codes: Sequence[int]) -> int:
        """Tell what was left out, and combine the items' codes with those of what is wrong.

        A reference without a digest is: neither verb could do for it what it was asked for.
        """
        from .cli import print_error

        sys.stdout.flush()
        for error in self.unreadable:
            print_error(error)
        if self.unpinned:
            text = f"references without a digest, left out: {self.unpinned}"
            print_error(InvalidInput("evidence.unpinned", text, hint="run: sealpin pin"))
        elif not self.references and not self.unreadable:
            print("sealpin: no image found", file=sys.stderr)
        amiss = [*map(exit_codes.of_error, self.unreadable), *[exit_codes.REFUSED] * self.unpinned]
        return exit_codes.combine([*codes, *amiss])


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRun:
    """What one run was asked for."""

    images: EvidenceImages
    folder: Path
    policy: ProjectPolicy
    verifier: str
    """Whose verification summaries are written; empty where none are."""

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> EvidenceRun:
        """Read the options that `add_options` adds."""
        here = Path.cwd()
        root = project_root(here)
        policy = ProjectPolicy.at(
            here, given=tuple(arguments.policy), revision=arguments.policy_from
        )
        verifier = _verifier(arguments)
        if arguments.image:
            images = EvidenceImages.named(arguments.image)
        else:
            targets = Targets.of(arguments, root=root)
            images = EvidenceImages.pinned(targets, root=root, options=policy.find_options())
        return cls(
            images=images,
            folder=Path(arguments.evidence_dir)
            if arguments.evidence_dir
            else root / EVIDENCE_FOLDER,
            policy=policy,
            verifier=verifier,
        )

    def summarise(
        self, rules: Rules, decisions: Sequence[Decision], *, now_utc: datetime
    ) -> list[str]:
        """Write the summary of each decision; returns a line for people about each image."""
        from .summaries import Summaries

        summaries = Summaries(
            folder=self.folder,
            verifier=self.verifier,
            policies=rules.policies,
            now_utc=now_utc,
        )
        return [summaries.write(decision) for decision in decisions]


def _verifier(arguments: argparse.Namespace) -> str:
    if not arguments.unsigned_vsa:
        return ""
    from sealpin.report.vsa import parse_verifier

    return parse_verifier(arguments.unsigned_vsa)
