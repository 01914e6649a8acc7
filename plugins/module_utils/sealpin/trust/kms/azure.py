# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Public keys in Azure Key Vault: the only importer of the azure libraries.

One call, Get Key (https://learn.microsoft.com/rest/api/keyvault/keys/get-key); credentials are
those of `DefaultAzureCredential`. The answer is a JSON Web Key (RFC 7517), written here as a
SubjectPublicKeyInfo.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ...crypto import PublicKey
from . import answers

try:
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        ResourceNotFoundError,
        ServiceRequestError,
        ServiceResponseError,
    )
    from azure.identity import DefaultAzureCredential
    from azure.keyvault.keys import KeyClient
except ImportError:
    IS_AVAILABLE = False
else:
    IS_AVAILABLE = True

EXPECTED = "azurekms://VAULT.vault.azure.net/KEY[/VERSION]"
_REFERENCE = re.compile(
    r"azurekms://(?P<vault>[a-zA-Z0-9.-]+(?::[0-9]+)?)/(?P<key>[a-zA-Z0-9-]{1,127})"
    r"(?:/(?P<version>[0-9a-f]{32}))?",
    re.ASCII,
)

_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
_RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d0101010500")
_CURVES = {
    "P-256": bytes.fromhex("06082a8648ce3d030107"),
    "P-384": bytes.fromhex("06052b81040022"),
    "P-521": bytes.fromhex("06052b81040023"),
}
"""Object identifiers in DER, RFC 5480 section 2.1.1.1 and RFC 3279 section 2.3.1."""
_SEQUENCE, _INTEGER, _BIT_STRING = 0x30, 0x02, 0x03


def _connect(vault_url: str) -> KeyClient:
    return KeyClient(
        vault_url,
        DefaultAzureCredential(),
        retry_total=1,
        connection_timeout=answers.CONNECT_TIMEOUT_S,
        read_timeout=answers.READ_TIMEOUT_S,
    )


def fetch_public_key(
    reference: str, *, connect: Callable[[str], KeyClient] = _connect
) -> PublicKey:
    """Return the public half of *reference*; without a version, of the current one.

    Raises `InvalidInput` ``kms.reference``, ``kms.not-found``, ``kms.not-for-signatures`` or
    ``key.*``; `Unavailable` ``kms.refused``, ``kms.unreachable``, ``kms.unusable-answer``;
    `MissingDependency`.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise answers.malformed_reference(reference, expected=EXPECTED)
    if not IS_AVAILABLE:
        raise answers.missing_extra("azure-keyvault-keys", extra="azurekms")
    try:
        with connect(f"https://{match['vault']}") as client:
            key: Any = client.get_key(match["key"], match["version"]).key
    except ResourceNotFoundError as error:
        raise answers.no_such_key(reference, error) from error
    except ClientAuthenticationError as error:
        raise answers.refused(reference, error) from error
    except (ServiceRequestError, ServiceResponseError) as error:
        raise answers.unreachable(reference, error) from error
    except AzureError as error:
        raise answers.refused(reference, error) from error
    if "verify" not in (key.key_ops or ()):
        raise answers.not_for_signatures(reference, f"for {', '.join(key.key_ops or ())}")
    return PublicKey.from_der(_spki(key, reference), what=f"the key {reference}")


def _spki(key: Any, reference: str) -> bytes:
    """Write a JSON Web Key as a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), DER."""
    # The library's names for types and curves are text with a class of their own.
    kind, curve = (str(getattr(name, "value", name)) for name in (key.kty, key.crv))
    kind = kind.removesuffix("-HSM")
    if kind == "RSA" and key.n and key.e:
        numbers = _tlv(_SEQUENCE, _unsigned(key.n) + _unsigned(key.e))
        return _public_key_info(_RSA_ENCRYPTION, numbers)
    if kind == "EC" and curve in _CURVES and key.x and key.y:
        size = {"P-256": 32, "P-384": 48, "P-521": 66}[curve]
        point = b"\x04" + key.x.rjust(size, b"\0") + key.y.rjust(size, b"\0")
        return _public_key_info(_EC_PUBLIC_KEY + _CURVES[curve], point)
    raise answers.unusable_answer(reference, f"a key of type {kind}, curve {curve}")


def _public_key_info(algorithm: bytes, key: bytes) -> bytes:
    return _tlv(_SEQUENCE, _tlv(_SEQUENCE, algorithm) + _tlv(_BIT_STRING, b"\0" + key))


def _unsigned(value: bytes) -> bytes:
    number = int.from_bytes(value, "big")
    return _tlv(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value
