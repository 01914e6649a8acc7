# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What ``check`` does: hold files against the lock, the lock against policy and trust, then verify.

1. Find the images of every file.
2. Each must be pinned, to the digest the lock has proof for.
3. That proof must be of the policy and the trusted roots there are now; otherwise it says what must
   be verified again. A project without a policy leaves this out.
4. If asked: verify every pinned digest, by the registry or by saved evidence.
5. Report.

Steps 1 to 3 open no socket, whatever the options say.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealpin.errors import InvalidInput
from sealpin.records import dataclass, replace
from sealpin.tree import EVIDENCE_FOLDER

from . import exit_codes
from .arguments import UsageError
from .gathering import Gathered, gather
from .project import LOCK_NAME, project_root
from .targets import Targets
from .trusted import ProjectPolicy

if TYPE_CHECKING:
    from sealpin.manifests.lock import Lock
    from sealpin.manifests.site import ImageSite, Remark
    from sealpin.policy.decision import Decision
    from sealpin.policy.model import PolicySet
    from sealpin.rules import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """One run of ``check``."""

    arguments: argparse.Namespace
    root: Path
    targets: Targets
    policy: ProjectPolicy

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> CheckRun:
        """Take the command line. Raises `InvalidInput`."""
        if arguments.verify and arguments.evidence:
            raise UsageError("usage", "--verify asks the registry, --evidence does not: choose one")
        here = Path.cwd()
        root = project_root(here)
        return cls(
            arguments=arguments,
            root=root,
            targets=Targets.of(arguments, root=root),
            policy=ProjectPolicy.at(
                here, given=tuple(arguments.policy), revision=arguments.policy_from
            ),
        )

    def run(self) -> int:
        """Run the steps and return the exit code."""
        # 1.
        gathered = gather(self.targets, options=self.policy.find_options())
        if gathered.is_empty and self.arguments.format == "text":
            return exit_codes.VERIFIED
        sites = [site for found in gathered.found for site in found.sites]
        errors = list(gathered.unreadable)
        remarks = [remark for found in gathered.found for remark in found.remarks]
        # 2., 3.
        try:
            remarks += self._compare(sites)
        except InvalidInput as error:
            errors.append(error)
        # 4.
        decisions = self._verify([site for site in sites if site.is_pinned])
        # 5.
        gathered = replace(gathered, unreadable=tuple(errors))
        return self._report(gathered, sites, remarks, decisions)

    def _compare(self, sites: Sequence[ImageSite]) -> list[Remark]:
        from sealpin.manifests.lock_check import stale_entries, stale_remark

        from .pin_run import read_lock

        lock = read_lock(self.root / LOCK_NAME)
        rules = self._rules_offline() if sites and lock.entries and self.policy.files else None
        remarks = list(_compare_sites(lock, sites, rules.policies if rules else None))
        if self.targets.is_whole_project:
            stale = stale_entries(lock, sites)
            remarks += [stale_remark(entry, lock_file=LOCK_NAME) for entry in stale]
        return remarks

    def _rules_offline(self) -> Rules:
        from .running import run_options, this_machine

        options = run_options(self.arguments, offline=True)
        return self.policy.rules(options, this_machine())

    def _verify(self, sites: Sequence[ImageSite]) -> tuple[Decision, ...]:
        """Decide on what stands in the files, once for each image."""
        if not sites or not (self.arguments.verify or self.arguments.evidence):
            return ()
        from .running import new_session, run_options, this_machine

        references = tuple(dict.fromkeys(site.reference for site in sites))
        if self.arguments.verify:
            rules = self.policy.rules(run_options(self.arguments), this_machine())
            with new_session(rules.options, registries=rules.registries) as session:
                return session.decide(references, rules.policies)
        from .evidence_folder import open_evidence

        rules = self._rules_offline()
        with open_evidence(self._evidence_folder(), rules) as saved:
            return saved.decide(references, rules.policies)

    def _evidence_folder(self) -> Path:
        given = self.arguments.evidence_dir
        return Path(given) if given else self.root / EVIDENCE_FOLDER

    def _report(
        self,
        gathered: Gathered,
        sites: Sequence[ImageSite],
        remarks: Sequence[Remark],
        decisions: Sequence[Decision],
    ) -> int:
        from sealpin.report.document import decision_to_dict, report_document
        from sealpin.report.files import remark_to_dict

        from .file_report import FileReport, error_entry

        shown = [remark_to_dict(remark, strict=self.arguments.strict) for remark in remarks]
        codes = [exit_codes.REFUSED for remark in shown if remark["severity"] == "error"]
        codes += [exit_codes.of_outcome(decision.outcome.value) for decision in decisions]
        codes += map(exit_codes.of_error, gathered.unreadable)
        codes += [exit_codes.VERIFIED for _site in sites]
        document = report_document(
            map(decision_to_dict, decisions),
            verb="check",
            dry_run=False,
            checked=len(sites),
            sites=list(_unproven_sites(sites, decisions)),
            remarks=shown,
            errors=[error_entry(error) for error in gathered.unreadable],
            lock={"changed": False},
        )
        report = FileReport(document=document, exit_code=exit_codes.combine(codes))
        report.print(sys.stdout, form=self.arguments.format, verbose=self.arguments.verbose)
        return report.exit_code


def _unproven_sites(
    sites: Sequence[ImageSite], decisions: Sequence[Decision]
) -> Iterator[dict[str, Any]]:
    """Tell where each image stands that was refused or could not be checked."""
    from sealpin.policy.decision import Outcome
    from sealpin.report.document import main_code, main_message
    from sealpin.report.files import site_to_dict

    actions = {Outcome.DENIED: "refuse", Outcome.INCONCLUSIVE: "unchecked"}
    by_reference = {decision.reference: decision for decision in decisions}
    for site in sites:
        decision = by_reference.get(site.reference)
        if decision is not None and decision.outcome in actions:
            yield site_to_dict(
                site,
                action=actions[decision.outcome],
                after=site.text,
                code=main_code(decision),
                message=main_message(decision),
                hint="",
            )


def _compare_sites(
    lock: Lock, sites: Sequence[ImageSite], policies: PolicySet | None
) -> Iterator[Remark]:
    """Compare each site; an entry's roots are those behind the authorities that proved it."""
    from sealpin.digest import Digest
    from sealpin.manifests.lock_check import check_sites
    from sealpin.policy.fingerprint import root_digest

    policy = Digest.parse(policies.digest) if policies is not None else None
    roots: dict[frozenset[str], Digest | None] = {frozenset(): None}
    for site in sites:
        authorities = frozenset(
            proof.authority
            for entry in lock.find(site.reference)
            if entry.digest == site.reference.digest
            for proof in entry.proofs
        )
        if policies is not None and authorities not in roots:
            roots[authorities] = root_digest(policies, authorities)
        root = roots.get(authorities)
        yield from check_sites(lock, [site], policy=policy, trusted_root=root)
