# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What ``pin`` and ``update`` share: find, decide, splice, write, record, report.

1. Find the images of every file; with none there is nothing to trust and nothing to ask.
2. Load the rules, decide on every image, make the pins.
3. Rewrite each file whose pins change it; a file that fails keeps its bytes, the others go on.
4. Write ``sealpin.lock`` if what it records changed.
5. Report every reference that was found.

With ``-`` the text of standard input takes the place of the files: it goes to standard output with
its pins, the report goes to standard error, and no file is written, the lock included.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput, SealpinError
from sealpin.project_files import LOCK_NAME, project_root
from sealpin.records import dataclass, field

from . import exit_codes
from .gathering import Gathered, gather
from .targets import Targets
from .trusted import ProjectPolicy

if TYPE_CHECKING:
    from sealpin.manifests.lock import Lock
    from sealpin.manifests.lock_entry import LockEntry
    from sealpin.manifests.options import FindOptions
    from sealpin.pinning import FileResult
    from sealpin.rules import Rules

    from .replacements import Replacements


@dataclass(slots=True, kw_only=True)
class _Written:
    """What steps 3 and 4 did."""

    diffs: list[str] = field(default_factory=list)
    failed: dict[str, SealpinError] = field(default_factory=dict)
    is_lock_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRun:
    """One run of ``pin`` or ``update``."""

    verb: str
    arguments: argparse.Namespace
    root: Path
    """Of the project: where configuration and lock are."""
    targets: Targets
    policy: ProjectPolicy
    options: FindOptions | None

    @classmethod
    def of(cls, verb: str, arguments: argparse.Namespace) -> PinRun:
        """Take the command line. Raises `InvalidInput` and `PolicyInvalid`."""
        here = Path.cwd()
        root = project_root(here)
        policy = ProjectPolicy.at(
            here, given=tuple(arguments.policy), revision=arguments.policy_from
        )
        return cls(
            verb=verb,
            arguments=arguments,
            root=root,
            targets=Targets.of(arguments, root=root),
            policy=policy,
            options=policy.find_options(),
        )

    def run(self) -> int:
        """Run the steps and return the exit code."""
        # 1.
        gathered = gather(self.targets, options=self.options)
        if not any(found.sites for found in gathered.found):
            self._pass_stdin_on()
            written = self._empty_lock(gathered)
            is_silent = gathered.is_empty and not written.is_lock_changed
            if is_silent and self.arguments.format == "text":
                return exit_codes.VERIFIED
            return self._report((), gathered, written, None)
        # 2.
        lock, lock_error = self._read_lock()
        results, rules = self._decide(gathered, lock)
        # 3.
        written = self._write_files(results)
        # 4.
        if lock_error is not None:
            written.failed[LOCK_NAME] = lock_error
        elif not self.targets.is_stdin:
            from sealpin.pinning import lock_entries

            kept = self._kept_entries(lock, gathered, results, written)
            done = [result for result in results if result.file not in written.failed]
            self._write_lock(
                lock, (*kept, *lock_entries(done, rules.policies, known=lock)), written
            )
        # 5.
        return self._report(results, gathered, written, lock)

    def _read_lock(self) -> tuple[Lock, SealpinError | None]:
        """Return the lock; a damaged one stays as it is, and stops only who relies on it."""
        from sealpin.manifests.lock import Lock

        try:
            return read_lock(self.root / LOCK_NAME), None
        except InvalidInput as error:
            if self.verb == "update":  # without the lock a tag that went back would go unnoticed
                raise
            return Lock(), error

    def _decide(self, gathered: Gathered, lock: Lock) -> tuple[Sequence[FileResult], Rules]:
        from sealpin.descriptor import Platform
        from sealpin.pinning import Update, pin_files

        from .running import new_session, run_options, this_machine
        from .terminal import Progress

        arguments = self.arguments
        rules = self.policy.rules(run_options(arguments), this_machine())
        update = None
        if self.verb == "update":
            update = Update(lock=lock, unsafe_allow_rollback=arguments.unsafe_allow_rollback)
        with new_session(rules.options, registries=rules.registries) as session:
            results = pin_files(
                session,
                rules.policies,
                gathered.found,
                known=lock,
                platform=Platform.parse(arguments.platform) if arguments.platform else None,
                update=update,
                on_progress=Progress(),
            )
        return results, rules

    def _write_files(self, results: Sequence[FileResult]) -> _Written:
        if self.targets.is_stdin:
            return self._write_through(results)
        from .replacements import Replacements

        diffs: dict[str, str] = {}
        failed: dict[str, SealpinError] = {}
        with Replacements() as replacements:
            for result in results:
                if not result.is_change:
                    continue
                try:
                    diffs[result.file] = self._write_file(result, replacements)
                except SealpinError as error:
                    failed[result.file] = error
        failed |= replacements.failed
        shown = [diff for file, diff in diffs.items() if diff and file not in failed]
        return _Written(diffs=shown, failed=failed)

    def _write_file(self, result: FileResult, replacements: Replacements) -> str:
        """Splice one file's pins, begin to write it unless it is a dry run; return its diff."""
        from sealpin.regular_files import read_file

        old = read_file(Path(result.file))
        after = self._spliced(old.data, result)
        if not self.arguments.dry_run:
            replacements.add(result.file, old, after)
        return self._diff(result.file, old.data, after)

    def _write_through(self, results: Sequence[FileResult]) -> _Written:
        """Write the text of standard input with its pins; as it was where that fails."""
        written = _Written()
        for result in results:
            before = self.targets.read(result.file)
            try:
                after = self._spliced(before, result)
            except SealpinError as error:
                written.failed[result.file] = error
                self._pass_stdin_on()
            else:
                _write_stdout(before if self.arguments.dry_run else after)
                written.diffs += filter(None, [self._diff(result.file, before, after)])
        return written

    def _spliced(self, before: bytes, result: FileResult) -> bytes:
        from sealpin.manifests.rewrite import apply
        from sealpin.manifests.site import TagStyle

        style = TagStyle(self.arguments.tag)
        return apply(before, result.pins, style=style, options=self.options)

    def _diff(self, file: str, before: bytes, after: bytes) -> str:
        if not self.arguments.diff or after == before:
            return ""
        from .diffs import unified_diff

        return unified_diff(file, before, after)

    def _pass_stdin_on(self) -> None:
        """A filter that changes nothing still answers with what it was given."""
        if self.targets.stdin is not None:
            _write_stdout(self.targets.stdin)

    def _empty_lock(self, gathered: Gathered) -> _Written:
        """Drop what the lock says of a project whose last image is gone."""
        written = _Written()
        is_whole = self.targets.is_whole_project and not gathered.unreadable
        if is_whole and (self.root / LOCK_NAME).exists():
            lock, error = self._read_lock()
            if error is None:
                self._write_lock(lock, (), written)
        return written

    def _kept_entries(
        self, lock: Lock, gathered: Gathered, results: Sequence[FileResult], written: _Written
    ) -> tuple[LockEntry, ...]:
        """Return the entries that stay whatever this run proved.

        A run over the whole project drops those that no file names, but none of an image or a file
        it could not look at. An image that is refused leaves the old pin where it stands, and with
        it the proof that the next update must not go behind.
        """
        from sealpin.pinning import Action, entries_left

        still = {Action.UNCHECKED, Action.REFUSE}
        if not self.targets.is_whole_project or gathered.unreadable:
            done = [result for result in results if result.file not in written.failed]
            return entries_left(lock, done, self.root)
        unseen = dict.fromkeys(
            result.site.moving_reference
            for file in results
            for result in file.sites
            if result.action in still or file.file in written.failed
        )
        return tuple(entry for reference in unseen for entry in lock.find(reference))

    def _write_lock(self, lock: Lock, entries: Sequence[LockEntry], written: _Written) -> None:
        from sealpin.manifests.lock import Lock

        from .staging import create_file

        new = Lock.of(entries)
        if new == lock:
            return
        try:
            if not self.arguments.dry_run:
                create_file(self.root / LOCK_NAME, new.dump())
            written.is_lock_changed = True
        except SealpinError as error:
            written.failed[LOCK_NAME] = error

    def _report(
        self,
        results: Sequence[FileResult],
        gathered: Gathered,
        written: _Written,
        lock: Lock | None,
    ) -> int:
        from sealpin.manifests.site import TagStyle

        from .pin_report import pin_report

        report = pin_report(
            self.verb,
            results,
            gathered=gathered,
            lock=lock,
            failed=written.failed,
            style=TagStyle(self.arguments.tag),
            strict=self.arguments.strict,
            dry_run=self.arguments.dry_run,
            is_lock_changed=written.is_lock_changed,
        )
        report.print(
            sys.stderr if self.targets.is_stdin else sys.stdout,
            form=self.arguments.format,
            diffs=written.diffs,
            verbose=self.arguments.verbose,
        )
        return report.exit_code


def read_lock(path: Path) -> Lock:
    """Return the lock at *path*; empty if there is none. Raises `InvalidInput` ``lock.*``."""
    from sealpin.manifests.lock import Lock
    from sealpin.regular_files import read_file

    if not path.exists():
        return Lock()
    return Lock.parse(read_file(path).data)


def _write_stdout(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
