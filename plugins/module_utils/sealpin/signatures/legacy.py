# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Layers of ``sha256-<hex>.sig`` and ``.att`` manifests, taken apart; no trust.

Format: cosign, SIGNATURE_SPEC.md, and what cosign 2 writes. A layer's media type, its
``predicateType`` annotation and the manifest around it are hints that anybody may write, and are
not read. This format has no inclusion proofs: its log entries rest on the log's signed promise.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import jsonbytes
from ..certificates import Certificate
from ..errors import InvalidInput, quote
from ..evidence import Evidence, EvidenceKind
from ..jsonfields import read_bytes, read_integer, read_object, read_text
from ..limits import MAX_CHAIN_CERTIFICATES, MAX_EVIDENCE_BYTES
from ..mediatypes import (
    ANNOTATION_BUNDLE,
    ANNOTATION_CERTIFICATE,
    ANNOTATION_CHAIN,
    ANNOTATION_SIGNATURE,
    ANNOTATION_TIMESTAMP,
)
from .dsse import parse_envelope
from .parts import Form, LogEntry, SignedParts, SimpleSigningPayload


def read_layer(evidence: Evidence) -> SignedParts:
    """Take a layer apart.

    Raises `InvalidInput` ``json.*``, ``base64.malformed``, ``certificate.malformed``,
    ``dsse.no-signature``, ``legacy.no-signature`` or ``legacy.log-id``.
    """
    annotations = evidence.annotations
    certificate, chain = _read_certificates(annotations)
    is_signature = evidence.kind is EvidenceKind.SIGNATURE_LAYER
    content = (
        SimpleSigningPayload(signed_bytes=evidence.content)
        if is_signature
        else parse_envelope(evidence.content, what="the attestation")
    )
    return SignedParts(
        form=Form.SIGNATURE_LAYER if is_signature else Form.ATTESTATION_LAYER,
        content=content,
        signatures=(
            (_read_signature(annotations),)
            if isinstance(content, SimpleSigningPayload)
            else tuple(item.signature for item in content.signatures)
        ),
        certificate=certificate,
        chain=chain,
        entries=_read_entries(annotations),
        timestamps=_read_timestamps(annotations),
        layer=evidence.content,
    )


def _read_signature(annotations: Mapping[str, str]) -> bytes:
    signature = jsonbytes.decode_base64(
        annotations.get(ANNOTATION_SIGNATURE, ""), what=f"annotation {ANNOTATION_SIGNATURE}"
    )
    if not signature:
        raise InvalidInput(
            "legacy.no-signature", f"the layer has no annotation {ANNOTATION_SIGNATURE}"
        )
    return signature


def _read_certificates(
    annotations: Mapping[str, str],
) -> tuple[Certificate | None, tuple[Certificate, ...]]:
    leaf = annotations.get(ANNOTATION_CERTIFICATE, "")
    chain = annotations.get(ANNOTATION_CHAIN, "")
    if not leaf:
        return None, ()
    certificate = Certificate.from_pem(leaf.encode(), what=f"annotation {ANNOTATION_CERTIFICATE}")
    if not chain:
        return certificate, ()
    issuers = Certificate.chain_from_pem(chain.encode(), what=f"annotation {ANNOTATION_CHAIN}")
    return certificate, issuers[:MAX_CHAIN_CERTIFICATES]


def _read_entries(annotations: Mapping[str, str]) -> tuple[LogEntry, ...]:
    text = annotations.get(ANNOTATION_BUNDLE, "")
    if not text:
        return ()
    what = f"annotation {ANNOTATION_BUNDLE}"
    fields = jsonbytes.parse_object(text.encode(), what=what, max_bytes=MAX_EVIDENCE_BYTES)
    payload = read_object(fields, "Payload", what=what)
    return (
        LogEntry(
            claimed_kind=None,
            body=read_bytes(payload, "body", what=what),
            log_id=_read_hex(read_text(payload, "logID", what=what), what),
            log_index=read_integer(payload, "logIndex", what=what),
            integrated_time=read_integer(payload, "integratedTime", what=what),
            promise=read_bytes(fields, "SignedEntryTimestamp", what=what),
            proof=None,
        ),
    )


def _read_timestamps(annotations: Mapping[str, str]) -> tuple[bytes, ...]:
    text = annotations.get(ANNOTATION_TIMESTAMP, "")
    if not text:
        return ()
    what = f"annotation {ANNOTATION_TIMESTAMP}"
    fields = jsonbytes.parse_object(text.encode(), what=what, max_bytes=MAX_EVIDENCE_BYTES)
    return (read_bytes(fields, "SignedRFC3161Timestamp", what=what),)


def _read_hex(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidInput("legacy.log-id", f"{what}: not a log id: {quote(text)}") from error
