# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every signature in an OCI image layout as evidence, with no registry code between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sealpin import mediatypes
from sealpin.digest import Digest
from sealpin.evidence import Evidence, EvidenceKind, Route


def layout_evidence(layout: Path) -> Iterator[Evidence]:
    """Yield the layers of ``.sig`` and ``.att`` tags and the bundles of *layout*.

    A legacy piece is found for the digest in its tag, a bundle for its manifest's ``subject``.
    """
    index = json.loads((layout / "index.json").read_bytes())
    for descriptor in index["manifests"]:
        tag = descriptor.get("annotations", {}).get("org.opencontainers.image.ref.name", "")
        yield from _of_descriptor(layout, descriptor, tag, seen=set())


def legacy_subject(tag: str) -> Digest | None:
    """The digest in a tag ``sha256-<hex>.sig`` or ``.att``."""
    name, dot, _rest = tag.rpartition(".")
    return Digest.parse(name.replace("-", ":", 1)) if dot and name.startswith("sha256-") else None


def _of_descriptor(
    layout: Path, descriptor: dict[str, object], tag: str, seen: set[object]
) -> Iterator[Evidence]:
    path = _blob(layout, descriptor["digest"])
    if descriptor["digest"] in seen or not path.is_file():
        return
    seen.add(descriptor["digest"])
    manifest = json.loads(path.read_bytes())
    for child in manifest.get("manifests", ()):
        yield from _of_descriptor(layout, child, tag, seen)
    for layer in manifest.get("layers", ()):
        annotations = layer.get("annotations", {})
        is_bundle = layer["mediaType"].startswith(mediatypes.SIGSTORE_BUNDLE_PREFIX)
        if not is_bundle and mediatypes.ANNOTATION_SIGNATURE not in annotations:
            continue
        content = _blob(layout, layer["digest"]).read_bytes()
        yield Evidence(
            kind=_kind(layer["mediaType"], is_bundle=is_bundle),
            subject=_subject(manifest, tag, content),
            content=content,
            annotations=annotations,
            route=Route.OFFLINE,
            location=f"{layout.name}:{tag}",
        )


def _kind(media_type: str, *, is_bundle: bool) -> EvidenceKind:
    if is_bundle:
        return EvidenceKind.BUNDLE
    if media_type == mediatypes.SIMPLE_SIGNING:
        return EvidenceKind.SIGNATURE_LAYER
    return EvidenceKind.ATTESTATION_LAYER


def _subject(manifest: dict[str, object], tag: str, content: bytes) -> Digest:
    if "subject" in manifest:
        return Digest.parse(manifest["subject"]["digest"])
    return legacy_subject(tag) or _claimed_subject(content)


def _claimed_subject(content: bytes) -> Digest:
    """For ``cosign save`` layouts, which forget the tag: what the envelope says of itself."""
    payload = json.loads(_envelope_payload(content))
    return Digest("sha256", payload["subject"][0]["digest"]["sha256"])


def _envelope_payload(envelope: bytes) -> bytes:
    import base64

    return base64.b64decode(json.loads(envelope)["payload"])


def _blob(layout: Path, digest: object) -> Path:
    algorithm, _separator, name = str(digest).partition(":")
    return layout / "blobs" / algorithm / name
