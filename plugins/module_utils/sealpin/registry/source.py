# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Source: the one interface of a registry, an OCI image layout and a mirror.

Whoever reads images reads them through this, so that nothing above can tell, or needs to tell,
where bytes come from. What a source is trusted for is which digest a tag means and that something
is absent; all content is checked against its digest before it is returned.
"""

from __future__ import annotations

from typing import Protocol

from ..descriptor import Descriptor, ResolvedArtifact
from ..digest import Digest
from ..evidence import Gap, Route
from ..records import dataclass
from ..reference import ImageReference, Repository, Tag
from .manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrers:
    """What a source lists as referring to a subject; hints, which prove nothing."""

    descriptors: tuple[Descriptor, ...] = ()
    route: Route = Route.REFERRERS_API
    """Whether the referrers API answered or the referrers tag was read instead."""
    gaps: tuple[Gap, ...] = ()
    """What is missing from the list: a page that failed, entries beyond the bound."""


class Source(Protocol):
    """Reads images; safe to use from several threads.

    Every method raises `NotFound` (`InvalidInput` ``registry.not-found``) when the source answered
    that it has no such thing, `Unavailable` ``registry.*`` when it did not answer, and
    `VerificationFailed` ``digest.mismatch`` when the content is not what its digest says.
    """

    def resolve(self, reference: ImageReference) -> ResolvedArtifact:
        """Return the digest *reference* means: one request for a tag, none for a digest.

        The manifest is not parsed; `platforms.with_children` does that.
        """

    def manifest(self, repository: Repository, identifier: Tag | Digest) -> Manifest:
        """Return a manifest's bytes."""

    def blob(self, repository: Repository, digest: Digest, *, max_bytes: int) -> bytes:
        """Return a blob of at most *max_bytes*."""

    def referrers(self, repository: Repository, subject: Digest) -> Referrers:
        """Return everything listed for *subject*; empty when nothing is."""


def resolve_by_manifest(source: Source, reference: ImageReference) -> ResolvedArtifact:
    """Resolve *reference* through `Source.manifest`, and a digest without asking at all."""
    if reference.digest is not None:
        return ResolvedArtifact(reference=reference, digest=reference.digest)
    manifest = source.manifest(reference.repository, reference.identifier)
    return ResolvedArtifact(
        reference=reference, digest=manifest.digest, media_type=manifest.media_type
    )
