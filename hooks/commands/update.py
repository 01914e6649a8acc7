# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin update``: move pins whose tag moved, after verification."""

from __future__ import annotations

from .. import exit_codes
from ..arguments import Parser
from ..options import add_pin_options
from ..quick import has_nothing_to_do

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    """Update; exit 1 if something was written or refused."""
    arguments = make_parser().parse(argv)
    if has_nothing_to_do(arguments):
        return exit_codes.VERIFIED

    from ..pin_run import PinRun

    return PinRun.of("update", arguments).run()


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin update",
        description="Look up the digest each tag has now, and move the pins whose image verifies.",
        epilog="With --dry-run --diff it shows what it would write, and writes nothing.",
    )
    add_pin_options(parser)
    parser.add_switch(
        "--unsafe-allow-rollback",
        help="accept an image signed before the pinned one (shows in the report)",
    )
    return parser
