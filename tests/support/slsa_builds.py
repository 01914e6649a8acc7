# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Builds to hold expectations against: a workflow's certificate claims and its provenance.

Only what `slsa` reads is made, and it is made consistent; a test then changes one thing. Statements
with real signatures come from the vectors and from `support.virtual_sigstore`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sealpin.mediatypes import FULCIO_OID_PREFIX, SLSA_PROVENANCE_V02, SLSA_PROVENANCE_V1
from sealpin.signatures.verified import (
    CertificateIdentity,
    KeyIdentity,
    NameKind,
    SignerIdentity,
    SubjectName,
)
from sealpin.slsa import builders

REPOSITORY = "https://github.com/octo-org/service"
COMMIT = "a7fff567be73f1bdaa12399a136cb0264281b334"
TAG_REF = "refs/tags/v1.2.3"
RUN = f"{REPOSITORY}/actions/runs/77/attempts/1"
OWN_WORKFLOW = f"{REPOSITORY}/.github/workflows/release.yml"
GENERATOR = f"{builders.CONTAINER_GENERATOR}@refs/tags/v2.0.0"
KEY = KeyIdentity(key_id="00" * 32, name="cosign.pub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What `check_provenance` looks at."""

    signer: SignerIdentity
    predicate_type: str
    predicate: Any = field(repr=False)


def workflow_certificate(
    workflow: str = f"{OWN_WORKFLOW}@{TAG_REF}",
    *,
    ref: str = TAG_REF,
    trigger: str = "push",
    changed: Mapping[int, str | None] | None = None,
    subjects: tuple[SubjectName, ...] | None = None,
) -> CertificateIdentity:
    """Make a workflow's identity; *changed* sets extensions by number, or removes them (None)."""
    issuer = "https://token.actions.githubusercontent.com"
    values: dict[int, str | None] = {
        1: issuer, 2: trigger, 3: COMMIT, 4: "release", 5: "octo-org/service", 6: ref,
        8: issuer, 11: "github-hosted", 12: REPOSITORY, 13: COMMIT, 14: ref,
        18: f"{OWN_WORKFLOW}@{ref}", 19: COMMIT, 20: trigger, 21: RUN,
    }  # fmt: skip
    values.update(changed or {})
    extensions = {f"{FULCIO_OID_PREFIX}.{n}": v for n, v in values.items() if v is not None}
    return CertificateIdentity(
        subjects=subjects or (SubjectName(kind=NameKind.URI, value=workflow),),
        issuer=values[8] or values[1] or "",
        extensions=extensions,
        certificate_der=b"",
    )


def github_attestation(
    *, ref: str = TAG_REF, builder: str = f"{OWN_WORKFLOW}@{TAG_REF}", trigger: str = "push"
) -> dict[str, Any]:
    """Make the predicate of a GitHub artifact attestation (v1)."""
    return {
        "buildDefinition": {
            "buildType": builders.GITHUB_WORKFLOW_BUILD,
            "externalParameters": {
                "workflow": {
                    "ref": ref,
                    "repository": REPOSITORY,
                    "path": ".github/workflows/release.yml",
                }
            },
            "internalParameters": {"github": {"event_name": trigger}},
            "resolvedDependencies": [
                {"uri": f"git+{REPOSITORY}@{ref}", "digest": {"gitCommit": COMMIT}}
            ],
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": RUN}},
    }


def generator_provenance(
    *,
    ref: str = TAG_REF,
    ref_type: str = "tag",
    trigger: str = "push",
    base_ref: str = "",
    event: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the predicate of the container generator (v0.2)."""
    source = {"uri": f"git+{REPOSITORY}@{ref}", "digest": {"sha1": COMMIT}}
    return {
        "builder": {"id": GENERATOR},
        "buildType": builders.CONTAINER_GENERATOR_BUILD,
        "invocation": {
            "configSource": {**source, "entryPoint": ".github/workflows/release.yml"},
            "environment": {
                "github_ref": ref,
                "github_ref_type": ref_type,
                "github_event_name": trigger,
                "github_base_ref": base_ref,
                "github_event_payload": dict(event or {}),
            },
        },
        "metadata": {"buildInvocationID": "77-1"},
        "materials": [source],
    }


def buildkit_provenance(
    *, source: str = f"{REPOSITORY}.git#{TAG_REF}", builder: str = ""
) -> dict[str, Any]:
    """Make the predicate BuildKit writes (v0.2), of a remote context."""
    return {
        "builder": {"id": builder},
        "buildType": builders.BUILDKIT_V02_BUILD,
        "invocation": {"configSource": {"uri": source, "digest": {"sha1": COMMIT}}},
    }


def by_own_workflow(
    predicate: Mapping[str, Any] | None = None, *, signer: SignerIdentity | None = None
) -> Attestation:
    """Make a GitHub artifact attestation by the project's own workflow."""
    return Attestation(
        signer=signer or workflow_certificate(),
        predicate_type=SLSA_PROVENANCE_V1,
        predicate=predicate or github_attestation(),
    )


def by_generator(
    predicate: Mapping[str, Any] | None = None, *, signer: SignerIdentity | None = None
) -> Attestation:
    """Make the container generator's attestation."""
    return Attestation(
        signer=signer or workflow_certificate(GENERATOR),
        predicate_type=SLSA_PROVENANCE_V02,
        predicate=predicate or generator_provenance(),
    )
