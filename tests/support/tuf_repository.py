# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A TUF repository made by python-tuf's own metadata API, served over HTTP on loopback."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

ROLES = ("root", "timestamp", "snapshot", "targets")


def tar_gz(files: Mapping[str, bytes]) -> bytes:
    """Pack *files* by their paths."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class TufRepository:
    """One key for each role; every change is published at once, as files by their paths."""

    def __init__(self, document: bytes, *, target: str = "trusted_root.json") -> None:
        self.target = target
        self.expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=10)
        self.signers = {role: CryptoSigner.generate_ed25519() for role in ROLES}
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.pause_s = 0.0
        """Before each byte of a body."""
        self.url = ""
        self.version = 0
        self.root = Root(expires=self.expires, consistent_snapshot=True)
        for role in ROLES:
            self.root.add_key(self.signers[role].public_key, role)
        self._publish_root()
        self.bootstrap_root = self.files["1.root.json"]
        self.publish(document)

    def publish(self, document: bytes) -> None:
        """Publish *document* as the next version of the target."""
        self.version += 1
        targets = Targets(version=self.version, expires=self.expires)
        targets.targets[self.target] = file = TargetFile.from_data(self.target, document)
        digest = file.hashes["sha256"]
        folder, _separator, name = self.target.rpartition("/")
        path = f"{folder}/{digest}.{name}" if folder else f"{digest}.{name}"
        self.files[f"targets/{path}"] = document
        self._sign(f"{self.version}.targets.json", targets)
        self._publish_snapshot()
        self.publish_timestamp()

    def _publish_snapshot(self) -> None:
        snapshot = Snapshot(version=self.version, expires=self.expires)
        snapshot.meta["targets.json"] = MetaFile(version=self.version)
        self._sign(f"{self.version}.snapshot.json", snapshot)

    def publish_timestamp(
        self,
        *,
        version: int = 0,
        expires: datetime | None = None,
        signer: CryptoSigner | None = None,
    ) -> None:
        """Publish a timestamp; by the arguments an old, an expired or a forged one."""
        timestamp = Timestamp(version=version or self.version, expires=expires or self.expires)
        timestamp.snapshot_meta = MetaFile(version=version or self.version)
        self._sign("timestamp.json", timestamp, signer)

    def rotate_root(self) -> None:
        """Publish a next root that names a new timestamp key."""
        old = self.signers["timestamp"].public_key.keyid
        self.signers["timestamp"] = CryptoSigner.generate_ed25519()
        self.root.revoke_key(old, "timestamp")
        self.root.add_key(self.signers["timestamp"].public_key, "timestamp")
        self.root.version += 1
        self._publish_root()

    def _publish_root(self) -> None:
        self._sign(f"{self.root.version}.root.json", self.root)

    def _sign(self, path: str, signed: object, signer: CryptoSigner | None = None) -> None:
        metadata = Metadata(signed)
        metadata.sign(signer or self.signers[signed.type])
        self.files[path] = metadata.to_bytes()

    @contextmanager
    def served(self) -> Iterator[TufRepository]:
        """Serve the files; sets `url`."""
        repository, over = self, threading.Event()

        def pieces(body: bytes, pause_s: float) -> Iterator[bytes]:
            if not pause_s:
                yield body
                return
            for byte in body:
                if over.wait(pause_s):
                    return
                yield bytes((byte,))

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.lstrip("/")
                repository.requests.append(path)
                body = repository.files.get(path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                with suppress(ConnectionError):  # a client may hang up on a long answer
                    for piece in pieces(body or b"", repository.pause_s):
                        self.wfile.write(piece)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            self.url = f"http://127.0.0.1:{server.server_port}"
            yield self
        finally:
            over.set()
            server.shutdown()
            thread.join()
            server.server_close()
