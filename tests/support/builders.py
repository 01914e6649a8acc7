# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Values of the flow's later arrows, for tests that are not about how they come to be."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sealpin.descriptor import Descriptor, ResolvedArtifact
from sealpin.digest import Digest
from sealpin.evidence import Evidence, EvidenceKind, Route
from sealpin.mediatypes import COSIGN_SIGN_V1
from sealpin.policy.decision import Decision, Outcome
from sealpin.reference import ImageReference
from sealpin.signatures.verified import (
    CertificateIdentity,
    NameKind,
    SubjectName,
    TimeSource,
    VerifiedStatement,
    VerifiedTime,
)


def digest_of(reference: ImageReference) -> Digest:
    """The digest the pinning vectors give an image: the hash of ``registry/repository:tag``."""
    name = f"{reference.repository}:{reference.tag or 'latest'}"
    return Digest("sha256", hashlib.sha256(name.encode()).hexdigest())


def decision(
    reference: ImageReference,
    *,
    digest: Digest | None = None,
    outcome: Outcome = Outcome.ALLOWED,
    children: tuple[Descriptor, ...] = (),
    unsigned: bool = False,
) -> Decision:
    """A decision about *reference*; its digest is the one written, else `digest_of`."""
    chosen = digest or reference.digest or digest_of(reference)
    artifact = ResolvedArtifact(reference=reference, digest=chosen, children=children)
    return Decision(
        reference=reference, artifact=artifact, outcome=outcome, findings=(), unsigned=unsigned
    )


def statement(subject: Digest, *, at_utc: datetime) -> VerifiedStatement:
    """A keyless image signature over *subject*, proven at *at_utc*."""
    evidence = Evidence(
        kind=EvidenceKind.BUNDLE,
        subject=subject,
        content=f"evidence for {subject}".encode(),
        route=Route.OFFLINE,
        location="here",
    )
    return VerifiedStatement(
        subject=subject,
        predicate_type=COSIGN_SIGN_V1,
        predicate=None,
        payload=b"",
        signer=CertificateIdentity(
            subjects=(SubjectName(kind=NameKind.EMAIL, value="a@example.com"),),
            issuer="https://issuer.example",
            extensions={},
            certificate_der=b"",
        ),
        times=(VerifiedTime(at_utc=at_utc, source=TimeSource.RFC3161, authority="tsa"),),
        log_entries=(),
        evidence=evidence,
    )
