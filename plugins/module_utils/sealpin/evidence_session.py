# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A session that reads a folder of saved evidence in place of a registry.

It answers like `api.Session`: nothing in the folder is believed, every piece is verified again. A
tag means nothing without a registry, so images are named by digest. The evidence of an index says
nothing of which manifests are in it, so there are no platforms either.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from .api import OnProgress
from .clock import Clock
from .descriptor import ResolvedArtifact
from .errors import InvalidInput, SealpinError
from .policy.decision import Decision
from .policy.evaluate import decide_unresolved, evaluate
from .policy.model import PolicySet
from .policy.verifications import Verifications
from .reference import ImageReference
from .registry.evidence_store import load
from .signatures.opinion import SecondOpinion


class EvidenceSession:
    """One run over a folder that ``sealpin evidence save`` filled."""

    def __init__(self, folder: Path, *, clock: Clock, second_opinion: SecondOpinion) -> None:
        self._folder = folder
        self._now_utc = clock.now_utc()
        self._second_opinion = second_opinion
        self._verifications = Verifications()

    @property
    def now_utc(self) -> datetime:
        """The moment every decision of this run is made at."""
        return self._now_utc

    def __enter__(self) -> EvidenceSession:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """There is nothing to let go of."""

    def decide(
        self,
        references: Sequence[ImageReference],
        policies: PolicySet,
        *,
        with_platforms: bool = False,
        for_platform: bool = False,
        on_progress: OnProgress | None = None,
    ) -> tuple[Decision, ...]:
        """See `Session.decide`; platforms are never known here.

        Raises `InvalidInput` ``evidence.no-platforms`` where one is to be chosen.
        """
        if for_platform:
            raise InvalidInput(
                "evidence.no-platforms",
                "saved evidence does not tell the platforms of an image: expected no platform",
            )
        return tuple(self._decide(reference, policies) for reference in references)

    def _decide(self, reference: ImageReference, policies: PolicySet) -> Decision:
        try:
            artifact = self._resolve(reference)
            return evaluate(
                policies,
                artifact,
                load(self._folder, artifact.digest),
                now_utc=self._now_utc,
                second_opinion=self._second_opinion,
                cache=self._verifications,
            )
        except SealpinError as error:
            return decide_unresolved(reference, error)

    def _resolve(self, reference: ImageReference) -> ResolvedArtifact:
        if reference.digest is None:
            raise InvalidInput(
                "evidence.needs-digest",
                f"saved evidence is found by digest: expected name@digest, got {reference}",
                hint="a lock file, or a result from where the registry can be reached, has it",
            )
        return ResolvedArtifact(
            reference=reference, digest=reference.digest, source=f"evidence {self._folder}"
        )
