# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import pytest

from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.mediatypes import SLSA_PROVENANCE_V02
from sealpin.slsa import builders
from sealpin.slsa.expectations import ExpectedProvenance, check_provenance
from support.slsa_builds import (
    GENERATOR,
    KEY,
    OWN_WORKFLOW,
    REPOSITORY,
    TAG_REF,
    Attestation,
    buildkit_provenance,
    by_generator,
    by_own_workflow,
    generator_provenance,
    github_attestation,
    workflow_certificate,
)

GITLAB = {1: "https://gitlab.com", 8: "https://gitlab.com"}
MAIN = "refs/heads/main"


def code_of(attestation: Attestation, **expected: Any) -> str:
    """Return the code with which *attestation* is refused, or ``ok``."""
    try:
        check_provenance(attestation, ExpectedProvenance(**expected))
    except VerificationFailed as error:
        return error.code
    return "ok"


def dispatched(inputs: Any) -> Attestation:
    predicate = generator_provenance(
        ref=MAIN, ref_type="branch", trigger="workflow_dispatch", event={"inputs": inputs}
    )
    signer = workflow_certificate(GENERATOR, ref=MAIN, trigger="workflow_dispatch")
    return by_generator(predicate, signer=signer)


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({}, "ok"),
        ({"builder": OWN_WORKFLOW}, "ok"),
        ({"builder": f"{OWN_WORKFLOW}@v1.2.3"}, "ok"),
        ({"builder": f"{OWN_WORKFLOW}@v1.2.4"}, "slsa.builder-mismatch"),
        ({"builder": builders.CONTAINER_GENERATOR}, "slsa.builder-mismatch"),
        ({"builder": builders.GCB_BUILDER}, "slsa.builder-mismatch"),
        ({"source": "github.com/octo-org/service"}, "ok"),
        ({"source": REPOSITORY}, "ok"),
        ({"source": "github.com/octo-org/servic"}, "slsa.source-mismatch"),
        ({"source": "octo-org/service"}, "slsa.source-mismatch"),
        ({"tag": "v1.2.3"}, "ok"),
        ({"tag": TAG_REF}, "slsa.tag-mismatch"),
        ({"tag": ""}, "slsa.tag-mismatch"),
        ({"versioned_tag": "v1.2"}, "ok"),
        ({"versioned_tag": "v1.3"}, "slsa.versioned-tag-mismatch"),
        ({"branch": "main"}, "slsa.branch-unknown"),
        ({"inputs": {"a": "b"}}, "slsa.inputs-unknown"),
    ],
    ids=str,
)
def test_holds_a_github_attestation_against_what_is_expected(
    expected: dict[str, Any], code: str
) -> None:
    assert code_of(by_own_workflow(), **expected) == code


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"builder": GENERATOR, "source": REPOSITORY, "tag": "v1.2.3"}, "ok"),
        ({"branch": "main"}, "ok"),
        ({"branch": "master"}, "slsa.branch-mismatch"),
        ({"branch": MAIN}, "slsa.branch-mismatch"),
        ({"branch": ""}, "slsa.branch-mismatch"),
    ],
    ids=str,
)
def test_holds_a_tag_builds_event_against_what_is_expected(
    expected: dict[str, Any], code: str
) -> None:
    attestation = by_generator(generator_provenance(event={"base_ref": MAIN}))
    assert code_of(attestation, **expected) == code


def test_refuses_a_tag_of_a_branch_build() -> None:
    assert code_of(dispatched(None), tag="main") == "slsa.tag-unknown"
    assert code_of(dispatched(None), versioned_tag="v1") == "slsa.tag-unknown"


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"a": "b", "c": "d"}, "ok"),
        ({"a": "c"}, "slsa.inputs-mismatch"),
        ({"a": True}, "slsa.inputs-mismatch"),
        ({}, "slsa.inputs-mismatch"),
        (None, "slsa.inputs-mismatch"),
        ("a=b", "slsa.provenance-malformed"),
    ],
    ids=str,
)
def test_holds_dispatch_inputs_against_what_is_expected(inputs: Any, code: str) -> None:
    assert code_of(dispatched(inputs), inputs={"a": "b"}) == code


def test_refuses_a_tag_that_is_no_version() -> None:
    predicate = generator_provenance(ref="refs/tags/release-1")
    signer = workflow_certificate(GENERATOR, ref="refs/tags/release-1")
    attestation = by_generator(predicate, signer=signer)
    assert code_of(attestation, versioned_tag="v1") == "slsa.versioned-tag-mismatch"


def test_refuses_a_released_builder_off_its_release() -> None:
    signer = workflow_certificate(f"{builders.CONTAINER_GENERATOR}@{MAIN}")
    assert code_of(by_generator(signer=signer)) == "slsa.builder-ref"


def test_refuses_another_build_type_of_a_released_builder() -> None:
    attestation = by_own_workflow(
        github_attestation(builder=GENERATOR), signer=workflow_certificate(GENERATOR)
    )
    assert code_of(attestation) == "slsa.build-type"


def test_refuses_provenance_that_names_another_builder_than_its_certificate() -> None:
    attestation = by_own_workflow(github_attestation(builder=GENERATOR))
    assert code_of(attestation) == "slsa.certificate-disagrees"


def test_refuses_a_workflow_that_claims_to_be_the_generator() -> None:
    attestation = by_generator(signer=workflow_certificate())
    assert code_of(attestation) == "slsa.certificate-disagrees"
    expected = {"builder": builders.CONTAINER_GENERATOR}
    assert code_of(attestation, **expected) == "slsa.builder-mismatch"


def test_refuses_another_predicate_type() -> None:
    attestation = Attestation(
        signer=workflow_certificate(), predicate_type="https://spdx.dev/Document", predicate={}
    )
    assert code_of(attestation) == "slsa.predicate-type"


def test_refuses_a_workflow_builder_whose_signer_another_issuer_vouches_for() -> None:
    attestation = by_own_workflow(signer=workflow_certificate(changed=GITLAB))
    assert code_of(attestation, builder=OWN_WORKFLOW) == "slsa.issuer"


def by_buildkit(signer: Any = None, **made: str) -> Attestation:
    return Attestation(
        signer=signer or workflow_certificate(),
        predicate_type=SLSA_PROVENANCE_V02,
        predicate=buildkit_provenance(**made),
    )


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"builder": OWN_WORKFLOW, "source": REPOSITORY, "tag": "v1.2.3"}, "ok"),
        ({"builder": builders.CONTAINER_GENERATOR}, "slsa.builder-mismatch"),
        ({"source": "github.com/octo-org/other"}, "slsa.source-mismatch"),
        ({"tag": "v1.2.4"}, "slsa.tag-mismatch"),
    ],
    ids=str,
)
def test_holds_buildkit_provenance_against_the_workflow_that_signed_it(
    expected: dict[str, Any], code: str
) -> None:
    assert code_of(by_buildkit(), **expected) == code


def test_refuses_buildkit_provenance_of_a_foreign_repository() -> None:
    attestation = by_buildkit(source="https://github.com/other/lib.git#main")
    assert code_of(attestation, source=REPOSITORY) == "slsa.source-mismatch"
    assert code_of(attestation, source="github.com/other/lib") == "slsa.source-mismatch"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"builder": "https://ci.example/buildkit", "source": REPOSITORY, "tag": "v1.2.3"}, "ok"),
        ({"builder": "https://ci.example/other"}, "slsa.builder-mismatch"),
        ({"source": "github.com/octo-org/other"}, "slsa.source-mismatch"),
        ({"tag": "v1.2.4"}, "slsa.tag-mismatch"),
    ],
    ids=str,
)
def test_takes_the_text_of_provenance_on_a_trusted_keys_word(
    expected: dict[str, Any], code: str
) -> None:
    attestation = by_buildkit(KEY, builder="https://ci.example/buildkit")
    assert code_of(attestation, **expected) == code


def test_takes_the_text_of_provenance_on_another_issuers_word() -> None:
    signer = workflow_certificate(changed=GITLAB)
    attestation = by_buildkit(signer, builder="https://ci.example/buildkit")
    assert code_of(attestation, builder="https://ci.example/buildkit", source=REPOSITORY) == "ok"


def test_refuses_text_that_names_no_source_when_one_is_expected() -> None:
    assert code_of(by_buildkit(KEY, source=""), source=REPOSITORY) == "slsa.source-unknown"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"tag": "v1", "versioned_tag": "v1"}, "slsa.expectation"),
        ({"versioned_tag": "1.2.3"}, "slsa.versioned-tag"),
        ({"versioned_tag": "v1-rc"}, "slsa.versioned-tag"),
        ({"builder": "name@"}, "slsa.builder-malformed"),
        ({"source": ""}, "slsa.source"),
    ],
    ids=str,
)
def test_refuses_expectations_that_cannot_be_met(expected: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ExpectedProvenance(**expected)
    assert caught.value.code == code
