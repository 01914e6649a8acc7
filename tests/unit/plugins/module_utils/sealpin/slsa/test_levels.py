# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest

from sealpin.mediatypes import COSIGN_SIGN_V1
from sealpin.slsa.levels import UNEVALUATED, build_track_level
from support.slsa_builds import (
    GENERATOR,
    KEY,
    Attestation,
    buildkit_provenance,
    by_generator,
    by_own_workflow,
    github_attestation,
    workflow_certificate,
)

SIGNATURE = Attestation(
    signer=workflow_certificate(), predicate_type=COSIGN_SIGN_V1, predicate=None
)
SELF_HOSTED = workflow_certificate(changed={11: "self-hosted"})
UNKNOWN_RUNNER = workflow_certificate(changed={11: None})
AT_A_BRANCH = workflow_certificate(GENERATOR.replace("tags/v2.0.0", "heads/main"))


def by_build_tool() -> Attestation:
    predicate = buildkit_provenance(builder="https://builder.example")
    return by_generator(predicate, signer=workflow_certificate())


def with_no_builder() -> Attestation:
    predicate = github_attestation(builder="")
    return replace(by_own_workflow(), predicate=predicate, signer=KEY)


@pytest.mark.parametrize(
    ("attestation", "level"),
    [
        pytest.param(SIGNATURE, UNEVALUATED, id="a signature is no provenance"),
        pytest.param(by_generator(), "SLSA_BUILD_LEVEL_3", id="a released isolated builder"),
        pytest.param(by_own_workflow(), "SLSA_BUILD_LEVEL_2", id="a workflow about itself"),
        pytest.param(
            replace(by_own_workflow(), signer=SELF_HOSTED), "SLSA_BUILD_LEVEL_1",
            id="a runner of somebody's own",
        ),
        pytest.param(
            replace(by_own_workflow(), signer=UNKNOWN_RUNNER), "SLSA_BUILD_LEVEL_1",
            id="a certificate of before runners were told",
        ),
        pytest.param(
            replace(by_own_workflow(), signer=KEY), "SLSA_BUILD_LEVEL_1",
            id="a key knows no platform",
        ),
        pytest.param(
            replace(by_generator(), signer=KEY), "SLSA_BUILD_LEVEL_1",
            id="a key does not become the builder it names",
        ),
        pytest.param(
            replace(by_generator(), signer=AT_A_BRANCH), UNEVALUATED, id="a builder at no release"
        ),
        pytest.param(
            by_build_tool(), "SLSA_BUILD_LEVEL_1", id="a build tool inside a workflow"
        ),
        pytest.param(with_no_builder(), UNEVALUATED, id="provenance that names no builder"),
        pytest.param(
            replace(by_own_workflow(), predicate={}), UNEVALUATED, id="provenance that is empty"
        ),
    ],
)  # fmt: skip
def test_a_level_follows_from_who_signed(attestation: Attestation, level: str) -> None:
    assert build_track_level([attestation]) == level


def test_the_highest_level_of_the_track_counts() -> None:
    assert build_track_level([SIGNATURE, by_own_workflow(), by_generator()]).endswith("_3")
    assert build_track_level([]) == UNEVALUATED
