# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin verify``: cosign's verb and flags, and policy files; any number of images at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..arguments import Parser, UsageError
from ..cosign_options import add_cosign_options, check_combinations
from ..options import add_format_option, add_identity_options

if TYPE_CHECKING:
    from sealpin.run_options import RunOptions

    from ..cosign_run import Answer, ListTargets


def run(argv: Sequence[str]) -> int:
    """Verify images and return the exit code of the whole run."""
    from ..cosign_compat import answer_as_asked

    return answer_as_asked(argv, make_parser(), partial(_verify, argv))


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin verify",
        description="Verify that images are signed by whom you expect.",
        epilog="Each tag is resolved once; the report names the digest that was verified.",
    )
    parser.add_argument("images", nargs="*", metavar="IMAGE", help="image references")
    add_identity_options(parser)
    add_cosign_options(parser)
    parser.add_argument(
        "--images-from",
        default="",
        metavar="SBOM",
        help="verify every image a release's SBOM lists (SPDX; a file or an https:// address)",
    )
    parser.add_argument(
        "--moved-registry",
        action="append",
        metavar="OLD=NEW",
        help="read OLD's images of the SBOM from NEW (repeatable; default"
        " k8s.gcr.io=registry.k8s.io; empty for none)",
    )
    parser.add_argument(
        "--signature",
        default="",
        metavar="TEXT",
        help="this legacy signature instead of the registry's: a file, an address or base64",
    )
    parser.add_argument(
        "--payload", default="", metavar="FILE", help="what --signature is over (file or address)"
    )
    parser.add_argument(
        "--attachment",
        choices=("sbom",),
        default="",
        help="verify the signature of the SBOM attached to the image",
    )
    parser.add_argument(
        "-o", "--output", choices=("json", "text"), default="json", help="payloads as cosign's"
    )
    add_format_option(parser, "cosign", "text", "json", "html")
    return parser


def _verify(argv: Sequence[str], arguments: argparse.Namespace) -> int:
    if arguments.publisher == "list":
        from ..publisher_table import print_publishers

        return print_publishers()
    check_combinations(arguments)
    _check_images(arguments)

    from sealpin.evidence import EvidenceKind

    from ..cosign_start import begin, read_options

    options = read_options(arguments)
    if not options.names_a_signer and not options.policy:
        import shlex

        from ..publisher_table import refuse_without_signer

        # Folders name no images, so no publisher is guessed from them.
        images = () if arguments.local_image else arguments.images
        raise refuse_without_signer(shlex.join(argv), images)
    want = frozenset({EvidenceKind.BUNDLE, EvidenceKind.SIGNATURE_LAYER})
    ahead = begin(arguments, options, want=want)
    # Imported while the registry is awaited: what judges its answers.
    from ..cosign_report import print_answers
    from ..cosign_run import CosignRun

    try:
        # Before the trusted root is refreshed, so that a list that does not read costs nothing.
        targets = _targets(arguments, options)
        run = CosignRun.of(arguments, options, ahead=ahead)
        answers = run.decide(targets)
    finally:
        if ahead is not None:
            ahead.stop()
    return print_answers(answers, run, partial(_print_signatures, text=arguments.output == "text"))


def _check_images(arguments: argparse.Namespace) -> None:
    if bool(arguments.images) == bool(arguments.images_from):
        got = "both" if arguments.images else "neither"
        raise UsageError("usage", f"expected images or --images-from, got {got}")
    if arguments.moved_registry is not None and not arguments.images_from:
        raise UsageError("usage", "--moved-registry needs --images-from, got it alone")
    if arguments.signature and len(arguments.images) != 1:
        raise UsageError(
            "usage", f"--signature is over one image, got {len(arguments.images)} images"
        )


def _targets(arguments: argparse.Namespace, options: RunOptions) -> ListTargets:
    from ..cosign_run import listed_targets, named_targets, sbom_targets
    from ..running import parse_references

    if arguments.images_from:
        from ..release_sbom import listed_images, moved_notes

        images = listed_images(
            arguments.images_from, options, moved_registries=arguments.moved_registry
        )
        for note in moved_notes(images):
            print(note, file=sys.stderr)
        return partial(listed_targets, images=images, recursive=arguments.recursive)
    if arguments.attachment:
        references = list(parse_references(arguments.images))
        return lambda session: sbom_targets(session, references, options)
    return named_targets(arguments)


def _print_signatures(answer: Answer, options: RunOptions, *, text: bool) -> None:
    """Print the report, then the payloads."""
    from ..cosign_output import certificate_lines, payload_document, report_lines
    from ..terminal import print_content

    decision = answer.decision
    name = answer.target.shown_as or decision.reference.cosign_name
    lines = report_lines(decision, options, name=name, platform=answer.target.platform)
    print(
        "\n".join([*lines, *(certificate_lines(decision.statements) if text else ())]),
        file=sys.stderr,
    )
    sys.stderr.flush()
    if text:
        for statement in decision.statements:
            print_content(statement.payload.decode("utf-8"))
    else:
        print(f"\n{payload_document(decision)}")
