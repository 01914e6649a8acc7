# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where a public key comes from: every spelling cosign's ``--key`` knows, and the end of each.

Files, among them Kubernetes Secret documents, the environment, web servers and key services all
end in a `NamedKey`. A source that would need hardware, a private interface, a cluster or somebody's
API token is refused by name, with what to use instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import InvalidInput, Unavailable, quote
from .keys import MAX_KEY_BYTES, NamedKey, load_key

if TYPE_CHECKING:
    from ..crypto import PublicKey
    from .secret_documents import KeySecret

FetchUrl = Callable[[str, int], bytes]
"""URL and the most bytes to accept, to the body. Raises `Unavailable` when there is none."""

MAX_DOCUMENT_BYTES = 1024 * 1024
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.ASCII)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

REFUSED_SOURCES: Mapping[str, tuple[str, str]] = {
    "sk": (
        "keys on a security key (--sk) are not read",
        "export the public half once, with: cosign public-key --sk > cosign.pub",
    ),
    "pkcs11": (
        "keys in a PKCS #11 token are not read",
        "export the public half once, with: cosign public-key --key 'pkcs11:…' > cosign.pub",
    ),
    "gitlab": (
        "keys in a GitLab project's variables are not read, because that takes an API token",
        "save the variable COSIGN_PUBLIC_KEY of the project to a file and give that",
    ),
    "k8s": (
        "keys in a cluster's Secrets are not read, because no cluster is asked",
        "give it as a file: kubectl get secret -n NAMESPACE NAME -o yaml > secret.yaml",
    ),
}
"""Name to what is refused and what to do instead."""


def refuse_source(name: str) -> InvalidInput:
    """The error for one of `REFUSED_SOURCES`, code ``key.<name>-unsupported``."""
    what, instead = REFUSED_SOURCES[name]
    return InvalidInput(f"key.{name}-unsupported", what, hint=instead)


def load_key_reference(
    reference: str,
    *,
    fetch_url: FetchUrl | None,
    environment: Mapping[str, str],
    allow_environment: bool,
    hash_algorithm: str = "",
) -> NamedKey:
    """Load the public key that *reference* names.

    *reference* is a path (a PEM, or a document with one Secret), ``env://NAME``, ``https://…``,
    ``awskms://``, ``gcpkms://``, ``azurekms://`` or ``hashivault://``. *fetch_url* is None where
    nothing may be fetched; *environment* is read for Vault's settings, and for keys only if
    *allow_environment*.

    Raises `InvalidInput` ``key.*``, ``kms.*``, ``hash.unsupported``, `Unavailable` ``key.*``,
    ``kms.*``, `MissingDependency` naming the extra to install.
    """
    if reference.startswith("pkcs11:"):
        raise refuse_source("pkcs11")
    match = _SCHEME.match(reference)
    scheme = match[1] if match else ""
    if scheme in REFUSED_SOURCES:
        raise refuse_source(scheme)
    if scheme in _KEY_SERVICES:
        if fetch_url is None:
            raise _offline(reference)
        key = _KEY_SERVICES[scheme](reference, environment)
        return NamedKey(key=key, name=reference, hash_algorithm=hash_algorithm)
    if scheme in ("https", "http"):
        pem = _from_web(reference, fetch_url)
    elif scheme == "env":
        pem = _from_environment(reference, environment, is_allowed=allow_environment)
    elif scheme:
        raise InvalidInput(
            "key.scheme",
            f"unknown key source {quote(scheme + '://')}: expected a file, https://, env://"
            f" or {', '.join(name + '://' for name in _KEY_SERVICES)}",
        )
    else:
        pem = _from_file(reference)
    return load_key(pem, name=reference, hash_algorithm=hash_algorithm)


def _from_file(path: str) -> bytes:
    """A PEM as it is, or the key of the one Secret in a document."""
    data = _read(Path(path))
    if data.lstrip().startswith(b"-----BEGIN") or b"Secret" not in data:
        return data
    secrets = _secrets_in(data, path)
    if not secrets:
        return data  # not a key; `load_key` says so
    if len(secrets) > 1:
        names = ", ".join(f"{secret.namespace}/{secret.name}" for secret in secrets)
        raise InvalidInput(
            "key.ambiguous",
            f"{path} has {len(secrets)} Secrets with a key, expected one",
            hint=f"give a file with one of them alone: {names}",
        )
    return secrets[0].public_key_pem


def _from_environment(reference: str, environment: Mapping[str, str], *, is_allowed: bool) -> bytes:
    name = reference.removeprefix("env://")
    if not is_allowed:
        raise InvalidInput(
            "key.environment",
            f"a key is not read from the environment here, got {quote(reference)}",
            hint="put the key in a file beside the policy",
        )
    value = environment.get(name)
    if not value:
        raise InvalidInput("key.environment-unset", f"the variable {quote(name)} is not set")
    return value.encode("utf-8")


def _from_web(url: str, fetch_url: FetchUrl | None) -> bytes:
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("key.url", "the URL of a key must not hold credentials")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise InvalidInput(
            "key.insecure-url",
            f"a key that came over http could be anybody's, got {quote(url)}",
            hint="use https, or download the key once and give the file",
        )
    if fetch_url is None:
        raise _offline(url)
    return fetch_url(url, MAX_KEY_BYTES)


def _secrets_in(data: bytes, where: str) -> tuple[KeySecret, ...]:
    # A PEM file needs no YAML; a Secret does.
    from .secret_documents import read_key_secrets

    return read_key_secrets(data, where=where)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as source:
            data = source.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise InvalidInput(
            "key.unreadable",
            f"the key {path} cannot be read: {error.strerror}",
            hint="a path is relative to the current folder; in a policy, to the policy's folder",
        ) from error
    if len(data) > MAX_DOCUMENT_BYTES:
        raise InvalidInput(
            "key.malformed",
            f"{path} is not a public key: expected at most {MAX_DOCUMENT_BYTES} bytes",
        )
    return data


def _offline(reference: str) -> Unavailable:
    return Unavailable(
        "key.offline",
        f"the key {quote(reference)} cannot be fetched without a network",
        hint="fetch it once, and give the file",
    )


def _from_aws(reference: str, _unused: Mapping[str, str]) -> PublicKey:
    from .kms import aws

    return aws.fetch_public_key(reference)


def _from_gcp(reference: str, _unused: Mapping[str, str]) -> PublicKey:
    from .kms import gcp

    return gcp.fetch_public_key(reference)


def _from_azure(reference: str, _unused: Mapping[str, str]) -> PublicKey:
    from .kms import azure

    return azure.fetch_public_key(reference)


def _from_vault(reference: str, environment: Mapping[str, str]) -> PublicKey:
    from .kms import hashivault

    return hashivault.fetch_public_key(reference, environment=environment)


# Imported only when used: a client library takes longer to load than an image to verify.
_KEY_SERVICES: Mapping[str, Callable[[str, Mapping[str, str]], PublicKey]] = {
    "awskms": _from_aws,
    "gcpkms": _from_gcp,
    "azurekms": _from_azure,
    "hashivault": _from_vault,
}
