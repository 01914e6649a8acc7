# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Why an exchange brought no answer, named by what is worth doing about it."""

from __future__ import annotations

from ..errors import Unavailable, quote
from .answer_body import shown
from .http1 import CutShort, Malformed
from .transport import Request
from .tunnel import Refused


def broken(error: Exception, request: Request) -> Unavailable:
    """Name what went wrong on a connection, by what is worth doing about it."""
    import ssl  # an exchange by plain HTTP does without, until something breaks

    if isinstance(error, TimeoutError):
        return timed_out(request)
    if isinstance(error, ssl.SSLError):
        return untrusted(error, request)
    if isinstance(error, CutShort):
        return cut_short(request)
    return lost(error, request)


def unknown_host(host: str) -> Unavailable:
    """Make the error for a name that does not resolve."""
    return Unavailable(
        "registry.unknown-host",
        f"the host name {quote(host)} does not resolve",
        hint="see to the name, the DNS or the proxy, or read from a --mirror",
    )


def unreachable(error: Exception, request: Request) -> Unavailable:
    """Make the error for a host that takes no connection."""
    return Unavailable(
        "registry.unreachable",
        f"no connection to {shown(request.url)}: {reason(error)}",
        hint="see whether the registry is up and a proxy is needed, or read from a --mirror",
    )


def no_way(error: BaseException, request: Request) -> Unavailable:
    """Make the error for a proxy that cannot be reached, or opens no tunnel."""
    return Unavailable(
        "registry.proxy", f"the proxy opened no way to {shown(request.url)}: {reason(error)}"
    )


def untrusted(error: Exception, request: Request) -> Unavailable:
    """Make the error for a TLS connection that did not come about, or broke."""
    return Unavailable(
        "registry.tls",
        f"no trusted TLS connection to {shown(request.url)}: {reason(error)}",
        hint="name the registry's certificate authority, or correct the server's certificate",
    )


def timed_out(request: Request) -> Unavailable:
    """Make the error for an answer that did not come in time."""
    return Unavailable(
        "registry.timeout",
        f"no answer in time from {shown(request.url)}",
        hint="try again later, or read from a --mirror",
    )


def cut_short(request: Request) -> Unavailable:
    """Make the error for an answer that is not whole."""
    return Unavailable("registry.truncated", f"answer cut short: {shown(request.url)}")


def lost(error: Exception, request: Request) -> Unavailable:
    """Make the error for a connection on which nothing usable came."""
    where = shown(request.url)
    return Unavailable("registry.connection", f"connection lost: {where}: {reason(error)}")


def no_address(url: str) -> Unavailable:
    """Make the error for an address that leads nowhere."""
    return Unavailable(
        "registry.address", f"not an address that can be reached: {quote(shown(url))}"
    )


def reason(error: BaseException) -> str:
    """Return the innermost cause's own words; wrappers repeat addresses and objects."""
    innermost: BaseException = error
    while innermost.__cause__ is not None or innermost.__context__ is not None:
        innermost = innermost.__cause__ or innermost.__context__ or innermost
    if isinstance(innermost, (Malformed, Refused)):
        return quote(innermost)
    return quote(getattr(innermost, "strerror", None) or type(innermost).__name__)
