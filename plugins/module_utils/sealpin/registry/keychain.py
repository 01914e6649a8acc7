# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Keychain: what a person has logged in with, found where Docker and podman keep it.

Looked at, in order, the first entry for the registry wins: logins given for that one repository;
explicit options; ``$REGISTRY_AUTH_FILE``; ``$DOCKER_CONFIG/config.json`` or
``~/.docker/config.json``;
``$XDG_RUNTIME_DIR/containers/auth.json``; ``~/.config/containers/auth.json``. Within a file a
helper for the registry wins over the store, the store over stored text, and the longest matching
``host/path`` over a shorter one (containers-auth.json(5)). Nothing that is stored reaches a message
or a `repr`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import jsonbytes
from ..errors import InvalidInput, Unavailable, quote
from ..records import dataclass, field, replace
from ..reference import DOCKER_HUB, Repository
from .credentials import (
    BasicCredentials,
    Credentials,
    HelperRunner,
    IdentityToken,
    RegistryToken,
)
from .flight import SingleFlight

_MAX_FILE_BYTES = 1024 * 1024
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_TOKEN_USER = "<token>"  # what helpers print in place of a user name


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLogins:
    """Docker configurations somebody gave for one repository; nothing else is read with them."""

    repository: Repository
    documents: tuple[bytes, ...] = field(repr=False)
    """JSON; only ``auths`` counts, so that a document cannot have a helper started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeychainOptions:
    """Where to look."""

    explicit: Credentials | None = None
    """From the command line or a module's options."""
    explicit_for: frozenset[str] = frozenset()
    """Registries that `explicit` is for, by name. No other one ever sees it: the images a file
    names are somebody else's choice, and so is the registry they are in."""
    withheld_from: frozenset[str] = frozenset()
    """Registries that never see `explicit`: the targets of mirrors."""
    logins: RepositoryLogins | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    home: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A credentials file that is there."""

    path: Path
    document: Mapping[str, Any] = field(repr=False)


class Keychain:
    """Finds credentials; reads each file once and asks each helper once."""

    def __init__(self, options: KeychainOptions, *, helpers: HelperRunner | None = None) -> None:
        self._options = options
        self._helpers = helpers or HelperRunner(options.environment)
        self._files: SingleFlight[None, tuple[_File, ...]] = SingleFlight()
        self._helped: SingleFlight[tuple[str, str], Credentials | None] = SingleFlight()

    def explicit_for(self, registry: str) -> Credentials | None:
        """Return what was given for this run if it is for *registry*."""
        options = self._options
        is_for = registry in options.explicit_for and registry not in options.withheld_from
        return options.explicit if is_for else None

    def find(self, registry: str, path: str) -> Credentials | None:
        """Return credentials for the repository *path* of *registry*, or None for anonymous access.

        Raises `Unavailable` ``credentials.file`` for a malformed file, and what
        `HelperRunner.get` raises for a helper that failed.
        """
        given = self._find_in_logins(registry, path) or self.explicit_for(registry)
        if given is not None:
            return given
        for file in self._files.get(None, self._read_files):
            found = self._find_in(file, registry, path)
            if found is not None:
                return found
        return None

    def _find_in_logins(self, registry: str, path: str) -> Credentials | None:
        logins = self._options.logins
        if logins is None or logins.repository != Repository(registry=registry, path=path):
            return None
        for document in logins.documents:
            auths = _mapping(_parse(document, "the given logins"), "auths")
            entry = _longest_match(auths, registry, path)
            found = _stored(entry, registry) if isinstance(entry, dict) else None
            if found is not None:
                return found
        return None

    def hint(self, registry: str) -> str:
        """Return what to do where no login for *registry* was found."""
        named = self._options.environment.get("REGISTRY_AUTH_FILE")
        if named and not Path(named).exists():
            return (
                f"REGISTRY_AUTH_FILE names {quote(named)}, which is not there; {log_in(registry)}"
            )
        return log_in(registry)

    def _find_in(self, file: _File, registry: str, path: str) -> Credentials | None:
        helper = _longest_match(_mapping(file.document, "credHelpers"), registry, path)
        if helper is None:
            helper = file.document.get("credsStore") or None
        if helper is not None:
            server = _DOCKER_HUB_KEY if registry == DOCKER_HUB else registry
            found = self._ask(str(helper), server)
            if found is not None:
                return found
        entry = _longest_match(_mapping(file.document, "auths"), registry, path)
        stored = _stored(entry, registry) if isinstance(entry, dict) else None
        return replace(stored, kept_in=quote(file.path)) if stored is not None else None

    def _ask(self, helper: str, server: str) -> Credentials | None:
        def ask() -> Credentials | None:
            answer = self._helpers.get(helper, server)
            if answer is None:
                return None
            username, secret = answer
            kept_in = f"docker-credential-{helper}"
            if username == _TOKEN_USER:
                return IdentityToken(token=secret, kept_in=kept_in)
            return BasicCredentials(username=username, password=secret, kept_in=kept_in)

        return self._helped.get((helper, server), ask)

    def _read_files(self) -> tuple[_File, ...]:
        paths = dict.fromkeys(_paths(self._options.environment, self._options.home))
        read = ((path, _read(path)) for path in paths)
        return tuple(
            _File(path=path, document=document) for path, document in read if document is not None
        )


def log_in(registry: str) -> str:
    """Return how to log in to *registry*, for hints."""
    return f"log in: docker login {registry}, or podman login {registry}"


def _paths(environment: Mapping[str, str], home: Path | None) -> list[Path]:
    paths = []
    if named := environment.get("REGISTRY_AUTH_FILE"):
        paths.append(Path(named))
    if folder := environment.get("DOCKER_CONFIG"):
        paths.append(Path(folder) / "config.json")
    elif home is not None:
        paths.append(home / ".docker" / "config.json")
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        paths.append(Path(runtime) / "containers" / "auth.json")
    if home is not None:
        paths.append(home / ".config" / "containers" / "auth.json")
    return paths


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unavailable(
            "credentials.file", f"credentials file {quote(path)} cannot be read: {error.strerror}"
        ) from error
    if not data.strip():
        return None
    return _parse(data, f"credentials file {quote(path)}")


def _parse(data: bytes, what: str) -> Mapping[str, Any]:
    try:
        return jsonbytes.parse_object(data, what=what, max_bytes=_MAX_FILE_BYTES)
    except InvalidInput as error:
        # The parser's message may quote the document; only its code is safe to repeat.
        raise Unavailable("credentials.file", f"{what} is malformed: {error.code}") from None


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _longest_match(entries: Mapping[str, Any], registry: str, path: str) -> Any:
    """Return the entry of the longest key at or above *path* in *registry*."""
    by_name = {_normalised(key): value for key, value in entries.items()}
    parts = path.split("/")
    for count in range(len(parts), -1, -1):
        name = "/".join([registry, *parts[:count]])
        if name in by_name:
            return by_name[name]
    return None


def _normalised(key: str) -> str:
    """Fold a key's spellings: an address stands for its host, and Docker Hub has one name."""
    scheme, separator, rest = key.partition("://")
    name = rest.partition("/")[0] if separator and scheme in ("http", "https") else key.rstrip("/")
    host, slash, path = name.partition("/")
    host = host.lower()
    return (DOCKER_HUB if host in _DOCKER_HUB_NAMES else host) + slash + path


def _stored(entry: Mapping[str, Any], registry: str) -> Credentials | None:
    """Read one entry of ``auths``; an empty one (left behind by a store) is none."""
    for key, make in (("identitytoken", IdentityToken), ("registrytoken", RegistryToken)):
        if isinstance(entry.get(key), str) and entry[key]:
            return make(token=entry[key])
    if isinstance(entry.get("auth"), str) and entry["auth"]:
        return _decode_auth(entry["auth"], registry)
    username, password = entry.get("username"), entry.get("password")
    if isinstance(username, str) and isinstance(password, str) and username:
        return BasicCredentials(username=username, password=password)
    return None


def _decode_auth(text: str, registry: str) -> Credentials:
    try:
        decoded = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        decoded = ""
    username, colon, password = decoded.partition(":")
    if not colon:
        raise Unavailable(
            "credentials.file",
            f'the stored "auth" of {quote(registry)} is not base64 of user:password',
        )
    return BasicCredentials(username=username, password=password.rstrip("\0"))
