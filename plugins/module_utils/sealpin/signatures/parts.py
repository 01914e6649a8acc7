# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The parts of one signature as they were found, in whatever format; nothing of it is believed.

`bundle` and `legacy` read the two wire formats into these types, and the wire formats end there:
every later step works with the same parts.
"""

from __future__ import annotations

from enum import Enum

from ..certificates import Certificate
from ..crypto import PublicKey
from ..digest import Digest
from ..errors import VerificationFailed
from ..records import dataclass, field
from .dsse import Envelope


class Form(Enum):
    """The wire format the parts came in."""

    BUNDLE = "bundle"
    SIGNATURE_LAYER = "signature-layer"
    ATTESTATION_LAYER = "attestation-layer"


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """RFC 6962 section 2.1.1, with the checkpoint that signs the root it leads to."""

    log_index: int
    """Within the tree; a sharded log's entry also has a global index."""
    tree_size: int
    root_hash: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A transparency-log entry and what should prove that the log has it."""

    claimed_kind: tuple[str, str] | None
    """Kind and version, where the format repeats what the body says; they must agree."""
    body: bytes
    """Canonical JSON, exactly as logged."""
    log_id: bytes
    log_index: int
    integrated_time: int
    """Seconds since the epoch; 0 when there is none. Means nothing without a verified promise."""
    promise: bytes | None
    """Signed entry timestamp."""
    proof: InclusionProof | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSignature:
    """A bundle's signature over content that is not in the bundle."""

    claimed_digest: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleSigningPayload:
    """A legacy image signature's payload."""

    signed_bytes: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedParts:
    """One signature, taken apart."""

    form: Form
    content: Envelope | SimpleSigningPayload | MessageSignature
    signatures: tuple[bytes, ...]
    """Candidates, of which one must verify; a bundle has exactly one."""
    certificate: Certificate | None
    chain: tuple[Certificate, ...] = ()
    """Intermediates that came along; untrusted."""
    entries: tuple[LogEntry, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    """RFC 3161 responses, DER."""
    layer: bytes | None = field(default=None, repr=False)
    """The whole legacy layer, over which some logs and timestamp authorities were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedContent:
    """A signature that verified, with everything a log entry must agree with."""

    signature: bytes
    signer: Certificate | PublicKey
    data: bytes | Digest = field(repr=False)
    """What was signed: the artifact or its digest, the payload, or an envelope's PAE."""
    envelope: Envelope | None = None
    envelope_blob: bytes | None = field(default=None, repr=False)
    """The envelope as stored, in the legacy format only; elsewhere its exact bytes are not kept."""

    def digest(self, algorithm: str) -> Digest:
        """Of `data`. Raises ``tlog.hash-unknown`` if only another digest is known."""
        if isinstance(self.data, bytes):
            return Digest.of(self.data, algorithm)
        if self.data.algorithm != algorithm:
            raise VerificationFailed(
                "tlog.hash-unknown",
                f"the log entry is over a {algorithm} digest, but only {self.data} was given",
                hint="give the content instead of its digest",
            )
        return self.data
