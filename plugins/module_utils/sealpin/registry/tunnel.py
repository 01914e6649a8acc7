# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A tunnel through a proxy that is spoken to in the clear: ``CONNECT`` (RFC 9110, section 9.3.6).

What goes through it is TLS with the registry, so that the proxy sees where it leads and no more.
The proxy's own user and password go to the proxy alone.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from .http1 import Incoming, Malformed, read_head, request_bytes


class Refused(ValueError):
    """The proxy opened no tunnel."""


def can_tunnel(proxy: str, url: str) -> bool:
    """Whether *url* is reached through the proxy at *proxy* by a tunnel begun in the clear."""
    return url.startswith("https:") and urlsplit(proxy).scheme == "http"


def proxy_address(proxy: str) -> tuple[str, int]:
    """Return a proxy's host and port. Raises `ValueError` for an address that is none."""
    parts = urlsplit(proxy)
    if not parts.hostname:
        raise ValueError("a proxy without a host")
    return parts.hostname, parts.port or 80


def open_tunnel(
    proxy: str,
    host: str,
    port: int,
    *,
    send: Callable[[bytes], None],
    receive: Callable[[], bytes],
) -> None:
    """Ask *proxy*, at the other end of *send* and *receive*, for a way to *host*.

    Raises `Refused`, `Malformed`, `CutShort`, and what *send* and *receive* raise.
    """
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    send(request_bytes("CONNECT", target, target, _authorization(proxy), b""))
    incoming = Incoming(receive)
    status = read_head(incoming).status
    if not 200 <= status < 300:
        raise Refused(f"the proxy answered {status}")
    if not incoming.is_drained:
        raise Malformed("the proxy speaks before it was spoken to")


def _authorization(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    userinfo = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(userinfo.encode()).decode()}"}
