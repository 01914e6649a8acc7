# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""How a run reaches registries and web servers, from its options."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from .errors import InvalidInput, quote
from .registry.connect import RegistryOptions, fetch
from .registry.credentials import BasicCredentials, Credentials, RegistryToken
from .registry.hosts import is_loopback
from .registry.mirrors import Mirrors
from .registry.tls import TlsOptions
from .run_options import Machine, RunOptions


def registry_options(
    options: RunOptions, machine: Machine, *, mirrors: Mirrors | None = None
) -> RegistryOptions:
    """Return what *options* say; their mirrors come before those of a configuration file.

    Raises `InvalidInput` ``mirror.*`` or ``usage``.
    """
    own = Mirrors.parse(options.mirrors, base=machine.base)
    return RegistryOptions(
        credentials=_credentials(options),
        tls=_tls(options, machine.base),
        unsafe_http_anywhere=options.allow_http_registry,
        mirrors=own if mirrors is None else own.over(mirrors),
        timeout_s=options.timeout_s,
        environment=machine.environment,
        home=machine.home,
    )


def fetch_url(
    options: RunOptions, machine: Machine, url: str, max_bytes: int, *, query: bytes = b""
) -> bytes:
    """Return what is at *url*; no credentials are sent, and nothing by HTTP but to this machine.

    Raises `InvalidInput` ``download.scheme``, and what `fetch` raises.
    """
    check_address(url)
    return fetch(url, max_bytes=max_bytes, options=registry_options(options, machine), query=query)


def check_address(url: str) -> None:
    """Raise `InvalidInput` ``download.scheme`` for what is not to be fetched from."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise InvalidInput("download.scheme", f"not an address: {quote(url)}") from error
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("download.scheme", "expected an address without user and password")
    if not host or (parts.scheme != "https" and not is_loopback(host)):
        raise InvalidInput("download.scheme", f"expected an https:// address, got {quote(url)}")


def _credentials(options: RunOptions) -> Credentials | None:
    if options.registry_token:
        return RegistryToken(token=options.registry_token)
    if bool(options.registry_username) != bool(options.registry_password):
        raise InvalidInput(
            "usage", "expected a registry user name and its password together, got one of them"
        )
    if options.registry_username:
        return BasicCredentials(
            username=options.registry_username, password=options.registry_password
        )
    return None


def _tls(options: RunOptions, base: Path) -> TlsOptions:
    def path(text: str) -> Path | None:
        return base / text if text else None

    authorities = path(options.registry_cacert)
    return TlsOptions(
        ca_files=(authorities,) if authorities else (),
        client_certificate=path(options.registry_client_cert),
        client_key=path(options.registry_client_key),
        server_name=options.registry_server_name,
        unsafe_unverified=options.allow_insecure_registry,
    )
