# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin pin``: verify the images files name, then write their digests."""

from __future__ import annotations

from collections.abc import Sequence

from ..arguments import Parser
from ..pin_run import add_pin_options, run_pins


def run(argv: Sequence[str]) -> int:
    """Pin; exit 1 if something was written or refused, so that a hook stops the commit."""
    parser = Parser(
        prog="sealpin pin",
        description="Verify the images that files name, then write their digests.",
    )
    add_pin_options(parser)
    return run_pins(parser.parse(argv), moves=False)
