# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a log entry says must be what was verified: this signature, this signer, this content.

Without this a valid entry for one signature could be put beside another (CVE-2022-23649,
CVE-2022-36056, CVE-2026-22703), so every kind binds all three, or is refused. Formats: rekor
``pkg/types`` for kinds 0.0.1 and ``intoto`` 0.0.2, protobuf-specs ``rekor/v2`` for the 0.0.2 of
Rekor v2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from .. import jsonbytes
from ..certificates import Certificate
from ..crypto import PublicKey
from ..digest import Digest
from ..errors import VerificationFailed, quote
from ..jsonfields import (
    Fields,
    read_bytes,
    read_object,
    read_objects,
    read_optional_object,
    read_text,
)
from ..limits import MAX_EVIDENCE_BYTES
from .dsse import Envelope
from .parts import LogEntry, SignedContent

_WHAT = "the log entry's body"
_V1_HASHES = ("sha256", "sha384", "sha512")
_V2_HASHES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}


def verify_entry_body(entry: LogEntry, content: SignedContent) -> None:
    """Check that *entry* is about *content* and nothing else.

    Raises `VerificationFailed` ``tlog.*``, and `InvalidInput` for a body that is not what its kind
    says.
    """
    fields = jsonbytes.parse_object(entry.body, what=_WHAT, max_bytes=MAX_EVIDENCE_BYTES)
    kind = (read_text(fields, "kind", what=_WHAT), read_text(fields, "apiVersion", what=_WHAT))
    if entry.claimed_kind not in (None, kind):
        raise VerificationFailed(
            "tlog.kind-mismatch",
            f"the log entry is of another kind: expected {quote(entry.claimed_kind)},"
            f" got {quote(kind)}",
        )
    spec = read_object(fields, "spec", what=_WHAT)
    if content.envelope is None and kind in _DATA_KINDS:
        _DATA_KINDS[kind](spec, content)
    elif content.envelope is not None and kind in _ENVELOPE_KINDS:
        _ENVELOPE_KINDS[kind](spec, content, content.envelope)
    else:
        raise VerificationFailed(
            "tlog.kind-unsupported",
            f"a log entry of kind {quote('/'.join(kind))} cannot prove this form of signature",
        )


def _hashedrekord_v1(spec: Fields, content: SignedContent) -> None:
    hash_fields = read_object(read_object(spec, "data", what=_WHAT), "hash", what=_WHAT)
    signature = read_object(spec, "signature", what=_WHAT)
    public_key = read_object(signature, "publicKey", what=_WHAT)
    algorithm = read_text(hash_fields, "algorithm", what=_WHAT)
    if algorithm not in _V1_HASHES:
        raise _unsupported_hash(algorithm)
    _check_hash(read_text(hash_fields, "value", what=_WHAT), content.digest(algorithm).hex)
    _check_signature(read_bytes(signature, "content", what=_WHAT), content)
    _check_signer(read_bytes(public_key, "content", what=_WHAT), content)


def _hashedrekord_v2(
    spec: Fields, content: SignedContent, _envelope: Envelope | None = None
) -> None:
    """For an envelope too: Rekor v2 records its PAE, which is what was signed."""
    record = read_object(spec, "hashedRekordV002", what=_WHAT)
    signature = read_object(record, "signature", what=_WHAT)
    data = read_object(record, "data", what=_WHAT)
    _check_hash(
        read_bytes(data, "digest", what=_WHAT).hex(), content.digest(_v2_algorithm(data)).hex
    )
    _check_signature(read_bytes(signature, "content", what=_WHAT), content)
    _check_v2_signer(signature, content)


def _dsse_v1(spec: Fields, content: SignedContent, envelope: Envelope) -> None:
    signature = _only(read_objects(spec, "signatures", what=_WHAT, at_most=32))
    _check_v1_hash(spec, "payloadHash", envelope.payload)
    if content.envelope_blob is not None:
        _check_v1_hash(spec, "envelopeHash", content.envelope_blob)
    _check_signature(read_bytes(signature, "signature", what=_WHAT), content)
    _check_signer(read_bytes(signature, "verifier", what=_WHAT), content)


def _dsse_v2(spec: Fields, content: SignedContent, envelope: Envelope) -> None:
    record = read_object(spec, "dsseV002", what=_WHAT)
    signature = _only(read_objects(record, "signatures", what=_WHAT, at_most=32))
    payload_hash = read_object(record, "payloadHash", what=_WHAT)
    expected = Digest.of(envelope.payload, _v2_algorithm(payload_hash))
    _check_hash(read_bytes(payload_hash, "digest", what=_WHAT).hex(), expected.hex)
    _check_signature(read_bytes(signature, "content", what=_WHAT), content)
    _check_v2_signer(signature, content)


def _intoto_v1(spec: Fields, content: SignedContent, envelope: Envelope) -> None:
    """Bind by the whole envelope's hash, since this kind records no signature."""
    if content.envelope_blob is None:
        raise VerificationFailed(
            "tlog.kind-unsupported",
            "an intoto/0.0.1 log entry proves only the exact bytes of an envelope,"
            " which a bundle does not keep",
        )
    record = read_object(spec, "content", what=_WHAT)
    _check_v1_hash(record, "hash", content.envelope_blob)
    if read_optional_object(record, "payloadHash", what=_WHAT) is not None:
        _check_v1_hash(record, "payloadHash", envelope.payload)
    _check_signer(read_bytes(spec, "publicKey", what=_WHAT), content)


def _intoto_v2(spec: Fields, content: SignedContent, envelope: Envelope) -> None:
    record = read_object(spec, "content", what=_WHAT)
    logged = read_object(record, "envelope", what=_WHAT)
    signature = _only(read_objects(logged, "signatures", what=_WHAT, at_most=32))
    _check_v1_hash(record, "payloadHash", envelope.payload)
    # Rekor encodes this field twice: the envelope's own base64, as bytes of the entry.
    text = read_bytes(signature, "sig", what=_WHAT).decode("ascii", errors="replace")
    _check_signature(jsonbytes.decode_base64(text, what=f"sig of {_WHAT}"), content)
    _check_signer(read_bytes(signature, "publicKey", what=_WHAT), content)


_DATA_KINDS: dict[tuple[str, str], Callable[[Fields, SignedContent], None]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_v1,
    ("hashedrekord", "0.0.2"): _hashedrekord_v2,
}
_ENVELOPE_KINDS: dict[tuple[str, str], Callable[[Fields, SignedContent, Envelope], None]] = {
    ("dsse", "0.0.1"): _dsse_v1,
    ("dsse", "0.0.2"): _dsse_v2,
    ("hashedrekord", "0.0.2"): _hashedrekord_v2,
    ("intoto", "0.0.1"): _intoto_v1,
    ("intoto", "0.0.2"): _intoto_v2,
}


def _only(signatures: tuple[Fields, ...]) -> Fields:
    if len(signatures) != 1:
        raise VerificationFailed(
            "tlog.signature-count",
            f"expected a log entry with 1 signature, got {len(signatures)}",
        )
    return signatures[0]


def _check_signature(logged: bytes, content: SignedContent) -> None:
    if logged != content.signature:
        raise VerificationFailed(
            "tlog.signature-mismatch", "the log entry is about another signature than this one"
        )


def _check_v1_hash(fields: Fields, key: str, data: bytes) -> None:
    hash_fields = read_object(fields, key, what=_WHAT)
    algorithm = read_text(hash_fields, "algorithm", what=_WHAT)
    if algorithm != "sha256":
        raise _unsupported_hash(algorithm)
    _check_hash(read_text(hash_fields, "value", what=_WHAT), hashlib.sha256(data).hexdigest())


def _check_hash(logged: str, expected: str) -> None:
    if logged != expected:
        raise VerificationFailed(
            "tlog.hash-mismatch",
            f"the log entry is about other content: expected {expected}, got {quote(logged)}",
        )


def _v2_algorithm(fields: Fields) -> str:
    algorithm = read_text(fields, "algorithm", what=_WHAT)
    if algorithm not in _V2_HASHES:
        raise _unsupported_hash(algorithm)
    return _V2_HASHES[algorithm]


def _unsupported_hash(algorithm: str) -> VerificationFailed:
    return VerificationFailed(
        "tlog.hash-unsupported",
        f"the log entry is over an unsupported hash: expected SHA-2, got {quote(algorithm)}",
    )


def _check_signer(pem: bytes, content: SignedContent) -> None:
    """*pem* is a certificate or a public key, whichever signed."""
    if isinstance(content.signer, Certificate) and pem == content.signer.pem:
        return  # byte for byte the signer's, as Rekor writes it; nothing to parse
    if b"-----BEGIN CERTIFICATE-----" in pem:
        _compare_signer(Certificate.from_pem(pem, what=f"the certificate in {_WHAT}"), content)
    else:
        _compare_signer(PublicKey.from_pem(pem, what=f"the key in {_WHAT}"), content)


def _check_v2_signer(signature: Fields, content: SignedContent) -> None:
    verifier = read_object(signature, "verifier", what=_WHAT)
    certificate = read_optional_object(verifier, "x509Certificate", what=_WHAT)
    if certificate is not None:
        der = read_bytes(certificate, "rawBytes", what=_WHAT)
        _compare_signer(Certificate.from_der(der, what=f"the certificate in {_WHAT}"), content)
        return
    public_key = read_object(verifier, "publicKey", what=_WHAT)
    der = read_bytes(public_key, "rawBytes", what=_WHAT)
    _compare_signer(PublicKey.from_der(der, what=f"the key in {_WHAT}"), content)


def _compare_signer(logged: Certificate | PublicKey, content: SignedContent) -> None:
    """A certificate must be the very same; for a given key, a certificate of that key will do."""
    if isinstance(content.signer, PublicKey) and isinstance(logged, Certificate):
        logged = logged.public_key
    if logged != content.signer:
        raise VerificationFailed(
            "tlog.signer-mismatch", "the log entry names another key or certificate than this one"
        )
