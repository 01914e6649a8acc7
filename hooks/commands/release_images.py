# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin release-images``: the images a Kubernetes release's SBOM lists.

The list says what to verify; nothing is verified here. A registry that moved is replaced by the one
it moved to, and standard error says so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import exit_codes
from ..arguments import Parser
from ..options import add_format_option

if TYPE_CHECKING:
    from sealpin.attestations.sbom import ListedImage


def run(argv: Sequence[str]) -> int:
    """List the images, one reference a line."""
    arguments = make_parser().parse(argv)

    from ..release_sbom import listed_images, moved_notes
    from ..running import run_options

    images = listed_images(
        arguments.sbom, run_options(arguments), moved_registries=arguments.moved_registry
    )
    if arguments.format == "json":
        print(json.dumps({"images": [_entry(image) for image in images]}, indent=2))
    else:
        for image in images:
            print(_text(image, with_digest=arguments.digests))
    sys.stdout.flush()
    for note in moved_notes(images):
        print(note, file=sys.stderr)
    return exit_codes.VERIFIED


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin release-images",
        description="List the images a release's SBOM names (SPDX, tag-value or JSON).",
        epilog="The list says what to verify; nothing is verified here.",
    )
    parser.add_argument("sbom", metavar="SBOM", help="a file, or an https:// address")
    parser.add_argument(
        "--moved-registry",
        action="append",
        metavar="OLD=NEW",
        help="read OLD's images from NEW (repeatable; default k8s.gcr.io=registry.k8s.io;"
        " empty for none)",
    )
    parser.add_switch("--digests", help="print the digests that the SBOM claims, too")
    parser.add_argument(
        "--timeout", "-t", default="3m0s", metavar="DURATION", help="for the whole run"
    )
    parser.add_argument(
        "--registry-cacert", default="", metavar="FILE", help="authorities of the SBOM's server"
    )
    add_format_option(parser, "text", "json")
    return parser


def _text(image: ListedImage, *, with_digest: bool) -> str:
    if with_digest and image.digest is not None:
        return image.reference.pinned_tagged(image.digest)
    return image.reference.text


def _entry(image: ListedImage) -> dict[str, Any]:
    return {
        "image": image.reference.text,
        "listed_as": image.listed_as,
        "moved": image.is_moved,
        "digest": str(image.digest) if image.digest else "",
    }
