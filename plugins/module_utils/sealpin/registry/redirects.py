# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""RedirectingTransport: follow the few redirects registries make, and carry nothing secret along.

Registries send blob readers to object storage. A redirect to another origin (scheme, host or port)
loses ``Authorization`` and never gets it back. A redirect to plain HTTP is refused unless it stays
on the same origin or leads from plain HTTP to this machine, as is a fifth redirect in a row. Only
``GET`` is redirected.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from ..errors import Unavailable
from ..records import replace
from .hosts import is_loopback, is_plain_place
from .transport import Request, Response, Transport

_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 4
_DEFAULT_PORTS = {"https": 443, "http": 80}


class RedirectingTransport:
    """Follows redirects within bounds."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def send(self, request: Request) -> Response:
        """Answer *request*, from wherever it is redirected to; see `Transport.send`."""
        for _turn in range(_MAX_REDIRECTS + 1):
            response = self._inner.send(request)
            if response.status not in _REDIRECT_STATUSES or request.method != "GET":
                return response
            request = _redirected(request, response)
        raise Unavailable(
            "registry.redirect",
            f"more than {_MAX_REDIRECTS} redirects, last to {request.shown_url}",
        )


def _redirected(request: Request, response: Response) -> Request:
    location = response.headers.get("location", "")
    try:
        target = urljoin(request.url, location)
        new, old = origin(target), origin(request.url)
    except ValueError as error:
        raise Unavailable(
            "registry.redirect", f"malformed redirect from {request.shown_url}"
        ) from error
    if not location or new[0] not in _DEFAULT_PORTS:
        raise Unavailable("registry.redirect", f"redirect to no address from {request.shown_url}")
    if new == old:
        return replace(request, url=target)
    if new[0] == "http" and (old[0] == "https" or not is_loopback(new[1])):
        raise Unavailable(
            "registry.redirect", f"redirect to plain HTTP refused: {request.shown_url}"
        )
    kept = {
        k: v for k, v in request.headers.items() if k.lower() not in ("authorization", "cookie")
    }
    return replace(request, url=target, headers=kept)


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port. Raises `ValueError` for a malformed or ambiguous address."""
    parts = urlsplit(url)
    if not is_plain_place(parts.netloc):
        raise ValueError("not a host and a port")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    return parts.scheme, parts.hostname or "", port
