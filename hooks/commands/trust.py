# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin trust``: what signatures are verified against, and how it is renewed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealpin.errors import InvalidInput

from .. import exit_codes
from ..arguments import Parser, UsageError
from ..options import add_format_option
from ..subverbs import SubVerb, run_subverb

if TYPE_CHECKING:
    import argparse

    from sealpin.run_options import Machine
    from sealpin.trust.show import TrustDescription
    from sealpin.trust.tuf_cache import TufRepository


def run(argv: Sequence[str]) -> int:
    """Run ``trust show`` or ``trust update``."""
    return run_subverb("trust", SUBVERBS, argv)


def make_show_parser() -> Parser:
    """Return the parser of ``trust show``."""
    parser = Parser(
        prog="sealpin trust show",
        description="Show what signatures are verified against. Opens no socket.",
    )
    parser.add_argument(
        "--trusted-root", default="", metavar="FILE", help="show this trusted_root.json"
    )
    parser.add_switch("--all", help="also list keys whose window has ended")
    add_format_option(parser, "text", "json")
    return parser


def make_update_parser() -> Parser:
    """Return the parser of ``trust update``."""
    parser = Parser(
        prog="sealpin trust update",
        description="Refresh the trusted root with The Update Framework, and show it.",
    )
    parser.add_argument(
        "--mirror", default="", metavar="URL", help="another TUF repository; needs --root"
    )
    parser.add_argument(
        "--root", default="", metavar="FILE", help="the first root.json of that repository"
    )
    parser.add_argument(
        "--output", default="", metavar="FILE", help="also write the trusted_root.json here"
    )
    parser.add_switch("--all", help="also list keys whose window has ended")
    add_format_option(parser, "text", "json")
    return parser


def _show(argv: Sequence[str]) -> int:
    arguments = make_show_parser().parse(argv)
    from sealpin.regular_files import read_file
    from sealpin.trust.current import current_root
    from sealpin.trust.root_json import parse_trusted_root
    from sealpin.trust.show import describe

    from ..running import this_machine

    machine = this_machine()
    now_utc = machine.clock.now_utc()
    if arguments.trusted_root:
        path = arguments.trusted_root
        root = parse_trusted_root(read_file(Path(path)).data, what=path)
        shown = describe(root, origin=path, dated_utc=None, now_utc=now_utc)
    else:
        current = current_root(cache_folder=_cache(machine), now_utc=now_utc, is_offline=True)
        shown = describe(
            current.root, origin=current.origin, dated_utc=current.dated_utc, now_utc=now_utc
        )
        if current.warning is not None:
            machine.notify(str(current.warning))
    _print(shown, arguments)
    return exit_codes.VERIFIED


def _update(argv: Sequence[str]) -> int:
    arguments = make_update_parser().parse(argv)
    from sealpin.trust.root_json import parse_trusted_root
    from sealpin.trust.show import describe
    from sealpin.trust.tuf_client import refresh

    from ..running import this_machine
    from ..staging import create_file

    machine = this_machine()
    repository = _repository(arguments)
    now_utc = machine.clock.now_utc()
    fresh = refresh(repository, cache_folder=_cache(machine), now_utc=now_utc)
    if arguments.output:
        create_file(Path(arguments.output), fresh.document)
    root = parse_trusted_root(fresh.document, what=f"the root of {repository.name}")
    shown = describe(root, origin=repository.name, dated_utc=fresh.confirmed_utc, now_utc=now_utc)
    _print(shown, arguments)
    return exit_codes.VERIFIED


def _repository(arguments: argparse.Namespace) -> TufRepository:
    from sealpin.regular_files import read_file
    from sealpin.trust.tuf_cache import PUBLIC_GOOD, TufRepository

    if bool(arguments.mirror) != bool(arguments.root):
        raise UsageError("usage", "a TUF repository takes both --mirror and --root, got one")
    if not arguments.mirror:
        return PUBLIC_GOOD
    return TufRepository(
        name=arguments.mirror,
        url=arguments.mirror,
        bootstrap_root=read_file(Path(arguments.root)).data,
    )


def _cache(machine: Machine) -> Path:
    from sealpin.trust.tuf_cache import default_cache_folder

    if machine.home is None:
        raise InvalidInput("trust.no-home", "HOME is not set, so there is no cache to look in")
    return default_cache_folder(machine.environment, machine.home)


def _print(shown: TrustDescription, arguments: argparse.Namespace) -> None:
    if arguments.format == "json":
        print(json.dumps(_document(shown), indent=2))
        return
    from sealpin.report.text import printable

    from ..terminal import style_for

    style = style_for(sys.stdout)
    print(style.paint(f"trusted root: {printable(shown.origin)}", "1"))
    print(f"  {shown.digest}")
    if shown.dated_utc is not None and shown.age is not None:
        print(f"  as of {shown.dated_utc:%Y-%m-%d %H:%M} UTC, {shown.age.days} days ago")
    role = ""
    for row in _document(shown)["keys"]:
        if row["state"] == "ended" and not arguments.all:
            continue
        if row["role"] != role:
            role = row["role"]
            print(style.paint(role, "1"))
        print(f"  {printable(row['name'])}")
        span = f"{row['from'][:10] or 'always'} to {row['until'][:10] or 'now on'}"
        state = "" if row["state"] == "current" else f", {row['state']}"
        print(f"    {row['algorithm']}, key {row['key_id'][:16]}…, {span}{state}")


def _document(shown: TrustDescription) -> dict[str, Any]:
    from sealpin.report.document import utc_text

    return {
        "report": "sealpin-trust",
        "version": 1,
        "origin": shown.origin,
        "digest": str(shown.digest),
        "dated": utc_text(shown.dated_utc) if shown.dated_utc else "",
        "keys": [
            {
                "role": row.role.value,
                "name": row.name,
                "subject": row.subject,
                "key_id": row.key_id,
                "log_id": row.log_id,
                "algorithm": row.algorithm,
                "from": utc_text(row.window.start_utc) if row.window.start_utc else "",
                "until": utc_text(row.window.end_utc) if row.window.end_utc else "",
                "state": row.state.value,
            }
            for row in shown.rows
        ],
    }


SUBVERBS = {
    "show": SubVerb(
        description="show what is trusted, and its age", make_parser=make_show_parser, run=_show
    ),
    "update": SubVerb(
        description="refresh the trusted root with TUF", make_parser=make_update_parser, run=_update
    ),
}
