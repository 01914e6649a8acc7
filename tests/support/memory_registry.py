# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A registry on loopback that behaves as told.

The pull side of the distribution protocol and its faults, over real HTTP (or HTTPS with a
throw-away authority) from real threads, so a test exercises every layer of the client down to the
socket.
What it was asked is in `log`; what it does wrong is in `faults`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import trustme

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"
_ROUTE = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs|referrers)/(?P<item>[^/]+)")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def kind(self) -> str:
        match = _ROUTE.match(self.path)
        return match["kind"] if match else "token" if self.path.startswith("/token") else "other"


@dataclass(kw_only=True)
class Answer:
    """One answer; a fault changes it or replaces it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Callable[[], Iterator[bytes]] | None = None
    """Sent instead of the body, without a declared length and without end if it has none."""
    declared_length: int | None = None
    """Announced instead of the body's real length."""
    reset: bool = False
    """Break the connection instead of answering."""


Fault = Callable[[Asked, Answer], Answer]


@dataclass(kw_only=True)
class Repository:
    """Content of one repository."""

    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Digest to media type and bytes."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    """Tag to digests; several are answered in turn, the last one for good."""

    def put_blob(self, content: bytes) -> str:
        digest = digest_of(content)
        self.blobs[digest] = content
        return digest

    def put_manifest(self, content: bytes | dict, *, media_type: str = "", tag: str = "") -> str:
        """Store a manifest, and let *tag* mean it."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        if not media_type:
            document = json.loads(data)
            media_type = document.get("mediaType") or (
                INDEX if "manifests" in document else MANIFEST
            )
        digest = digest_of(data)
        self.manifests[digest] = (media_type, data)
        if tag:
            self.tags[tag] = [digest]
        return digest

    def attach(
        self,
        subject: str,
        content: bytes,
        *,
        layer_type: str,
        artifact_type: str = "",
        **manifest: object,
    ) -> str:
        """Store *content* as the one layer of a manifest that refers to *subject*."""
        layer = {"mediaType": layer_type, "digest": self.put_blob(content), "size": len(content)}
        document = image_document([layer], artifactType=artifact_type, **manifest)
        document["subject"] = {"mediaType": MANIFEST, "digest": subject, "size": 2}
        return self.put_manifest(document)

    def referrers(self, subject: str) -> list[dict]:
        found = []
        for digest, (media_type, data) in self.manifests.items():
            document = _json(data)
            if (document.get("subject") or {}).get("digest") != subject:
                continue
            descriptor = {"mediaType": media_type, "digest": digest, "size": len(data)}
            descriptor["artifactType"] = document.get("artifactType") or (
                document.get("config") or {}
            ).get("mediaType", "")
            if document.get("annotations"):
                descriptor["annotations"] = document["annotations"]
            found.append(descriptor)
        return found


@dataclass(kw_only=True)
class Behaviour:
    """How the registry is set up; changed freely while it runs."""

    referrers_api: bool = True
    page_size: int = 1000
    """Referrers and tags a page."""
    filters_applied: bool = True
    """Whether an ``artifactType`` filter is obeyed."""
    authentication: str = ""
    """Empty, ``basic`` or ``bearer``."""
    users: dict[str, str] = field(default_factory=dict)
    """User to password; an empty user is anonymous, who gets a token too."""
    token_lifetime_s: int = 300
    public_paths: frozenset[str] = frozenset()
    """Repositories readable with an anonymous token."""


class MemoryRegistry:
    """Runs from construction until `close`; also a context manager."""

    def __init__(
        self, *, behaviour: Behaviour | None = None, tls: trustme.CA | None = None
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.repositories: dict[str, Repository] = {}
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self.tokens: dict[str, str] = {}
        """Issued token to the scope it is for."""
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.issue_cert("127.0.0.1", "localhost", "registry.example").configure_cert(context)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.scheme = "https" if tls is not None else "http"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def host(self) -> str:
        """The registry's name in references."""
        return f"127.0.0.1:{self.port}"

    def repository(self, path: str) -> Repository:
        return self.repositories.setdefault(path, Repository())

    def load_layout(self, folder: Path, path: str) -> Repository:
        """Put everything of the OCI image layout *folder* into the repository *path*."""
        repository = self.repository(path)
        contents = {
            f"{file.parent.name}:{file.name}": file.read_bytes()
            for file in folder.glob("blobs/*/*")
        }
        for digest, content in contents.items():
            document = _json(content)
            if "manifests" in document or "layers" in document:
                repository.put_manifest(content)
            else:
                repository.blobs[digest] = content
        for entry in json.loads((folder / "index.json").read_bytes())["manifests"]:
            name = (entry.get("annotations") or {}).get(REF_NAME)
            if name:
                repository.tags[name] = [entry["digest"]]
            if entry["digest"] in contents:
                repository.manifests[entry["digest"]] = (
                    entry["mediaType"],
                    contents[entry["digest"]],
                )
        return repository

    def load_tree(self, root: Path, prefix: str = "") -> tuple[str, ...]:
        """Put every layout below *root* where its folder says; returns the repositories' paths."""
        folders = sorted(file.parent for file in root.rglob("oci-layout"))
        paths = tuple(prefix + folder.relative_to(root).as_posix() for folder in folders)
        for folder, path in zip(folders, paths, strict=True):
            self.load_layout(folder, path)
        return paths

    def asked(self, kind: str = "") -> list[Asked]:
        """Return what was asked: all of it, or one kind (see `Asked.kind`)."""
        with self._lock:
            return [asked for asked in self.log if not kind or asked.kind == kind]

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self.log.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> MemoryRegistry:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.log.append(asked)
            answer = self._answer(asked)
            faults = list(self.faults)
        for fault in faults:
            answer = fault(asked, answer)
        return answer

    def _answer(self, asked: Asked) -> Answer:
        parts = urlsplit(asked.path)
        if parts.path == "/token":
            return self._token(asked, parse_qs(parts.query))
        match = _ROUTE.fullmatch(unquote(parts.path))
        refused = self._challenge(asked, match["repository"] if match else "")
        if refused is not None:
            return refused
        if parts.path in ("/v2", "/v2/"):
            return Answer(body=b"{}")
        if match is None:
            return Answer(status=404, body=b"404 page not found\n")
        repository = self.repositories.get(match["repository"])
        kind, item, query = match["kind"], match["item"], parse_qs(parts.query)
        if kind == "referrers":
            if not self.behaviour.referrers_api:
                return Answer(status=404, body=b"404 page not found\n")
            return self._referrers(parts.path, repository or Repository(), item, query)
        if repository is None:
            return _error(404, "NAME_UNKNOWN")
        if kind == "blobs":
            return _blob(repository, item)
        return _manifest(repository, item)

    def _referrers(self, path: str, repository: Repository, subject: str, query: dict) -> Answer:
        found, headers = repository.referrers(subject), {"Content-Type": INDEX}
        wanted = query.get("artifactType")
        if wanted and self.behaviour.filters_applied:
            found = [entry for entry in found if entry["artifactType"] in wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        page, link = self._page(path, found, query)
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": page}
        return Answer(headers=headers | link, body=json.dumps(document).encode())

    def _page(self, path: str, items: list, query: dict) -> tuple[list, dict[str, str]]:
        start = int(query.get("start", ["0"])[0])
        end = start + self.behaviour.page_size
        link = {"Link": f'<{path}?start={end}>; rel="next"'} if end < len(items) else {}
        return items[start:end], link

    def _challenge(self, asked: Asked, path: str) -> Answer | None:
        given = asked.headers.get("authorization", "")
        scope = f"repository:{path}:pull"
        if self.behaviour.authentication == "basic":
            if self._user(given) is not None:
                return None
            return _error(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="registry"'})
        if self.behaviour.authentication == "bearer":
            if self.tokens.get(given.removeprefix("Bearer ")) == scope:
                return None
            realm = f"{self.scheme}://{self.host}/token"
            challenge = f'Bearer realm="{realm}",service="{self.host}",scope="{scope}"'
            return _error(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
        return None

    def _token(self, asked: Asked, query: dict) -> Answer:
        given = asked.headers.get("authorization", "")
        scope = query.get("scope", [""])[0]
        path = scope.removeprefix("repository:").removesuffix(":pull")
        user = self._user(given)
        if user is None and (given or path not in self.behaviour.public_paths):
            return _error(401, "UNAUTHORIZED")
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = scope
        lifetime = self.behaviour.token_lifetime_s
        return Answer(body=json.dumps({"token": token, "expires_in": lifetime}).encode())

    def _user(self, authorization: str) -> str | None:
        if not authorization.startswith("Basic "):
            return None
        user, _separator, password = base64.b64decode(authorization[6:]).decode().partition(":")
        return user if self.behaviour.users.get(user) == password else None


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def image_document(layers: list[dict], **more: object) -> dict:
    """Return an image manifest as a dictionary; empty extras are left out."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": digest_of(b"{}"),
            "size": 2,
        },
        "layers": layers,
    } | {key: value for key, value in more.items() if value}


def times(count: int, fault: Fault) -> Fault:
    """Apply *fault* to the first *count* requests it sees."""
    left = iter(range(count))

    def limited(asked: Asked, answer: Answer) -> Answer:
        return fault(asked, answer) if next(left, None) is not None else answer

    return limited


def on(pattern: str, fault: Fault) -> Fault:
    """Apply *fault* to requests whose path has a match of *pattern*."""
    compiled = re.compile(pattern)

    def matched(asked: Asked, answer: Answer) -> Answer:
        return fault(asked, answer) if compiled.search(asked.path) else answer

    return matched


def status(code: int, **headers: str) -> Fault:
    """Answer with *code*; header names have ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda asked, answer: _error(code, "FAULT", named)


def reset(asked: Asked, answer: Answer) -> Answer:
    """Break the connection."""
    return Answer(reset=True)


def truncated(asked: Asked, answer: Answer) -> Answer:
    """Send half of the body under its whole length, then hang up."""
    half = answer.body[: len(answer.body) // 2]
    return Answer(headers=answer.headers, body=half, declared_length=len(answer.body))


def corrupted(asked: Asked, answer: Answer) -> Answer:
    """Change one byte of the body."""
    return Answer(headers=answer.headers, body=answer.body[:-1] + bytes([answer.body[-1] ^ 1]))


def redirected(location: str, code: int = 307) -> Fault:
    """Redirect to *location*, in which ``{path}`` is the path that was asked for."""
    return lambda asked, answer: Answer(
        status=code, headers={"Location": location.replace("{path}", asked.path)}
    )


def endless(size: int, *, declared: bool) -> Fault:
    """Send *size* zero bytes, made while they are sent."""
    block = bytes(256 * 1024)

    def stream() -> Iterator[bytes]:
        for _turn in range(size // len(block)):
            yield block

    def fault(asked: Asked, answer: Answer) -> Answer:
        length = size if declared else None
        return Answer(headers=answer.headers, stream=stream, declared_length=length)

    return fault


def _blob(repository: Repository, digest: str) -> Answer:
    if digest not in repository.blobs:
        return _error(404, "BLOB_UNKNOWN")
    return Answer(
        headers={"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest},
        body=repository.blobs[digest],
    )


def _manifest(repository: Repository, item: str) -> Answer:
    digest = item
    if not item.startswith("sha"):
        digests = repository.tags.get(item, [])
    else:
        digests = repository.tags.get(item, [item])
    if digests:
        digest = digests.pop(0) if len(digests) > 1 else digests[0]
    if digest not in repository.manifests:
        return _error(404, "MANIFEST_UNKNOWN")
    media_type, content = repository.manifests[digest]
    return Answer(
        headers={"Content-Type": media_type, "Docker-Content-Digest": digest}, body=content
    )


def _error(code: int, name: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps({"errors": [{"code": name, "message": name.lower()}]}).encode()
    return Answer(
        status=code, headers={"Content-Type": "application/json", **(headers or {})}, body=body
    )


def _json(content: bytes) -> dict:
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up in the middle on purpose here."""


def _handler_for(registry: MemoryRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = int(headers.get("content-length", "0"))
            body = self.rfile.read(length).decode()
            path = self.path
            if self.command == "POST":
                path += ("&" if "?" in path else "?") + body
            asked = Asked(method=self.command, path=path, headers=headers)
            self._send(registry.answer(asked))

        do_HEAD = do_POST = do_GET  # noqa: N815 - the base class looks these names up

        def _send(self, answer: Answer) -> None:
            if answer.reset:
                linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = answer.declared_length
            if length is None and answer.stream is None:
                length = len(answer.body)
            if length is None:
                self.send_header("Connection", "close")
            else:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            if answer.stream is not None:
                for block in answer.stream():
                    self.wfile.write(block)
            elif self.command != "HEAD":
                self.wfile.write(answer.body)
            self.wfile.flush()
            self.close_connection = self.close_connection or length != len(answer.body)

        def log_message(self, *args: object) -> None:
            """The registry keeps its own log."""

    return Handler


@contextmanager
def serving(
    *, behaviour: Behaviour | None = None, tls: trustme.CA | None = None
) -> Iterator[MemoryRegistry]:
    """Run a registry for the length of a block."""
    with MemoryRegistry(behaviour=behaviour, tls=tls) as registry:
        yield registry
