# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The one place that opens sockets for registries, and the only importer of urllib3.

One pool of kept-alive connections serves a whole run. This layer makes one exchange: it follows no
redirect and repeats nothing.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Mapping
from http.client import IncompleteRead
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..errors import SealpinError, Unavailable, missing_library, quote
from ..limits import DEFAULT_WORKERS
from ..records import dataclass
from ..version import __version__
from .body import read_body
from .bounded_response import BoundedResponse
from .hosts import is_plain_place
from .proxies import ProxySettings
from .transport import Request, Response

try:
    import urllib3
    from urllib3 import exceptions
    from urllib3.connection import HTTPConnection, HTTPSConnection
except ImportError:  # pragma: no cover - the collection is importable without its libraries
    urllib3 = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_CONNECT_TIMEOUT_S = 10.0
_POOLED_HOSTS = 32
_CONNECTIONS_PER_HOST = 2 * DEFAULT_WORKERS
"""Kept open: as many lookups of evidence may go on as of images."""
_USER_AGENT = f"sealpin/{__version__}"
_ANSWERS_WITHOUT_TLS = frozenset({"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"})
"""What OpenSSL calls the first bytes of a server that answers a handshake in plain HTTP; newer
releases say that the record layer failed, which can mean other things too."""
_ORIGIN = re.compile(r"https?://[^/?#]*")
"""A URL up to its path, query or fragment."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How an origin is reached."""

    origin: str
    host: str
    """Whose name must resolve: the proxy's, where there is one."""
    pool: urllib3.HTTPConnectionPool
    by_path: bool
    """Whether the origin itself is asked, be it through a tunnel; a proxy wants the whole URL."""

    def target(self, url: str) -> str:
        """Return what to ask for *url*, which is of this origin (RFC 9112 section 3.2)."""
        if not self.by_path:
            return url
        rest = url[len(self.origin) :]
        return rest if rest.startswith("/") else f"/{rest}"


class Urllib3Transport:
    """`Transport` over one urllib3 pool (and one for each proxy in use)."""

    def __init__(
        self,
        *,
        make_context: Callable[[], ssl.SSLContext],
        make_context_of: Mapping[str, Callable[[], ssl.SSLContext]] | None = None,
        proxies: ProxySettings,
        server_name: str = "",
    ) -> None:
        if urllib3 is None:
            raise missing_library("urllib3", purpose="reading a registry")
        self._make_context = make_context
        self._make_context_of = make_context_of or {}
        """By host and port: for hosts that are authenticated in a way of their own."""
        self._proxies = proxies
        self._server_name = server_name
        self._pools: dict[tuple[str, bool, str], urllib3.PoolManager] = {}
        self._ways: dict[str, _Way] = {}
        """By origin."""
        self._unknown_hosts: set[str] = set()
        self._lock = Lock()

    def send(self, request: Request) -> Response:
        """Make one exchange; see `Transport.send`."""
        way = self._way(request.url)
        if way.host in self._unknown_hosts:
            raise _unknown_host(way.host)
        remaining_s = request.deadline.check(where=request.shown_url)
        try:
            answer = way.pool.request(
                request.method,
                way.target(request.url),
                body=request.body or None,
                headers={
                    "User-Agent": _USER_AGENT,
                    "Accept-Encoding": "identity",
                    **request.headers,
                },
                timeout=urllib3.Timeout(
                    connect=min(_CONNECT_TIMEOUT_S, remaining_s),
                    read=remaining_s,
                ),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
            return _read_response(request, answer)
        except exceptions.NameResolutionError as error:
            # Whoever else wants this host in this run need not wait for the resolver again.
            self._unknown_hosts.add(way.host)
            raise _unknown_host(way.host) from error
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise _convert(error, request) from error

    def _way(self, url: str) -> _Way:
        """Return the way to the origin of *url*; a run asks a few of them hundreds of times.

        To ask urllib3 for its pool takes a seventh of a request's time. Where there are too many
        hosts, urllib3 closes the pool that was made first, and one that is closed is asked for
        again.
        """
        match = _ORIGIN.match(url)
        origin = match[0] if match else ""
        way = self._ways.get(origin)
        if way is None or way.pool.pool is None:
            if not is_plain_place(origin.partition("//")[2]):
                raise _no_address(quote(origin or url.partition("?")[0]))
            way = self._ways[origin] = self._new_way(origin)
        return way

    def _new_way(self, origin: str) -> _Way:
        proxy = self._proxies.proxy_for(origin)
        try:
            pool = self._pool(proxy, origin).connection_from_url(origin)
        except exceptions.LocationValueError as error:
            raise _no_address(quote(origin)) from error
        return _Way(
            origin=origin,
            host=urlsplit(proxy or origin).hostname or "",
            pool=pool,
            by_path=not proxy or origin.startswith("https:"),
        )

    def _pool(self, proxy: str, url: str) -> urllib3.PoolManager:
        is_secure = url.startswith("https:")
        host = urlsplit(url).netloc
        with self._lock:
            key = proxy, is_secure, host if host in self._make_context_of else ""
            if key not in self._pools:
                # Loading the system's authorities takes longer than a request on this machine.
                settings = self._tls_settings(host) if is_secure else {}
                self._pools[key] = self._make_pool(proxy, settings)
            return self._pools[key]

    def _tls_settings(self, host: str) -> dict[str, Any]:
        context = self._make_context_of.get(host, self._make_context)()
        checks = context.verify_mode != ssl.CERT_NONE
        if not checks:
            # The report names what was switched off (``insecure.registry``), and does it once.
            urllib3.disable_warnings(exceptions.InsecureRequestWarning)
        name = self._server_name or None
        return {
            "ssl_context": context,
            "cert_reqs": "CERT_REQUIRED" if checks else "CERT_NONE",
            "server_hostname": name,
            "assert_hostname": name if checks else False,
        }

    def _make_pool(self, proxy: str, settings: dict[str, Any]) -> urllib3.PoolManager:
        sizes: dict[str, Any] = {"num_pools": _POOLED_HOSTS, "maxsize": _CONNECTIONS_PER_HOST}
        pool = (
            urllib3.ProxyManager(
                _without_userinfo(proxy),
                proxy_headers=_proxy_headers(proxy),
                **sizes,
                **settings,
            )
            if proxy
            else urllib3.PoolManager(**sizes, **settings)
        )
        pool.pool_classes_by_scheme = _pool_classes()
        return pool


def _pool_classes() -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Return urllib3's pools with responses that end; made late, since urllib3 may be absent."""

    class Connection(HTTPConnection):
        response_class = BoundedResponse

    class SecureConnection(HTTPSConnection):
        response_class = BoundedResponse

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}


def _read_response(request: Request, answer: BaseHTTPResponse) -> Response:
    try:
        body = read_body(request, answer)
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    _LOG.debug("%s %s: %d", request.method, request.shown_url, answer.status)
    return Response(
        url=request.url,
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.itermerged()},
        body=body,
    )


def _convert(error: Exception, request: Request) -> SealpinError:
    """Name what went wrong, by what is worth doing about it."""
    where = request.shown_url
    if isinstance(error, exceptions.ProxyError):
        return Unavailable("registry.proxy", f"the proxy did not answer for {where}")
    if isinstance(error, (exceptions.SSLError, ssl.SSLError)):
        return _without_tls(error, where)
    if isinstance(error, (exceptions.NewConnectionError, exceptions.ConnectTimeoutError)):
        return Unavailable(
            "registry.unreachable",
            f"no connection to {where}: {_reason(error)}",
            hint="check whether the registry is up and whether a proxy is needed, or read from a"
            " --mirror",
        )
    if isinstance(error, (exceptions.ReadTimeoutError, TimeoutError)):
        return Unavailable(
            "registry.timeout",
            f"no answer in time from {where}",
            hint="try again later, or read from a --mirror",
        )
    if any(isinstance(cause, IncompleteRead) for cause in (error, error.__cause__)):
        return Unavailable("registry.truncated", f"answer cut short: {where}")
    if isinstance(error, (exceptions.LocationParseError, exceptions.LocationValueError)):
        return _no_address(where)
    return Unavailable("registry.connection", f"connection lost: {where}: {_reason(error)}")


def _no_address(where: str) -> Unavailable:
    return Unavailable("registry.address", f"not an address that can be reached: {where}")


def _without_tls(error: Exception, where: str) -> Unavailable:
    """Tell a server without TLS from one whose certificate nobody trusts."""
    if getattr(_innermost(error), "reason", "") in _ANSWERS_WITHOUT_TLS:
        return Unavailable(
            "registry.tls",
            f"the server does not speak TLS: {where}: {_reason(error)}",
            hint="if it is meant to: --allow-http-registry, or unsafe_http in .sealpin.yaml",
        )
    return Unavailable(
        "registry.tls",
        f"no trusted TLS connection to {where}: {_reason(error)}",
        hint="name the registry's certificate authority, or correct the server's certificate",
    )


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return error


def _reason(error: Exception) -> str:
    """Return the innermost cause's own words; urllib3's wrappers repeat addresses and objects."""
    innermost = _innermost(error)
    return quote(getattr(innermost, "strerror", None) or type(innermost).__name__)


def _unknown_host(host: str) -> Unavailable:
    return Unavailable(
        "registry.unknown-host",
        f"the host name {quote(host)} does not resolve",
        hint="check the name, the DNS or the proxy, or read from a --mirror",
    )


def _without_userinfo(proxy: str) -> str:
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _proxy_headers(proxy: str) -> dict[str, str] | None:
    parts = urlsplit(proxy)
    if parts.username is None:
        return None
    userinfo = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return urllib3.make_headers(proxy_basic_auth=userinfo)
