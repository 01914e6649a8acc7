# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""slsa-verifier's cases, and image layouts with its attestations: as published, and altered.

`cases.json` says with which flags the peer was run and what it answered. Its altered images are
made here by the recipes of ``meta.fixtures``, from v2.0.0 where the peer's were made from v2.1.0,
which is not among the vectors.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from sealpin.digest import Digest
from sealpin.evidence import EvidenceSet
from sealpin.mediatypes import (
    ANNOTATION_BUNDLE,
    ANNOTATION_CERTIFICATE,
    ANNOTATION_CHAIN,
    DSSE_ENVELOPE,
    OCI_MANIFEST,
)
from sealpin.reference import ImageReference
from sealpin.registry.discover import discover
from sealpin.registry.layout import DirectorySource
from sealpin.slsa.expectations import ExpectedProvenance

from .vectors import vectors

REGISTRY = "registry.example"
ALTERED = "v2.0.0"
UNAVAILABLE_DIGEST = "sha256:234e2c830c2fb31ac5671789d22adfe44d30c3ee831d01beae5e237841a13122"
"""v2.1.0's, which the recipes start from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run of the peer."""

    id: str
    suite: str
    name: str
    options: Mapping[str, list[str]]
    """Flags by name without dashes, in order; a switch has the value ``true``."""
    argv: tuple[str, ...]
    """The flags as they were given."""
    image: str
    """Reference with the registry filled in; empty when there was none."""
    path: str
    """The artifact or document; relative to the vectors."""
    provenance: str
    """The bundle of an artifact; relative to the vectors."""
    is_accepted: bool
    error_class: str
    message: str

    def option(self, name: str) -> str | None:
        """Return the last value of a flag, None when it was not given."""
        values = self.options.get(name)
        return values[-1] if values else None

    @property
    def is_cloud_build(self) -> bool:
        """Whether the run selected the peer's verifier for Cloud Build."""
        return "cloudbuild" in (self.option("builder-id") or "")

    def expected(self) -> ExpectedProvenance:
        """Return the flags as expectations; an empty builder is none, as with the peer."""
        inputs = dict(text.split("=", 1) for text in self.options.get("build-workflow-input", ()))
        return ExpectedProvenance(
            builder=self.option("builder-id") or None,
            source=self.option("source-uri"),
            branch=self.option("source-branch"),
            tag=self.option("source-tag"),
            versioned_tag=self.option("source-versioned-tag"),
            inputs=inputs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One attestation as cosign stores it."""

    content: bytes
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """An image's digest and what lies under its ``.att`` tag."""

    digest: str
    layers: tuple[Layer, ...]


@cache
def cases() -> tuple[Case, ...]:
    """Return every case and probe, in order."""
    document = json.loads((vectors("slsa") / "cases.json").read_bytes())
    return tuple(_case(item) for item in document["cases"] + document["probes"])


def _case(item: Mapping[str, Any]) -> Case:
    return Case(
        id=item["id"],
        suite=item["suite"],
        name=item["name"],
        options=_options(item["flags"]),
        argv=tuple(item["flags"]),
        image=(item.get("image_ref") or "").replace("{registry}", REGISTRY),
        path=item.get("path", ""),
        provenance=item.get("provenance", ""),
        is_accepted=item["expected"] == "ok",
        error_class=item.get("error_class") or "",
        message=item.get("message") or (item.get("peer") or {}).get("message", ""),
    )


def _options(flags: list[str]) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    words = iter(flags)
    for word in words:
        value = "true" if word == "--print-provenance" else next(words)
        options.setdefault(word.removeprefix("--"), []).append(value)
    return options


def published(version: str) -> Attested:
    """Read the attestation the container generator of *version* published."""
    layout = vectors("slsa") / "testdata/gha_generic_container" / version
    layout = layout / "container_workflow_dispatch"
    image, attestations = json.loads((layout / "index.json").read_bytes())["manifests"]
    manifest = json.loads(_blob(layout, attestations["digest"]).read_bytes())
    layers = tuple(
        Layer(
            content=_blob(layout, layer["digest"]).read_bytes(),
            annotations=layer["annotations"],
        )
        for layer in manifest["layers"]
    )
    return Attested(digest=image["digest"], layers=layers)


def altered(name: str) -> Attested:
    """Make the altered image *name* of ``meta.fixtures``."""
    image = published(ALTERED)
    return replace(image, layers=tuple(ALTERATIONS[name](image.layers[0])))


def _without(layer: Layer, annotation: str) -> Layer:
    kept = {key: value for key, value in layer.annotations.items() if key != annotation}
    return replace(layer, annotations=kept)


def _with_annotation_of(layer: Layer, other: Layer, annotation: str) -> Layer:
    swapped = {**layer.annotations, annotation: other.annotations[annotation]}
    return replace(layer, annotations=swapped)


def _tampered(layer: Layer) -> Layer:
    envelope = json.loads(layer.content)
    payload = base64.b64decode(envelope["payload"]).replace(b'"push"', b'"pull"')
    envelope["payload"] = base64.b64encode(payload).decode()
    return replace(layer, content=json.dumps(envelope).encode())


def _at_another_time(layer: Layer) -> Layer:
    bundle = json.loads(layer.annotations[ANNOTATION_BUNDLE])
    bundle["Payload"]["integratedTime"] += 86400
    changed = {**layer.annotations, ANNOTATION_BUNDLE: json.dumps(bundle)}
    return replace(layer, annotations=changed)


def _other(version: str) -> Layer:
    return published(version).layers[0]


ALTERATIONS: Mapping[str, Callable[[Layer], list[Layer]]] = {
    "tampered": lambda good: [_tampered(good)],
    "nobundle": lambda good: [_without(good, ANNOTATION_BUNDLE)],
    "nocert": lambda good: [_without(good, ANNOTATION_CERTIFICATE)],
    "nochain": lambda good: [_without(good, ANNOTATION_CHAIN)],
    "swapbundle": lambda good: [_with_annotation_of(good, _other("v1.4.0"), ANNOTATION_BUNDLE)],
    "swapcert": lambda good: [_with_annotation_of(good, _other("v1.4.0"), ANNOTATION_CERTIFICATE)],
    "wrongsubject": lambda good: [_other("v1.4.0")],
    "wrong_then_right": lambda good: [_other("v1.4.0"), good],
    "tampered_then_right": lambda good: [_tampered(good), good],
    "two_wrong": lambda good: [_other("v1.4.0"), _other("v1.5.0")],
    "empty": lambda good: [],
    "settime": lambda good: [_at_another_time(good)],
}


def publish(root: Path, repository: str, image: Attested) -> None:
    """Write an OCI image layout with *image*'s attestations at *repository* below *root*."""
    layout = root / repository
    layers = [
        {
            "mediaType": DSSE_ENVELOPE,
            "digest": _store(layout, layer.content),
            "size": len(layer.content),
            "annotations": dict(layer.annotations),
        }
        for layer in image.layers
    ]
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 2}
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {**config, "digest": _store(layout, b"{}")},
        "layers": layers,
    }
    content = json.dumps(manifest).encode()
    tag = image.digest.replace(":", "-") + ".att"
    entry = {
        "mediaType": OCI_MANIFEST,
        "digest": _store(layout, content),
        "size": len(content),
        "annotations": {"org.opencontainers.image.ref.name": tag},
    }
    index = {"schemaVersion": 2, "manifests": [entry]}
    (layout / "index.json").write_text(json.dumps(index), encoding="utf-8")
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}', encoding="utf-8")


def publish_all(root: Path) -> None:
    """Write every image the cases name, at the repositories they name."""
    for version in _versions():
        publish(root, f"slsa/{version}", published(version))
    for name in ALTERATIONS:
        publish(root, f"probe/{name}", altered(name))


def _versions() -> Iterator[str]:
    for folder in sorted((vectors("slsa") / "testdata/gha_generic_container").iterdir()):
        yield folder.name


def image_of(case: Case) -> ImageReference:
    """Return the image of a case; an altered one has the digest it is made from here."""
    text = case.image
    if text.startswith(f"{REGISTRY}/probe/"):
        text = text.replace(UNAVAILABLE_DIGEST, published(ALTERED).digest)
    return ImageReference.parse(text)


def evidence_for(root: Path, image: ImageReference) -> EvidenceSet:
    """Discover what lies beside *image* in the layouts below *root*."""
    if image.digest is None:
        raise ValueError(f"{image} has no digest")
    return discover(DirectorySource(root), image=image.repository, subject=image.digest)


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")


def _store(layout: Path, content: bytes) -> str:
    digest = Digest(algorithm="sha256", hex=sha256(content).hexdigest())
    path = _blob(layout, str(digest))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(digest)
