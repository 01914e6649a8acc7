# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The task that pins looks at files as the command does."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from module_utils import _pinning
from module_utils.sealpin.errors import InvalidInput
from module_utils.sealpin.manifests.options import FindOptions
from sealpin_hooks.gathering import gather
from sealpin_hooks.targets import Targets
from sealpin_hooks.trusted import ProjectPolicy

from sealpin.errors import SealpinError

FILES = {
    "cluster.yaml": (
        "apiVersion: databases.example.com/v1\nkind: Cluster\nspec: {pool: [{runs: acme/db:1}]}\n"
    ),
    "values.yaml": "image: {repository: acme/web, tag: '1'}\n",
    "Dockerfile": "ARG BASE=acme/base:1\nFROM ${BASE}\n",
    "pod.yaml": (
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
        f"  - image: acme/app@sha256:{'a' * 64} # 1.2\n"
    ),
}
SECTIONS = {
    "none": "",
    "a field of a custom resource": (
        "files: {custom_paths: ['databases.example.com/Cluster:spec.pool[].runs']}\n"
    ),
    "charts that take a digest in the tag": "files: {helm_tag_digest: true}\n",
    "defaults of arguments": "files: {arg_defaults: true}\n",
    "tags in comments": "files: {tag_comments: true}\n",
    "some kinds alone": "files: {kinds: [dockerfile]}\n",
}


def task_finds(paths: list[str], policy: list[str] | None = None) -> set[tuple[str, ...]]:
    params: dict[str, Any] = {"paths": paths, "policy": policy}
    options = _pinning.find_options(params)
    task = _pinning._Task(SimpleNamespace(params=params), options)
    return seen(_pinning._find(task))


def command_finds(policy: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    here = Path.cwd()
    arguments = argparse.Namespace(paths=["."], changed_since="", stdin_filename="")
    targets = Targets.of(arguments, root=here)
    options = ProjectPolicy.at(here, given=policy).find_options()
    return seen(gather(targets, options=options).found)


def refused_by_the_command(path: Path) -> tuple[str, str, str]:
    arguments = argparse.Namespace(paths=[str(path)], changed_since="", stdin_filename="")
    with pytest.raises(SealpinError) as caught:
        Targets.of(arguments, root=Path.cwd()).read(str(path))
    return said(caught.value)


def said(error: Any) -> tuple[str, str, str]:
    return error.code, error.message, error.hint


def seen(found: Any) -> set[tuple[str, ...]]:
    sites = {(s.path, s.text, str(s.reference)) for f in found for s in f.sites}
    return sites | {(r.code, r.path) for f in found for r in f.remarks}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS.keys())
def test_finds_what_the_command_finds_by_the_project_s_own_file(
    project: Path, section: str
) -> None:
    without = task_finds([str(project)])
    (project / ".sealpin.yaml").write_text(f"version: 1\n{section}")
    found = task_finds([str(project)])
    assert found == command_finds()
    assert (found != without) == bool(section)


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS.keys())
def test_finds_what_the_command_finds_by_a_policy_that_is_given(
    project: Path, section: str
) -> None:
    (project / ".sealpin.yaml").write_text("version: 1\nfiles: {kinds: [quadlet]}\n")
    (project / "rules.yaml").write_text(f"version: 1\n{section}")
    assert task_finds([str(project)], ["rules.yaml"]) == command_finds(("rules.yaml",))


def test_takes_the_section_of_the_project_s_root_and_of_no_nearer_folder(project: Path) -> None:
    (project / "apps").mkdir()
    (project / "apps/Dockerfile").write_text(FILES["Dockerfile"])
    (project / "apps/.sealpin.yaml").write_text("version: 1\nfiles: {arg_defaults: true}\n")
    assert task_finds([str(project / "apps")]) == {("variable", "FROM ${BASE}")}
    (project / ".sealpin.yaml").write_text("version: 1\nfiles: {arg_defaults: true}\n")
    assert task_finds([str(project / "apps")]) == {("ARG BASE", "acme/base:1", "acme/base:1")}


def test_refuses_what_the_command_refuses_and_in_its_words(project: Path) -> None:
    (project / "link.yaml").symlink_to("pod.yaml")
    os.mkfifo(project / "pipe.yaml")
    task = _pinning._Task(SimpleNamespace(params={"paths": [str(project)]}), FindOptions())
    assert _pinning._find(task)
    assert {Path(path).name: said(error) for path, error in task.errors.items()} == {
        "link.yaml": refused_by_the_command(project / "link.yaml"),
        "pipe.yaml": refused_by_the_command(project / "pipe.yaml"),
    }
    assert task.errors[str(project / "link.yaml")].code == "file.symlink"


def test_a_section_that_does_not_load_ends_the_task(project: Path) -> None:
    (project / ".sealpin.yaml").write_text("version: 1\nfiles: {kinds: [kubernets]}\n")
    with pytest.raises(InvalidInput, match="no kind of file"):
        task_finds([str(project)])
