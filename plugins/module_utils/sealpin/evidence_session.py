# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A session that reads a folder of saved evidence in place of a registry.

It answers like `api.Session`: nothing in the folder is believed, every piece is verified again. A
tag means nothing without a registry, so images are named by digest. What an index contains is told
by its manifest, whose bytes are saved along and must be those its digest names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from .api import OnProgress
from .clock import Clock
from .descriptor import ResolvedArtifact
from .errors import InvalidInput, SealpinError, Unavailable, quote
from .policy.decision import Decision
from .policy.evaluate import decide_unresolved, evaluate
from .policy.model import PolicySet
from .policy.verifications import Verifications
from .reference import ImageReference
from .registry.evidence_store import load, load_manifest
from .registry.platforms import described_by
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
        for_platform: frozenset[ImageReference] = frozenset(),
        on_progress: OnProgress | None = None,
    ) -> tuple[Decision, ...]:
        """See `Session.decide`; *for_platform* needs the saved manifest."""
        return tuple(
            self._decide(
                reference,
                policies,
                with_platforms=with_platforms,
                for_platform=reference in for_platform,
            )
            for reference in references
        )

    def _decide(
        self,
        reference: ImageReference,
        policies: PolicySet,
        *,
        with_platforms: bool,
        for_platform: bool,
    ) -> Decision:
        try:
            artifact = self._resolve(reference)
            if with_platforms or for_platform:
                artifact = self._with_children(artifact, is_needed=for_platform)
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

    def _with_children(self, artifact: ResolvedArtifact, *, is_needed: bool) -> ResolvedArtifact:
        manifest = load_manifest(self._folder, artifact.digest)
        if manifest is not None:
            return described_by(artifact, manifest)
        if not is_needed:
            return artifact
        raise Unavailable(
            "evidence.not-saved",
            f"the manifest of {artifact.reference}, which tells its platforms, was not saved in"
            f" {quote(self._folder)}",
            hint="save it where the registry can be reached: sealpin evidence save",
        )
