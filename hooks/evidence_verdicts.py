# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What saved evidence says about the pinned images of files, each image once.

A pinned platform is proven as `pin` proves it: by its index, which must contain that digest for
that platform. Where it does not, the image is refused, whatever was verified about the index.
"""

from __future__ import annotations

from collections.abc import Sequence

from sealpin.evidence_session import EvidenceSession
from sealpin.manifests.lock import Lock
from sealpin.manifests.site import Found
from sealpin.pinning import SiteResult, pin_files
from sealpin.policy.decision import Decision
from sealpin.policy.evaluate import decide_unresolved
from sealpin.policy.model import PolicySet
from sealpin.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One image."""

    decision: Decision
    platform: str = ""
    """The platform whose manifest is pinned; the decision is about the index then."""
    lines: tuple[str, ...] = ()
    """More for people."""


def verdicts_on_files(
    saved: EvidenceSession, policies: PolicySet, found: Sequence[Found], *, known: Lock
) -> list[Verdict]:
    """Decide on every image of *found*; *known* tells the index of a platform."""
    files = pin_files(saved, policies, found, known=known, with_platforms=False)
    results = {_key(result): result for file in files for result in file.sites}
    return [_verdict(result) for result in results.values()]


def _key(result: SiteResult) -> tuple[int, str]:
    return id(result.decision), str(result.site.reference.digest)


def _verdict(result: SiteResult) -> Verdict:
    if result.error is not None:
        return Verdict(decision=decide_unresolved(result.site.reference, result.error))
    pin = result.pin
    if pin is None or pin.platform is None:
        return Verdict(decision=result.decision)
    line = f"    contains {pin.digest} for {pin.platform}"
    return Verdict(decision=result.decision, platform=str(pin.platform), lines=(line,))
