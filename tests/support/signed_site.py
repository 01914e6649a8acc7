# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A registry on loopback with images a virtual Sigstore signed, and the command asked there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.command import Ran, sealpin
from support.memory_registry import MANIFEST, MemoryRegistry, Repository, image_document
from support.virtual_sigstore import SignedBundle, SignedLayer, VirtualSigstore
from support.virtual_sigstore.certificate_authority import GITHUB_ISSUER, WORKFLOW

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
KEYLESS = (f"--certificate-identity={WORKFLOW}", f"--certificate-oidc-issuer={GITHUB_ISSUER}")
POLICY = f"""\
version: 1
trust: {{trusted_root: trusted_root.json}}
policies:
  - images: ["**"]
    keyless: {{issuer: "{GITHUB_ISSUER}", identity: "{WORKFLOW}"}}
"""
"""Of a project that trusts the signer, and nobody else."""
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


@dataclass(kw_only=True)
class SignedSite:
    """One repository ``acme/app``; `folder` holds what options name."""

    registry: MemoryRegistry
    folder: Path
    sigstore: VirtualSigstore = field(default_factory=VirtualSigstore)

    @property
    def repository(self) -> Repository:
        return self.registry.repository("acme/app")

    @property
    def name(self) -> str:
        """The image's name, without tag."""
        return f"{self.registry.host}/acme/app"

    def image(self, marker: str = "app", *, tag: str = "1.0") -> str:
        """Put an image there and return its digest."""
        layer = self._layer(marker.encode(), LAYER_TYPE)
        return self.repository.put_manifest(image_document([layer]), tag=tag)

    def index(self, platforms: Sequence[str], *, tag: str = "multi") -> tuple[str, dict[str, str]]:
        """Put an index of images there; return its digest and those of its platforms."""
        digests, entries = {}, []
        for platform in platforms:
            digests[platform] = self.image(platform, tag="")
            operating_system, architecture = platform.split("/")
            entries.append(
                {
                    "mediaType": MANIFEST,
                    "digest": digests[platform],
                    "size": 2,
                    "platform": {"os": operating_system, "architecture": architecture},
                }
            )
        document = {"schemaVersion": 2, "manifests": entries}
        return self.repository.put_manifest(document, tag=tag), digests

    def attach(
        self,
        digest: str,
        *signed: SignedLayer,
        suffix: str = "sig",
        prefix: str = "",
        path: str = "acme/app",
    ) -> None:
        """Keep layers under the image's legacy tag."""
        self.attach_raw(
            digest,
            [(item.content, item.media_type, dict(item.annotations)) for item in signed],
            suffix=suffix,
            prefix=prefix,
            path=path,
        )

    def attach_raw(
        self,
        digest: str,
        layers: Sequence[tuple[bytes, str, dict[str, str]]],
        *,
        suffix: str,
        prefix: str = "",
        path: str = "acme/app",
    ) -> str:
        """Keep any content under one of the image's tags; return the manifest's digest."""
        repository = self.registry.repository(path)
        entries = [
            {**self._layer(content, media_type, path), "annotations": annotations}
            for content, media_type, annotations in layers
        ]
        tag = f"{prefix}{digest.replace(':', '-')}.{suffix}"
        return repository.put_manifest(image_document(entries), tag=tag)

    def refer(self, digest: str, bundle: SignedBundle) -> str:
        """Keep a bundle as a referrer."""
        return self.repository.attach(digest, bundle.content, layer_type=BUNDLE_TYPE)

    def file(self, name: str, content: bytes) -> str:
        """Write a file and return its path."""
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def root(self) -> str:
        """Write the trusted root, as it is now."""
        return self.file("trusted_root.json", self.sigstore.trusted_root_json())

    def make_project(self) -> None:
        """Make the folder a project with `POLICY`, and the trusted root beside it."""
        (self.folder / ".git").mkdir()
        self.root()
        self.file(".sealpin.yaml", POLICY.encode())

    def ask(self, verb: str, *words: str, trusted: bool = True, **environment: str) -> Ran:
        """Run a verb; with the trusted root, unless the test is about another."""
        root = ("--trusted-root", self.root()) if trusted else ()
        return sealpin(verb, *words, *root, env=environment, cwd=self.folder)

    def verify(self, *words: str, tag: str = ":1.0", **options: object) -> Ran:
        """Verify the image under *tag* by whom `KEYLESS` says, unless *words* name a key."""
        signer = () if any(word.startswith("--key") for word in words) else KEYLESS
        return self.ask("verify", *signer, *words, f"{self.name}{tag}", **options)

    def _layer(self, content: bytes, media_type: str, path: str = "acme/app") -> dict:
        digest = self.registry.repository(path).put_blob(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}
