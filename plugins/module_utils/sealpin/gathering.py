# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Gather an artifact's evidence from every place its policies name, each with its own logins.

A place that has pull secrets is read through a source of its own, which knows them for that one
repository (`registry.keychain.RepositoryLogins`); the other places share the run's. A pull secret
that no file holds leaves the place to what the person is logged in with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from .descriptor import ResolvedArtifact
from .evidence import EvidenceSet, Gap
from .policy.model import PullSecret
from .policy.needs import Needs
from .records import dataclass, field, replace
from .reference import Repository
from .registry.discover import discover
from .registry.flight import SingleFlight
from .registry.keychain import RepositoryLogins
from .registry.source import Source

SignIn = Callable[[RepositoryLogins], Source]
"""Makes a source that knows these logins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """Repositories that are looked in together."""

    tag_prefix: str
    repositories: tuple[Repository, ...]
    logins: RepositoryLogins | None = None
    missing: tuple[str, ...] = ()
    """Pull secrets that no file holds."""


@dataclass(slots=True, kw_only=True)
class Gatherer:
    """Looks in the places of a run."""

    source: Source
    sign_in: SignIn | None
    """None where there is no registry to sign in to."""
    executor: Executor
    _signed_in: SingleFlight[RepositoryLogins, Source] = field(default_factory=SingleFlight)

    def gather(self, artifact: ResolvedArtifact, needs: Needs) -> EvidenceSet:
        """Return what all places hold, unverified."""
        if not needs.kinds:
            return EvidenceSet(subject=artifact.digest)
        visits = _visits(artifact.reference.repository, needs)
        return _union(artifact, (self._visit(artifact, visit, needs) for visit in visits))

    def _visit(self, artifact: ResolvedArtifact, visit: _Visit, needs: Needs) -> EvidenceSet:
        found = discover(
            self._source_of(visit),
            image=artifact.reference.repository,
            subject=artifact.digest,
            repositories=visit.repositories,
            tag_prefix=visit.tag_prefix,
            want=needs.kinds,
            executor=self.executor,
        )
        if not visit.missing:
            return found
        return replace(found, gaps=tuple(_with_hint(gap, visit.missing) for gap in found.gaps))

    def _source_of(self, visit: _Visit) -> Source:
        logins, sign_in = visit.logins, self.sign_in
        if logins is None or sign_in is None:
            return self.source
        return self._signed_in.get(logins, lambda: sign_in(logins))


def _visits(image: Repository, needs: Needs) -> list[_Visit]:
    secrets: dict[tuple[str, Repository], dict[PullSecret, None]] = {}
    for place in needs.places:
        where = (place.tag_prefix, place.repository or image)
        secrets.setdefault(where, {}).update(dict.fromkeys(place.pull_secrets))
    open_to_all: dict[str, list[Repository]] = {}
    visits = []
    for (prefix, repository), known in secrets.items():
        if known:
            visits.append(_visit_with(prefix, repository, tuple(known)))
        else:
            open_to_all.setdefault(prefix, []).append(repository)
    return [
        *(_Visit(tag_prefix=p, repositories=tuple(each)) for p, each in open_to_all.items()),
        *visits,
    ]


def _visit_with(prefix: str, repository: Repository, secrets: tuple[PullSecret, ...]) -> _Visit:
    documents = tuple(secret.logins for secret in secrets if secret.logins is not None)
    return _Visit(
        tag_prefix=prefix,
        repositories=(repository,),
        logins=RepositoryLogins(repository=repository, documents=documents) if documents else None,
        missing=tuple(secret.name for secret in secrets if secret.logins is None),
    )


def _with_hint(gap: Gap, missing: tuple[str, ...]) -> Gap:
    if gap.error.code != "registry.unauthorized":
        return gap
    hint = f"no file given holds the policy's pull secrets {', '.join(missing)}"
    error = type(gap.error)(gap.error.code, gap.error.message, hint=hint)
    return replace(gap, error=error)


def _union(artifact: ResolvedArtifact, sets: Iterable[EvidenceSet]) -> EvidenceSet:
    found = tuple(sets)
    if len(found) == 1:
        return found[0]
    return EvidenceSet(
        subject=artifact.digest,
        items=tuple(item for one in found for item in one.items),
        gaps=tuple(gap for one in found for gap in one.gaps),
    )
