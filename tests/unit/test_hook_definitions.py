# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""pre-commit passes our hooks exactly the files that can name images."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from sealpin.tree import walk

HOOKS = {
    hook["id"]: hook
    for hook in yaml.safe_load(
        (Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml").read_text("utf-8")
    )
}


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
@pytest.mark.parametrize(
    "path",
    [
        "deploy.yaml",
        "a/b/compose.yml",
        ".devcontainer/devcontainer.json",
        "Dockerfile",
        "svc/Dockerfile.alpine",
        "svc/Dockerfile-dev",
        "Containerfile",
        "build/app.Dockerfile",
        "build/app.dockerfile",
        "quadlet/web.container",
        "quadlet/web.image",
        "quadlet/web.kube",
        "main.tf",
        "job.nomad",
        "docker-bake.hcl",
    ],
)
def test_file_that_can_name_images_is_passed(hook, path):
    assert re.search(hook["files"], path)


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
@pytest.mark.parametrize(
    "path",
    ["README.md", "main.py", "Dockerfile/notes.txt", "sealpin.lock", "x.yamlx"],
)
def test_other_file_is_not_passed(hook, path):
    assert not re.search(hook["files"], path)


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_hook_gets_the_files_that_a_run_over_a_folder_reads(hook, tmp_path: Path):
    names = [
        "a.yaml", "A.YML", "b.json", "web.container", "web.image", "data.volume", "pod.kube",
        "m.artifact", "app.build", "web.pod",
        "web.container.d/10-image.conf", "main.tf", "job.nomad", "bake.hcl", "Dockerfile",
        "dockerfile", "Dockerfile_web", "web.Dockerfile", "Containerfile.dev", "x.containerfile",
        "kustomization.yaml", "Kustomization", "Makefile", "makefile.inc", "notes.txt", "run.sh",
        "image", "yaml", "Dockerfile.d/notes", "x.yaml.bak",
    ]  # fmt: skip
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    read = {path.relative_to(tmp_path).as_posix() for path in walk([tmp_path])}
    assert {name for name in names if re.search(hook["files"], name)} == read


@pytest.mark.parametrize("name", ["sealpin-pin", "sealpin-update"])
def test_hook_that_verifies_fetches_no_trusted_root(name):
    assert HOOKS[name]["entry"].split()[2:] == ["--offline"]


@pytest.mark.parametrize("name", ["sealpin-pin", "sealpin-update"])
def test_hook_that_writes_files_runs_as_one_process(name):
    assert HOOKS[name]["require_serial"] is True


def test_update_runs_only_when_asked_for():
    assert HOOKS["sealpin-update"]["stages"] == ["manual"]
