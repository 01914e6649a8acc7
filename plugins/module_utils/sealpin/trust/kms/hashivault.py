# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Public keys in HashiCorp Vault's (or OpenBao's) transit engine: the only importer of hvac.

One call, Read Key (https://developer.hashicorp.com/vault/api-docs/secret/transit#read-key).
``VAULT_ADDR``, ``VAULT_TOKEN`` (else ``~/.vault-token``), ``VAULT_NAMESPACE``, ``VAULT_CACERT`` and
``TRANSIT_SECRET_ENGINE_PATH`` mean what they mean to Vault's own tools and to cosign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...crypto import PublicKey
from ...errors import InvalidInput
from ...jsonbytes import decode_base64
from . import answers

try:
    import hvac
    from hvac.exceptions import InvalidPath, VaultDown, VaultError
except ImportError:
    IS_AVAILABLE = False
else:
    IS_AVAILABLE = True

EXPECTED = "hashivault://KEY, a key of the transit engine"
_REFERENCE = re.compile(r"hashivault://(?P<key>\w(?:[\w.-]*\w)?)", re.ASCII)
_DEFAULT_MOUNT = "transit"
_ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes, RFC 8410 section 4."""


def fetch_public_key(reference: str, *, environment: Mapping[str, str]) -> PublicKey:
    """Return the public half of *reference*'s latest version.

    Raises `InvalidInput` ``kms.reference``, ``kms.configuration``, ``kms.not-found``,
    ``kms.not-for-signatures`` or ``key.*``; `Unavailable` ``kms.refused``, ``kms.unreachable``,
    ``kms.unusable-answer``; `MissingDependency`.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise answers.malformed_reference(reference, expected=EXPECTED)
    if not environment.get("VAULT_ADDR"):
        raise InvalidInput(
            "kms.configuration",
            f"{reference} needs the address of Vault in VAULT_ADDR",
            hint="export VAULT_ADDR=https://vault.example:8200",
        )
    if not IS_AVAILABLE:
        raise answers.missing_extra("hvac", extra="hashivault")
    key = _read_key(match["key"], reference, environment)
    return _public_key(key, reference)


def _read_key(name: str, reference: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
    client = hvac.Client(
        url=environment["VAULT_ADDR"],
        token=environment.get("VAULT_TOKEN") or None,
        namespace=environment.get("VAULT_NAMESPACE") or None,
        verify=environment.get("VAULT_CACERT") or True,
        timeout=answers.READ_TIMEOUT_S,
    )
    mount = environment.get("TRANSIT_SECRET_ENGINE_PATH") or _DEFAULT_MOUNT
    try:
        answer = client.secrets.transit.read_key(name=name, mount_point=mount)
    except InvalidPath as error:
        raise answers.no_such_key(reference, error) from error
    except VaultDown as error:
        raise answers.unreachable(reference, error) from error
    except VaultError as error:
        raise answers.refused(reference, error) from error
    except OSError as error:  # what the library's HTTP client raises is one
        raise answers.unreachable(reference, error) from error
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(data, Mapping):
        raise answers.unusable_answer(reference, "it has no data")
    return data


def _public_key(data: Mapping[str, Any], reference: str) -> PublicKey:
    kind = data.get("type", "")
    keys = data.get("keys")
    latest = keys.get(str(data.get("latest_version"))) if isinstance(keys, Mapping) else None
    text = latest.get("public_key") if isinstance(latest, Mapping) else None
    if not isinstance(text, str) or not text:
        # A symmetric key has a creation time there.
        raise answers.not_for_signatures(reference, f"of type {kind}")
    if kind == "ed25519":
        raw = decode_base64(text, what=f"the key {reference}")
        return PublicKey.from_der(_ED25519_PREFIX + raw, what=f"the key {reference}")
    return PublicKey.from_pem(text.encode("utf-8"), what=f"the key {reference}")
