# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Put images and their evidence into a registry on loopback, over the distribution API alone."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sealpin import mediatypes

TIMEOUT_S = 10
_CONFIG = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What `Upload.manifest` needs to know of a layer."""

    content: bytes
    media_type: str
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """One repository of a registry that speaks plain HTTP: ``127.0.0.1:5000``, ``acme/app``."""

    host: str
    repository: str

    @property
    def name(self) -> str:
        return f"{self.host}/{self.repository}"

    def image(self, marker: str, *, tag: str = "1.0") -> str:
        """A small image that differs by *marker*; returns its digest."""
        layer = Layer(content=marker.encode(), media_type="application/vnd.oci.image.layer.v1.tar")
        return self.manifest([layer], tag)

    def signatures(self, digest: str, layers: Sequence[Layer], *, suffix: str = "sig") -> str:
        """A manifest under ``sha256-<hex>.<suffix>``."""
        return self.manifest(layers, f"{digest.replace(':', '-')}.{suffix}")

    def bundle(self, digest: str, content: bytes, *, predicate_type: str = "") -> str:
        """A referrer, listed under the fallback tag for registries without the referrers API."""
        annotations = {"dev.sigstore.bundle.predicateType": predicate_type}
        layer = Layer(content=content, media_type=_BUNDLE_TYPE)
        extra = {
            "artifactType": _BUNDLE_TYPE,
            "annotations": annotations,
            "subject": {"mediaType": mediatypes.OCI_MANIFEST, "digest": digest, "size": 1},
        }
        referrer = self.manifest([layer], "", config_type=_EMPTY_TYPE, **extra)
        index = {
            "schemaVersion": 2,
            "mediaType": mediatypes.OCI_INDEX,
            "manifests": [
                {
                    "mediaType": mediatypes.OCI_MANIFEST,
                    "digest": referrer,
                    "size": 1,
                    "artifactType": _BUNDLE_TYPE,
                    "annotations": annotations,
                }
            ],
        }
        self._put_manifest(json.dumps(index).encode(), digest.replace(":", "-"), index["mediaType"])
        return referrer

    def manifest(
        self,
        layers: Sequence[Layer],
        tag: str,
        *,
        config: bytes = _CONFIG,
        config_type: str = "application/vnd.oci.image.config.v1+json",
        **extra: object,
    ) -> str:
        """Upload blobs and the manifest that lists them; *tag* empty for by digest only."""
        document = {
            "schemaVersion": 2,
            "mediaType": mediatypes.OCI_MANIFEST,
            "config": self._blob(config, config_type),
            "layers": [
                {**self._blob(layer.content, layer.media_type), "annotations": layer.annotations}
                for layer in layers
            ],
            **extra,
        }
        return self._put_manifest(json.dumps(document).encode(), tag, mediatypes.OCI_MANIFEST)

    def _blob(self, content: bytes, media_type: str) -> dict[str, object]:
        digest = _digest(content)
        location = self._send("POST", "blobs/uploads/", b"", "").headers["Location"]
        path = location.removeprefix(f"http://{self.host}").removeprefix(f"/v2/{self.repository}/")
        query = "&" if "?" in path else "?"
        self._send("PUT", f"{path}{query}digest={digest}", content, "application/octet-stream")
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def _put_manifest(self, content: bytes, tag: str, media_type: str) -> str:
        digest = _digest(content)
        self._send("PUT", f"manifests/{tag or digest}", content, media_type)
        return digest

    def _send(self, method: str, path: str, body: bytes, content_type: str):
        request = urllib.request.Request(
            f"http://{self.host}/v2/{self.repository}/{path}",
            data=body,
            method=method,
            headers={"Content-Type": content_type} if content_type else {},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=TIMEOUT_S) as response:
            return response


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
