# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A certificate transparency log: signs timestamps (RFC 6962 section 3.2), keeps nothing."""

from __future__ import annotations

import base64
import json
import struct
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .keys import KeyPair
from .windows import Validity

_PRECERTIFICATE_ENTRY = 1
_X509_ENTRY = 0
_SIGNATURE_IDS = {"ecdsa": b"\x04\x03", "rsa": b"\x04\x01", "ed25519": b"\x08\x07"}
"""SignatureAndHashAlgorithm, RFC 5246 section 7.4.1.4.1: SHA-256 with each; Ed25519 by RFC 8422."""


class CertificateTransparencyLog:
    """Signs promises to log a certificate."""

    def __init__(
        self,
        *,
        key: KeyPair | None = None,
        uri: str = "https://ctfe.sigstore.test/2025",
        validity: Validity | None = None,
    ) -> None:
        self.key = key or KeyPair()
        self.uri = uri
        self.validity = validity or Validity()

    def sign_precertificate(
        self, tbs: bytes, *, issuer_key_hash: bytes, at_utc: datetime, extensions: bytes = b""
    ) -> bytes:
        """A serialised SCT over a certificate body without its SCT list."""
        entry = issuer_key_hash + _opaque24(tbs)
        return self._sct(_PRECERTIFICATE_ENTRY, entry, at_utc, extensions)

    def sign_certificate(self, certificate: x509.Certificate, *, at_utc: datetime) -> bytes:
        """A serialised SCT over a whole certificate, to travel beside it."""
        entry = _opaque24(certificate.public_bytes(serialization.Encoding.DER))
        return self._sct(_X509_ENTRY, entry, at_utc, b"")

    def add_chain_response(self, certificate: x509.Certificate, *, at_utc: datetime) -> bytes:
        """The JSON a log answers to add-chain (RFC 6962 section 4.1): a detached SCT."""
        sct = self.sign_certificate(certificate, at_utc=at_utc)
        return json.dumps(
            {
                "sct_version": 0,
                "id": _b64(self.key.key_id),
                "timestamp": int(at_utc.timestamp() * 1000),
                "extensions": "",
                "signature": _b64(sct[43:]),
            }
        ).encode()

    def to_json(self) -> dict[str, object]:
        """This log's row in a trusted root."""
        return {
            "baseUrl": self.uri,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _b64(self.key.spki_der),
                "keyDetails": self.key.details,
                "validFor": self.validity.to_json(),
            },
            "logId": {"keyId": _b64(self.key.key_id)},
        }

    def _sct(self, entry_type: int, entry: bytes, at_utc: datetime, extensions: bytes) -> bytes:
        timestamp_ms = int(at_utc.timestamp() * 1000)
        tail = struct.pack(">H", len(extensions)) + extensions
        signed = struct.pack(">BBQH", 0, 0, timestamp_ms, entry_type) + entry + tail
        signature = self.key.sign(signed, hash_algorithm="sha256")
        return b"".join(
            (
                b"\x00" + self.key.key_id + struct.pack(">Q", timestamp_ms) + tail,
                _SIGNATURE_IDS[self.key.algorithm.partition("-")[0]],
                struct.pack(">H", len(signature)) + signature,
            )
        )


def sct_list(scts: list[bytes]) -> bytes:
    """Serialise a SignedCertificateTimestampList (RFC 6962 section 3.3)."""
    items = b"".join(struct.pack(">H", len(sct)) + sct for sct in scts)
    return struct.pack(">H", len(items)) + items


def _opaque24(value: bytes) -> bytes:
    return len(value).to_bytes(3, "big") + value


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
