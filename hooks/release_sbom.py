# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A release's SBOM as a list of images: read from a file or an address, registries that moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sealpin.attestations.sbom import MOVED_REGISTRIES, ListedImage, read_release_images
from sealpin.limits import MAX_PREDICATE_BYTES
from sealpin.reaching import fetch_url
from sealpin.regular_files import read_file
from sealpin.run_options import RunOptions

from .arguments import UsageError
from .running import this_machine


def listed_images(
    sbom: str, options: RunOptions, *, moved_registries: Sequence[str] | None
) -> tuple[ListedImage, ...]:
    """Return the images that the SBOM at *sbom*, a path or an address, names.

    *moved_registries* are ``OLD=NEW``; None is what Kubernetes moved. Raises as
    `read_release_images`, `InvalidInput` ``file.*`` or ``download.scheme``, `Unavailable`.
    """
    moved = _moved(moved_registries)
    return read_release_images(_document(sbom, options), moved=moved, where=sbom)


def moved_notes(images: Iterable[ListedImage]) -> list[str]:
    """Say which registries were replaced, and for how many images."""
    counts: dict[tuple[str, str], int] = {}
    for image in images:
        if image.is_moved:
            old, _slash, path = image.listed_as.partition("/")
            key = (old, image.reference.text.removesuffix(f"/{path}"))
            counts[key] = counts.get(key, 0) + 1
    return [
        f"sealpin: note: {old} moved to {new}: {count} of the listed images are read from there"
        for (old, new), count in counts.items()
    ]


def _document(sbom: str, options: RunOptions) -> bytes:
    if sbom.startswith(("https://", "http://")):
        return fetch_url(options, this_machine(), sbom, MAX_PREDICATE_BYTES)
    return read_file(Path(sbom), max_bytes=MAX_PREDICATE_BYTES).data


def _moved(texts: Sequence[str] | None) -> Mapping[str, str]:
    if texts is None:
        return MOVED_REGISTRIES
    moved = {}
    for text in filter(None, texts):
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise UsageError("usage", f"expected OLD=NEW after --moved-registry, got {text!r}")
        moved[old] = new
    return moved
