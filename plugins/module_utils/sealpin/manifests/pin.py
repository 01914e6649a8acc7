# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Pin: a site and the allowed decision whose digest is written there.

It is the last arrow of the flow. A pin cannot be made from anything but an allowed decision about
the very image the site names, and it writes that decision's digest: what was verified is what
stands in the file.
"""

from __future__ import annotations

from ..descriptor import Platform, ResolvedArtifact
from ..digest import Digest
from ..errors import InvalidInput, VerificationFailed, quote
from ..policy.decision import Decision, Outcome
from ..records import dataclass, field
from ..reference import ImageReference
from .site import ImageSite


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One edit that may be made."""

    site: ImageSite
    decision: Decision
    platform: Platform | None = None
    """Pin this child of a verified index; None pins what the reference resolved to."""
    digest: Digest = field(init=False)
    """What is written: the decision's digest, or the digest of its child for `platform`."""

    def __post_init__(self) -> None:
        """Refuse a decision that is not allowed or that is about another image.

        Raises `VerificationFailed` ``pin.not-allowed`` or ``pin.other-image``, `InvalidInput`
        ``pin.no-such-platform`` or ``pin.ambiguous-platform``.
        """
        decision = self.decision
        if decision.outcome is not Outcome.ALLOWED or decision.artifact is None:
            raise VerificationFailed(
                "pin.not-allowed",
                "no pin without an allowed decision:"
                f" {decision.reference} is {decision.outcome.value}",
            )
        chosen = _chosen_digest(decision.artifact, self.platform)
        if not _is_same_image(self.site.reference, decision.reference, chosen):
            raise VerificationFailed(
                "pin.other-image",
                f"the decision is about another image: expected {quote(self.site.reference)},"
                f" got {quote(decision.reference)} ({self.site.file}:{self.site.line})",
            )
        object.__setattr__(self, "digest", chosen)

    @property
    def is_change(self) -> bool:
        """Whether anything is to be written."""
        return self.site.reference.digest != self.digest


def _chosen_digest(artifact: ResolvedArtifact, platform: Platform | None) -> Digest:
    """The index contains its children by digest, so its proof covers them."""
    if platform is None or not artifact.children:
        return artifact.digest
    fitting = {
        child.digest: str(child.platform)
        for child in artifact.children
        if child.platform is not None and platform.accepts(child.platform)
    }
    if len(fitting) > 1:
        raise InvalidInput(
            "pin.ambiguous-platform",
            f"{platform} fits more than one platform of {artifact.reference}:"
            f" {', '.join(sorted(f'{name} ({digest})' for digest, name in fitting.items()))}",
        )
    for digest in fitting:
        return digest
    offered = ", ".join(str(child.platform) for child in artifact.children)
    raise InvalidInput(
        "pin.no-such-platform", f"{artifact.reference} has no {platform}; it has {offered}"
    )


def _is_same_image(wanted: ImageReference, decided: ImageReference, chosen: Digest) -> bool:
    """Whether a decision about *decided*, which offers *chosen*, answers for *wanted*.

    The tag must be the same one; for an update the decided reference has no digest, and for a
    reference that names a digest already it must be that one, or the index that contains it.
    """
    if wanted.repository != decided.repository:
        return False
    if decided.digest is not None:
        return wanted.digest in (decided.digest, chosen)
    return wanted.tag == decided.tag or (
        wanted.digest is None and str(wanted.identifier) == str(decided.identifier)
    )
