# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin triangulate``: the tag under which an image's signatures are kept in legacy form."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from .. import exit_codes
from ..arguments import Parser
from ..cosign_globals import add_global_options, global_options_in_force
from ..options import add_registries_option


def run(argv: Sequence[str]) -> int:
    """Print one name. Nothing is asked of the registry but what a tag means."""
    arguments = make_parser().parse(argv)
    with global_options_in_force(arguments):
        return _print_place(arguments)


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin triangulate",
        description="Print where the signatures of an image are kept.\n"
        "It does not check whether any exist.",
    )
    parser.add_argument("images", nargs=1, metavar="IMAGE", help="image reference")
    parser.add_argument(
        "--type",
        choices=("signature", "attestation", "sbom", "digest"),
        default="signature",
        help="what to locate (default signature)",
    )
    parser.add_argument(
        "--attachment-tag-prefix", default="", metavar="TEXT", help="prefix of the tag"
    )
    add_registries_option(parser)
    add_global_options(parser)
    return parser


def _print_place(arguments: argparse.Namespace) -> int:
    from sealpin.registry.attachments import TagKind

    from ..beside_image import evidence_place, resolve_one
    from ..running import looking_session, run_options

    place = evidence_place(arguments.attachment_tag_prefix, os.environ)
    with looking_session(run_options(arguments)) as session:
        artifact = resolve_one(session, arguments.images[0])
    image = artifact.reference.repository
    if arguments.type == "digest":
        print(f"{image.cosign_name}@{artifact.digest}")
        return exit_codes.VERIFIED
    tag = TagKind[arguments.type.upper()].tag_of(artifact.digest, prefix=place.tag_prefix)
    print(f"{(place.repository or image).cosign_name}:{tag}")
    return exit_codes.VERIFIED
