# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A Rekor v1 on loopback that answers searches, honestly or not.

Wire format: Rekor, openapi.yaml, ``/api/v1/log/entries/retrieve``: a list of objects, each from an
entry's UUID to the entry.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/api/v1/log/entries/retrieve"
KEY_PATH = "/api/v1/log/publicKey"


@dataclass(kw_only=True)
class RekorService:
    """What a log knows, as the legacy annotation has it, and how it answers."""

    entries: list[Mapping[str, Any]] = field(default_factory=list)
    answers_everything: bool = False
    """Answer every search with every entry, as an "or" of its fields may."""
    raw: bytes | None = None
    """Answered instead, if set."""
    status: int = 200
    asked: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    """Every path that was asked for, in order."""
    public_key: bytes = b""
    """What the log says its own key is, in PEM."""
    url: str = ""

    def answer(self, query: bytes) -> bytes:
        """Return the answer to a search."""
        proposed = json.loads(query)["entries"]
        self.asked.append(proposed)
        if self.raw is not None:
            return self.raw
        found = [
            entry
            for entry in self.entries
            if self.answers_everything or any(_is_proposed(entry, each) for each in proposed)
        ]
        return json.dumps([{_uuid(entry): _shown(entry)} for entry in found]).encode()


@contextmanager
def serving(**options: object) -> Iterator[RekorService]:
    """Serve a log until the block ends."""
    service = RekorService(**options)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.paths.append(self.path)
            is_known = self.path == KEY_PATH
            self._send(200 if is_known else 404, service.public_key if is_known else b"")

        def do_POST(self) -> None:
            service.paths.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content = service.answer(body) if self.path == PATH else b""
            self._send(service.status if self.path == PATH else 404, content)

        def _send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *message: object) -> None:
            del message

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def _is_proposed(entry: Mapping[str, Any], proposed: Mapping[str, Any]) -> bool:
    body = json.loads(base64.b64decode(entry["Payload"]["body"]))
    spec, wanted = body["spec"], proposed["spec"]
    if body["kind"] != proposed["kind"]:
        return False
    if body["kind"] == "hashedrekord":
        return bool(spec == wanted)
    if body["kind"] == "dsse":
        return bool(spec["envelopeHash"]["value"] == _sha256(wanted["proposedContent"]["envelope"]))
    return bool(spec["content"]["hash"]["value"] == _sha256(wanted["content"]["envelope"]))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _uuid(entry: Mapping[str, Any]) -> str:
    body = base64.b64decode(entry["Payload"]["body"])
    return hashlib.sha256(b"\0" + body).hexdigest()


def _shown(entry: Mapping[str, Any]) -> dict[str, Any]:
    promise = {"signedEntryTimestamp": entry["SignedEntryTimestamp"]}
    return {**entry["Payload"], "verification": promise}
