# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where configuration and lock are: at the git root, never nearer."""

from __future__ import annotations

from pathlib import Path

import pytest
from sealpin_hooks.trusted import ProjectPolicy

from sealpin.errors import InvalidInput
from sealpin.project_files import project_root
from sealpin.run_options import Machine, RunOptions
from support.command import sealpin


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_root_is_where_git_says(kind: str, tmp_path: Path) -> None:
    """A worktree and a submodule have a file ``.git``."""
    git = tmp_path / ".git"
    git.mkdir() if kind == "folder" else git.write_text("gitdir: elsewhere\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert project_root(below) == tmp_path
    assert project_root(tmp_path) == tmp_path


def test_without_git_the_root_is_here(tmp_path: Path) -> None:
    assert project_root(tmp_path) == tmp_path


def test_a_nearer_configuration_is_never_read(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / ".sealpin.yaml").write_text("version: 1\n")
    assert ProjectPolicy.at(tmp_path / "apps").files == ()
    (tmp_path / ".sealpin.yaml").write_text("version: 1\n")
    assert ProjectPolicy.at(tmp_path / "apps").files == (tmp_path / ".sealpin.yaml",)


def test_a_run_without_any_rule_says_how_to_start(tmp_path: Path) -> None:
    policy, machine = ProjectPolicy.at(tmp_path), Machine(base=tmp_path, clock=None)
    with pytest.raises(InvalidInput) as caught:
        policy.rules(RunOptions(), machine)
    assert caught.value.code == "policy.none"
    assert "sealpin init" in caught.value.hint


def test_init_writes_a_file_that_loads_and_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    assert sealpin("init", cwd=tmp_path / "sub").code == 0
    written = (tmp_path / ".sealpin.yaml").read_bytes()
    assert sealpin("policy", "validate", cwd=tmp_path).code == 0
    ran = sealpin("init", cwd=tmp_path)
    assert (ran.code, "[init.exists]" in ran.err) == (3, True)
    assert (tmp_path / ".sealpin.yaml").read_bytes() == written
