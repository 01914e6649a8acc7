# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Hosts: where a registry name is reached, and when plain HTTP is acceptable.

Plain HTTP is spoken to this machine (``localhost``, ``127.0.0.0/8``, ``::1``) and to registries
somebody named; every other registry is reached by HTTPS only. A private network is not this
machine.
"""

from __future__ import annotations

import ipaddress
import re

from ..records import dataclass
from ..reference import DOCKER_HUB

_DOCKER_HUB_HOST = "registry-1.docker.io"
_PLAIN_PLACE = re.compile(r"[A-Za-z0-9._:%\[\]-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """Exceptions from "HTTPS everywhere, plain HTTP on this machine"."""

    http_registries: frozenset[str] = frozenset()
    """Registries reached by plain HTTP because a person named them (``insecure.http-registry``)."""
    unsafe_http_anywhere: bool = False
    """A registry that cannot be reached by HTTPS is tried by plain HTTP
    (``--allow-http-registry``)."""
    https_registries: frozenset[str] = frozenset()
    """Reached by HTTPS on this machine too: somebody gave TLS settings for them."""
    https_on_loopback: bool = False
    """This machine is reached by HTTPS: somebody gave TLS settings, so TLS is what they want."""


def base_urls(registry: str, options: HostOptions) -> tuple[str, ...]:
    """Return the addresses to try for *registry*, in order, without a final slash."""
    host = host_of(registry)
    secure, plain = f"https://{host}", f"http://{host}"
    if registry in options.http_registries:
        return (plain,)
    wants_https = options.https_on_loopback or registry in options.https_registries
    if is_loopback(host_name(registry)) and not wants_https:
        return (plain,)
    return (secure, plain) if options.unsafe_http_anywhere else (secure,)


def host_of(registry: str) -> str:
    """Return where *registry* is: its name, with its port, except for Docker Hub's."""
    return _DOCKER_HUB_HOST if registry == DOCKER_HUB else registry


def host_name(registry: str) -> str:
    """Return *registry* without its port and without the brackets of an IPv6 address."""
    if registry.startswith("["):
        return registry[1:].partition("]")[0]
    return registry.partition(":")[0]


def is_plain_place(place: str) -> bool:
    r"""Whether *place*, the host and port of an address, means one host to every parser.

    The standard library takes ``a\@b`` for the host b, and urllib3, which connects, for the host a.
    """
    return _PLAIN_PLACE.fullmatch(place) is not None


def is_loopback(host: str) -> bool:
    """Whether *host* (no port, no brackets) is this machine, by its name alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
