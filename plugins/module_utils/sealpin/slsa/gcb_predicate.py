# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Cloud Build's own predicates: SLSA v0.1 with a recipe, and which build types its builders write.

The builder id carries the format's version: ``…GoogleHostedWorker@v0.2`` and ``@v0.3`` write SLSA
v0.1, the plain id writes v1. https://slsa.dev/spec/v0.1/provenance
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import VerificationFailed, quote
from .builders import GCB_BUILD, GCB_BUILDER
from .claims import Claims, Provenance, malformed
from .source import SourceUri, canonical_source

SLSA_PROVENANCE_V01 = "https://slsa.dev/provenance/v0.1"

_ARGUMENTS = "type.googleapis.com/google.devtools.cloudbuild.v1.Build"
_RECIPE = r"https://cloudbuild\.googleapis\.com/CloudBuild(?:Yaml|Steps)@.+"
_BUILD_TYPES = {
    GCB_BUILDER: re.escape(GCB_BUILD),
    f"{GCB_BUILDER}@v0.2": re.escape(f"{GCB_BUILDER}@v0.2"),
    f"{GCB_BUILDER}@v0.3": _RECIPE,
}
"""Builder id to the pattern of its build types."""

_COMMIT_URL = re.compile(r"(?P<repository>.+?)(?:/commit/|#)(?P<revision>.+)")


def check_build_type(provenance: Provenance) -> None:
    """Raise `VerificationFailed` unless builder and build type are Cloud Build's.

    The code is ``slsa.builder-untrusted`` or ``slsa.build-type``.
    """
    pattern = _BUILD_TYPES.get(provenance.builder_id)
    if pattern is None:
        raise VerificationFailed(
            "slsa.builder-untrusted",
            f"not a builder of Cloud Build: {quote(provenance.builder_id)}",
        )
    if re.fullmatch(pattern, provenance.build_type) is None:
        raise VerificationFailed(
            "slsa.build-type",
            f"not a build type of {provenance.builder_id}: {quote(provenance.build_type)}",
        )


def read_v01(predicate: Any) -> Provenance:
    """Read a SLSA v0.1 predicate. Raises `VerificationFailed` ``slsa.provenance-malformed``."""
    claims = Claims(predicate, "predicate")
    recipe = claims["recipe"]
    arguments = recipe["arguments"]
    if arguments.text("@type") != _ARGUMENTS:
        raise malformed(f"its arguments are of type {quote(arguments.text('@type'))}")
    materials = claims.objects("materials")
    return Provenance(
        predicate_type=SLSA_PROVENANCE_V01,
        builder_id=claims["builder"].text("id"),
        build_type=recipe.text("type"),
        source=_read_source(materials[0].text("uri")) if materials else None,
        commit=materials[0]["digest"].text("sha1") if materials else "",
        tag=arguments["substitutions"].text("TAG_NAME") or None,
        entry_point=recipe.text("entryPoint"),
        invocation=claims["metadata"].text("buildInvocationId"),
    )


def _read_source(uri: str) -> SourceUri:
    """Drop ``/commit/<sha>`` (v0.2) or ``#<generation>`` (an archive in storage)."""
    location = canonical_source(uri)
    match = _COMMIT_URL.fullmatch(location)
    return SourceUri(repository=match["repository"] if match else location)
