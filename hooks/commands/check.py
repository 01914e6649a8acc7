# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin check``: everything is pinned and agrees with ``sealpin.lock``. Opens no socket.

The answer is "consistent": lock and files lie in one repository. "Verified" takes ``--evidence``,
which still opens none, or ``--verify``, which asks the registry.
"""

from __future__ import annotations

from .. import exit_codes
from ..arguments import Parser
from ..options import (
    add_file_options,
    add_file_report_options,
    add_policy_revision_option,
    add_registry_options,
    add_trust_options,
)
from ..quick import has_nothing_to_do

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    """Check; exit 1 if something is unpinned or differs."""
    arguments = make_parser().parse(argv)
    if has_nothing_to_do(arguments):
        return exit_codes.VERIFIED

    from ..check_run import CheckRun

    return CheckRun.of(arguments).run()


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin check",
        description="Check offline that files are pinned and agree with sealpin.lock.",
        epilog="--verify verifies again with the registry, --evidence from saved evidence.",
    )
    add_file_options(parser)
    add_file_report_options(parser)
    parser.add_switch("--verify", help="verify every pinned digest again, with the registry")
    parser.add_switch("--evidence", help="verify again from saved evidence; opens no socket")
    parser.add_argument(
        "--evidence-dir",
        default="",
        metavar="DIR",
        help="where evidence was saved (default: sealpin-evidence beside sealpin.lock)",
    )
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help="policy documents, instead of the project's (repeatable)",
    )
    add_policy_revision_option(parser)
    add_trust_options(parser)
    add_registry_options(parser)
    return parser
