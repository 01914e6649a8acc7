# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""DirectTransport: one exchange with a host that is reached directly, or by a tunnel (`tunnel`).

Connections are kept for the run and used again. This layer follows no redirect and repeats nothing.
A socket's timeout bounds the silence between two pieces; a server that sends one byte before each
could hold a thread for days, so that an exchange has a time for everything as well. Who the other
side is, is left to `ssl`: the context checks the certificate and the name.
"""

from __future__ import annotations

import logging
import re
import select
import socket
import time
import weakref
from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import Unavailable
from ..records import dataclass
from ..version import __version__
from .answer_body import read_body, shown
from .exchange_errors import broken, no_address, no_way, unknown_host, unreachable
from .http1 import Head, Incoming, may_be_reused, read_chunks, read_head, request_bytes
from .proxies import ProxySettings
from .transport import Request, Response
from .tunnel import open_tunnel, proxy_address

if TYPE_CHECKING:
    import ssl

_CHUNK_BYTES = 64 * 1024
_CONNECT_TIMEOUT_S = 10.0
_MAX_SILENCE_S = 30.0
_MAX_IDLE_PER_HOST = 32
USER_AGENT = f"sealpin/{__version__}"
_URL = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a connection leads."""

    is_secure: bool
    host: str
    port: int
    netloc: str


class DirectTransport:
    """`Transport` over sockets of its own."""

    def __init__(
        self,
        *,
        make_context: Callable[[], ssl.SSLContext],
        make_context_of: Mapping[str, Callable[[], ssl.SSLContext]] | None = None,
        server_name: str = "",
        proxies: ProxySettings | None = None,
    ) -> None:
        self._make_context = make_context
        self._make_context_of = make_context_of or {}
        """By host and port: for hosts that are authenticated in a way of their own."""
        self._server_name = server_name
        self._proxies = proxies or ProxySettings()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._idle: dict[_Address, list[_Connection]] = {}
        weakref.finalize(self, _close_all, self._idle)
        self._unknown_hosts: set[str] = set()
        self._lock = Lock()

    def send(self, request: Request) -> Response:
        """Make one exchange; see `Transport.send`."""
        address, target = _taken_apart(request.url)
        remaining_s = request.deadline.check(where=shown(request.url))
        connection = self._unused(address) or self._connect(address, request, remaining_s)
        try:
            return self._exchange(connection, address, request, target)
        except BaseException as error:
            connection.close()
            if isinstance(error, (OSError, ValueError)):
                raise broken(error, request) from error
            raise

    def _exchange(
        self, connection: _Connection, address: _Address, request: Request, target: str
    ) -> Response:
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **request.headers}
        connection.send(
            request_bytes(request.method, address.netloc, target, headers, request.body),
            allowed_s=request.deadline.remaining_s,
        )
        head = read_head(connection.incoming)
        body, is_whole = read_body(
            request, head.status, head.headers, read_chunks(head, connection.incoming)
        )
        self._put_back(connection, address, head, is_whole=is_whole)
        _LOG.debug("%s %s: %d", request.method, shown(request.url), head.status)
        return Response(url=request.url, status=head.status, headers=head.headers, body=body)

    def _unused(self, address: _Address) -> _Connection | None:
        while True:
            with self._lock:
                idle = self._idle.get(address)
                if not idle:
                    return None
                connection = idle.pop()
            if connection.is_quiet():
                return connection
            connection.close()

    def _put_back(
        self, connection: _Connection, address: _Address, head: Head, *, is_whole: bool
    ) -> None:
        if is_whole and may_be_reused(head, connection.incoming):
            with self._lock:
                idle = self._idle.setdefault(address, [])
                if len(idle) < _MAX_IDLE_PER_HOST:
                    idle.append(connection)
                    return
        connection.close()

    def _connect(self, address: _Address, request: Request, remaining_s: float) -> _Connection:
        allowed_s = min(_CONNECT_TIMEOUT_S, remaining_s)
        proxy = self._proxies.proxy_for(request.url)
        sock = (
            self._open_through(proxy, request, allowed_s)
            if proxy
            else self._open(address.host, address.port, request, allowed_s)
        )
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if proxy:
                _tunnel(sock, proxy, address, request, allowed_s)
            return _Connection(self._secured(sock, address) if address.is_secure else sock)
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError):
                raise broken(error, request) from error
            raise

    def _open(self, host: str, port: int, request: Request, allowed_s: float) -> socket.socket:
        if host in self._unknown_hosts:
            raise unknown_host(host)
        try:
            # As bytes: text would be put through the tables of international names, and load them.
            name: Any = host.encode("ascii")
            return socket.create_connection((name, port), timeout=allowed_s)
        except socket.gaierror as error:
            # Whoever else wants this host in this run need not wait for the resolver again.
            self._unknown_hosts.add(host)
            raise unknown_host(host) from error
        except UnicodeError as error:
            raise no_address(request.url) from error
        except OSError as error:
            raise unreachable(error, request) from error

    def _open_through(self, proxy: str, request: Request, allowed_s: float) -> socket.socket:
        try:
            host, port = proxy_address(proxy)
        except ValueError as error:
            raise no_way(error, request) from error
        try:
            return self._open(host, port, request, allowed_s)
        except Unavailable as error:
            if error.code == "registry.unknown-host":
                raise
            raise no_way(error.__cause__ or error, request) from error

    def _secured(self, sock: socket.socket, address: _Address) -> ssl.SSLSocket:
        own = address.netloc if address.netloc in self._make_context_of else ""
        with self._lock:
            if own not in self._contexts:
                # Loading the system's authorities takes longer than a request on this machine.
                self._contexts[own] = self._make_context_of.get(own, self._make_context)()
            context = self._contexts[own]
        return context.wrap_socket(sock, server_hostname=self._server_name or address.host)


def _tunnel(
    sock: socket.socket, proxy: str, address: _Address, request: Request, allowed_s: float
) -> None:
    wire = _Wire(sock)
    wire.end_s = time.monotonic() + allowed_s
    try:
        open_tunnel(proxy, address.host, address.port, send=wire.send, receive=wire.receive)
    except (OSError, ValueError) as error:
        raise no_way(error, request) from error
    sock.settimeout(allowed_s)


def _close_all(idle: Mapping[_Address, list[_Connection]]) -> None:
    for connections in idle.values():
        for connection in connections:
            connection.close()


class _Connection:
    """A socket, and what has arrived on it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._wire = _Wire(sock)
        self.incoming = Incoming(self._wire.receive)

    def send(self, content: bytes, *, allowed_s: float) -> None:
        """Send a request that is to be answered, all in all, within *allowed_s*."""
        self._wire.end_s = time.monotonic() + allowed_s
        self._wire.send(content)

    def is_quiet(self) -> bool:
        """Whether the other side has neither gone nor spoken unasked."""
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Let go of the socket."""
        self._sock.close()


class _Wire:
    """A socket with a time for the whole of an exchange."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.end_s = 0.0

    def send(self, content: bytes) -> None:
        """Send all of *content*. Raises `TimeoutError`."""
        self._sock.settimeout(self._patience_s())
        self._sock.sendall(content)

    def receive(self) -> bytes:
        """Wait for some bytes; none are the end. Raises `TimeoutError`."""
        self._sock.settimeout(self._patience_s())
        return self._sock.recv(_CHUNK_BYTES)

    def _patience_s(self) -> float:
        remaining_s = self.end_s - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        return min(_MAX_SILENCE_S, remaining_s)


def _taken_apart(url: str) -> tuple[_Address, str]:
    parts = _URL.match(url)
    if parts is None:
        raise no_address(url)
    return _address_of(parts[1], parts[2]), (parts[3] or "/") + (parts[4] or "")


@lru_cache(maxsize=64)
def _address_of(scheme: str, netloc: str) -> _Address:
    url = f"{scheme}://{netloc}"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise no_address(url) from error
    if not host or not host.isascii() or "@" in netloc:
        raise no_address(url)
    is_secure = scheme == "https"
    return _Address(is_secure, host, port or (443 if is_secure else 80), netloc)
