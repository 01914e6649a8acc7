#!/usr/bin/env python3
# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Write `repositories/`: the signed images of this folder as OCI image layouts, for `dir:` mirrors and the demo.

`connaisseur/keyless` and its `.sig` manifest become `phbelitz/rekor-test`; the bundle of `cosign-bundle` is hung below
its image by the referrers tag schema (OCI distribution-spec v1.1) in `example/bundle`. The signed bytes are untouched;
the two small manifests that carry the bundle are made here.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def main() -> None:
    """Write both layouts."""
    keyless = HERE / "connaisseur"
    image = (keyless / "keyless.json").read_bytes()
    signatures = (keyless / f"{tag_of(image)}.sig.json").read_bytes()
    payload = next(
        path.read_bytes()
        for path in keyless.glob("sha256:*.json")
        if sha256(path.read_bytes()) == json.loads(signatures)["layers"][0]["digest"]
    )
    write_layout(
        "phbelitz/rekor-test",
        blobs=[payload],
        tagged=[("latest", image), (f"{tag_of(image)}.sig", signatures)],
    )

    signed = (HERE / "cosign-bundle" / "empty.manifest.json").read_bytes()
    bundle = (HERE / "cosign-bundle" / "oci-attestation.sigstore.json").read_bytes()
    referrer = as_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": BUNDLE,
            "config": descriptor(b"{}", EMPTY),
            "layers": [descriptor(bundle, BUNDLE)],
            "subject": descriptor(signed, json.loads(signed)["mediaType"]),
        }
    )
    listing = as_json(
        {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [{**descriptor(referrer, MANIFEST), "artifactType": BUNDLE}],
        }
    )
    config = (HERE / "cosign-bundle" / "empty.config.json").read_bytes()
    write_layout(
        "example/bundle",
        blobs=[bundle, b"{}", config, referrer],
        tagged=[("1.0", signed), (tag_of(signed), listing)],
    )


def write_layout(repository: str, *, blobs: list[bytes], tagged: list[tuple[str, bytes]]) -> None:
    """Write one OCI image layout; a tag is its index entry's ``org.opencontainers.image.ref.name``."""
    folder = HERE / "repositories" / repository
    (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    for blob in [*blobs, *(manifest for _, manifest in tagged)]:
        (folder / "blobs" / "sha256" / sha256(blob).removeprefix("sha256:")).write_bytes(blob)
    entries = [
        {
            **descriptor(manifest, json.loads(manifest)["mediaType"]),
            "annotations": {"org.opencontainers.image.ref.name": tag},
        }
        for tag, manifest in tagged
    ]
    (folder / "index.json").write_bytes(
        as_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
    )
    (folder / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')


def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    """Describe *content*."""
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content)}


def sha256(content: bytes) -> str:
    """Return ``sha256:<hex>``."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tag_of(content: bytes) -> str:
    """Return ``sha256-<hex>``."""
    return sha256(content).replace(":", "-")


def as_json(value: Any) -> bytes:
    """Serialise, stable byte for byte."""
    return json.dumps(value, indent=1, sort_keys=True).encode()


if __name__ == "__main__":
    main()
