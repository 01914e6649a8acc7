# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""DSSE envelopes: what in-toto statements are signed in.

The signature is over the pre-authentication encoding of payload type and payload, both as bytes
(DSSE v1.0.2, protocol.md, "Signature Definition"). ``keyid`` is an unauthenticated hint there, and
is never used to choose or to skip a signature.
"""

from __future__ import annotations

import base64
from typing import Any

from .. import jsonbytes
from ..errors import InvalidInput, VerificationFailed, quote
from ..jsonfields import Fields, read_bytes, read_objects, read_optional_text, read_text
from ..limits import MAX_EVIDENCE_BYTES, MAX_SIGNATURE_VALUES
from ..mediatypes import IN_TOTO_PAYLOAD
from ..records import dataclass, field

MAX_SIGNATURES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSignature:
    """One signature of an envelope."""

    keyid: str
    """Only a hint."""
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload with its type and signatures, unverified."""

    payload_type: str
    payload: bytes = field(repr=False)
    signatures: tuple[EnvelopeSignature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What a signature of this envelope is over."""
        return pre_authentication_encoding(self.payload_type, self.payload)


def parse_envelope(data: bytes, *, what: str) -> Envelope:
    """Read an envelope's JSON.

    Raises `InvalidInput` ``json.*``, ``base64.malformed`` or ``dsse.no-signature``.
    """
    fields = jsonbytes.parse_object(
        data, what=what, max_bytes=MAX_EVIDENCE_BYTES, max_values=MAX_SIGNATURE_VALUES
    )
    return read_envelope(fields, what=what)


def read_envelope(fields: Fields, *, what: str) -> Envelope:
    """Read an envelope from its parsed JSON; both base64 alphabets are read, as DSSE demands.

    Raises `InvalidInput` ``json.*``, ``base64.malformed`` or ``dsse.no-signature``.
    """
    signatures = tuple(
        EnvelopeSignature(
            keyid=read_optional_text(item, "keyid", what=what),
            signature=read_bytes(item, "sig", what=what),
        )
        for item in read_objects(fields, "signatures", what=what, at_most=MAX_SIGNATURES)
    )
    if not signatures:
        raise InvalidInput("dsse.no-signature", f"{what} has no signature")
    return Envelope(
        payload_type=read_text(fields, "payloadType", what=what),
        payload=read_bytes(fields, "payload", what=what),
        signatures=signatures,
    )


def envelope_document(envelope: Envelope) -> dict[str, Any]:
    """Return the envelope as DSSE's JSON, in standard base64.

    Round trip: parsing it again gives the same envelope.
    """
    return {
        "payload": _base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [
            {**({"keyid": item.keyid} if item.keyid else {}), "sig": _base64(item.signature)}
            for item in envelope.signatures
        ],
    }


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """``DSSEv1`` and both parts, each after its length in bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def check_is_statement(envelope: Envelope) -> None:
    """Raise ``dsse.payload-type`` unless the payload is an in-toto statement."""
    if envelope.payload_type != IN_TOTO_PAYLOAD:
        raise VerificationFailed(
            "dsse.payload-type",
            f"wrong payload type: expected {IN_TOTO_PAYLOAD}, got {quote(envelope.payload_type)}",
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
