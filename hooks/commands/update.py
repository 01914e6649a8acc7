# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin update``: move pins whose tag moved, after verification."""

from __future__ import annotations

from collections.abc import Sequence

from ..arguments import Parser
from ..pin_run import add_pin_options, run_pins


def run(argv: Sequence[str]) -> int:
    """Update; exit 1 if something was written or refused."""
    parser = Parser(
        prog="sealpin update",
        description="Ask for the digest each tag has now; move the pins whose image verifies.",
    )
    add_pin_options(parser)
    parser.add_switch(
        "--unsafe-allow-rollback",
        help="accept an image signed before the pinned one (shows in the report)",
    )
    return run_pins(parser.parse(argv), moves=True)
