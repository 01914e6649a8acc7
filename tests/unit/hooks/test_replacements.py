# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Many files are replaced beside each other, each whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sealpin_hooks.replacements import Replacements

from sealpin.errors import InvalidInput
from sealpin.regular_files import read_file

FILES = 100


@pytest.fixture(params=["unnamed temporary files", "named temporary files"])
def folder(request, tmp_path: Path, monkeypatch) -> Path:
    if request.param.startswith("named"):
        monkeypatch.setattr(os, "O_TMPFILE", 0, raising=False)
    for number in range(FILES):
        path = tmp_path / str(number % 3) / f"{number}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"old")
        path.chmod(0o640)
    return tmp_path


def manifests(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))


def test_every_file_is_in_its_place_when_the_block_ends(folder):
    with Replacements() as replacements:
        for path in manifests(folder):
            replacements.add(str(path), read_file(path), b"new")
    assert not replacements.failed
    assert {path.read_bytes() for path in manifests(folder)} == {b"new"}
    assert {path.stat().st_mode & 0o777 for path in manifests(folder)} == {0o640}
    assert len([path for path in folder.rglob("*") if path.is_file()]) == FILES


def test_a_file_that_changes_before_it_is_in_its_place_is_left_alone(folder):
    first, *others = manifests(folder)
    with Replacements() as replacements:
        replacements.add("first", read_file(first), b"new")
        first.write_bytes(b"someone else's")
        for path in others:
            replacements.add(str(path), read_file(path), b"new")
    assert {file: error.code for file, error in replacements.failed.items()} == {
        "first": "file.changed"
    }
    assert first.read_bytes() == b"someone else's"
    assert {path.read_bytes() for path in others} == {b"new"}


def test_a_folder_that_vanishes_fails_its_file_and_no_other(folder):
    lonely = folder / "gone" / "pod.yaml"
    lonely.parent.mkdir()
    lonely.write_bytes(b"old")
    other = manifests(folder)[0]
    with Replacements() as replacements:
        replacements.add("lonely", read_file(lonely), b"new")
        for path in lonely.parent.iterdir():
            path.unlink()
        lonely.parent.rmdir()
        replacements.add("other", read_file(other), b"new")
    assert [error.code for error in replacements.failed.values()] == ["file.missing"]
    assert other.read_bytes() == b"new"


def break_off(folder: Path) -> None:
    with Replacements() as replacements:
        for path in manifests(folder):
            replacements.add(str(path), read_file(path), b"new")
        raise InvalidInput("usage", "the run breaks off")


def test_a_run_that_breaks_off_leaves_old_or_new_files_and_nothing_else(folder):
    with pytest.raises(InvalidInput):
        break_off(folder)
    assert {path.read_bytes() for path in manifests(folder)} <= {b"old", b"new"}
    assert len([path for path in folder.rglob("*") if path.is_file()]) == FILES
