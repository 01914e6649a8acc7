# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``verify-image``: some provenance of an image proves that the expected builder built it.

This is slsa-verifier's question with more answers: besides the container generator's attestations
it takes GitHub artifact attestations, and BuildKit provenance that a workflow signed, wherever they
were found. Who must have signed follows from the builder, so no identity is asked for. Cloud Build
provenance lies in no registry; `slsa.gcb` verifies it.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from ..errors import (
    InvalidInput,
    MissingDependency,
    SealpinError,
    Unavailable,
    VerificationFailed,
    quote,
)
from ..evidence import EvidenceSet
from ..mediatypes import SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1
from ..records import dataclass
from ..signatures.opinion import SecondOpinion
from ..signatures.verified import VerifiedStatement
from ..signatures.verify import verify_evidence
from ..trust.material import KeylessTrust
from ..weakening import Weakening
from .builders import DEFAULT_IMAGE_BUILDERS, GCB_BUILDER, GITHUB_PREFIX, BuilderId
from .claims import Provenance
from .expectations import ExpectedProvenance, check_provenance
from .github import read_workflow_run


class BuildPlatform(Enum):
    """Who vouches for a builder, and so where its provenance is."""

    GITHUB = "github"
    """Attestations beside the image, signed by a workflow's certificate."""
    GOOGLE_CLOUD_BUILD = "google-cloud-build"
    """A document from gcloud, signed with Google's keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedBuild:
    """The provenance that passed, and the statement that carries it."""

    provenance: Provenance
    statement: VerifiedStatement
    builder: str
    """The signing workflow and its ref, from the certificate."""
    commit: str
    """Of the source, from the certificate."""


def platform_of(builder: str | None) -> BuildPlatform:
    """Return which platform vouches for *builder*; GitHub when none is named.

    Raises `InvalidInput` ``slsa.builder-unsupported``.
    """
    if builder is None or builder.startswith(GITHUB_PREFIX):
        return BuildPlatform.GITHUB
    if BuilderId.parse(builder).name == GCB_BUILDER:
        return BuildPlatform.GOOGLE_CLOUD_BUILD
    raise InvalidInput(
        "slsa.builder-unsupported",
        f"no build platform known for builder {quote(builder)}:"
        f" expected {GITHUB_PREFIX}… or {GCB_BUILDER}",
    )


def verify_image(
    evidence: EvidenceSet,
    *,
    expected: ExpectedProvenance,
    trust: KeylessTrust,
    now_utc: datetime,
    second_opinion: SecondOpinion,
) -> VerifiedBuild:
    """Return the first provenance that passes; one that does not never hides it.

    1. Signature, certificate, log and subject of each piece of evidence are verified.
    2. Statements that are no provenance are left aside.
    3. A GitHub workflow signed; without an expected builder, one of the trusted generators.
    4. The provenance agrees with the certificate and meets every demand (`check_provenance`).

    Raises `VerificationFailed` ``slsa.no-provenance`` when there is none, else the first reason why
    one does not pass; `Unavailable` or `MissingDependency` when some place or piece could not be
    looked at, for then nothing is known; `InvalidInput` ``slsa.expectation`` for demands that no
    image in a registry can meet.
    """
    if platform_of(expected.builder) is not BuildPlatform.GITHUB:
        raise InvalidInput("slsa.expectation", "Cloud Build provenance is in no registry")
    if Weakening.IGNORE_CLAIMS in trust.weakenings:
        raise InvalidInput("slsa.expectation", "provenance counts only for the digest it names")
    failures: list[SealpinError] = []
    for item in evidence.items:
        try:
            # 1.
            statement = verify_evidence(
                item, trust=trust, now_utc=now_utc, second_opinion=second_opinion
            )
            # 2.
            if statement.predicate_type in (SLSA_PROVENANCE_V1, SLSA_PROVENANCE_V02):
                return _verify_build(statement, expected)
        except SealpinError as error:
            failures.append(error)
    raise _reason(evidence, failures)


def _verify_build(statement: VerifiedStatement, expected: ExpectedProvenance) -> VerifiedBuild:
    # 3.
    run = read_workflow_run(statement.signer)
    if expected.builder is None and run.builder.name not in DEFAULT_IMAGE_BUILDERS:
        raise VerificationFailed(
            "slsa.builder-untrusted",
            f"builder is not trusted unless it is named: expected"
            f" {' or '.join(sorted(DEFAULT_IMAGE_BUILDERS))}, got {quote(run.builder.name)}",
            hint=f"if this is your builder, expect it by name: {run.builder.name}",
        )
    # 4.
    provenance = check_provenance(statement, expected)
    return VerifiedBuild(
        provenance=provenance,
        statement=statement,
        builder=str(run.builder),
        commit=run.commit,
    )


def _reason(evidence: EvidenceSet, failures: list[SealpinError]) -> SealpinError:
    """Choose what to raise when nothing passed: first of all that something stayed unseen."""
    unseen = [gap.error for gap in evidence.gaps if not gap.conclusive]
    unseen += [error for error in failures if isinstance(error, Unavailable | MissingDependency)]
    if unseen:
        return unseen[0]
    if not failures:
        return VerificationFailed(
            "slsa.no-provenance",
            f"no provenance found for {evidence.subject}",
            hint="provenance may lie in another repository, or on an image's platforms",
        )
    first = failures[0]
    if isinstance(first, VerificationFailed):
        return first
    return VerificationFailed(first.code, first.message, hint=first.hint)
