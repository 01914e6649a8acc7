# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes' own API server over etcd, on loopback, without nodes and controllers.

What is applied is checked, defaulted and stored as in any cluster, and nothing is run.
"""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.peers import peer

_ETCD = "unix://localhost:1"
_START_TIMEOUT_S = 120
_STOP_TIMEOUT_S = 30
_REQUEST_TIMEOUT_S = 60


@dataclass(frozen=True)
class ApiServer:
    """A server and the user who may do everything."""

    url: str
    token: str
    authority: Path
    """The certificate the server has, PEM."""

    def write_kubeconfig(self, path: Path) -> Path:
        """Write what clients read; YAML is a superset of JSON."""
        cluster = {"server": self.url, "certificate-authority": str(self.authority)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "it", "user": {"token": self.token}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "current-context": "it",
        }
        path.write_text(json.dumps(document))
        return path

    def get(self, path: str) -> dict[str, Any]:
        """Return an object. Raises `urllib.error.HTTPError` with the server's status."""
        return self._send("GET", path, None)

    def create(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        """Create an object in the collection at *path*."""
        return self._send("POST", path, document)

    def _send(self, method: str, path: str, document: dict[str, Any] | None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(
                context=ssl.create_default_context(cafile=str(self.authority))
            ),
        )
        with opener.open(request, timeout=_REQUEST_TIMEOUT_S) as response:
            return json.loads(response.read())


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """Run both programs below *folder* until the end of the block."""
    # Sockets in the folder, where both programs run; etcd demands that they are called so.
    etcd = [
        str(peer("etcd")), "--data-dir", str(folder / "etcd"), "--log-level", "error",
        f"--listen-client-urls={_ETCD}", f"--advertise-client-urls={_ETCD}",
        "--listen-peer-urls=unix://localhost:2",
    ]  # fmt: skip
    with _reserved_port() as port:
        server = ApiServer(
            url=f"https://127.0.0.1:{port}",
            token=secrets.token_hex(16),
            authority=folder / "certificates" / "apiserver.crt",
        )
        (folder / "tokens.csv").write_text(f"{server.token},admin,admin,system:masters\n")
        _write_key(folder / "accounts.key")
        kubernetes = [
            str(peer("kube-apiserver")), f"--etcd-servers={_ETCD}",
            "--bind-address=127.0.0.1", f"--secure-port={port}", "--permit-port-sharing",
            f"--cert-dir={server.authority.parent}", "--service-cluster-ip-range=10.0.0.0/24",
            f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.test",
            f"--service-account-key-file={folder / 'accounts.key'}",
            f"--service-account-signing-key-file={folder / 'accounts.key'}",
        ]  # fmt: skip
        with _running(etcd, folder / "etcd.log"), _running(kubernetes, folder / "log") as process:
            _await_ready(server, process, folder / "log")
            yield server


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=_STOP_TIMEOUT_S)


def _await_ready(server: ApiServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            server.get("/api/v1/namespaces/default")
        except OSError:  # of which the errors of urllib are some
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"kube-apiserver is not ready: {log.read_text()[-2000:]}")


def _write_key(path: Path) -> None:
    """Write the key the server would sign tokens of service accounts with."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    path.touch(mode=0o600)
    path.write_bytes(pem)


@contextmanager
def _reserved_port() -> Iterator[int]:
    """Yield a port that is kept from everyone who does not ask to share it; nobody listens yet."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
