# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Platforms: the children of an index, and the choice of one of them.

An index's ``unknown/unknown`` entries are attestations that BuildKit put there, no platforms. A
wish that fits more than one child is an error, since either choice could be the wrong one.
"""

from __future__ import annotations

from ..descriptor import Descriptor, Platform, ResolvedArtifact
from ..errors import InvalidInput
from ..records import replace
from .manifest import is_index, parse_index
from .source import Source


def with_children(source: Source, artifact: ResolvedArtifact) -> ResolvedArtifact:
    """Return *artifact* with its media type and, for an index, its platform manifests.

    Costs one request unless the manifest is at hand. Raises what `Source.manifest` raises, and
    `InvalidInput` ``manifest.*`` for a malformed one.
    """
    manifest = source.manifest(artifact.reference.repository, artifact.digest)
    children = parse_index(manifest) if is_index(manifest) else ()
    return replace(
        artifact,
        media_type=manifest.media_type or artifact.media_type,
        children=tuple(child for child in children if child.platform is not None),
    )


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
        names = ", ".join(sorted(str(child.platform) for child in fitting.values()))
        raise InvalidInput(
            "platform.ambiguous",
            f"{wanted} fits more than one platform of {artifact.reference}: {names}",
            hint="name the variant or the version too: os/architecture/variant:version",
        )
    return next(iter(fitting.values()))
