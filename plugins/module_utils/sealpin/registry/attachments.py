# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What hangs on an image, as it is: for ``tree``, ``triangulate`` and ``download sbom``.

Nothing here is evidence and nothing is verified. Names of tags are cosign's
(SIGNATURE_SPEC.md, SBOM_SPEC.md): ``sha256-<hex>`` with ``.sig``, ``.att`` or ``.sbom``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from ..descriptor import Descriptor
from ..digest import Digest
from ..errors import InvalidInput
from ..limits import MAX_PREDICATE_BYTES
from ..mediatypes import ANNOTATION_BUNDLE_PREDICATE
from ..records import dataclass, field
from ..reference import Repository, Tag
from .answers import NotFound
from .manifest import Manifest, is_index, parse_image
from .source import Source

_SBOM_ARTIFACT = "application/vnd.dev.cosign.artifact.sbom.v1+json"


class TagKind(Enum):
    """What a tag beside an image holds; the value is the tag's ending."""

    SIGNATURE = ".sig"
    ATTESTATION = ".att"
    SBOM = ".sbom"

    def tag_of(self, subject: Digest, *, prefix: str = "") -> Tag:
        """Return the tag. Raises `InvalidInput` ``reference.tag`` for an impossible *prefix*."""
        return Tag.parse(f"{prefix}{subject.tag_prefix}{self.value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """One manifest that hangs on an image."""

    kind: TagKind | None
    """None for a referrer."""
    described_as: str
    """A referrer's artifact type, or the predicate type its bundle is said to hold; a claim."""
    location: str
    """``repository:tag`` or ``repository@digest``."""
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbom:
    """An SBOM that hangs on an image; anybody who can write there could have put it."""

    content: bytes = field(repr=False)
    media_type: str
    location: str


def list_attached(
    source: Source, *, repository: Repository, subject: Digest, tag_prefix: str = ""
) -> tuple[Attached, ...]:
    """Return what hangs on *subject* in *repository*: tags first, then referrers as listed.

    Raises what `Source` raises: a list is whole or there is none.
    """
    return (
        *_tagged(source, repository, subject, tag_prefix),
        *_referring(source, repository, subject),
    )


def read_sbom(
    source: Source, *, repository: Repository, subject: Digest, tag_prefix: str = ""
) -> Sbom | None:
    """Return the SBOM that hangs on *subject*, or None: a referrer of that type, else the tag.

    Raises `InvalidInput` ``sbom.layers`` unless it is exactly one layer.
    """
    for item in list_attached(
        source, repository=repository, subject=subject, tag_prefix=tag_prefix
    )[::-1]:
        if item.kind is not TagKind.SBOM and item.described_as != _SBOM_ARTIFACT:
            continue
        if len(item.layers) != 1:
            raise InvalidInput(
                "sbom.layers",
                f"expected exactly one layer in attachment, got {len(item.layers)}:"
                f" {item.location}",
            )
        layer = item.layers[0]
        size = min(layer.size_bytes, MAX_PREDICATE_BYTES)
        return Sbom(
            content=source.blob(repository, layer.digest, max_bytes=size),
            media_type=layer.media_type,
            location=item.location,
        )
    return None


def _tagged(
    source: Source, repository: Repository, subject: Digest, tag_prefix: str
) -> Iterator[Attached]:
    for kind in TagKind:
        tag = kind.tag_of(subject, prefix=tag_prefix)
        try:
            manifest = source.manifest(repository, tag)
        except NotFound:
            continue
        yield Attached(
            kind=kind,
            described_as="",
            location=f"{repository}:{tag}",
            layers=_layers(manifest),
        )


def _referring(source: Source, repository: Repository, subject: Digest) -> Iterator[Attached]:
    try:
        listed = source.referrers(repository, subject)
    except NotFound:
        return
    for gap in listed.gaps:
        raise gap.error
    for descriptor in listed.descriptors:
        manifest = source.manifest(repository, descriptor.digest)
        yield Attached(
            kind=None,
            described_as=_description(manifest, descriptor),
            location=f"{repository}@{descriptor.digest}",
            layers=_layers(manifest),
        )


def _layers(manifest: Manifest) -> tuple[Descriptor, ...]:
    """Return the layers; an index, which may hang on an image like anything else, has none."""
    return () if is_index(manifest) else parse_image(manifest).layers


def _description(manifest: Manifest, descriptor: Descriptor) -> str:
    """Return the predicate type, else the artifact type, else the configuration's media type."""
    if is_index(manifest):
        return descriptor.artifact_type or manifest.media_type
    image = parse_image(manifest)
    return (
        image.annotations.get(ANNOTATION_BUNDLE_PREDICATE)
        or image.artifact_type
        or descriptor.artifact_type
        or (image.config.media_type if image.config else "")
    )
