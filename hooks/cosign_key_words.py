# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What cosign says of a signature that its signer's key did not make.

cosign looks at the log entry before the signature, so its words are about the entry's key where
there is an entry and another key was given. Else they are those of Go's verifier for the kind of
key. Nothing is decided here: the signature was refused already.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from sealpin import jsonbytes
from sealpin.crypto import KeyAlgorithm, PublicKey
from sealpin.errors import SealpinError
from sealpin.evidence import Evidence, EvidenceKind
from sealpin.limits import MAX_EVIDENCE_BYTES
from sealpin.policy.model import KeyAuthority, PolicySet
from sealpin.signatures.bundle import read_bundle
from sealpin.signatures.legacy import read_layer
from sealpin.signatures.parts import Form, SignedParts
from sealpin.trust.material import KeyTrust

_LOG_KEY_DIFFERS = "failed to verify log inclusion: transparency log certificate does not match"
_LAYER_KEY_DIFFERS = "error verifying bundle: comparing public key PEMs"
_OF_BUNDLES = "failed to verify signature: could not verify envelope: "
_NO_ENVELOPE_SIGNATURE = "accepted signatures do not match threshold, Found: 0, Expected 1"
_NOT_ASN1 = "ecdsa: Invalid IEEE_P1363 encoded bytes"
_LONGEST_P1363 = 132


def given_key(policies: PolicySet) -> PublicKey | None:
    """Return the key of ``--key``, if that is who may sign."""
    for policy in policies.policies:
        for authority in policy.authorities:
            if isinstance(authority, KeyAuthority) and isinstance(authority.trust, KeyTrust):
                return authority.trust.key.key
    return None


def words_for_another_key(
    items: Iterable[Evidence], key: PublicKey | None, *, wants_log: bool
) -> str | None:
    """Return the one text cosign has for all of *items*; None if it has several, or is not known.

    Without *key* the signer is the certificate that came along.
    """
    texts = set()
    for item in items:
        try:
            is_bundle = item.kind is EvidenceKind.BUNDLE
            parts = read_bundle(item.content) if is_bundle else read_layer(item)
        except SealpinError:
            return None
        texts.add(_words(parts, key, wants_log=wants_log))
    return texts.pop() if len(texts) == 1 else None


def _words(parts: SignedParts, key: PublicKey | None, *, wants_log: bool) -> str | None:
    if parts.form is Form.BUNDLE:
        if key is None:
            return None
        differs = wants_log and _logged_key(parts) not in (None, _pem(key))
        return _LOG_KEY_DIFFERS if differs else f"{_OF_BUNDLES}{_NO_ENVELOPE_SIGNATURE}"
    logged = _logged_key(parts) if wants_log else None
    if key is not None and logged not in (None, _pem(key)):
        return f"{_LAYER_KEY_DIFFERS}, expected {_pem(key)}, got {logged}"
    if parts.form is Form.ATTESTATION_LAYER:
        return _NO_ENVELOPE_SIGNATURE
    if key is None and parts.certificate is not None:
        key = parts.certificate.public_key
    return None if key is None else _refusal(key, parts.signatures)


def _refusal(key: PublicKey, signatures: tuple[bytes, ...]) -> str:
    """Return what Go's verifier of this kind of key says."""
    if key.algorithm is KeyAlgorithm.RSA:
        return "crypto/rsa: verification error"
    if key.algorithm is KeyAlgorithm.ED25519:
        return "failed to verify signature"
    size = len(signatures[0]) if signatures else 0
    if not any(_is_asn1(signature) for signature in signatures):
        if size == 0 or size > _LONGEST_P1363 or size % 2:
            return _NOT_ASN1
        return "invalid signature when validating IEEE_P1363 encoded signature"
    return "invalid signature when validating ASN.1 encoded signature"


def _is_asn1(signature: bytes) -> bool:
    """Whether it is one SEQUENCE, as ECDSA signatures are in ASN.1."""
    return (
        len(signature) > 2 and signature[0] == 0x30 and signature[1] in (len(signature) - 2, 0x81)
    )


def _pem(key: PublicKey) -> str:
    return key.pem.decode("ascii")


def _logged_key(parts: SignedParts) -> str | None:
    """Return the PEM in the first log entry of a key."""
    for entry in parts.entries[:1]:
        try:
            body = jsonbytes.parse_object(entry.body, what="it", max_bytes=MAX_EVIDENCE_BYTES)
            encoded = _find_key(body.get("spec"))
            return None if encoded is None else base64.b64decode(encoded).decode("ascii")
        except (SealpinError, ValueError):
            return None
    return None


def _find_key(node: Any) -> str | None:
    """Return the base64 that every version of every kind of entry keeps under one of two names."""
    if isinstance(node, list):
        return next(filter(None, map(_find_key, node)), None)
    if not isinstance(node, dict):
        return None
    for name in ("publicKey", "verifier"):
        value = node.get(name)
        if isinstance(value, dict):
            value = value.get("content")
        if isinstance(value, str):
            return value
    return next(filter(None, map(_find_key, node.values())), None)
