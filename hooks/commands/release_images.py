# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin release-images``: the images a Kubernetes release's SBOM lists.

The list says what to verify; nothing is verified here. A registry that moved is replaced by the one
it moved to, and standard error says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import exit_codes
from ..arguments import Parser, UsageError
from ..options import add_format_option

if TYPE_CHECKING:
    from sealpin.attestations.sbom import ListedImage


def run(argv: Sequence[str]) -> int:
    """List the images, one reference a line."""
    arguments = make_parser().parse(argv)

    from sealpin.attestations.sbom import read_release_images

    moved = _moved_registries(arguments.moved_registry)
    images = read_release_images(_document(arguments), moved=moved, where=arguments.sbom)
    if arguments.format == "json":
        print(json.dumps({"images": [_entry(image) for image in images]}, indent=2))
    else:
        for image in images:
            print(_text(image, with_digest=arguments.digests))
    sys.stdout.flush()
    for note in _notes(images):
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


def _moved_registries(texts: Sequence[str] | None) -> Mapping[str, str]:
    from sealpin.attestations.sbom import MOVED_REGISTRIES

    if texts is None:
        return MOVED_REGISTRIES
    moved = {}
    for text in filter(None, texts):
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError("usage", f"expected OLD=NEW after --moved-registry, got {text!r}")
        moved[old] = new
    return moved


def _document(arguments: argparse.Namespace) -> bytes:
    from sealpin.limits import MAX_PREDICATE_BYTES

    if not arguments.sbom.startswith(("https://", "http://")):
        from ..files import read_file

        return read_file(Path(arguments.sbom), max_bytes=MAX_PREDICATE_BYTES).data

    from sealpin.downloads import fetch_document
    from sealpin.registry.tls import TlsOptions

    from ..running import parse_duration_s

    authorities = arguments.registry_cacert
    return fetch_document(
        arguments.sbom,
        max_bytes=MAX_PREDICATE_BYTES,
        timeout_s=parse_duration_s(arguments.timeout),
        environment=os.environ,
        tls=TlsOptions(ca_files=(Path(authorities),) if authorities else ()),
    )


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


def _notes(images: Iterable[ListedImage]) -> list[str]:
    """Say which registries were replaced, and for how many images."""
    counts: dict[tuple[str, str], int] = {}
    for image in images:
        if image.is_moved:
            key = (image.listed_as.partition("/")[0], image.reference.repository.registry)
            counts[key] = counts.get(key, 0) + 1
    return [
        f"sealpin: note: {old} moved to {new}: {count} of the listed images are read from there"
        for (old, new), count in counts.items()
    ]
