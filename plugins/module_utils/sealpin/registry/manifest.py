# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Manifest: the bytes a registry keeps under a digest, and the views needed of them.

An image manifest has a configuration and layers, an index has manifests (OCI image-spec v1.1,
manifest.md and image-index.md; the Docker types have the same shape). Nothing in a manifest but its
own digest is verified. A document that could be read as both is refused (CVE-2021-41190).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import jsonbytes
from ..descriptor import Descriptor, Platform
from ..digest import Digest
from ..errors import InvalidInput
from ..limits import MAX_MANIFEST_BYTES
from ..records import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Raw bytes whose digest was checked, or computed from them when a tag was asked for."""

    digest: Digest
    media_type: str
    """As the registry labelled it, without parameters; a hint."""
    content: bytes = field(repr=False)

    @property
    def size_bytes(self) -> int:
        """Length of the content."""
        return len(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageManifest:
    """The view of an image manifest, evidence manifests included."""

    layers: tuple[Descriptor, ...]
    config: Descriptor | None
    subject: Digest | None
    artifact_type: str
    annotations: Mapping[str, str]


def is_index(manifest: Manifest) -> bool:
    """Whether the content is an index, by its own fields. Raises like `parse_index`."""
    return "manifests" in _document(manifest)


def parse_index(manifest: Manifest) -> tuple[Descriptor, ...]:
    """Return an index's descriptors. Raises `InvalidInput` ``manifest.*`` or ``json.*``."""
    return parse_descriptors(index_entries(manifest), where=f"{manifest.digest} manifests")


def index_entries(manifest: Manifest) -> list[Any]:
    """Return what an index lists, unread. Raises `InvalidInput` ``manifest.*`` or ``json.*``."""
    document = _document(manifest)
    if "manifests" not in document:
        raise InvalidInput("manifest.not-an-index", f"not an index: {manifest.digest}")
    return entries_of(document["manifests"], where=f"{manifest.digest} manifests")


def parse_image(manifest: Manifest) -> ImageManifest:
    """Return the view of an image manifest. Raises `InvalidInput` ``manifest.*`` or ``json.*``."""
    document = _document(manifest)
    where = str(manifest.digest)
    if "layers" not in document:
        raise InvalidInput("manifest.not-an-image", f"not an image manifest: {where}")
    config, subject = document.get("config"), document.get("subject")
    return ImageManifest(
        layers=parse_descriptors(document["layers"], where=f"{where} layers"),
        config=parse_descriptor(config, where=f"{where} config") if config is not None else None,
        subject=None
        if subject is None
        else parse_descriptor(subject, where=f"{where} subject").digest,
        artifact_type=_text(document, "artifactType"),
        annotations=_annotations(document.get("annotations"), where=where),
    )


def parse_descriptors(value: Any, *, where: str) -> tuple[Descriptor, ...]:
    """Return descriptors. Raises `InvalidInput` ``manifest.malformed`` or ``digest.*``."""
    entries = entries_of(value, where=where)
    return tuple(parse_descriptor(item, where=f"{where}[{i}]") for i, item in enumerate(entries))


def entries_of(value: Any, *, where: str) -> list[Any]:
    """Return a list's entries, unread. Raises `InvalidInput` ``manifest.malformed``."""
    if value is None:
        return []  # Go writes an empty list as null
    if not isinstance(value, list):
        raise _malformed(f"{where} is not a list")
    return value


def parse_descriptor(value: Any, *, where: str) -> Descriptor:
    """Return one descriptor. Raises `InvalidInput` ``manifest.malformed`` or ``digest.*``."""
    if not isinstance(value, dict):
        raise _malformed(f"{where} is not an object")
    digest, size = value.get("digest"), value.get("size")
    if not isinstance(digest, str):
        raise _malformed(f"{where} has no digest")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _malformed(f"{where} has no size")
    platform = _platform(value.get("platform"))
    is_unknown = platform is not None and "unknown" in (platform.os, platform.architecture)
    return Descriptor(
        media_type=_text(value, "mediaType"),
        digest=Digest.parse(digest),
        size_bytes=size,
        annotations=_annotations(value.get("annotations"), where=where),
        artifact_type=_text(value, "artifactType"),
        platform=None if is_unknown else platform,
        is_for_no_platform=is_unknown,
    )


def _document(manifest: Manifest) -> dict[str, Any]:
    document = jsonbytes.parse_object(
        manifest.content, what=f"manifest {manifest.digest}", max_bytes=MAX_MANIFEST_BYTES
    )
    if "manifests" in document and ("layers" in document or "config" in document):
        raise InvalidInput(
            "manifest.ambiguous", f"manifest is an index and an image at once: {manifest.digest}"
        )
    return document


def _platform(value: Any) -> Platform | None:
    if not isinstance(value, dict):
        return None
    return Platform(
        os=_text(value, "os"),
        architecture=_text(value, "architecture"),
        variant=_text(value, "variant"),
        os_version=_text(value, "os.version"),
    )


def _annotations(value: Any, *, where: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _malformed(f"{where} has annotations that are not texts")
    return value


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""


def _malformed(message: str) -> InvalidInput:
    return InvalidInput("manifest.malformed", f"malformed manifest: {message}")
