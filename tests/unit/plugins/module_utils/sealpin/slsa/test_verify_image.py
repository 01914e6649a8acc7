# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""slsa-verifier's own cases for images by the container generator, and lab images beyond them."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from sealpin.errors import InvalidInput, SealpinError, Unavailable, VerificationFailed
from sealpin.evidence import EvidenceSet, Gap
from sealpin.reference import ImageReference
from sealpin.signatures.opinion import SecondOpinion
from sealpin.slsa import builders
from sealpin.slsa.expectations import ExpectedProvenance
from sealpin.slsa.peer_texts import peer_error
from sealpin.slsa.verify_image import BuildPlatform, VerifiedBuild, platform_of, verify_image
from sealpin.trust.embedded import embedded_root
from sealpin.trust.material import KeylessTrust
from sealpin.trust.root_json import parse_trusted_root
from sealpin.weakening import Weakening
from support.slsa_fixtures import (
    ALTERED,
    REGISTRY,
    Case,
    cases,
    evidence_for,
    image_of,
    publish_all,
    published,
)
from support.vectors import vectors

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
EXAMPLE = ExpectedProvenance(source="github.com/slsa-framework/example-package")
GITHUB_CASES = [
    case
    for case in cases()
    if case.suite in ("gha-image", "probe") and case.image and not case.is_cloud_build
    and "gcb" not in case.name
]  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    publish_all(root)
    return root


def verify(
    evidence: EvidenceSet, expected: ExpectedProvenance, *, trust: KeylessTrust | None = None
) -> VerifiedBuild:
    return verify_image(
        evidence,
        expected=expected,
        trust=trust or KeylessTrust(root=embedded_root()),
        now_utc=NOW,
        second_opinion=SecondOpinion.OFF,
    )


def altered_evidence(images: Path, name: str) -> EvidenceSet:
    image = f"{REGISTRY}/probe/{name}@{published(ALTERED).digest}"
    return evidence_for(images, ImageReference.parse(image))


@pytest.mark.parametrize("case", GITHUB_CASES, ids=lambda case: case.id)
def test_answers_as_slsa_verifier_does(case: Case, images: Path) -> None:
    try:
        verify(evidence_for(images, image_of(case)), case.expected())
    except SealpinError as error:
        code = error.code
    else:
        code = "ok"
    assert (code == "ok") == case.is_accepted, f"{code}, but the peer: {case.message}"
    if case.error_class:
        known = peer_error(code, BuildPlatform.GITHUB)
        assert known is not None
        assert known[0] == case.error_class
        assert known[1] in case.message


@pytest.mark.parametrize("name", ["nochain", "wrong_then_right", "tampered_then_right"])
def test_takes_a_good_attestation_whatever_lies_beside_it(name: str, images: Path) -> None:
    build = verify(altered_evidence(images, name), EXAMPLE)
    assert build.builder == f"{builders.CONTAINER_GENERATOR}@refs/tags/v2.0.0"
    assert build.commit == "693130cb6cb840a7bc9cb18c6510d536a95dc7e6"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("wrongsubject", "subject.mismatch"),
        ("two_wrong", "subject.mismatch"),
        ("empty", "slsa.no-provenance"),
    ],
)
def test_refuses_what_is_not_about_the_image(name: str, code: str, images: Path) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(altered_evidence(images, name), EXAMPLE)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "name", ["tampered", "nobundle", "nocert", "swapbundle", "swapcert", "settime"]
)
def test_refuses_an_altered_attestation(name: str, images: Path) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(altered_evidence(images, name), EXAMPLE)
    assert not caught.value.code.startswith("slsa.")


def test_returns_exactly_the_signed_bytes(images: Path) -> None:
    build = verify(altered_evidence(images, "nochain"), EXAMPLE)
    assert build.statement.payload.startswith(b'{"_type":"https://in-toto.io/Statement/v0.1"')
    assert build.provenance.tag == "v13.0.30"


def test_does_not_call_an_unreachable_place_unsigned(images: Path) -> None:
    evidence = altered_evidence(images, "empty")
    error = Unavailable("registry.rate-limited", "too many requests")
    gap = Gap(location="registry.example/app:sha256-00.att", error=error)
    incomplete = EvidenceSet(subject=evidence.subject, gaps=(gap,))
    with pytest.raises(Unavailable) as caught:
        verify(incomplete, EXAMPLE)
    assert caught.value.code == "registry.rate-limited"


def test_passes_on_good_provenance_though_another_place_is_unreachable(images: Path) -> None:
    evidence = altered_evidence(images, "nochain")
    gap = Gap(location="elsewhere", error=Unavailable("registry.timeout", "no answer"))
    verify(EvidenceSet(subject=evidence.subject, items=evidence.items, gaps=(gap,)), EXAMPLE)


def test_refuses_to_leave_the_digest_unchecked(images: Path) -> None:
    trust = KeylessTrust(root=embedded_root(), weakenings=frozenset({Weakening.IGNORE_CLAIMS}))
    with pytest.raises(InvalidInput) as caught:
        verify(altered_evidence(images, "wrongsubject"), EXAMPLE, trust=trust)
    assert caught.value.code == "slsa.expectation"


def lab_evidence(image: str) -> EvidenceSet:
    return evidence_for(vectors("lab") / "repositories", ImageReference.parse(image))


def lab_trust() -> KeylessTrust:
    document = (vectors("lab") / "trusted_root.json").read_bytes()
    return KeylessTrust(root=parse_trusted_root(document))


OCTO = (
    f"{REGISTRY}/octo/service"
    "@sha256:e4a9a3ca4fd1d203fc37beb4b5668fd33ca2003d2cc30296787452c6e7c0b405"
)
OCTO_WORKFLOW = "https://github.com/octo-org/service/.github/workflows/release.yml"


@pytest.mark.parametrize(
    "expected",
    [
        ExpectedProvenance(builder=OCTO_WORKFLOW, source="github.com/octo-org/service"),
        ExpectedProvenance(builder=f"{OCTO_WORKFLOW}@v1.2.3", tag="v1.2.3"),
        ExpectedProvenance(builder=OCTO_WORKFLOW, versioned_tag="v1.2"),
        ExpectedProvenance(
            builder=OCTO_WORKFLOW, source="https://github.com/octo-org/service", tag="v1.2.3"
        ),
    ],
    ids=str,
)
def test_verifies_a_github_attestation_stored_as_a_referrer(expected: ExpectedProvenance) -> None:
    build = verify(lab_evidence(OCTO), expected, trust=lab_trust())
    assert build.builder == f"{OCTO_WORKFLOW}@refs/tags/v1.2.3"


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        (ExpectedProvenance(), "slsa.builder-untrusted"),
        (ExpectedProvenance(builder=f"{OCTO_WORKFLOW}@v1.2.4"), "slsa.builder-mismatch"),
        (
            ExpectedProvenance(builder=OCTO_WORKFLOW, source="github.com/octo-org/servic"),
            "slsa.source-mismatch",
        ),
        (ExpectedProvenance(builder=OCTO_WORKFLOW, tag="v1.2"), "slsa.tag-mismatch"),
        (ExpectedProvenance(builder=OCTO_WORKFLOW, branch="main"), "slsa.branch-unknown"),
    ],
    ids=str,
)
def test_holds_a_referrer_against_what_is_expected(expected: ExpectedProvenance, code: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        verify(lab_evidence(OCTO), expected, trust=lab_trust())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("builder", "platform"),
    [
        (None, BuildPlatform.GITHUB),
        (OCTO_WORKFLOW, BuildPlatform.GITHUB),
        (builders.GCB_BUILDER, BuildPlatform.GOOGLE_CLOUD_BUILD),
        (f"{builders.GCB_BUILDER}@v0.3", BuildPlatform.GOOGLE_CLOUD_BUILD),
    ],
)
def test_chooses_the_platform_by_the_builder(builder: str | None, platform: BuildPlatform) -> None:
    assert platform_of(builder) is platform


@pytest.mark.parametrize(
    "builder",
    [
        f"{builders.GCB_BUILDER}a",
        "http://cloudbuild.googleapis.com/GoogleHostedWorker",
        "github.com/o",
    ],
)
def test_refuses_a_builder_nobody_vouches_for(builder: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        platform_of(builder)
    assert caught.value.code == "slsa.builder-unsupported"


def test_does_not_look_for_cloud_build_provenance_in_a_registry(images: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        verify(
            altered_evidence(images, "nochain"), ExpectedProvenance(builder=builders.GCB_BUILDER)
        )
    assert caught.value.code == "slsa.expectation"
