# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin verify``: cosign's verb and flags, and policy files; any number of images at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sealpin.weakening import Weakening

from .. import exit_codes
from ..arguments import Parser
from ..options import (
    add_format_option,
    add_identity_options,
    add_registry_options,
    add_trust_options,
)

if TYPE_CHECKING:
    from sealpin.policy.decision import Decision
    from sealpin.run_options import RunOptions


def run(argv: Sequence[str]) -> int:
    """Verify images and return the exit code of the whole run."""
    arguments = make_parser().parse(argv)
    return _verify(arguments)


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin verify",
        description="Verify that images are signed by whom you expect.",
        epilog="Each tag is resolved once; the report names the digest that was verified.",
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image references")
    add_identity_options(parser)
    add_trust_options(parser)
    add_registry_options(parser)
    add_weakening_options(parser)
    parser.add_argument(
        "--signature-digest-algorithm",
        default="",
        metavar="NAME",
        help="hash of signatures by --key: sha224, sha256, sha384 or sha512",
    )
    parser.add_argument(
        "-o", "--output", choices=("json", "text"), default="json", help="payloads as cosign's"
    )
    add_format_option(parser, "cosign", "text", "json", "html")
    return parser


def add_weakening_options(parser: Parser) -> None:
    """Add the peer's flags that give a check up; each one used shows in the report."""
    parser.add_switch(
        "--insecure-ignore-tlog", help="demand no transparency-log entry (shows in the report)"
    )
    parser.add_switch(
        "--insecure-ignore-sct", help="demand no certificate timestamp (shows in the report)"
    )
    parser.add_switch(
        "--private-infrastructure", help="the peer's older name for --insecure-ignore-tlog"
    )
    parser.add_switch(
        "--use-signed-timestamps", help="demand an RFC 3161 timestamp of a trusted authority"
    )


def _verify(arguments: argparse.Namespace) -> int:
    # Imported when the arguments are known to be good, so that --help and mistakes answer fast.
    from sealpin.evidence import EvidenceKind

    from ..running import (
        look_ahead,
        new_session,
        parse_references,
        registry_weakenings,
        run_options,
        this_machine,
    )
    from ..terminal import Progress

    repository = os.environ.get("COSIGN_REPOSITORY", "")
    options = run_options(
        arguments,
        weakenings=_weakenings(arguments),
        require_timestamp=arguments.use_signed_timestamps,
        repository=repository,
        repository_replaces=bool(repository),
    )
    references = parse_references(arguments.images)
    want = frozenset({EvidenceKind.BUNDLE, EvidenceKind.SIGNATURE_LAYER})
    ahead = look_ahead(options, references, want=want)
    # Imported while the registry is awaited: what judges its answers.
    from sealpin.rules import load_rules

    from ..reports import print_report

    try:
        rules = load_rules(options, this_machine(allow_environment_keys=True))
        with new_session(rules.options, mirrors=rules.mirrors, ahead=ahead) as session:
            decisions = session.decide(references, rules.policies, on_progress=Progress())
    finally:
        if ahead is not None:
            ahead.stop()
    if arguments.format == "cosign":
        _print_as_cosign(decisions, options, text=arguments.output == "text")
    else:
        print_report(decisions, arguments.format, weakenings=registry_weakenings(options))
    return exit_codes.combine(exit_codes.of_outcome(d.outcome.value) for d in decisions)


def _weakenings(arguments: argparse.Namespace) -> frozenset[Weakening]:
    given = {
        Weakening.IGNORE_TLOG: arguments.insecure_ignore_tlog,
        Weakening.PRIVATE_INFRASTRUCTURE: arguments.private_infrastructure,
        Weakening.IGNORE_SCT: arguments.insecure_ignore_sct,
    }
    return frozenset(weakening for weakening, is_given in given.items() if is_given)


def _print_as_cosign(decisions: Sequence[Decision], options: RunOptions, *, text: bool) -> None:
    """Print what cosign prints for each verified image, and our reasons for each of the others."""
    from sealpin.policy.decision import Outcome

    from ..cosign_output import payload_document, report_lines
    from ..reports import print_refusals

    for decision in decisions:
        if decision.outcome is not Outcome.ALLOWED:
            continue
        print("\n".join(report_lines(decision, options)), file=sys.stderr)
        for weakening in sorted(decision.weakenings, key=lambda weakening: weakening.value):
            print(f"WARNING: weakened: {weakening.value}", file=sys.stderr)
        sys.stderr.flush()
        if text:
            for statement in decision.statements:
                print(statement.payload.decode("utf-8"))
        else:
            print(f"\n{payload_document(decision)}")
    print_refusals(decisions)
