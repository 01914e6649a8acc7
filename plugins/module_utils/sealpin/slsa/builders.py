# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Builder ids: how they are written, when two name one builder, and which are trusted by default.

A GitHub builder is a reusable workflow at a ref. The released ones here are those slsa-verifier
knows; each counts only at a release tag ``refs/tags/vX.Y.Z`` and writes only the build types listed
with it. https://slsa.dev/spec/v1.0/provenance#builder
"""

from __future__ import annotations

import re

from ..errors import InvalidInput, VerificationFailed, quote
from ..records import dataclass
from .mismatch import Mismatch

GITHUB_PREFIX = "https://github.com/"
GCB_BUILDER = "https://cloudbuild.googleapis.com/GoogleHostedWorker"

_GENERATOR = f"{GITHUB_PREFIX}slsa-framework/slsa-github-generator"
CONTAINER_GENERATOR = f"{_GENERATOR}/.github/workflows/generator_container_slsa3.yml"
CONTAINER_BASED_BUILDER = f"{_GENERATOR}/.github/workflows/builder_container-based_slsa3.yml"
PUBLISH_TO_BCR = f"{GITHUB_PREFIX}bazel-contrib/publish-to-bcr/.github/workflows/publish.yaml"
BAZEL_RELEASE = f"{GITHUB_PREFIX}bazel-contrib/.github/.github/workflows/release_ruleset.yaml"

CONTAINER_GENERATOR_BUILD = f"{_GENERATOR}/container@v1"
CONTAINER_BASED_BUILD = "https://slsa.dev/container-based-build/v0.1?draft"
GITHUB_WORKFLOW_BUILD = "https://actions.github.io/buildtypes/workflow/v1"
GCB_BUILD = "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1"
BUILDKIT_V02_BUILD = "https://mobyproject.org/buildkit@v1"
BUILDKIT_V1_BUILD = (
    "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
)

RELEASED_BUILDERS: dict[str, frozenset[str]] = {
    CONTAINER_GENERATOR: frozenset({CONTAINER_GENERATOR_BUILD}),
    CONTAINER_BASED_BUILDER: frozenset({CONTAINER_BASED_BUILD}),
    PUBLISH_TO_BCR: frozenset({GITHUB_WORKFLOW_BUILD}),
    BAZEL_RELEASE: frozenset({GITHUB_WORKFLOW_BUILD}),
}
"""Reusable builders that only count at a release tag, with the build types they write."""

DEFAULT_IMAGE_BUILDERS = frozenset({CONTAINER_GENERATOR})
"""Trusted for images when no builder is named."""

PLATFORM_BUILDS = frozenset(
    {CONTAINER_GENERATOR_BUILD, CONTAINER_BASED_BUILD, GITHUB_WORKFLOW_BUILD}
)
"""Build types whose provenance the signing GitHub workflow wrote about itself, so that its
certificate and the text must tell one story."""

_NUMBER = r"(?:0|[1-9][0-9]*)"
_RELEASE_REF = re.compile(rf"refs/tags/v{_NUMBER}\.{_NUMBER}\.{_NUMBER}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderId:
    """A builder's name and the version it ran at."""

    name: str
    version: str = ""
    """A git ref or version; empty when none was written."""

    @classmethod
    def parse(cls, text: str) -> BuilderId:
        """Parse ``name[@version]``. Raises `InvalidInput` ``slsa.builder-malformed``."""
        name, at, version = text.partition("@")
        if not name or (at and not version) or "@" in version:
            raise InvalidInput(
                "slsa.builder-malformed",
                f"not a builder id: expected name or name@version, got {quote(text)}",
            )
        return cls(name=name, version=version)

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


def match_builder(expected: BuilderId, got: BuilderId) -> None:
    """Raise `VerificationFailed` ``slsa.builder-mismatch`` unless *got* is the *expected* builder.

    Without a version any version will do; ``v1.2.3`` also means ``refs/tags/v1.2.3``, and nothing
    else is folded.
    """
    if expected.name != got.name:
        raise Mismatch("builder", expected=expected.name, got=got.name)
    if expected.version not in ("", got.version, got.version.removeprefix("refs/tags/")):
        raise Mismatch(
            "builder version",
            expected=expected.version,
            got=got.version,
            code="slsa.builder-mismatch",
        )


def check_release_ref(builder: BuilderId) -> None:
    """Raise `VerificationFailed` ``slsa.builder-ref`` if a released builder ran at no release."""
    if builder.name in RELEASED_BUILDERS and _RELEASE_REF.fullmatch(builder.version) is None:
        raise VerificationFailed(
            "slsa.builder-ref",
            "builder did not run at a release: expected refs/tags/vX.Y.Z,"
            f" got {quote(builder.version)} (builder {builder.name})",
        )


def check_build_type(builder: BuilderId, build_type: str) -> None:
    """Raise `VerificationFailed` ``slsa.build-type`` if a released builder never writes that."""
    allowed = RELEASED_BUILDERS.get(builder.name)
    if allowed is not None and build_type not in allowed:
        raise VerificationFailed(
            "slsa.build-type",
            f"build type mismatch: expected {' or '.join(sorted(allowed))},"
            f" got {quote(build_type)} (builder {builder.name})",
        )
