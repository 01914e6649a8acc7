# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""How a run reaches registries and web servers, from its options and a configuration file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import InvalidInput, quote
from .records import dataclass, field, replace
from .reference import Repository
from .registry.credentials import BasicCredentials, Credentials, RegistryToken
from .registry.hosts import is_loopback
from .registry.mirrors import Mirrors, Prefix
from .registry.options import RegistryOptions
from .registry.tls import Authorities, TlsOptions
from .run_options import Machine, RunOptions
from .weakening import Weakening

if TYPE_CHECKING:
    from .policy.sealpin_document import RegistrySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredRegistries:
    """The ``registries`` of a configuration file."""

    mirrors: Mirrors = field(default_factory=Mirrors)
    authorities: Mapping[str, Authorities] = field(default_factory=dict)
    """By registry."""
    unverified: frozenset[str] = frozenset()
    """Registries whose certificate is not checked."""
    http: frozenset[str] = frozenset()
    """Registries that are reached without TLS."""

    @classmethod
    def of(
        cls,
        settings: Sequence[RegistrySettings],
        *,
        base: Path,
        read: Callable[[str], bytes],
    ) -> ConfiguredRegistries:
        """Take the settings of a file in the folder *base*; *read* gives the files it names.

        Raises `InvalidInput` ``mirror.*``, ``file.*``, ``policy.path``.
        """
        return cls(
            mirrors=Mirrors.parse(
                [f"{each.prefix}={each.mirror}" for each in settings if each.mirror], base=base
            ),
            authorities={
                _registry_of(each): Authorities(name=each.ca_file, pem=read(each.ca_file))
                for each in settings
                if each.ca_file
            },
            unverified=frozenset(_registry_of(e) for e in settings if e.unsafe_unverified_tls),
            http=frozenset(_registry_of(e) for e in settings if e.unsafe_http),
        )

    def tls_of(self, general: TlsOptions) -> dict[str, TlsOptions]:
        """Return *general* with what is said of single registries, by their names."""
        return {
            name: replace(
                general,
                authorities=(self.authorities[name],) if name in self.authorities else (),
                unsafe_unverified=general.unsafe_unverified or name in self.unverified,
            )
            for name in (*self.authorities, *self.unverified)
        }

    def weakenings(self, repository: Repository) -> frozenset[Weakening]:
        """Return what is given up between here and where *repository* is read."""
        mirror = self.mirrors.find(repository)
        if mirror is None:
            host = repository.registry
        elif isinstance(mirror.target, Prefix):
            host = mirror.target.registry
        else:
            return frozenset()
        given_up = {
            Weakening.INSECURE_REGISTRY: host in self.unverified,
            Weakening.HTTP_REGISTRY: host in self.http,
        }
        return frozenset(weakening for weakening, is_given in given_up.items() if is_given)


def _registry_of(settings: RegistrySettings) -> str:
    return Prefix.parse(settings.prefix).registry


NO_REGISTRIES = ConfiguredRegistries()


def registry_options(
    options: RunOptions, machine: Machine, *, registries: ConfiguredRegistries = NO_REGISTRIES
) -> RegistryOptions:
    """Return what *options* say; they come before what a configuration file says.

    Raises `InvalidInput` ``mirror.*``, ``credentials.for-whom``, ``reference.*`` or ``usage``.
    """
    own = Mirrors.parse(options.mirrors, base=machine.base)
    tls = _tls(options, machine.base)
    return RegistryOptions(
        credentials=_credentials(options),
        credentials_for=_credential_registries(options),
        tls=tls,
        tls_of=registries.tls_of(tls),
        http_registries=registries.http,
        unsafe_http_anywhere=options.allow_http_registry,
        mirrors=own.over(registries.mirrors),
        timeout_s=options.timeout_s,
        environment=machine.environment,
        home=machine.home,
    )


def fetch_url(
    options: RunOptions, machine: Machine, url: str, max_bytes: int, *, query: bytes = b""
) -> bytes:
    """Return what is at *url*; no credentials are sent, and nothing by HTTP but to this machine.

    Raises `InvalidInput` ``download.scheme``, and what `registry_options` and `fetch` raise.
    """
    from .registry.connect import fetch  # few runs fetch what policies name

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


def _credential_registries(options: RunOptions) -> frozenset[str]:
    """A repository named beside the images is the same person's choice."""
    named = {Repository.parse(options.repository).registry} if options.repository else set()
    return frozenset({*options.credentials_for, *named})


def _credentials(options: RunOptions) -> Credentials | None:
    if bool(options.registry_username) != bool(options.registry_password):
        raise InvalidInput(
            "usage", "expected a registry user name and its password together, got one of them"
        )
    given = options.registry_token or options.registry_username or options.registry_password
    if given and not options.credentials_for:
        raise InvalidInput(
            "credentials.for-whom",
            "explicit registry credentials are for the registry that is named: expected one,"
            " got none",
            hint="name it (--registry-host, registry_host), or log in with the container engine",
        )
    if options.registry_token:
        return RegistryToken(token=options.registry_token)
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
