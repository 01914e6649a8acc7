# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin verify-attestation``: cosign's verb and flags, for one type of attestation at a time.

Standard output is one DSSE envelope a line, of the attestations that were verified and satisfy
every ``--policy`` file; standard error is cosign's report.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..arguments import Parser
from ..cosign_options import add_cosign_options, check_combinations
from ..options import add_format_option, add_signer_options

if TYPE_CHECKING:
    from sealpin.evidence import EvidenceKind
    from sealpin.policy.model import AttestationRule, Condition
    from sealpin.run_options import RunOptions

    from ..cosign_run import Answer, ListTargets


def run(argv: Sequence[str]) -> int:
    """Verify attestations and return the exit code of the whole run."""
    from ..cosign_compat import answer_as_asked

    return answer_as_asked(argv, make_parser(), _verify)


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin verify-attestation",
        description="Verify that images have an attestation signed by whom you expect.",
        epilog="With --recursive each platform manifest of an index must have one.",
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image references")
    parser.add_argument(
        "--type",
        default="custom",
        metavar="TYPE",
        help="predicate type: a URI, or slsaprovenance, slsaprovenance02, slsaprovenance1, link,"
        " spdx, spdxjson, cyclonedx, vuln, openvex or custom (default)",
    )
    parser.add_argument(
        "--policy",
        dest="condition_files",
        action="append",
        default=[],
        metavar="FILE",
        help="what the attestation must say: .cue or .rego, or .json or .yaml with conditions"
        " (repeatable)",
    )
    add_signer_options(parser)
    add_cosign_options(parser)
    parser.add_argument(
        "-o", "--output", choices=("json", "text"), default="json", help="ignored, as by cosign"
    )
    add_format_option(parser, "cosign", "text", "json")
    return parser


def _verify(arguments: argparse.Namespace) -> int:
    check_combinations(arguments)

    from sealpin.evidence import EvidenceKind

    from ..cosign_start import begin, read_options

    options = read_options(arguments)
    want = frozenset({EvidenceKind.BUNDLE, EvidenceKind.ATTESTATION_LAYER})
    rule = _rule(arguments)
    ahead = begin(arguments, options, want=want)
    # Imported while the registry is awaited: what judges its answers.
    from ..cosign_report import print_answers
    from ..cosign_run import CosignRun

    try:
        run = CosignRun.of(arguments, options, attestations=(rule,), ahead=ahead)
        answers = run.decide(_targets(arguments))
    finally:
        if ahead is not None:
            ahead.stop()
    # cosign tells who signed of legacy attestations only.
    kinds = {EvidenceKind.ATTESTATION_LAYER} if arguments.compat else EvidenceKind
    print_verified = partial(_print_attestations, frozenset(kinds))
    return print_answers(answers, run, print_verified, people=_summaries)


def _targets(arguments: argparse.Namespace) -> ListTargets:
    """Return what is asked: an index itself, or with ``--recursive`` its platforms instead.

    The two are different subjects: provenance and SBOM are the platform's, and who asks for every
    platform's would be refused for what the index has no use for.
    """
    from ..cosign_run import named_targets, platform_targets
    from ..running import parse_references

    if not arguments.recursive:
        return named_targets(arguments)
    references = parse_references(arguments.images)
    return lambda session: platform_targets(session, references, with_index=False)


def _rule(arguments: argparse.Namespace) -> AttestationRule:
    from sealpin.attestations.predicates import predicate_type
    from sealpin.policy.model import AttestationRule

    conditions = [c for name in arguments.condition_files for c in _conditions(Path(name))]
    return AttestationRule(
        name=arguments.type,
        predicate_type=predicate_type(arguments.type),
        written_type=arguments.type,
        conditions=tuple(conditions),
        every_one=True,
    )


def _conditions(path: Path) -> tuple[Condition, ...]:
    from sealpin.inputs import path_below, read_file
    from sealpin.policy.condition_files import read_condition_file
    from sealpin.policy.sources import Sources
    from sealpin.trust.embedded import embedded_root

    sources = Sources(
        default_root=embedded_root,
        read=lambda name: read_file(path_below(path.parent, name), what="a file the policy names"),
    )
    return read_condition_file(str(path), read_file(path, what="the policy"), sources=sources)


def _print_attestations(
    kinds: frozenset[EvidenceKind], answer: Answer, options: RunOptions
) -> None:
    """Print the report with who signed what is of *kinds*, then the envelopes that satisfied."""
    from ..cosign_output import certificate_lines, report_lines
    from ..envelopes import envelope_line
    from ..terminal import print_content

    decision = answer.decision
    # As typed: cosign normalises the name in `verify` only.
    name = answer.target.shown_as or decision.reference.text
    lines = report_lines(decision, options, name=name, platform=answer.target.platform)
    shown = [s for s in decision.statements if s.evidence.kind in kinds]
    print("\n".join([*lines, *certificate_lines(shown)]), file=sys.stderr)
    sys.stderr.flush()
    for statement in decision.statements:
        print_content(envelope_line(statement.evidence))


def _summaries(answer: Answer) -> list[str]:
    """Return what the attestations say, for people."""
    from sealpin.attestations.summaries import summarise

    return [
        f"    {line}"
        for statement in answer.decision.statements
        for line in summarise(statement.predicate_type, statement.predicate)
    ]
