# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""MemoSource: within a run every tag is resolved once and every digest is fetched once.

A tag keeps the meaning it had first, so a registry that alternates between two answers is seen with
one of them only. What a registry has not or denies stays so, too, and so does an entry of a list
that cannot be read; whatever may pass is asked again.
Large blobs are shared while in flight and then left to who asked.
"""

from __future__ import annotations

from ..descriptor import ResolvedArtifact
from ..digest import Digest
from ..errors import SealpinError
from ..reference import ImageReference, Repository, Tag
from .flight import SingleFlight
from .manifest import Manifest
from .source import Referrers, Source, resolve_by_manifest

_DEFINITE = frozenset(
    {
        "registry.not-found",
        "registry.unauthorized",
        "registry.denied",
        "registry.foreign-page",
        "evidence.too-many-referrers",
        "manifest.malformed",
        "digest.malformed",
        "digest.algorithm",
    }
)
_MAX_KEPT_BLOB_BYTES = 256 * 1024


class MemoSource:
    """A `Source` that asks another one, once for each thing."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self._manifests: SingleFlight[tuple[Repository, Tag | Digest], Manifest] = SingleFlight(
            keep_error=_is_definite
        )
        self._blobs: SingleFlight[tuple[Repository, Digest, int], bytes] = SingleFlight(
            keep=lambda content: len(content) <= _MAX_KEPT_BLOB_BYTES, keep_error=_is_definite
        )
        self._referrers: SingleFlight[tuple[Repository, Digest], Referrers] = SingleFlight(
            keep=lambda referrers: all(_is_definite(gap.error) for gap in referrers.gaps),
            keep_error=_is_definite,
        )

    def resolve(self, reference: ImageReference) -> ResolvedArtifact:
        """See `Source.resolve`; the manifest stays at hand."""
        return resolve_by_manifest(self, reference)

    def manifest(self, repository: Repository, identifier: Tag | Digest) -> Manifest:
        """See `Source.manifest`."""
        manifest = self._manifests.get(
            (repository, identifier), lambda: self._inner.manifest(repository, identifier)
        )
        if isinstance(identifier, Tag):
            self._manifests.put((repository, manifest.digest), manifest)
        return manifest

    def blob(self, repository: Repository, digest: Digest, *, max_bytes: int) -> bytes:
        """See `Source.blob`."""
        return self._blobs.get(
            (repository, digest, max_bytes),
            lambda: self._inner.blob(repository, digest, max_bytes=max_bytes),
        )

    def referrers(self, repository: Repository, subject: Digest) -> Referrers:
        """See `Source.referrers`; a list with a gap that may pass is asked for again."""
        return self._referrers.get(
            (repository, subject), lambda: self._inner.referrers(repository, subject)
        )


def _is_definite(error: BaseException) -> bool:
    """Whether a registry answered, and would answer the same a moment later."""
    return isinstance(error, SealpinError) and error.code in _DEFINITE
