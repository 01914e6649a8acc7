# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Routing: a `Source` that reads each repository from where its mirror is."""

from __future__ import annotations

from pathlib import Path

from ..descriptor import ResolvedArtifact
from ..digest import Digest
from ..errors import InvalidInput
from ..records import replace
from ..reference import ImageReference, Repository, Tag
from .answers import HIDDEN, NotFound
from .layout import DirectorySource
from .manifest import Manifest
from .mirrors import Mirrors, Prefix
from .source import Referrers, Source


def routing_source(mirrors: Mirrors, registry: Source) -> Source:
    """Return *registry* with mirrored repositories read from their mirrors."""
    return RoutingSource(mirrors, registry) if mirrors.rules else registry


class RoutingSource:
    """A `Source` that sends each repository to where it is read from."""

    def __init__(self, mirrors: Mirrors, registry: Source) -> None:
        self._mirrors = mirrors
        self._registry = registry
        self._folders = {
            rule.target: DirectorySource(rule.target)
            for rule in mirrors.rules
            if isinstance(rule.target, Path)
        }

    def resolve(self, reference: ImageReference) -> ResolvedArtifact:
        """See `Source.resolve`; the artifact keeps the name asked for and names the mirror."""
        rule = self._mirrors.find(reference.repository)
        source, repository = self._route(reference.repository)
        try:
            artifact = source.resolve(replace(reference, repository=repository))
        except NotFound as error:
            if rule is None or isinstance(rule.target, Path):
                raise
            raise NotFound(error.what, hint=_at_mirror(rule.target)) from error
        return replace(
            artifact, reference=reference, source=rule.shown if rule else artifact.source
        )

    def manifest(self, repository: Repository, identifier: Tag | Digest) -> Manifest:
        """See `Source.manifest`."""
        source, mapped = self._route(repository)
        return source.manifest(mapped, identifier)

    def blob(self, repository: Repository, digest: Digest, *, max_bytes: int) -> bytes:
        """See `Source.blob`."""
        source, mapped = self._route(repository)
        return source.blob(mapped, digest, max_bytes=max_bytes)

    def referrers(self, repository: Repository, subject: Digest) -> Referrers:
        """See `Source.referrers`."""
        source, mapped = self._route(repository)
        return source.referrers(mapped, subject)

    def _route(self, repository: Repository) -> tuple[Source, Repository]:
        rule = self._mirrors.find(repository)
        rest = rule.prefix.rest_of(repository) if rule else None
        if rule is None or rest is None:
            return self._registry, repository
        if isinstance(rule.target, Path):
            mapped = Repository(registry=repository.registry, path="/".join(rest))
            return self._folders[rule.target], mapped
        path = "/".join((*rule.target.parts, *rest))
        if not path:
            raise InvalidInput(
                "mirror.no-repository", f"{repository} maps to no repository of {rule.target}"
            )
        return self._registry, Repository(registry=rule.target.registry, path=path)


def _at_mirror(target: Prefix) -> str:
    """Return what to do about an image that a mirror has not."""
    return (
        f"copy the image to the mirror {target}, or leave the mirror out;"
        f" {HIDDEN}, and a mirror has credentials of its own"
    )
