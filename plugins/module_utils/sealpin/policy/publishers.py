# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Known publishers: who signs their images, as each publisher's own documentation has it.

A policy may say ``publisher: kubernetes`` instead of spelling identity and issuer. A row fixes who
signs and which image names are the publisher's; it never says which roots are believed. Patterns
are anchored and their dots escaped even where the publisher's page leaves that to luck, so a row
accepts less than the documented command, never more. Whoever signs with one identity for each
customer (Chainguard in an organisation's own registry) has no row: nothing fixed would be right.
"""

from __future__ import annotations

from ..errors import InvalidInput, quote
from ..records import dataclass
from ..reference import Repository
from ..regexes import compile_pattern
from .match import ImageGlob, repository_glob
from .model import EvidencePlace, IdentityRule

_GITHUB_ACTIONS = "https://token.actions.githubusercontent.com"
_GOOGLE = "https://accounts.google.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """One row of the table."""

    name: str
    title: str
    globs: tuple[str, ...]
    """The publisher's images, in the short spelling."""
    issuer: str
    subject: str = ""
    """The exact subject; empty where `subject_pattern` is given."""
    subject_pattern: str = ""
    repository: str = ""
    """Where the signatures are, if not beside the images."""
    annotations: tuple[tuple[str, str], ...] = ()
    documented_at: str
    """The publisher's page that says so."""

    @property
    def images(self) -> tuple[ImageGlob, ...]:
        """`globs`, checked."""
        return tuple(repository_glob(glob) for glob in self.globs)

    @property
    def identities(self) -> tuple[IdentityRule, ...]:
        """Who signs. Raises `MissingDependency` for a pattern without ``re2``."""
        subject = self.subject or compile_pattern(
            self.subject_pattern, where=f"publisher {self.name}"
        )
        return (IdentityRule(issuer=self.issuer, subject=subject),)

    @property
    def places(self) -> tuple[EvidencePlace, ...]:
        """Where else evidence is to be looked for."""
        return (
            (EvidencePlace(repository=Repository.parse(self.repository)),)
            if self.repository
            else ()
        )


_ROWS = (
    Publisher(
        name="kubernetes",
        title="Kubernetes release images",
        # The second is the first one's old name, frozen since 2023 with the same images:
        # https://kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement/
        globs=("registry.k8s.io/**", "k8s.gcr.io/**"),
        issuer=_GOOGLE,
        subject="krel-trust@k8s-releng-prod.iam.gserviceaccount.com",
        documented_at=(
            "https://kubernetes.io/docs/tasks/administer-cluster/verify-signed-artifacts/"
        ),
    ),
    Publisher(
        name="chainguard",
        title="Chainguard Containers, public registry",
        globs=("cgr.dev/chainguard/**",),
        issuer=_GITHUB_ACTIONS,
        subject=(
            "https://github.com/chainguard-images/images/.github/workflows/release.yaml@refs/heads/main"
        ),
        documented_at=(
            "https://edu.chainguard.dev/chainguard/containers/security-and-compliance/"
            "verifying-chainguard-images-and-metadata-signatures-with-cosign/"
        ),
    ),
    Publisher(
        name="distroless",
        title="Google distroless base images",
        globs=("gcr.io/distroless/**",),
        issuer=_GOOGLE,
        subject="keyless@distroless.iam.gserviceaccount.com",
        documented_at=(
            "https://github.com/GoogleContainerTools/distroless#how-do-i-verify-distroless-images"
        ),
    ),
    Publisher(
        name="karmada",
        title="Karmada",
        globs=("docker.io/karmada/**",),
        issuer=_GITHUB_ACTIONS,
        subject_pattern=r"^https://github\.com/karmada-io/karmada/.*$",
        documented_at="https://karmada.io/docs/administrator/security/verify-artifacts/",
    ),
    Publisher(
        name="kong-mesh",
        title="Kong Mesh",
        globs=("docker.io/kong/kuma-*", "docker.io/kong/kumactl"),
        issuer=_GITHUB_ACTIONS,
        subject_pattern=(
            r"^https://github\.com/Kong/kong-mesh"
            r"/\.github/workflows/kuma-_build_publish\.yaml@refs/[^ ]+$"
        ),
        repository="docker.io/kong/notary",
        annotations=(("repo", "Kong/kong-mesh"), ("workflow", "build-test-distribute")),
        documented_at="https://developer.konghq.com/mesh/signed-images/",
    ),
)

PUBLISHERS = {row.name: row for row in _ROWS}


def find_publisher(name: str) -> Publisher:
    """Return the row of *name*. Raises `InvalidInput` ``publisher.unknown``."""
    row = PUBLISHERS.get(name)
    if row is None:
        raise InvalidInput(
            "publisher.unknown",
            f"no publisher is called {quote(name)}",
            hint=f"known are {', '.join(PUBLISHERS)}; or spell issuer and identity",
        )
    return row
