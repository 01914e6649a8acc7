# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A signature that somebody gives in place of what the registry holds: ``--signature``.

The payload is given too, or is the one cosign signs when it is told nothing else. Either is proven
like any other evidence; giving it only says where it came from.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from .api import Collect
from .descriptor import ResolvedArtifact
from .evidence import Evidence, EvidenceKind, EvidenceSet, Route
from .jsonbytes import canonical
from .mediatypes import ANNOTATION_SIGNATURE
from .records import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSignature:
    """One legacy signature over one image."""

    signature: bytes
    """Raw, or base64 of it, as cosign writes it."""
    payload: bytes = field(default=b"", repr=False)
    """Empty for the payload cosign makes."""

    def collect(
        self, artifact: ResolvedArtifact, _gather: Callable[[], EvidenceSet]
    ) -> EvidenceSet:
        """Return this signature as the only evidence; the registry is not asked for any."""
        evidence = Evidence(
            kind=EvidenceKind.SIGNATURE_LAYER,
            subject=artifact.digest,
            content=self.payload or default_payload(artifact),
            annotations={ANNOTATION_SIGNATURE: _as_base64(self.signature)},
            route=Route.GIVEN,
            location="the given signature",
        )
        return EvidenceSet(subject=artifact.digest, items=(evidence,))


def default_payload(artifact: ResolvedArtifact) -> bytes:
    """Return what cosign signs for an image when no payload is given (SIGNATURE_SPEC.md)."""
    return canonical(
        {
            "critical": {
                "identity": {"docker-reference": artifact.reference.repository.cosign_name},
                "image": {"docker-manifest-digest": str(artifact.digest)},
                "type": "cosign container image signature",
            },
            "optional": None,
        }
    )


def after(first: Collect, then: Collect) -> Collect:
    """Return the evidence of *first*, completed by *then*."""
    return lambda artifact, gather: then(artifact, lambda: first(artifact, gather))


def _as_base64(signature: bytes) -> str:
    try:
        return base64.b64encode(base64.b64decode(signature.strip(), validate=True)).decode("ascii")
    except (ValueError, binascii.Error):
        return base64.b64encode(signature).decode("ascii")
