# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin digest``: print the digest a reference means, as ``regctl manifest digest`` does.

Nothing is verified; the digest is the hash of the bytes the registry sent.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sealpin.errors import SealpinError

from .. import exit_codes
from ..arguments import Parser
from ..options import add_format_option, add_registries_option, add_registry_options

if TYPE_CHECKING:
    from sealpin.descriptor import ResolvedArtifact
    from sealpin.reference import ImageReference


def run(argv: Sequence[str]) -> int:
    """Resolve references and print one digest a line, in their order."""
    arguments = make_parser().parse(argv)

    from sealpin.descriptor import Platform

    from ..cli import print_error
    from ..running import looking_session, parse_references, run_options

    references = parse_references(arguments.images)
    platform = Platform.parse(arguments.platform) if arguments.platform else None
    with looking_session(run_options(arguments)) as session:
        answers = session.resolve(references, platform=platform)
    errors = [answer for answer in answers if isinstance(answer, SealpinError)]
    if arguments.format == "json":
        pairs = zip(references, answers, strict=True)
        print(json.dumps({"images": [_entry(*pair) for pair in pairs]}, indent=2))
    else:
        for answer in answers:
            if not isinstance(answer, SealpinError):
                print(answer.digest)
    sys.stdout.flush()
    for error in errors:
        print_error(error)
    return exit_codes.combine(map(exit_codes.of_error, errors))


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin digest",
        description="Print the digest a reference means. Nothing is verified.",
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image references")
    parser.add_argument(
        "--platform", default="", metavar="OS/ARCH[/VARIANT]", help="of this platform of an index"
    )
    add_registries_option(parser)
    add_registry_options(parser)
    add_format_option(parser, "text", "json")
    return parser


def _entry(reference: ImageReference, answer: ResolvedArtifact | SealpinError) -> dict[str, str]:
    if isinstance(answer, SealpinError):
        return {"image": reference.text, "code": answer.code, "message": answer.message}
    return {
        "image": reference.text,
        "digest": str(answer.digest),
        "pinned": reference.pinned(answer.digest),
        "pinned_tagged": reference.pinned_tagged(answer.digest),
        "source": answer.source,
    }
