# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Kubernetes Secret documents that hold a public key, as files; a cluster is never asked.

The form ``cosign generate-key-pair k8s://…`` writes: kind Secret, the key under ``cosign.pub``
(https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import InvalidInput, quote
from ..jsonbytes import decode_base64
from ..records import dataclass, field
from ..yamldoc import parse_documents
from ..yamlschema import to_plain

PUBLIC_KEY_FIELD = "cosign.pub"
_DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySecret:
    """A Secret with a public key; nothing else of it is kept."""

    namespace: str
    name: str
    public_key_pem: bytes = field(repr=False)


def read_key_secrets(data: bytes, *, where: str) -> tuple[KeySecret, ...]:
    """Return the Secrets with a ``cosign.pub`` among the YAML or JSON documents of *data*.

    Raises `InvalidInput` ``yaml.*``, ``base64.malformed``, ``key.secret`` (a Secret of no use).
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("yaml.encoding", f"{where} is not UTF-8") from error
    return tuple(
        _read_secret(document, where)
        for document in _documents(text, where)
        if document.get("kind") == "Secret"
    )


def _documents(text: str, where: str) -> Iterator[dict[str, Any]]:
    for document in parse_documents(text, where=where):
        plain = to_plain(document.root, document=document)
        if isinstance(plain, dict):
            yield plain


def _read_secret(document: dict[str, Any], where: str) -> KeySecret:
    metadata = _mapping(document, "metadata")
    name = str(metadata.get("name", ""))
    encoded = _mapping(document, "data").get(PUBLIC_KEY_FIELD)
    literal = _mapping(document, "stringData").get(PUBLIC_KEY_FIELD)
    if isinstance(literal, str):  # Kubernetes lets stringData win
        pem = literal.encode("utf-8")
    elif isinstance(encoded, str):
        pem = decode_base64(encoded, what=f"{PUBLIC_KEY_FIELD} of Secret {quote(name)} in {where}")
    else:
        raise InvalidInput(
            "key.secret", f"the Secret {quote(name)} in {where} has no {PUBLIC_KEY_FIELD}"
        )
    namespace = str(metadata.get("namespace") or _DEFAULT_NAMESPACE)
    return KeySecret(namespace=namespace, name=name, public_key_pem=pem)


def _mapping(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}
