# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What ``download``, ``tree`` and ``triangulate`` share: one image, and the place to look in."""

from __future__ import annotations

from collections.abc import Mapping

from sealpin.api import Session
from sealpin.descriptor import Platform, ResolvedArtifact
from sealpin.policy.model import EvidencePlace
from sealpin.reference import ImageReference, Repository

from .peer_environment import REPOSITORY


def evidence_place(tag_prefix: str, environment: Mapping[str, str]) -> EvidencePlace:
    """Return where to look: ``COSIGN_REPOSITORY``, else with the image.

    Raises `InvalidInput` ``reference.*``.
    """
    name = environment.get(REPOSITORY, "")
    return EvidencePlace(repository=Repository.parse(name) if name else None, tag_prefix=tag_prefix)


def resolve_one(session: Session, text: str, platform: str = "") -> ResolvedArtifact:
    """Return what an image means, or one platform of it. Raises what kept it from resolving."""
    wanted = Platform.parse(platform) if platform else None
    (answer,) = session.resolve((ImageReference.parse(text),), platform=wanted)
    if not isinstance(answer, ResolvedArtifact):
        raise answer
    return answer
