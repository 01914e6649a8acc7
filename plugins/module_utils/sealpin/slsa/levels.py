# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The level of SLSA's build track that verified statements prove, and nothing above it.

A level says how well the build platform guards its provenance, so it follows from who signed: a
platform is known by its certificate, never by what a text says of itself.
https://slsa.dev/spec/v1.0/levels
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import SealpinError
from ..mediatypes import FULCIO_OID_PREFIX
from ..signatures.verified import CertificateIdentity
from .builders import CONTAINER_BASED_BUILDER, CONTAINER_GENERATOR, PLATFORM_BUILDS
from .claims import Provenance
from .expectations import Attested, ExpectedProvenance, check_provenance
from .github import GITHUB_ISSUER, read_workflow_run

UNEVALUATED = "SLSA_BUILD_LEVEL_UNEVALUATED"
"""What a summary says where no provenance was verified (SLSA v1.0, "SlsaResult")."""

_HARDENED_BUILDERS = frozenset({CONTAINER_GENERATOR, CONTAINER_BASED_BUILDER})
"""Reusable workflows whose makers document level 3: the caller cannot reach what signs."""
_RUNNER_ENVIRONMENT = f"{FULCIO_OID_PREFIX}.11"


def build_track_level(statements: Iterable[Attested]) -> str:
    """Return the highest level any of *statements* proves, as a VSA spells it.

    1. Provenance that names builder and build type, by a signer the policy lets sign.
    2. Its signer is the GitHub workflow that wrote it about itself, on a runner GitHub hosts.
    3. That workflow is a released builder which isolates what signs from what is built.
    """
    level = max(map(_level, statements), default=0)
    return f"SLSA_BUILD_LEVEL_{level}" if level else UNEVALUATED


def _level(statement: Attested) -> int:
    try:
        provenance = check_provenance(statement, ExpectedProvenance())
        if not (provenance.builder_id and provenance.build_type):
            return 0
        return _platform_level(statement, provenance)
    except SealpinError:  # no provenance, or one that contradicts itself: it proves no level
        return 0


def _platform_level(statement: Attested, provenance: Provenance) -> int:
    signer = statement.signer
    if not isinstance(signer, CertificateIdentity) or signer.issuer != GITHUB_ISSUER:
        return 1
    is_hosted = signer.extensions.get(_RUNNER_ENVIRONMENT) == "github-hosted"
    if not is_hosted or provenance.build_type not in PLATFORM_BUILDS:
        return 1
    return 3 if read_workflow_run(signer).builder.name in _HARDENED_BUILDERS else 2
