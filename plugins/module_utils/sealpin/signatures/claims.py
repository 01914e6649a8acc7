# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Claims: what a signer said of an image, in an in-toto statement or a simple signing payload.

They are read from bytes whose signature is verified, which proves who said it and not that it is
true; only the subject is compared here, with the digest the evidence was found for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..evidence import Evidence, EvidenceKind
from ..mediatypes import COSIGN_SIGN_V1
from ..records import dataclass
from ..trust.material import SigningTrust
from ..weakening import Weakening
from .dsse import Envelope, check_is_statement
from .parts import SimpleSigningPayload
from .simple_signing import check_subject, parse_simple_signing
from .statement import match_subject, parse_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a signer said of the evidence's subject, whichever format it was said in."""

    predicate_type: str
    predicate: Any
    """JSON; of a legacy signature the payload's ``optional``."""
    payload: bytes
    annotations: Mapping[str, str]
    reference: str


def read_claims(
    evidence: Evidence, content: Envelope | SimpleSigningPayload, trust: SigningTrust
) -> Claims:
    """Read what the signed *content* of *evidence* says, and match its subject.

    Raises `VerificationFailed` where it is about something else, and `VerificationFailed` or
    `InvalidInput` where it does not read.
    """
    if isinstance(content, Envelope):
        return _envelope_claims(content, evidence, trust)
    return _legacy_claims(evidence, trust)


def _envelope_claims(envelope: Envelope, evidence: Evidence, trust: SigningTrust) -> Claims:
    check_is_statement(envelope)
    statement = parse_statement(envelope.payload)
    if _compares_claims(evidence, trust):
        subject = match_subject(statement, evidence.subject)
    else:
        subject = statement.subjects[0]
    return Claims(
        predicate_type=statement.predicate_type,
        predicate=statement.predicate,
        payload=envelope.payload,
        annotations=subject.annotations,
        reference=subject.name,
    )


def _legacy_claims(evidence: Evidence, trust: SigningTrust) -> Claims:
    signed = parse_simple_signing(evidence.content)
    if _compares_claims(evidence, trust):
        check_subject(signed, evidence.subject)
    return Claims(
        predicate_type=COSIGN_SIGN_V1,
        predicate=signed.optional,
        payload=evidence.content,
        annotations=signed.annotations,
        reference=signed.claimed_reference,
    )


def _compares_claims(evidence: Evidence, trust: SigningTrust) -> bool:
    """Claims may be given up for the legacy format alone; a bundle's subject always counts."""
    is_bundle = evidence.kind is EvidenceKind.BUNDLE
    return is_bundle or Weakening.IGNORE_CLAIMS not in trust.weakenings
