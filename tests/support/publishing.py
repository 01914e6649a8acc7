# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A publisher of small images that really run, and the policy that demands his signature.

An image is busybox and nothing else. It is pushed and signed over the distribution API alone, so
that every engine gets the same bytes and none is needed to make them.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from support.oci_upload import Layer, Upload
from support.peers import peer
from support.virtual_sigstore import Identity, Signer, VirtualSigstore

WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3"
ISSUER = "https://token.actions.githubusercontent.com"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_POLICY = f"""\
version: 1
trust: {{trusted_root: trusted_root.json}}
policies:
  - images: ["**"]
    keyless: {{issuer: "{ISSUER}", identity: "{WORKFLOW}"}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Somebody who pushes to a registry on loopback, ``127.0.0.1:5000``."""

    host: str
    sigstore: VirtualSigstore = field(default_factory=VirtualSigstore)

    def push(
        self,
        repository: str,
        *,
        signed: bool,
        signer: Signer | None = None,
        content: str = "",
        tag: str = "1",
    ) -> str:
        """Push an image, different for each repository and *content*; return its digest.

        It is signed as the policy of `write_policy` wants it, unless *signer* is another.
        """
        upload = Upload(self.host, repository)
        name = f"{repository} {content}".encode()
        layer = _layer({"busybox": peer("busybox").read_bytes(), "name": name})
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/busybox", "sleep", "300"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
        digest = upload.manifest(
            [Layer(content=layer, media_type=_LAYER_TYPE)], tag, config=json.dumps(config).encode()
        )
        if signed:
            self._sign(upload, digest, signer)
        return digest

    def write_policy(self, folder: Path) -> Path:
        """Write ``policy.yaml``, which allows what this publisher signed, and its trusted root."""
        (folder / "trusted_root.json").write_bytes(self.sigstore.trusted_root_json())
        policy = folder / "policy.yaml"
        policy.write_text(_POLICY)
        return policy

    def _sign(self, upload: Upload, digest: str, signer: Signer | None) -> None:
        signature = self.sigstore.sign_image(
            digest,
            signer=signer,
            identity=Identity.uri(WORKFLOW, issuer=ISSUER),
            reference=upload.name,
        )
        layer = Layer(
            content=signature.content,
            media_type=signature.media_type,
            annotations=signature.annotations,
        )
        upload.signatures(digest, [layer])


def _layer(files: dict[str, bytes]) -> bytes:
    """Return an archive of executable files, without times or owners."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
