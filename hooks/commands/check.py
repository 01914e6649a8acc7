# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin check``: everything is pinned and agrees with ``sealpin.lock``. Opens no socket.

The answer is "consistent", never "verified": lock and files lie in one repository.
"""

from __future__ import annotations

from .. import exit_codes
from ..arguments import Parser
from ..options import add_format_option
from ..quick import has_nothing_to_do

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealpin.manifests.lock import Lock
    from sealpin.manifests.site import ImageSite, Remark


def run(argv: Sequence[str]) -> int:
    """Check; exit 1 if something is unpinned or differs."""
    parser = Parser(
        prog="sealpin check",
        description="Check offline that files are pinned and agree with sealpin.lock.",
    )
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATH", help="files or folders")
    parser.add_switch("--strict", help="count warnings as errors")
    parser.add_switch("--verbose", help="list what needs no attention too")
    add_format_option(parser, "text", "json")
    arguments = parser.parse(argv)
    if arguments.format == "text" and has_nothing_to_do(arguments.paths):
        return exit_codes.VERIFIED

    import json
    import sys
    from pathlib import Path

    from ..gathering import gather

    gathered = gather(arguments.paths)
    if not gathered.found and not gathered.unreadable:
        return exit_codes.VERIFIED

    from sealpin.report.document import report_document
    from sealpin.report.files import file_lines, remark_to_dict

    from ..pin_run import read_lock
    from ..project import LOCK_NAME, project_root
    from ..terminal import style_for

    lock_path = project_root(Path.cwd()) / LOCK_NAME
    sites = [site for found in gathered.found for site in found.sites]
    is_whole = any(Path(path).resolve() == lock_path.parent.resolve() for path in arguments.paths)
    remarks = [remark for found in gathered.found for remark in found.remarks]
    remarks += _compare(read_lock(lock_path), sites, is_whole=is_whole)
    shown = [remark_to_dict(remark, strict=arguments.strict) for remark in remarks]
    errors = [{"code": e.code, "message": e.message, "hint": e.hint} for e in gathered.unreadable]
    document = report_document((), remarks=shown, errors=errors, checked=len(sites))
    if arguments.format == "json":
        print(json.dumps(document, indent=2))
    else:
        style = style_for(sys.stdout)
        for line in file_lines((), shown, style, verbose=arguments.verbose):
            print(line)
        for error in errors:
            print(f"error: {error['message']} [{error['code']}]")
        bad = sum(remark["severity"] == "error" for remark in shown)
        state = f"{bad} of {len(sites)} not as they should be" if bad else "consistent"
        print(f"{len(sites)} image references: {state}")
    codes = [exit_codes.REFUSED for remark in shown if remark["severity"] == "error"]
    codes += [exit_codes.BAD_INPUT for _turn in errors]
    return exit_codes.combine(codes)


def _compare(lock: Lock, sites: list[ImageSite], *, is_whole: bool) -> list[Remark]:
    from sealpin.manifests.lock_check import check_sites, stale_entries, stale_remark

    from ..project import LOCK_NAME

    remarks = list(check_sites(lock, sites, policy=None, trusted_root=None))
    if is_whole:
        stale = stale_entries(lock, sites)
        remarks += [stale_remark(entry, lock_file=LOCK_NAME) for entry in stale]
    return remarks
