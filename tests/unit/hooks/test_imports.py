# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a run loads: a library that its images do not need costs every start."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sealpin_hooks import exit_codes

from support import memory_registry
from support.vectors import vectors

LAB = vectors("lab")
LOADED = (
    "import json, sys; from sealpin_hooks.cli import main; code = main(sys.argv[1:]);"
    " print(json.dumps([code, sorted(sys.modules)]))"
)
KREL = (
    "--certificate-identity=krel-trust@k8s-releng-prod.iam.gserviceaccount.com",
    "--certificate-oidc-issuer=https://accounts.google.com",
)
KEY = (f"--key={LAB / 'keys/ecdsa.pub'}",)
DEAR = {
    "jsonschema",
    "pydantic",
    "re2",
    "requests",
    "rfc3161_client",
    "ruamel",
    "sigstore",
    "spdx_tools",
    "tuf",
    "yaml",
}
"""Second opinions, policies, patterns, timestamps, manifests, refreshing of roots."""


def modules_of(*words: str, cwd: Path | None = None, code: int = exit_codes.VERIFIED) -> set[str]:
    """Return what a process had loaded that ended with *code*."""
    run = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        capture_output=True,
        text=True,
        check=True,
        env={},
        cwd=cwd,
    )
    got, modules = json.loads(run.stdout.splitlines()[-1])
    assert got == code, run.stderr
    return set(modules)


@pytest.fixture(scope="module")
def registry():
    with memory_registry.serving() as running:
        running.load_tree(LAB / "repositories")
        yield running


@pytest.mark.parametrize(
    ("image", "signer", "needed"),
    [
        pytest.param("k8s/kube-apiserver:v1.24.0", KREL, set(), id="keyless"),
        pytest.param("keyed/ecdsa-legacy:1.0", KEY, set(), id="key"),
        pytest.param("keyed/ecdsa-bundle:1.0", KEY, {"rfc3161_client"}, id="bundle"),
    ],
)
def test_a_signature_loads_no_library_it_does_not_need(
    registry: memory_registry.MemoryRegistry, image: str, signer: Sequence[str], needed: set[str]
) -> None:
    loaded = modules_of(
        "verify", *signer, f"--trusted-root={LAB / 'trusted_root.json'}", f"{registry.host}/{image}"
    )
    assert {name.partition(".")[0] for name in loaded} & DEAR == needed
    assert not {name for name in loaded if name.startswith("sealpin.manifests")}
    assert not loaded & {"sealpin.policy.document", "sealpin.yamldoc", "sealpin.report.html"}


def test_a_pin_that_verifies_nothing_loads_nothing_that_reads_keys(
    registry: memory_registry.MemoryRegistry, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".sealpin.yaml").write_text(
        'version: 1\npolicies:\n  - images: ["**"]\n    unsigned: allow\n'
    )
    manifest = tmp_path / "compose.yaml"
    manifest.write_text(f"services:\n  web:\n    image: {registry.host}/keyed/ecdsa-legacy:1.0\n")
    loaded = modules_of("pin", ".", cwd=tmp_path, code=exit_codes.REFUSED)
    assert "@sha256:" in manifest.read_text()
    assert not {name.partition(".")[0] for name in loaded} & {"cryptography", "sigstore"}
    assert not loaded & {"sealpin.signatures.verify", "sealpin.policy.cluster_image_policy"}
