# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's docker-registry (distribution 2.8, no referrers API) on loopback.

Its storage folder is written before it starts: over its API it would refuse images whose layers
are not there, and the vectors leave layers out.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.peers import peer

USER, PASSWORD = "user", "s3cret"
_BCRYPT_OF_PASSWORD = "$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK"
"""The registry takes no other kind of hash; this is nearly the cheapest cost there is."""
_START_TIMEOUT_S = 10.0


@contextmanager
def serving(folder: Path, layouts: Path, *, has_password: bool = False) -> Iterator[str]:
    """Run the registry, with every image layout below *layouts* in it, for the length of a block.

    *folder* is for its files. The value is the registry's name in references.
    """
    program = peer("docker-registry")
    for marker in layouts.rglob("oci-layout"):
        _store(folder / "storage", marker.parent, marker.parent.relative_to(layouts).as_posix())
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = folder / "config.yml"
    config.write_text(_config(folder, port, has_password=has_password))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", config], stdout=log, stderr=log)
        try:
            _await_port(port, process)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


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


def _config(folder: Path, port: int, *, has_password: bool) -> str:
    lines = [
        "version: 0.1",
        "log: {level: error}",
        f"storage: {{filesystem: {{rootdirectory: {folder / 'storage'}}}}}",
        f"http: {{addr: '127.0.0.1:{port}'}}",
    ]
    if has_password:
        htpasswd = folder / "htpasswd"
        htpasswd.write_text(f"{USER}:{_BCRYPT_OF_PASSWORD}\n")
        lines.append(f"auth: {{htpasswd: {{realm: lab, path: {htpasswd}}}}}")
    return "\n".join(lines) + "\n"


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    started_s = time.monotonic()
    while time.monotonic() - started_s < _START_TIMEOUT_S:
        if process.poll() is not None:
            raise RuntimeError(f"docker-registry ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("docker-registry does not listen")
