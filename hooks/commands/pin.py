# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin pin``: verify the images files name, then write their digests."""

from __future__ import annotations

from .. import exit_codes
from ..arguments import Parser
from ..options import add_pin_options
from ..quick import has_nothing_to_do

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    """Pin; exit 1 if something was written or refused, so that a hook stops the commit."""
    arguments = make_parser().parse(argv)
    if has_nothing_to_do(arguments):
        return exit_codes.VERIFIED

    from ..pin_run import PinRun

    return PinRun.of("pin", arguments).run()


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin pin",
        description="Verify the images that files name, then write their digests.",
        epilog="With --dry-run --diff it shows what it would write, and writes nothing.",
    )
    add_pin_options(parser)
    return parser
