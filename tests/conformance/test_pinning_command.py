# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every pinning case through the command, against a stand-in for every registry.

The proxy is named by ``HTTPS_PROXY`` and its authority by ``--registry-cacert``, as people name
theirs. The policy allows everything unsigned, so what is compared is the writing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import stub_registry_proxy
from support.command import Ran, sealpin
from support.pinning import PinningCase, read_cases
from support.stub_registry_proxy import StubRegistries
from support.vectors import vectors

CASES = read_cases(vectors("pinning") / "cases.json")
POLICY = 'version: 1\npolicies:\n  - images: ["**"]\n    unsigned: allow\n'


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubRegistries]:
    with stub_registry_proxy.serving(tmp_path_factory.mktemp("proxy")) as running:
        yield running


def pin(project: Path, registries: StubRegistries, *options: str) -> Ran:
    return sealpin(
        "pin",
        "--registry-cacert",
        registries.ca_file,
        "--mirror",
        f"localhost=dir:{project.parent / 'loopback'}",
        *options,
        ".",
        env={"HTTPS_PROXY": registries.proxy_url},
        cwd=project,
    )


def project_of(case: PinningCase, folder: Path) -> Path:
    """Write the case's file and a policy into a project of their own."""
    (folder / ".git").mkdir(parents=True)
    (folder / ".sealpin.yaml").write_text(POLICY)
    path = folder / case.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.before)
    write_loopback_image(folder.parent / "loopback" / "a")
    return path


def write_loopback_image(layout: Path) -> None:
    """Write what the proxy would answer for ``localhost/a:1``: no proxy is asked for loopback."""
    content = b"localhost/a:1"
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    (layout / "blobs" / "sha256" / digest).write_bytes(content)
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    entry = {
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": f"sha256:{digest}",
        "size": len(content),
        "annotations": {"org.opencontainers.image.ref.name": "1"},
    }
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_command_writes_the_expected_bytes(
    case: PinningCase, tmp_path: Path, registries: StubRegistries
) -> None:
    path = project_of(case, tmp_path / "project")
    ran = pin(tmp_path / "project", registries, "--format", "json", "--verbose")
    assert ran.code in (0, 1), ran.err
    assert path.read_bytes() == case.after
    report = json.loads(ran.out)
    got = {remark["code"] for remark in report["remarks"]}
    assert {message.partition(":")[0] for message in case.messages} <= got


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_second_run_changes_nothing(
    case: PinningCase, tmp_path: Path, registries: StubRegistries
) -> None:
    path = project_of(case, tmp_path / "project")
    pin(tmp_path / "project", registries)
    lock = tmp_path / "project" / "sealpin.lock"
    before = (path.read_bytes(), lock.read_bytes() if lock.exists() else b"")
    ran = pin(tmp_path / "project", registries)
    assert (path.read_bytes(), lock.read_bytes() if lock.exists() else b"") == before
    assert ran.code == 0, ran.out
