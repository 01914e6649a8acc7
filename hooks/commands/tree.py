# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin tree``: what hangs on an image, as cosign draws it. Nothing is verified."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import exit_codes
from ..arguments import Parser
from ..cosign_globals import add_global_options, global_options_in_force
from ..options import add_format_option, add_registries_option

if TYPE_CHECKING:
    from sealpin.registry.attachments import Attached

_HEADINGS = {
    ".sig": "🔐 Signatures for an image tag",
    ".att": "💾 Attestations for an image tag",
    ".sbom": "📦 SBOMs for an image tag",
}


def run(argv: Sequence[str]) -> int:
    """Draw one image's tree."""
    arguments = make_parser().parse(argv)
    with global_options_in_force(arguments):
        return _draw(arguments)


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin tree", description="Show what is attached to an image. Nothing is verified."
    )
    parser.add_argument("images", nargs=1, metavar="IMAGE", help="image reference")
    parser.add_argument(
        "--attachment-tag-prefix", default="", metavar="TEXT", help="prefix of the tags"
    )
    parser.add_argument(
        "--registry-referrers-mode",
        choices=("legacy", "oci-1-1"),
        default="",
        help="tags and referrers are both shown, whatever this says",
    )
    parser.add_switch("--experimental-oci11", default=True, help="=false: leave the referrers out")
    add_registries_option(parser)
    add_global_options(parser)
    add_format_option(parser, "text", "json")
    return parser


def _draw(arguments: argparse.Namespace) -> int:
    from sealpin.report.text import printable

    from ..beside_image import evidence_place, resolve_one
    from ..running import looking_session, run_options

    place = evidence_place(arguments.attachment_tag_prefix, os.environ)
    with looking_session(run_options(arguments)) as session:
        artifact = resolve_one(session, arguments.images[0])
        attached = [
            item
            for item in session.attached(artifact, place=place)
            if item.kind is not None or arguments.experimental_oci11
        ]
    name = arguments.images[0]
    if arguments.format == "json":
        entries = [_entry(item) for item in attached]
        document = {"image": name, "digest": str(artifact.digest), "attached": entries}
        print(json.dumps(document, indent=2))
        return exit_codes.VERIFIED
    print(f"📦 Supply Chain Security Related artifacts for an image: {name}")
    if attached:
        print("\n".join(printable(line) for item in attached for line in _lines(item)))
    else:
        print(f"No Supply Chain Security Related Artifacts found for image {name}")
    return exit_codes.VERIFIED


def _lines(item: Attached) -> list[str]:
    if item.kind is None:
        kind = item.described_as or "untyped"
        heading = f"└── 🔗 {kind} artifacts via OCI referrer: {item.location}"
    else:
        heading = f"└── {_HEADINGS[item.kind.value]}: {item.location}"
    last = len(item.layers) - 1
    return [
        heading,
        *(
            f"   {'└' if position == last else '├'}── 🍒 {layer.digest}"
            for position, layer in enumerate(item.layers)
        ),
    ]


def _entry(item: Attached) -> dict[str, Any]:
    return {
        "kind": item.kind.name.lower() if item.kind else "referrer",
        "type": item.described_as,
        "location": item.location,
        "layers": [str(layer.digest) for layer in item.layers],
    }
