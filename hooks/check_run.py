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
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput
from sealpin.project_files import LOCK_NAME, project_root
from sealpin.records import dataclass, replace
from sealpin.tree import EVIDENCE_FOLDER

from . import exit_codes
from .arguments import UsageError
from .gathering import Gathered, gather
from .targets import Targets
from .trusted import ProjectPolicy

if TYPE_CHECKING:
    from sealpin.manifests.lock import Lock
    from sealpin.manifests.site import ImageSite, Remark
    from sealpin.pinning import SiteResult
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
        has_entries = self.targets.is_whole_project and (self.root / LOCK_NAME).exists()
        if gathered.is_empty and not has_entries and self.arguments.format == "text":
            return exit_codes.VERIFIED
        sites = [site for found in gathered.found for site in found.sites]
        remarks = [remark for found in gathered.found for remark in found.remarks]
        # 2., 3.
        lock, lock_errors = self._read_lock()
        if not lock_errors:
            remarks += self._compare(lock, sites)
        # 4.
        results = self._verify(gathered, lock)
        # 5.
        gathered = replace(gathered, unreadable=(*gathered.unreadable, *lock_errors))
        return self._report(gathered, sites, remarks, results)

    def _read_lock(self) -> tuple[Lock, tuple[InvalidInput, ...]]:
        from sealpin.manifests.lock import Lock

        from .pin_run import read_lock

        try:
            return read_lock(self.root / LOCK_NAME), ()
        except InvalidInput as error:
            return Lock(), (error,)

    def _compare(self, lock: Lock, sites: Sequence[ImageSite]) -> list[Remark]:
        from sealpin.manifests.lock_check import stale_entries, stale_remark

        rules = self._rules_offline() if sites and lock.entries and self.policy.files else None
        remarks = list(_compare_sites(lock, sites, rules.policies if rules else None))
        if self.targets.is_whole_project:
            stale = stale_entries(lock, sites)
            remarks += [stale_remark(lock, entry, lock_file=LOCK_NAME) for entry in stale]
        return remarks

    def _rules_offline(self) -> Rules:
        from .running import run_options, this_machine

        options = run_options(self.arguments, offline=True)
        return self.policy.rules(options, this_machine())

    def _verify(self, gathered: Gathered, lock: Lock) -> tuple[SiteResult, ...]:
        """Decide on what stands in the files, once for each image."""
        is_asked = self.arguments.verify or self.arguments.evidence
        if not is_asked:
            return ()
        from sealpin.pinning import pin_files, pinned_only

        pinned = pinned_only(gathered.found)
        if not any(found.sites for found in pinned):
            return ()
        from .running import new_session, run_options, this_machine

        if self.arguments.verify:
            rules = self.policy.rules(run_options(self.arguments), this_machine())
            with new_session(rules.options, registries=rules.registries) as session:
                files = pin_files(session, rules.policies, pinned, known=lock, with_platforms=False)
        else:
            from .evidence_folder import open_evidence

            rules = self._rules_offline()
            with open_evidence(self._evidence_folder(), rules) as saved:
                files = pin_files(saved, rules.policies, pinned, known=lock, with_platforms=False)
        return tuple(result for file in files for result in file.sites)

    def _evidence_folder(self) -> Path:
        given = self.arguments.evidence_dir
        return Path(given) if given else self.root / EVIDENCE_FOLDER

    def _report(
        self,
        gathered: Gathered,
        sites: Sequence[ImageSite],
        remarks: Sequence[Remark],
        results: Sequence[SiteResult],
    ) -> int:
        from sealpin.pinning import Action
        from sealpin.report.document import decision_to_dict, report_document
        from sealpin.report.files import remark_to_dict

        from .file_report import FileReport, error_entry
        from .pin_report import CODES, decisions_of, site_entry

        shown = [remark_to_dict(remark, strict=self.arguments.strict) for remark in remarks]
        codes = [exit_codes.REFUSED for remark in shown if remark["severity"] == "error"]
        codes += [CODES[result.action] for result in results]
        codes += map(exit_codes.of_error, gathered.unreadable)
        codes += [exit_codes.VERIFIED for _site in sites]
        document = report_document(
            map(decision_to_dict, decisions_of(results)),
            verb="check",
            dry_run=False,
            checked=len(sites),
            sites=[site_entry(result) for result in results if result.action is not Action.KEEP],
            remarks=shown,
            errors=[error_entry(error) for error in gathered.unreadable],
            lock={"changed": False},
        )
        report = FileReport(document=document, exit_code=exit_codes.combine(codes))
        report.print(sys.stdout, form=self.arguments.format, verbose=self.arguments.verbose)
        return report.exit_code


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
            proof.authority for entry in lock.find_pinned(site.reference) for proof in entry.proofs
        )
        if policies is not None and authorities not in roots:
            roots[authorities] = root_digest(policies, authorities)
        root = roots.get(authorities)
        yield from check_sites(lock, [site], policy=policy, trusted_root=root)
