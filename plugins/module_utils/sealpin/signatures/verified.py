# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What verification proves: statements, who signed them, when, and which logs saw them.

Only `signatures.verify` makes a `VerifiedStatement` (held by a test); everything after it,
policy first, may rely on each field without checking again. A legacy image signature and a
bundle verify to the same type, so policy has one input.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Union

from ..digest import Digest
from ..evidence import Evidence
from ..records import dataclass, field
from ..weakening import Weakening


class NameKind(Enum):
    """Kinds of subject alternative name, RFC 5280 section 4.2.1.6."""

    DNS = "dns"
    EMAIL = "email"
    IP = "ip"
    URI = "uri"
    OTHER = "other"
    """Fulcio's OtherName (OID 1.3.6.1.4.1.57264.1.7), decoded from DER UTF8String."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectName:
    """One subject alternative name of the signing certificate."""

    kind: NameKind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateIdentity:
    """Who a certificate says signed."""

    subjects: tuple[SubjectName, ...]
    """In certificate order."""
    issuer: str
    """OIDC issuer from the extension ``.1.8`` or ``.1.1``; empty if it has neither."""
    extensions: Mapping[str, str]
    """Fulcio extensions by dotted OID (``1.3.6.1.4.1.57264.1.5``), decoded to text."""
    certificate_der: bytes = field(repr=False)
    """The leaf, DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyIdentity:
    """A key that was given, not found."""

    key_id: str
    """Lower-case hexadecimal SHA-256 of the key's SubjectPublicKeyInfo DER."""
    name: str
    """How the key was named: a path, a URI, a policy's field."""


SignerIdentity = Union[CertificateIdentity, KeyIdentity]


class TimeSource(Enum):
    """What vouches for a moment."""

    LOG_PROMISE = "transparency-log"
    """A log's integrated time under its signed entry timestamp."""
    RFC3161 = "rfc3161"
    """A timestamp authority's token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTime:
    """A moment at which the signature provably existed."""

    at_utc: datetime
    source: TimeSource
    authority: str
    """The log's or timestamp authority's name, as the trusted root has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLogEntry:
    """A transparency-log entry bound to this very signature, key and content."""

    log: str
    """The log's name (its URL in the trusted root)."""
    log_id: str
    """Lower-case hexadecimal."""
    index: int
    has_inclusion_proof: bool
    has_promise: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStatement:
    """One piece of evidence, proven: who said what about which digest, and when."""

    subject: Digest
    """The digest that was asked for and is proven to be what the statement is about."""
    predicate_type: str
    """URI; `mediatypes.COSIGN_SIGN_V1` for legacy image signatures."""
    predicate: Any
    """The statement's predicate as parsed JSON; for a legacy signature the payload's ``optional``
    object or None.
    """
    payload: bytes = field(repr=False)
    """Exactly the signed bytes: the in-toto statement, or the simple-signing payload."""
    signer: SignerIdentity
    times: tuple[VerifiedTime, ...]
    log_entries: tuple[VerifiedLogEntry, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Signer's annotations: the legacy payload's ``optional`` strings, or the matched subject's
    annotations.
    """
    claimed_reference: str = ""
    """The name the signer wrote (``docker-reference`` or the matched subject's name); reported,
    compared on demand.
    """
    evidence: Evidence = field(repr=False)
    weakenings: frozenset[Weakening] = frozenset()
    engines: tuple[str, ...] = ("sealpin",)
    """Which engines agreed: ``sealpin``, and ``sigstore`` where it could read the form."""
    notes: tuple[str, ...] = ()
    """Codes of the second opinion's documented deviations (``second-opinion.window-end``)."""

    @property
    def earliest_utc(self) -> datetime | None:
        """The earliest proven moment, or None (a key signature without log or timestamp)."""
        return min((time.at_utc for time in self.times), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBlob:
    """A bundle, proven to be about one artifact."""

    artifact: Digest
    """SHA-256 of the artifact, or the digest that was given for it."""
    statement: bytes | None = field(repr=False)
    """The signed in-toto statement; None where the artifact itself was signed."""
    signer: SignerIdentity
    times: tuple[VerifiedTime, ...]
    log_entries: tuple[VerifiedLogEntry, ...]
    weakenings: frozenset[Weakening] = frozenset()
    engines: tuple[str, ...] = ("sealpin",)
    notes: tuple[str, ...] = ()
