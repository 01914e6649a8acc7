# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a transparency log records of a signature, by entry kind.

Shapes: https://github.com/sigstore/rekor/tree/main/pkg/types (v1) and
https://github.com/sigstore/rekor-tiles/tree/main/pkg/types (v2).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

Body = dict[str, object]
_PROTOBUF_HASHES = {"sha256": "SHA2_256", "sha384": "SHA2_384", "sha512": "SHA2_512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature, as a log is told of it."""

    message: bytes
    """The bytes that were signed: a payload, an artifact, or the pre-authentication encoding."""
    signature: bytes
    hash_name: str
    verifier_pem: bytes
    """Certificate or public key."""
    verifier_der: bytes
    is_certificate: bool
    key_details: str
    envelope: bytes = b""
    """The whole DSSE envelope, where there is one."""
    payload: bytes = b""
    """Its payload."""


def hashedrekord_v001(signed: Signed) -> Body:
    hash_name = signed.hash_name or "sha512"  # Ed25519 has no hash; Rekor stores the prehashed form
    return _body(
        "hashedrekord",
        "0.0.1",
        data={"hash": _hex_hash(hash_name, signed.message)},
        signature={
            "content": _b64(signed.signature),
            "publicKey": {"content": _b64(signed.verifier_pem)},
        },
    )


def dsse_v001(signed: Signed) -> Body:
    return _body(
        "dsse",
        "0.0.1",
        envelopeHash=_hex_hash("sha256", signed.envelope),
        payloadHash=_hex_hash("sha256", signed.payload),
        signatures=[
            {"signature": _b64(signed.signature), "verifier": _b64(signed.verifier_pem)},
        ],
    )


def intoto_v001(signed: Signed) -> Body:
    return _body(
        "intoto",
        "0.0.1",
        content={
            "hash": _hex_hash("sha256", signed.envelope),
            "payloadHash": _hex_hash("sha256", signed.payload),
        },
        publicKey=_b64(signed.verifier_pem),
    )


def intoto_v002(signed: Signed) -> Body:
    """The signature is base64 of base64 here, as the type has it."""
    return _body(
        "intoto",
        "0.0.2",
        content={
            "envelope": {
                "payloadType": "application/vnd.in-toto+json",
                "signatures": [
                    {
                        "publicKey": _b64(signed.verifier_pem),
                        "sig": _b64(_b64(signed.signature).encode()),
                    }
                ],
            },
            "hash": _hex_hash("sha256", signed.envelope),
            "payloadHash": _hex_hash("sha256", signed.payload),
        },
    )


def hashedrekord_v002(signed: Signed) -> Body:
    return _body(
        "hashedrekord",
        "0.0.2",
        hashedRekordV002={
            "data": _protobuf_hash(signed.hash_name or "sha512", signed.message),
            "signature": {"content": _b64(signed.signature), "verifier": _verifier(signed)},
        },
    )


def dsse_v002(signed: Signed) -> Body:
    return _body(
        "dsse",
        "0.0.2",
        dsseV002={
            "payloadHash": _protobuf_hash("sha256", signed.payload),
            "signatures": [
                {"content": _b64(signed.signature), "verifier": _verifier(signed)},
            ],
        },
    )


V1_BODIES: dict[str, Callable[[Signed], Body]] = {
    "hashedrekord": hashedrekord_v001,
    "dsse": dsse_v001,
    "intoto-0.0.1": intoto_v001,
    "intoto-0.0.2": intoto_v002,
}
V2_BODIES: dict[str, Callable[[Signed], Body]] = {
    "hashedrekord": hashedrekord_v002,
    "dsse": dsse_v002,
}


def _body(kind: str, version: str, **spec: object) -> Body:
    return {"apiVersion": version, "kind": kind, "spec": spec}


def _verifier(signed: Signed) -> dict[str, object]:
    field = "x509Certificate" if signed.is_certificate else "publicKey"
    return {field: {"rawBytes": _b64(signed.verifier_der)}, "keyDetails": signed.key_details}


def _hex_hash(name: str, content: bytes) -> dict[str, str]:
    return {"algorithm": name, "value": hashlib.new(name, content).hexdigest()}


def _protobuf_hash(name: str, content: bytes) -> dict[str, str]:
    digest = hashlib.new(name, content).digest()
    return {"algorithm": _PROTOBUF_HASHES[name], "digest": _b64(digest)}


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
