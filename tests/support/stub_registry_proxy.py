# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every registry at once, on loopback: an HTTP CONNECT proxy that ends TLS and answers itself.

The manifest of ``registry/repository:tag`` is that very text, so the digest a client computes is
the SHA-256 of the normalised reference, which is the resolver of the pinning cases. Certificates
are made for each host by a throw-away authority.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

import trustme

_MANIFEST = re.compile(r"/v2/(?P<repository>.+)/manifests/(?P<tag>[^/?]+)")
_INDEX = "application/vnd.oci.image.index.v1+json"
_HUB_HOSTS = ("index.docker.io", "registry-1.docker.io")


@dataclass(kw_only=True)
class StubRegistries:
    """The proxy's address, its authority, and how often it was asked for a manifest."""

    proxy_url: str
    ca_file: Path
    asked: list[str] = field(default_factory=list)


class _Proxy(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authority = trustme.CA()
        self.contexts: dict[str, ssl.SSLContext] = {}
        self.lock = threading.Lock()
        self.asked: list[str] = []

    def context_for(self, host: str) -> ssl.SSLContext:
        with self.lock:
            if host not in self.contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                name = re.sub(r":\d+$", "", host).strip("[]")
                self.authority.issue_cert(name).configure_cert(context)
                self.contexts[host] = context
            return self.contexts[host]


class _Handler(StreamRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        line = self._first_line()
        if not line.startswith("CONNECT "):
            self.wfile.write(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n")
            return
        host = line.split()[1].lower().removesuffix(":443")
        self.wfile.write(b"HTTP/1.1 200 ok\r\n\r\n")
        with suppress(OSError, ssl.SSLError):
            context = self.server.context_for(host)
            with context.wrap_socket(self.request, server_side=True) as tunnel:
                self._serve(tunnel, "docker.io" if host in _HUB_HOSTS else host)

    def _first_line(self) -> str:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(4096)
            if not piece:
                break
            head += piece
        return head.partition(b"\r\n")[0].decode()

    def _serve(self, tunnel: socket.socket, registry: str) -> None:
        with tunnel.makefile("rb") as reader:
            while request := reader.readline():
                while reader.readline() not in (b"\r\n", b"\n", b""):
                    pass
                method, path, _unused = request.split(b" ", 2)
                tunnel.sendall(self._answer(method, path.decode(), registry))

    def _answer(self, method: bytes, path: str, registry: str) -> bytes:
        match = _MANIFEST.match(path)
        if path.rstrip("/") == "/v2":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        if match is None or match["tag"].startswith("sha256:"):
            body = b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'
            head = f"HTTP/1.1 404 Not Found\r\nContent-Length: {len(body)}\r\n\r\n"
            return head.encode() + body
        name = f"{registry}/{match['repository']}:{match['tag']}"
        self.server.asked.append(name)
        body = name.encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {_INDEX}\r\n"
            f"Docker-Content-Digest: sha256:{hashlib.sha256(body).hexdigest()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + (b"" if method == b"HEAD" else body)


@contextmanager
def serving(folder: Path) -> Iterator[StubRegistries]:
    """Run the proxy for the length of a block; *folder* gets the authority's file."""
    with _Proxy() as proxy:
        ca_file = folder / "stub-ca.pem"
        proxy.authority.cert_pem.write_to_path(str(ca_file))
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield StubRegistries(
                proxy_url=f"http://127.0.0.1:{proxy.server_address[1]}",
                ca_file=ca_file,
                asked=proxy.asked,
            )
        finally:
            proxy.shutdown()
            thread.join()
