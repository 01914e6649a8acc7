# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The verb over slsa-verifier's cases, and what it prints and how it exits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
from sealpin_hooks.cli import main

from support.slsa_fixtures import REGISTRY, Case, cases, image_of, publish_all, published
from support.vectors import vectors

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "github.com/slsa-framework/example-package"
V2 = f"{REGISTRY}/slsa/v2.0.0@{published('v2.0.0').digest}"
BUILDER = (
    "https://github.com/slsa-framework/slsa-github-generator"
    "/.github/workflows/generator_container_slsa3.yml@refs/tags/v2.0.0"
)
GCB_DOCUMENT = vectors("slsa") / "testdata/gcb_container/v0.3/gcloud-container-github.json"
GCB_IMAGE = "x/y@sha256:f472ca4b68898c951ac3b476cba919d0d56fca4ced631fabcead51e4b2b690e7"
GCB_BUILDER = "https://cloudbuild.googleapis.com/GoogleHostedWorker"
GCB = [
    GCB_IMAGE,
    "--source-uri=github.com/laurentsimon/gcb-tests",
    f"--builder-id={GCB_BUILDER}",
    f"--provenance-path={GCB_DOCUMENT}",
]

IMAGE_CASES = [case for case in cases() if case.suite in ("gha-image", "gcb-image", "probe")]
OUR_ANSWERS = {
    "probe-117": 1,  # workflow inputs mean nothing to Cloud Build: refused, not ignored
    "probe-120": 0,  # git+https:// is a spelling of the same repository
}
"""Where the peer is not followed: docs/compatibility.md says why."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    publish_all(root)
    return root


def verify_image(images: Path, *argv: str) -> int:
    return main(["verify-image", "--offline", f"--mirror={REGISTRY}=dir:{images}", *argv])


def argv_of(case: Case) -> Sequence[str]:
    words = list(case.argv)
    for position, word in enumerate(words):
        if word.startswith("testdata/"):
            words[position] = str(vectors("slsa") / word)
    if not case.image:
        return words
    is_altered = case.image.startswith(f"{REGISTRY}/probe/")
    return [*words, str(image_of(case)) if is_altered else case.image]


@pytest.mark.parametrize("case", IMAGE_CASES, ids=lambda case: case.id)
def test_exits_as_slsa_verifier_does(
    case: Case, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = verify_image(images, "--compat=slsa-verifier", *argv_of(case))
    shown = capsys.readouterr().err
    assert code == OUR_ANSWERS.get(case.id, 0 if case.is_accepted else 1), shown
    if case.is_accepted and code == 0:
        assert shown.splitlines()[-1] == "PASSED: SLSA verification passed"
    elif case.suite == "gha-image" or case.name.startswith("tag build"):
        assert shown.splitlines() == [case.message]


def test_prints_what_slsa_verifier_prints(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_image(images, V2, "--source-uri", SOURCE) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f'Verified build using builder "{BUILDER}"'
        " at commit 693130cb6cb840a7bc9cb18c6510d536a95dc7e6\n"
        "PASSED: SLSA verification passed\n"
    )


def test_prints_exactly_the_signed_bytes(
    images: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert verify_image(images, V2, "--source-uri", SOURCE, "--print-provenance") == 0
    out = capsysbinary.readouterr().out
    assert out.startswith(b'{"_type":"https://in-toto.io/Statement/v0.1"')
    assert out.endswith(b"}\n")
    assert json.loads(out)["subject"][0]["digest"]["sha256"] in V2


def test_prints_no_provenance_that_did_not_pass(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = "github.com/slsa-framework/other"
    assert verify_image(images, V2, "--source-uri", wrong, "--print-provenance") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("FAILED: SLSA verification failed: source mismatch: expected")


def test_verifies_cloud_build_provenance(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-image", *GCB]) == 0
    assert capsys.readouterr().err == (
        'Verification succeeded with key "us-west2"\nPASSED: SLSA verification passed\n'
    )


def test_reports_in_json_by_its_schema(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads((ROOT / "hooks/schemas/provenance.schema.json").read_bytes())
    flags = [V2, f"--source-uri={SOURCE}", "--format=json"]
    assert verify_image(images, *flags) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    assert (document["outcome"], document["builder"]) == ("allowed", BUILDER)
    assert document["provenance"]["tag"] == "v13.0.30"
    assert verify_image(images, *flags, "--source-tag=v1") == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema)
    assert (document["outcome"], document["code"]) == ("denied", "slsa.tag-mismatch")
    assert document["provenance"] is None


def test_reports_in_text(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [V2, f"--source-uri={SOURCE}", "--format=text"]
    assert verify_image(images, *flags) == 0
    assert f"    built by {BUILDER}\n    from https://{SOURCE}@refs/" in capsys.readouterr().out
    assert verify_image(images, *flags, "--source-tag=v1") == 1
    assert "refused\n    tag mismatch: expected" in capsys.readouterr().out


SOURCE_WORDS = (
    "source used to generate the binary does not match provenance: expected source 'x',"
    " got 'slsa-framework/example-package'"
)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["--builder-id=https://b.example"], "no verifier support the builder: https://b.example"),
        (["--source-versioned-tag=1"], "1: invalid semantic version"),
        (["--source-uri=x", "--build-workflow-input=a=b"],
         SOURCE_WORDS),
    ],
    ids=str,
)  # fmt: skip
def test_fails_in_the_peers_words_when_told_to(
    argv: list[str], text: str, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [V2, f"--source-uri={SOURCE}", "--compat=slsa-verifier", *argv]
    assert verify_image(images, *flags) == 1
    assert capsys.readouterr().err == f"FAILED: SLSA verification failed: {text}\n"


def test_reports_cloud_build_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-image", *GCB, "--format=json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["key"] == "us-west2"
    assert document["provenance"]["source"] == "https://github.com/laurentsimon/gcb-tests"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--source-uri=x"], "expects a single path to an image"),
        ([V2, V2, "--source-uri=x"], "expects a single path to an image"),
        ([V2], 'required flag(s) "source-uri" not set'),
        ([V2, "--source-uri=x", "--source-tag=v1", "--source-versioned-tag=v1"], "got both"),
        ([V2, "--source-uri=x", "--provenance-repository="], "--provenance-repository"),
        ([V2, "--source-uri=x", "--provenance-path=x"], "expected no --provenance-path"),
        ([V2, "--source-uri=x", "--build-workflow-input=x"], "expected KEY=VALUE"),
        ([V2, "--source-uri=x", "--builder-id=https://b.example"], "no build platform known"),
        ([V2, "--source-uri=x", f"--builder-id={GCB_BUILDER}"], "expected --provenance-path"),
        ([*GCB, "--provenance-repository=x/y"], "expected no --provenance-repository"),
        ([*GCB, "--build-workflow-input=a=b"], "workflow inputs exist on GitHub only"),
        ([V2.partition("@")[0], "--source-uri=x"], "not named by its digest"),
        ([V2, "--source-uri=x", "--print-provenance", "--format=json"], "--format json"),
        ([V2, "--source-uri=x", "--no-such-flag"], "--no-such-flag"),
    ],
    ids=str,
)
def test_refuses_bad_input_and_says_why(
    argv: list[str], message: str, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_image(images, *argv) == 3
    assert message in capsys.readouterr().err
    assert verify_image(images, "--compat", "slsa-verifier", *argv) == 1
    assert capsys.readouterr().err


def test_takes_the_last_of_an_input_given_twice_and_values_with_an_equals_sign(
    images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["--build-workflow-input=a=b=c", "--build-workflow-input=a=d"]
    assert verify_image(images, V2, f"--source-uri={SOURCE}", *argv) == 1
    expected = 'trigger mismatch: expected "workflow_dispatch", got "push"'
    assert expected in capsys.readouterr().err


LAB = vectors("lab") / "repositories"
OCTO = (
    f"{REGISTRY}/octo/service"
    "@sha256:e4a9a3ca4fd1d203fc37beb4b5668fd33ca2003d2cc30296787452c6e7c0b405"
)


def lab(*argv: str) -> int:
    root = vectors("lab") / "trusted_root.json"
    return main(["verify-image", f"--trusted-root={root}", f"--mirror={REGISTRY}=dir:{LAB}", *argv])


def test_verifies_a_github_attestation_the_peer_does_not_look_for() -> None:
    workflow = "https://github.com/octo-org/service/.github/workflows/release.yml"
    flags = ["--source-uri=github.com/octo-org/service", f"--builder-id={workflow}@v1.2.3"]
    assert lab(OCTO, *flags, "--source-tag=v1.2.3") == 0
    assert lab(OCTO, *flags, "--source-tag=v1.2.4") == 1


def test_reads_attestations_from_another_repository(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tagged = f"{REGISTRY}/kong/kuma-cp:2.8.0"
    assert main(["digest", f"--mirror={REGISTRY}=dir:{LAB}", tagged]) == 0
    image = f"{tagged}@{capsys.readouterr().out.strip()}"
    source, elsewhere = (
        "--source-uri=github.com/Kong/kong-mesh",
        f"--provenance-repository={REGISTRY}/kong/notary",
    )
    assert lab(image, source, elsewhere, "--source-tag=2.8.0") == 0
    assert lab(image, source, "--source-tag=2.8.0") == 1
    assert lab(image, source, elsewhere, "--source-tag=2.8") == 1
