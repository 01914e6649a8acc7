# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Platforms: the children of an index, the choice of one of them, and all that could be taken.

An index's ``unknown/unknown`` entries are attestations that BuildKit put there, no platforms. A
wish that fits more than one child is an error, since either choice could be the wrong one.
"""

from __future__ import annotations

from ..descriptor import Descriptor, Platform, ResolvedArtifact
from ..digest import Digest
from ..errors import InvalidInput, Unavailable
from ..limits import MAX_INDEX_MANIFESTS
from ..mediatypes import INDEX_TYPES
from ..records import replace
from .manifest import Manifest, is_index, parse_index
from .source import Source


def with_children(source: Source, artifact: ResolvedArtifact) -> ResolvedArtifact:
    """Return *artifact* with its media type and, for an index, its platform manifests.

    Costs one request unless the manifest is at hand. Raises what `Source.manifest` raises, and
    `InvalidInput` ``manifest.*`` for a malformed one.
    """
    return described_by(artifact, source.manifest(artifact.reference.repository, artifact.digest))


def described_by(artifact: ResolvedArtifact, manifest: Manifest) -> ResolvedArtifact:
    """Return *artifact* with what *manifest*, its own, says of it.

    Raises `InvalidInput` ``manifest.*`` for a malformed one.
    """
    children = parse_index(manifest) if is_index(manifest) else ()
    return replace(
        artifact,
        media_type=manifest.media_type or artifact.media_type,
        children=tuple(child for child in children if child.platform is not None),
    )


def manifests_below(source: Source, artifact: ResolvedArtifact) -> tuple[Descriptor, ...]:
    """Return every manifest that a runtime could take by way of an index, each once.

    That is more than the platforms: a runtime walks into an index inside an index, and finds the
    platform of an entry without one in its configuration. Raises what `Source.manifest` raises,
    `InvalidInput` ``manifest.*`` for a malformed one and `Unavailable` ``index.too-many`` for more
    than are looked at.
    """
    repository = artifact.reference.repository
    found: dict[Digest, Descriptor] = {}
    waiting = [artifact.digest]
    while waiting:
        manifest = source.manifest(repository, waiting.pop())
        for entry in parse_index(manifest) if is_index(manifest) else ():
            if entry.is_for_no_platform or entry.digest in found:
                continue
            found[entry.digest] = entry
            if len(found) > MAX_INDEX_MANIFESTS:
                raise Unavailable(
                    "index.too-many",
                    f"{artifact.reference} leads to more than {MAX_INDEX_MANIFESTS} manifests",
                )
            if entry.media_type in INDEX_TYPES:
                waiting.append(entry.digest)
    return tuple(found.values())


def choose_platform(artifact: ResolvedArtifact, wanted: Platform) -> Descriptor:
    """Return the one child of *artifact* (made by `with_children`) that *wanted* accepts.

    Raises `InvalidInput` ``platform.not-an-index``, ``platform.missing`` or ``platform.ambiguous``.
    """
    if not artifact.children:
        raise InvalidInput(
            "platform.not-an-index",
            f"{wanted} cannot be chosen: {artifact.reference} is not a multi-platform image",
        )
    fitting = {
        child.digest: child
        for child in artifact.children
        if child.platform is not None and wanted.accepts(child.platform)
    }
    offered = ", ".join(sorted({str(child.platform) for child in artifact.children}))
    if not fitting:
        raise InvalidInput(
            "platform.missing", f"{artifact.reference} has no {wanted}: it has {offered}"
        )
    if len(fitting) > 1:
        names = ", ".join(sorted(f"{child.platform} ({d})" for d, child in fitting.items()))
        raise InvalidInput(
            "platform.ambiguous",
            f"{wanted} fits more than one platform of {artifact.reference}: {names}",
            hint="name the variant or the version too: os/architecture/variant:version; where both"
            " are for the same platform, the publisher's index is faulty: name a digest",
        )
    return next(iter(fitting.values()))
