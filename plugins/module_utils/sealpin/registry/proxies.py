# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""ProxySettings: which proxy, if any, a request goes through.

Reads ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` from the mapping it is given,
the lower-case spelling first. This machine itself is never reached through a proxy. ``NO_PROXY``
entries are ``*``, a host (and with it every host below it), ``host:port``, an IP address or a
network in CIDR form.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from ..records import dataclass, field
from .hosts import is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """Proxies by scheme and the hosts reached without one."""

    https_proxy: str = field(default="", repr=False)
    """URL; may hold the proxy's own credentials, hence out of `repr`."""
    http_proxy: str = field(default="", repr=False)
    direct: tuple[str, ...] = ()
    """Entries of ``NO_PROXY``, in lower case."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ProxySettings:
        """Read the usual variables."""

        def read(name: str) -> str:
            return environment.get(name.lower()) or environment.get(name) or ""

        entries = (entry.strip().lower() for entry in read("NO_PROXY").split(","))
        return cls(
            https_proxy=_with_scheme(read("HTTPS_PROXY") or read("ALL_PROXY")),
            http_proxy=_with_scheme(read("HTTP_PROXY") or read("ALL_PROXY")),
            direct=tuple(entry for entry in entries if entry),
        )

    def proxy_for(self, url: str) -> str:
        """Return the proxy's URL, or an empty text for a direct connection."""
        parts = urlsplit(url)
        proxy = self.https_proxy if parts.scheme == "https" else self.http_proxy
        host = (parts.hostname or "").rstrip(".")
        if not proxy or is_loopback(host):
            return ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return "" if any(_covers(entry, host, port) for entry in self.direct) else proxy


def _with_scheme(proxy: str) -> str:
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    network = _network(entry)
    if network is not None:
        address = _address(host)
        return address is not None and address in network
    name, _separator, entry_port = entry.partition(":")
    if entry_port and entry_port != str(port):
        return False
    name = name.lstrip("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
