# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""How an image was built, for every face: find the attestations beside it and verify one.

1. The image is named by its digest: whoever asks how it was built must know what "it" is.
2. Attestations are gathered from the image's repository, or from the one given instead.
3. They are verified and held against what is expected (`slsa.verify_image`).
"""

from __future__ import annotations

from datetime import datetime

from .api import Session
from .descriptor import ResolvedArtifact
from .digest import Digest
from .errors import InvalidInput, quote
from .evidence import EvidenceKind
from .policy.model import EvidencePlace
from .policy.needs import Needs
from .reference import ImageReference, Repository
from .signatures.opinion import SecondOpinion
from .slsa.expectations import ExpectedProvenance
from .slsa.verify_image import VerifiedBuild, verify_image
from .trust.material import KeylessTrust

_ATTESTATIONS = frozenset({EvidenceKind.ATTESTATION_LAYER, EvidenceKind.BUNDLE})


def verify_build(
    session: Session,
    image: ImageReference,
    *,
    expected: ExpectedProvenance,
    repository: Repository | None,
    trust: KeylessTrust,
    now_utc: datetime,
    second_opinion: SecondOpinion,
) -> VerifiedBuild:
    """Verify how *image* was built; *repository* is where to look instead of beside it.

    Raises `InvalidInput` ``reference.mutable``, and what `slsa.verify_image.verify_image` raises.
    """
    # 1.
    artifact = ResolvedArtifact(reference=image, digest=digest_of(image))
    # 2.
    places = (EvidencePlace(repository=repository),)
    evidence = session.gather(artifact, needs=Needs(places=places, kinds=_ATTESTATIONS))
    # 3.
    return verify_image(
        evidence,
        expected=expected,
        trust=trust,
        now_utc=now_utc,
        second_opinion=second_opinion,
    )


def digest_of(image: ImageReference) -> Digest:
    """Return the digest *image* is named by. Raises `InvalidInput` ``reference.mutable``."""
    if image.digest is None:
        raise InvalidInput(
            "reference.mutable",
            f"image is not named by its digest: {quote(image.text)}",
            hint=f"sealpin digest {image.text} prints it; verify the image before you trust it",
        )
    return image.digest
