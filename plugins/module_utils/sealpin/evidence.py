# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence: candidate signatures and attestations as found, not verified.

Discovery (`registry.discover`) and the offline store make these; only `signatures.verify` turns
one into a `VerifiedStatement`. An `EvidenceSet` also says what could *not* be looked at, so that
"the registry answered 429" is never read as "unsigned".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .digest import Digest
from .errors import SealpinError
from .records import dataclass, field


class EvidenceKind(Enum):
    """How the bytes are to be read."""

    SIGNATURE_LAYER = "signature-layer"
    """A layer of ``sha256-<hex>.sig``: simple-signing payload, signature in the annotations."""
    ATTESTATION_LAYER = "attestation-layer"
    """A layer of ``sha256-<hex>.att``: DSSE envelope, the rest in the annotations."""
    BUNDLE = "bundle"
    """A Sigstore bundle (JSON)."""


class Route(Enum):
    """Where a candidate was found."""

    REFERRERS_API = "referrers-api"
    REFERRERS_TAG = "referrers-tag"
    SIGNATURE_TAG = "signature-tag"
    ATTESTATION_TAG = "attestation-tag"
    OFFLINE = "offline"
    GIVEN = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One candidate: raw bytes and where they came from."""

    kind: EvidenceKind
    subject: Digest
    """The digest it was found for; what it says itself is checked later."""
    content: bytes
    """Exactly the bytes of the layer or bundle."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of the layer's descriptor; the legacy format keeps signature, certificate and log entry
    there.
    """
    route: Route
    location: str
    """For messages: ``registry/path:tag`` or ``registry/path@digest`` it was read from."""

    @property
    def digest(self) -> Digest:
        """Of the content: the piece's name in reports and in the lock."""
        return Digest.of(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place that could not be read, or a piece that could not be used."""

    location: str
    error: SealpinError
    conclusive: bool = False
    """True for a piece that was read and is unusable (unparsable): it is counted, and hides
    nothing.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSet:
    """Everything found for one subject, and everything that could not be looked at."""

    subject: Digest
    items: tuple[Evidence, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every place answered; if not, the absence of a signature is unproven."""
        return all(gap.conclusive for gap in self.gaps)
