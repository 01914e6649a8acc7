# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from sealpin.errors import InvalidInput
from sealpin.tree import walk


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "a.yaml",
        "notes.txt",
        "b/c/Dockerfile.web",
        "node_modules/x.yaml",
        "sealpin-evidence/x.json",
        "vendor/submodule/.git",
        "vendor/submodule/x.yaml",
        "vendor/submodule/deep/x.yaml",
        "vendor/clone/.git/config.yaml",
        "vendor/clone/x.yaml",
        "vendor/y.yaml",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / ".git").mkdir()
    return tmp_path


def names(tree: Path, paths: Iterable[Path]) -> list[str]:
    return [path.relative_to(tree).as_posix() for path in walk(paths)]


def test_files_of_another_repository_are_passed_over(tree: Path) -> None:
    assert names(tree, [tree]) == ["a.yaml", "b/c/Dockerfile.web", "vendor/y.yaml"]


def test_another_repository_that_is_named_is_walked(tree: Path) -> None:
    found = names(tree, [tree / "vendor/submodule", tree / "vendor/clone/x.yaml"])
    assert found == [
        "vendor/submodule/x.yaml",
        "vendor/submodule/deep/x.yaml",
        "vendor/clone/x.yaml",
    ]


def test_each_file_comes_once(tree: Path) -> None:
    assert names(tree, [tree / "b", tree / "b/c", tree / "b/c/Dockerfile.web"]) == [
        "b/c/Dockerfile.web"
    ]


def test_a_named_file_comes_whatever_it_is_called(tree: Path) -> None:
    assert names(tree, [tree / "notes.txt"]) == ["notes.txt"]


def test_what_is_not_there_is_an_error(tree: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        names(tree, [tree / "none"])
    assert caught.value.code == "file.missing"


def test_a_folder_that_cannot_be_listed_comes_itself_for_its_reader_to_say_so(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path).name == "c":
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert names(tree, [tree]) == ["a.yaml", "b/c", "vendor/y.yaml"]
