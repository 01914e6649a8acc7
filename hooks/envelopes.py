# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Attestations as the documented pipes read them: one DSSE envelope a line, whatever the format.

``… | jq -r .payload | base64 -d`` is what publishers tell their users to run, so a bundle is
printed as the envelope in it unless bundles are asked for.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from sealpin import jsonbytes
from sealpin.errors import InvalidInput
from sealpin.evidence import Evidence, EvidenceKind
from sealpin.limits import MAX_EVIDENCE_BYTES
from sealpin.mediatypes import (
    ANNOTATION_BUNDLE,
    ANNOTATION_CERTIFICATE,
    ANNOTATION_CHAIN,
    ANNOTATION_SIGNATURE,
    ANNOTATION_TIMESTAMP,
)
from sealpin.signatures.bundle import read_bundle
from sealpin.signatures.dsse import Envelope, envelope_document, parse_envelope


def read_envelope(evidence: Evidence) -> Envelope:
    """Return the envelope in an attestation layer or bundle; nothing of it is verified.

    Raises `InvalidInput` ``bundle.*``, ``json.*``, ``dsse.*``.
    """
    if evidence.kind is EvidenceKind.ATTESTATION_LAYER:
        return parse_envelope(evidence.content, what="the attestation")
    content = read_bundle(evidence.content, unsafe_allow_chain=True).content
    if not isinstance(content, Envelope):
        raise InvalidInput("bundle.content", "the bundle signs a file: expected a DSSE envelope")
    return content


def envelope_line(evidence: Evidence) -> str:
    """Return the envelope as one line of JSON; a legacy layer's bytes as they are stored."""
    if evidence.kind is EvidenceKind.ATTESTATION_LAYER:
        stored = evidence.content.decode("utf-8").strip()
        if "\n" not in stored:
            return stored
    return json.dumps(envelope_document(read_envelope(evidence)), separators=(",", ":"))


def stored_line(evidence: Evidence) -> str:
    """Return the document as it is stored, bundles included, on one line."""
    stored = evidence.content.decode("utf-8").strip()
    if "\n" not in stored:
        return stored
    document = jsonbytes.parse_object(
        evidence.content, what="the evidence", max_bytes=MAX_EVIDENCE_BYTES
    )
    return json.dumps(document, separators=(",", ":"))


def signature_line(evidence: Evidence) -> str:
    """Return a legacy signature as ``cosign download signature`` does.

    Certificates are PEM, where cosign dumps Go's view of them.
    """
    annotations = evidence.annotations
    document = {
        "Base64Signature": annotations.get(ANNOTATION_SIGNATURE, ""),
        "Payload": base64.b64encode(evidence.content).decode("ascii"),
        "Cert": annotations.get(ANNOTATION_CERTIFICATE) or None,
        "Chain": annotations.get(ANNOTATION_CHAIN) or None,
        "Bundle": _object(annotations.get(ANNOTATION_BUNDLE, "")),
        "RFC3161Timestamp": _object(annotations.get(ANNOTATION_TIMESTAMP, "")),
    }
    return json.dumps(document, separators=(",", ":"))


def _object(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    return jsonbytes.parse_object(
        text.encode(), what="an annotation of the signature", max_bytes=MAX_EVIDENCE_BYTES
    )
