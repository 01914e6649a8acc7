# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What ``pin`` and ``update`` share: find, decide, splice, write, record, report.

1. Find the images of every file; with none there is nothing to trust and nothing to ask.
2. Load the rules, decide on every image, make the pins.
3. Rewrite each file whose pins change it; a file that fails keeps its bytes, the others go on.
4. Write ``sealpin.lock`` if what it records changed.
5. Report every reference that was found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import SealpinError

from . import exit_codes
from .gathering import Gathered, gather

if TYPE_CHECKING:
    from sealpin.manifests.lock import Lock
    from sealpin.pinning import FileResult
    from sealpin.rules import Rules


@dataclass(slots=True, kw_only=True)
class _Written:
    """What step 3 did."""

    diffs: list[str] = field(default_factory=list)
    failed: dict[str, SealpinError] = field(default_factory=dict)


def run_pins(arguments: argparse.Namespace, *, moves: bool) -> int:
    """Run the steps and return the exit code."""
    # 1.
    gathered = gather(arguments.paths)
    if not any(found.sites for found in gathered.found):
        return _report_nothing(gathered, arguments)

    from sealpin.descriptor import Platform
    from sealpin.pinning import Update, pin_files

    from .project import LOCK_NAME, project_root
    from .running import new_session, run_options, this_machine
    from .terminal import Progress
    from .trusted import project_rules

    # 2.
    here = Path.cwd()
    rules = project_rules(run_options(arguments), this_machine())
    lock_path = project_root(here) / LOCK_NAME
    lock = read_lock(lock_path)
    update = None
    if moves:
        update = Update(lock=lock, unsafe_allow_rollback=arguments.unsafe_allow_rollback)
    with new_session(rules.options, mirrors=rules.mirrors) as session:
        results = pin_files(
            session,
            rules.policies,
            gathered.found,
            platform=Platform.parse(arguments.platform) if arguments.platform else None,
            update=update,
            on_progress=Progress(),
        )
    # 3.
    written = _write_files(results, arguments)
    # 4.
    kept = [result for result in results if result.file not in written.failed]
    lock_changed = _write_lock(lock_path, lock, kept, rules, arguments)
    # 5.
    return _report(results, gathered, written, arguments, lock_changed=lock_changed)


def read_lock(path: Path) -> Lock:
    """Return the lock at *path*; empty if there is none. Raises `InvalidInput` ``lock.*``."""
    from sealpin.manifests.lock import Lock

    from .files import read_file

    if not path.exists():
        return Lock()
    return Lock.parse(read_file(path).data)


def _write_files(results: Sequence[FileResult], arguments: argparse.Namespace) -> _Written:
    from sealpin.manifests.rewrite import apply
    from sealpin.manifests.site import TagStyle

    from .diffs import unified_diff
    from .files import read_file, replace_file

    written = _Written()
    for result in results:
        if not result.is_change:
            continue
        try:
            old = read_file(Path(result.file))
            data = apply(old.data, result.pins, style=TagStyle(arguments.tag))
            if arguments.diff:
                written.diffs.append(unified_diff(result.file, old.data, data))
            if not arguments.dry_run:
                replace_file(old, data)
        except SealpinError as error:
            written.failed[result.file] = error
    return written


def _write_lock(
    path: Path,
    lock: Lock,
    results: Sequence[FileResult],
    rules: Rules,
    arguments: argparse.Namespace,
) -> bool:
    from sealpin.manifests.lock import Lock
    from sealpin.pinning import lock_entries

    from .files import create_file

    entries = lock_entries(results, rules.policies)
    is_whole = any(Path(p).resolve() == path.parent.resolve() for p in arguments.paths)
    new = Lock.of(entries if is_whole else (*lock.entries, *entries))
    if new == lock:
        return False
    if not arguments.dry_run:
        create_file(path, new.dump())
    return True


def _report_nothing(gathered: Gathered, arguments: argparse.Namespace) -> int:
    if not gathered.unreadable and not gathered.found and arguments.format == "text":
        return exit_codes.VERIFIED
    return _report((), gathered, _Written(), arguments, lock_changed=False)


def _report(
    results: Sequence[FileResult],
    gathered: Gathered,
    written: _Written,
    arguments: argparse.Namespace,
    *,
    lock_changed: bool,
) -> int:
    from .pin_report import PinReport

    report = PinReport.of(
        results,
        remarks=[remark for found in gathered.found for remark in found.remarks],
        failed=written.failed,
        unreadable=gathered.unreadable,
        strict=arguments.strict,
        lock_changed=lock_changed,
    )
    if arguments.format == "json":
        print(report.as_json())
    else:
        report.print_text(sys.stdout, diffs=written.diffs, verbose=arguments.verbose)
    return report.exit_code
