# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's docker-registry (distribution 2.8, no referrers API) on loopback.

Its storage folder is written before it starts: over its API it would refuse images whose layers
are not there, and the vectors leave layers out.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.listening import announced_port
from support.peers import peer

USER, PASSWORD = "user", "s3cret"
_BCRYPT_OF_PASSWORD = "$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK"
"""The registry takes no other kind of hash; this is nearly the cheapest cost there is."""
_STOP_TIMEOUT_S = 30.0


@contextmanager
def serving(folder: Path, layouts: Path, *, has_password: bool = False) -> Iterator[str]:
    """Run the registry, with every image layout below *layouts* in it, for the length of a block.

    *folder* is for its files. The value is the registry's name in references.
    """
    program = peer("docker-registry")
    for marker in layouts.rglob("oci-layout"):
        _store(folder / "storage", marker.parent, marker.parent.relative_to(layouts).as_posix())
    config, log = folder / "config.yml", folder / "log"
    config.write_text(_config(folder, has_password=has_password))
    with log.open("wb") as output:
        process = subprocess.Popen([program, "serve", config], stdout=output, stderr=output)
        try:
            port = announced_port(process, log, after="listening on 127.0.0.1:")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=_STOP_TIMEOUT_S)


def _store(storage: Path, layout: Path, path: str) -> None:
    """Write one layout as the filesystem driver keeps it."""
    root = storage / "docker" / "registry" / "v2"
    repository = root / "repositories" / path
    for file in layout.glob("blobs/sha256/*"):
        content, digest = file.read_bytes(), file.name
        _write(root / "blobs" / "sha256" / digest[:2] / digest / "data", content)
        kind = "_manifests/revisions" if _is_manifest(content) else "_layers"
        _write(repository / kind / "sha256" / digest / "link", f"sha256:{digest}".encode())
    for entry in json.loads((layout / "index.json").read_bytes())["manifests"]:
        tag = entry.get("annotations", {}).get("org.opencontainers.image.ref.name")
        if tag:
            link = repository / "_manifests" / "tags" / tag / "current" / "link"
            _write(link, entry["digest"].encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _is_manifest(content: bytes) -> bool:
    try:
        document = json.loads(content)
    except ValueError:
        return False
    return isinstance(document, dict) and ("layers" in document or "manifests" in document)


def _config(folder: Path, *, has_password: bool) -> str:
    lines = [
        "version: 0.1",
        "log: {level: info, accesslog: {disabled: true}}",
        f"storage: {{filesystem: {{rootdirectory: {folder / 'storage'}}}}}",
        "http: {addr: '127.0.0.1:0'}",
    ]
    if has_password:
        htpasswd = folder / "htpasswd"
        htpasswd.write_text(f"{USER}:{_BCRYPT_OF_PASSWORD}\n")
        lines.append(f"auth: {{htpasswd: {{realm: lab, path: {htpasswd}}}}}")
    return "\n".join(lines) + "\n"
