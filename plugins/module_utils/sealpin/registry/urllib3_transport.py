# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Urllib3Transport: one exchange through a proxy, and the only importer of urllib3.

The proxy is spoken to as it wants, by HTTP or HTTPS, tunnelled through or asked in the clear. What
is reached without one, or by a tunnel that begins in the clear, never comes here
(`direct_transport`). This layer follows no redirect and
repeats nothing.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from http.client import IncompleteRead
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..errors import Unavailable, missing_library
from .answer_body import read_body, shown
from .bounded_response import BoundedResponse
from .direct_transport import USER_AGENT
from .exchange_errors import (
    broken,
    cut_short,
    no_address,
    timed_out,
    unknown_host,
    unreachable,
    untrusted,
)
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

_CHUNK_BYTES = 64 * 1024
_CONNECT_TIMEOUT_S = 10.0
_POOLED_HOSTS = 32
_LOG = logging.getLogger(__name__)


class Urllib3Transport:
    """`Transport` through proxies, over one urllib3 pool for each."""

    def __init__(
        self,
        *,
        make_context: Callable[[], ssl.SSLContext],
        make_context_of: Mapping[str, Callable[[], ssl.SSLContext]] | None = None,
        proxies: ProxySettings,
        server_name: str = "",
        connections_per_host: int = 32,
    ) -> None:
        if urllib3 is None:
            raise missing_library("urllib3", purpose="reading a registry through a proxy")
        self._make_context = make_context
        self._make_context_of = make_context_of or {}
        """By host and port: for hosts that are authenticated in a way of their own."""
        self._proxies = proxies
        self._server_name = server_name
        self._connections_per_host = connections_per_host
        self._pools: dict[tuple[str, bool, str], urllib3.PoolManager] = {}
        self._unknown_hosts: set[str] = set()
        self._lock = Lock()

    def send(self, request: Request) -> Response:
        """Make one exchange; see `Transport.send`."""
        proxy = self._proxies.proxy_for(request.url)
        host = urlsplit(proxy or request.url).hostname or ""
        if host in self._unknown_hosts:
            raise unknown_host(host)
        remaining_s = request.deadline.check(where=shown(request.url))
        try:
            answer = self._pool(proxy, request.url).request(
                request.method,
                request.url,
                body=request.body or None,
                headers={
                    "User-Agent": USER_AGENT,
                    "Accept-Encoding": "identity",
                    **request.headers,
                },
                timeout=urllib3.Timeout(
                    connect=min(_CONNECT_TIMEOUT_S, remaining_s),
                    read=remaining_s,
                ),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            return _read_response(request, answer)
        except exceptions.NameResolutionError as error:
            # Whoever else wants this host in this run need not wait for the resolver again.
            self._unknown_hosts.add(host)
            raise unknown_host(host) from error
        except (exceptions.HTTPError, OSError, ValueError) as error:
            raise _convert(error, request) from error

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
        sizes: dict[str, Any] = {"num_pools": _POOLED_HOSTS, "maxsize": self._connections_per_host}
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
    headers = {name.lower(): value for name, value in answer.headers.itermerged()}
    try:
        body, is_whole = read_body(request, answer.status, headers, _chunks(answer))
    except BaseException:
        answer.close()
        raise
    if not is_whole:
        answer.close()
    answer.release_conn()
    _LOG.debug("%s %s: %d", request.method, shown(request.url), answer.status)
    return Response(url=request.url, status=answer.status, headers=headers, body=body)


def _chunks(answer: BaseHTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read1(_CHUNK_BYTES):
        yield chunk


def _convert(error: Exception, request: Request) -> Unavailable:
    """Name what went wrong, by what is worth doing about it."""
    if isinstance(error, exceptions.ProxyError):
        return Unavailable("registry.proxy", f"the proxy did not answer for {shown(request.url)}")
    if isinstance(error, (exceptions.SSLError, ssl.SSLError)):
        return untrusted(error, request)
    if isinstance(error, (exceptions.NewConnectionError, exceptions.ConnectTimeoutError)):
        return unreachable(error, request)
    if isinstance(error, (exceptions.ReadTimeoutError, TimeoutError)):
        return timed_out(request)
    if any(isinstance(cause, IncompleteRead) for cause in (error, error.__cause__)):
        return cut_short(request)
    if isinstance(error, (exceptions.LocationParseError, exceptions.LocationValueError)):
        return no_address(request.url)
    return broken(error, request)


def _without_userinfo(proxy: str) -> str:
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _proxy_headers(proxy: str) -> dict[str, str] | None:
    parts = urlsplit(proxy)
    if parts.username is None:
        return None
    userinfo = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return urllib3.make_headers(proxy_basic_auth=userinfo)
