# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Fetch one document somebody named by its address, such as a release's SBOM.

It takes the registry's transport with its bounds, retries and proxies. Nothing fetched here is
believed for having come over TLS: it says what to verify, and the verification says what is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from .errors import InvalidInput, Unavailable, quote
from .registry.hosts import is_loopback
from .registry.pacing import Deadline, SystemTicker
from .registry.proxies import ProxySettings
from .registry.redirects import RedirectingTransport
from .registry.retry import RetryingTransport
from .registry.tls import TlsOptions, make_context
from .registry.transport import Request
from .registry.urllib3_transport import Urllib3Transport


def fetch_document(
    url: str,
    *,
    max_bytes: int,
    timeout_s: float,
    environment: Mapping[str, str],
    tls: TlsOptions,
) -> bytes:
    """Return the body of *url*; redirects are followed, never from HTTPS to HTTP.

    *environment* is read for proxies. Raises `InvalidInput` ``download.scheme``, `Unavailable`
    ``download.status`` or ``registry.*``.
    """
    _check_scheme(url)
    ticker = SystemTicker()
    exchange = Urllib3Transport(
        make_context=lambda: make_context(tls),
        proxies=ProxySettings.from_environment(environment),
        server_name=tls.server_name,
    )
    transport = RedirectingTransport(RetryingTransport(exchange, ticker=ticker))
    deadline = Deadline.after(timeout_s, ticker=ticker)
    response = transport.send(Request(url=url, max_bytes=max_bytes, deadline=deadline))
    if response.status != 200:
        raise Unavailable(
            "download.status", f"expected a document, got status {response.status} ({quote(url)})"
        )
    return response.body


def _check_scheme(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise InvalidInput("download.scheme", f"not an address: {quote(url)}") from error
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("download.scheme", "expected an address without user and password")
    if not host or (parts.scheme != "https" and not is_loopback(host)):
        raise InvalidInput("download.scheme", f"expected an https:// address, got {quote(url)}")
