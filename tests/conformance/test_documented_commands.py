# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The command lines that publishers tell their users to run, through a shell, pipes included.

Only the program's name differs from what the publishers print. Where images are read from and what
is trusted is the lab's: the ``sealpin`` these lines find adds a mirror for each registry and the
lab's trusted root.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sealpin_hooks

import sealpin
from support import memory_registry
from support.lab import LAB

GITHUB = "https://token.actions.githubusercontent.com"
KONG_DIGEST = "sha256:45943640c25a7d51a4b42817b95d83ee8a7d4ce916bd00f2aa226320e221fd99"
CHAINGUARD = (
    "https://github.com/chainguard-images/{}/.github/workflows/release.yaml@refs/heads/main"
)
SBOM = LAB / "kubernetes-v1.24.0-release.spdx"
MIRRORS = {
    "docker.io/kong": "kong",
    "docker.io/karmada": "karmada",
    "k8s.gcr.io": "k8s",
    "registry.k8s.io": "k8s",
    "cgr.dev": "",
}
WITHOUT_TRUST = ("digest", "download", "release-images", "tree", "triangulate")
TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class Shell:
    """A shell whose ``sealpin`` reads the lab."""

    folder: Path

    def __call__(self, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run *line*; ``pipefail`` so that a refusal is not hidden by what reads the output."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.folder), **environment},
            capture_output=True,
            check=False,
            text=True,
            timeout=TIMEOUT_S,
        )


@pytest.fixture
def make_shell(tmp_path: Path) -> Callable[[dict[str, str]], Shell]:
    def make(mirrors: dict[str, str]) -> Shell:
        program = tmp_path / "bin" / "sealpin"
        program.parent.mkdir(exist_ok=True)
        more = " ".join(f"--mirror '{prefix}={target}'" for prefix, target in mirrors.items())
        core, hooks = (Path(package.__path__[0]).parent for package in (sealpin, sealpin_hooks))
        program.write_text(
            "#!/bin/sh\n"
            f'export PYTHONPATH="{core}{os.pathsep}{hooks}"\n'
            f'case "$1" in {"|".join(WITHOUT_TRUST)}) set -- "$@" ;;\n'
            f"    *) set -- \"$@\" --trusted-root '{LAB / 'trusted_root.json'}' ;;\nesac\n"
            f'exec {sys.executable} -m sealpin_hooks.cli "$@" {more}\n'
        )
        program.chmod(0o755)
        return Shell(folder=tmp_path)

    return make


@pytest.fixture
def shell(make_shell: Callable[[dict[str, str]], Shell]) -> Shell:
    folder = LAB / "repositories"
    return make_shell({prefix: f"dir:{folder / path}" for prefix, path in MIRRORS.items()})


def needs_jq() -> None:
    if shutil.which("jq") is None:
        pytest.skip("this line pipes into jq, which is not installed")


def test_kong_digest(shell: Shell) -> None:
    ran = shell("sealpin digest kong/kuma-cp:2.8.0")
    assert (ran.returncode, ran.stdout) == (0, f"{KONG_DIGEST}\n"), ran.stderr


def test_kong_signature(shell: Shell) -> None:
    line = (
        "sealpin verify kong/kuma-cp:2.8.0@${IMAGE_DIGEST}"
        f" --certificate-oidc-issuer='{GITHUB}'"
        " --certificate-identity-regexp='https://github.com/Kong/kong-mesh"
        "/.github/workflows/kuma-_build_publish.yaml'"
        " -a repo='Kong/kong-mesh' -a workflow='build-test-distribute'"
    )
    ran = shell(line, COSIGN_REPOSITORY="kong/notary", IMAGE_DIGEST=KONG_DIGEST)
    assert ran.returncode == 0, ran.stderr
    assert f"Verification for index.docker.io/kong/kuma-cp@{KONG_DIGEST} --" in ran.stderr
    assert "sealpin: note: COSIGN_REPOSITORY=kong/notary is used" in ran.stderr
    (entry,) = json.loads(ran.stdout)
    assert entry["optional"]["repo"] == "Kong/kong-mesh"
    refused = shell(line.replace("Kong/kong-mesh/", "kong/kong-mesh/", 1), IMAGE_DIGEST=KONG_DIGEST)
    assert (refused.returncode, refused.stdout) == (1, "")


def test_kong_provenance_by_cosign(shell: Shell) -> None:
    ran = shell(
        f"sealpin verify-attestation 'kong/kuma-cp:2.8.0@{KONG_DIGEST}' --type='slsaprovenance'"
        f" --certificate-oidc-issuer='{GITHUB}'"
        " --certificate-identity-regexp='^https://github.com/slsa-framework/slsa-github-generator"
        "/.github/workflows/generator_container_slsa3.yml@refs/tags/v[0-9]+.[0-9]+.[0-9]+$'"
        " --certificate-github-workflow-repository='Kong/kong-mesh'"
        " --certificate-github-workflow-name='build-test-distribute'"
        " --certificate-github-workflow-trigger='push'",
        COSIGN_REPOSITORY="kong/notary",
    )
    assert ran.returncode == 0, ran.stderr
    statement = json.loads(base64.b64decode(json.loads(ran.stdout)["payload"]))
    assert statement["predicateType"] == "https://slsa.dev/provenance/v0.2"


def test_kong_provenance_by_slsa_verifier(shell: Shell) -> None:
    ran = shell(
        f"sealpin verify-image 'kong/kuma-cp:2.8.0@{KONG_DIGEST}' --print-provenance"
        " --provenance-repository 'kong/notary' --source-uri 'github.com/Kong/kong-mesh'"
        " --source-tag '2.8.0'"
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["subject"][0]["digest"]["sha256"] == KONG_DIGEST[7:]
    assert "PASSED: SLSA verification passed" in ran.stderr


def test_kubernetes_line_of_2022_is_refused_before_any_request_and_completed(
    make_shell: Callable[[dict[str, str]], Shell],
) -> None:
    line = "sealpin verify k8s.gcr.io/kube-apiserver-amd64:v1.24.0"
    with memory_registry.serving() as registry:
        registry.load_layout(LAB / "repositories" / "k8s" / "kube-apiserver-amd64", "k8s/x")
        shell = make_shell({"k8s.gcr.io": f"{registry.host}/k8s"})
        ran = shell(line, COSIGN_EXPERIMENTAL="1")
        assert not registry.log
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "[identity.missing]" in ran.stderr
    completed = ran.stderr.split("sealpin: next: ")[1].strip()
    image = "k8s.gcr.io/kube-apiserver-amd64:v1.24.0"
    assert completed.startswith(f"sealpin verify --publisher kubernetes {image}")


def test_kubernetes_line_as_completed(shell: Shell) -> None:
    refused = shell(
        "sealpin verify k8s.gcr.io/kube-apiserver-amd64:v1.24.0", COSIGN_EXPERIMENTAL="1"
    )
    completed = refused.stderr.split("sealpin: next: ")[1]
    ran = shell(completed.partition(" --trusted-root")[0])  # what follows is the lab's
    assert ran.returncode == 0, ran.stderr
    (entry,) = json.loads(ran.stdout)
    subject = "krel-trust@k8s-releng-prod.iam.gserviceaccount.com"
    assert entry["optional"]["Subject"] == subject


def test_kubernetes_every_image_of_a_release_by_the_documented_loop(shell: Shell) -> None:
    ran = shell(
        f"grep '^PackageName: k8s.gcr.io/' {SBOM} | cut -d' ' -f2 |"
        ' while read -r image; do sealpin verify --publisher kubernetes "$image" || exit 1; done'
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("Verification for k8s.gcr.io/") == ran.stdout.count("[{") == 12


def test_kubernetes_every_image_of_a_release_at_once(shell: Shell) -> None:
    ran = shell(f"sealpin verify --images-from {SBOM} --publisher kubernetes")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("Verification for registry.k8s.io/") == ran.stdout.count("[{") == 12
    assert "k8s.gcr.io moved to registry.k8s.io: 12 of the listed images" in ran.stderr


def test_kubernetes_an_image_that_the_release_does_not_list_is_refused(shell: Shell) -> None:
    text = SBOM.read_text()
    listed = "993f15ae14ac13d0b1950975902960cf41de79a106e49d7c154eceda0328bdf9"
    assert listed in text
    (shell.folder / "release.spdx").write_text(text.replace(listed, "00" * 32))
    ran = shell("sealpin verify --images-from release.spdx --publisher kubernetes")
    assert ran.returncode == 1
    assert "[sbom.digest-mismatch]" in ran.stderr
    assert ran.stdout.count("[{") == 11


def test_kubernetes_every_platform_of_every_image_of_a_release(shell: Shell) -> None:
    ran = shell(f"sealpin verify --recursive --images-from {SBOM} --publisher kubernetes")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("Verification for registry.k8s.io/") == ran.stdout.count("[{") > 12
    assert " (linux/arm64) --" in ran.stderr


def test_kubernetes_then_the_digest_in_the_pod(shell: Shell) -> None:
    pod = shell.folder / "pod.yaml"
    pod.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n"
        "    - name: x\n      image: registry.k8s.io/kube-apiserver-amd64:v1.24.0\n"
    )
    ran = shell("sealpin pin --publisher kubernetes pod.yaml")
    assert ran.returncode == 1, ran.stderr  # something was pinned
    digest = shell("sealpin digest registry.k8s.io/kube-apiserver-amd64:v1.24.0").stdout.strip()
    assert f"registry.k8s.io/kube-apiserver-amd64:v1.24.0@{digest}" in pod.read_text()


CHAINGUARD_IMAGES = pytest.mark.parametrize(
    ("image", "owner"),
    [("cgr.dev/chainguard/go", "images"), ("cgr.dev/acme-private/go", "images-private")],
    ids=["public", "private"],
)


@CHAINGUARD_IMAGES
def test_chainguard_signature(shell: Shell, image: str, owner: str) -> None:
    needs_jq()
    ran = shell(
        f"sealpin verify --certificate-oidc-issuer={GITHUB}"
        f" --certificate-identity={CHAINGUARD.format(owner)} {image} | jq"
    )
    assert ran.returncode == 0, ran.stderr
    (entry,) = json.loads(ran.stdout)
    assert entry["optional"]["Subject"] == CHAINGUARD.format(owner)


@pytest.mark.parametrize("image", ["cgr.dev/chainguard/go", "cgr.dev/acme-private/go"])
@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
@pytest.mark.parametrize(
    ("predicate_type", "key"),
    [
        ("https://spdx.dev/Document", "SPDXID"),
        ("https://slsa.dev/provenance/v1", "buildDefinition"),
        ("https://apko.dev/image-configuration", "contents"),
    ],
)
def test_chainguard_download(
    shell: Shell, image: str, platform: str, predicate_type: str, key: str
) -> None:
    needs_jq()
    ran = shell(
        f"sealpin download attestation --predicate-type={predicate_type} --platform={platform}"
        f" {image} | jq -r .payload | base64 -d | jq .predicate"
    )
    assert ran.returncode == 0, ran.stderr
    assert key in json.loads(ran.stdout)


@CHAINGUARD_IMAGES
def test_chainguard_attestation(shell: Shell, image: str, owner: str) -> None:
    ran = shell(
        f"sealpin verify-attestation --type https://spdx.dev/Document"
        f" --certificate-oidc-issuer={GITHUB}"
        f" --certificate-identity={CHAINGUARD.format(owner)} {image}"
    )
    assert ran.returncode == 0, ran.stderr
    labels = [
        "Verification for",
        "  - The cosign claims were validated",
        "  - Existence of the claims in the transparency log was verified offline",
        "  - The code-signing certificate was verified using trusted certificate authority",
        "Certificate subject: ",
        f"Certificate issuer URL: {GITHUB}",
        "GitHub Workflow Trigger: ",
        "GitHub Workflow SHA: ",
        "GitHub Workflow Name: ",
        "GitHub Workflow Repository: chainguard-images/",
        "GitHub Workflow Ref: refs/heads/main",
    ]
    places = [ran.stderr.find(label) for label in labels]
    assert -1 not in places
    assert places == sorted(places)


def test_karmada(shell: Shell) -> None:
    needs_jq()
    image = "karmada/karmada-aggregated-apiserver:latest"
    ran = shell(
        f"sealpin verify docker.io/{image} --certificate-oidc-issuer={GITHUB}"
        " --certificate-identity-regexp=^https://github.com/karmada-io/karmada/.*$ | jq"
    )
    assert ran.returncode == 0, ran.stderr
    assert f"Verification for index.docker.io/{image} --" in ran.stderr
    (entry,) = json.loads(ran.stdout)
    assert entry.keys() == {"critical", "optional"}
    numbers = {f"1.3.6.1.4.1.57264.1.{number}" for number in range(1, 7)}
    assert numbers <= entry["optional"].keys()
    assert entry["optional"]["Bundle"].keys() == {"SignedEntryTimestamp", "Payload"}


def test_the_publishers_are_listed(shell: Shell) -> None:
    ran = shell("sealpin verify --publisher list")
    assert ran.returncode == 0, ran.stderr
    assert '\n    signer      "krel-trust@k8s-releng-prod.iam.gserviceaccount.com"' in ran.stdout
    assert "https://karmada.io/docs/administrator/security/verify-artifacts/" in ran.stdout


def how_to_blocks() -> list[str]:
    """The shell blocks of the how-to, each command line joined."""
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "cosign.md").read_text()
    blocks = [block.partition("\n")[2] for block in text.split("```")[1::2] if block[0] == "\n"]
    return [line for block in blocks for line in block.replace("\\\n", " ").strip().split("\n\n")]


@pytest.mark.parametrize("line", how_to_blocks(), ids=lambda line: line[:60])
def test_the_lines_of_the_how_to_run(shell: Shell, line: str) -> None:
    needs_jq()
    # The release's SBOM is the lab's; everything else stands as it is printed.
    ran = shell(line.replace("https://sbom.k8s.io/v1.30.0/release", str(SBOM)))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
