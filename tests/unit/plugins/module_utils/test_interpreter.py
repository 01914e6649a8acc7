# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which interpreters a module agrees to run in; changing to one is an integration target."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from _interpreter import MIN_PYTHON, UntrustedPath, check_path, missing_libraries


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in which only the user can write, parents included; /tmp is none."""
    # Not $HOME, which runners set to a folder of theirs.
    home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    try:
        check_path(str(home))
    except UntrustedPath as error:
        pytest.skip(f"the home folder of whoever runs the tests is open to others: {error}")
    made = home / f".sealpin-test-{os.getpid()}"
    made.mkdir(mode=0o755)
    yield made
    for path in sorted(made.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    made.rmdir()


def program(folder: Path, name: str = "python") -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_accepts_a_program_only_root_and_the_user_can_change(folder: Path) -> None:
    check_path(str(program(folder)))


@pytest.mark.parametrize("bit", [stat.S_IWGRP, stat.S_IWOTH], ids=["group", "everybody"])
def test_refuses_a_program_others_can_write_to(folder: Path, bit: int) -> None:
    path = program(folder)
    path.chmod(0o755 | bit)
    with pytest.raises(UntrustedPath, match="python is writable by others"):
        check_path(str(path))


def test_refuses_a_program_in_a_folder_others_can_write_to(folder: Path) -> None:
    inner = folder / "bin"
    inner.mkdir()
    path = program(inner)
    inner.chmod(0o777)
    with pytest.raises(UntrustedPath, match="bin is writable by others"):
        check_path(str(path))


def test_refuses_a_folder_everybody_may_write_to_though_it_is_sticky() -> None:
    with pytest.raises(UntrustedPath, match=r"/tmp is writable by others \(mode 1777\)"):
        check_path("/tmp/python")


def test_follows_a_link_and_judges_what_it_leads_to(folder: Path) -> None:
    target = program(folder, "real")
    target.chmod(0o777)
    link = folder / "python"
    link.symlink_to("real")
    with pytest.raises(UntrustedPath, match="real is writable by others"):
        check_path(str(link))


def test_follows_a_link_in_the_middle_of_the_path(folder: Path) -> None:
    opened = folder / "open"
    opened.mkdir()
    program(opened)
    opened.chmod(0o777)
    (folder / "venv").symlink_to(opened)
    with pytest.raises(UntrustedPath, match="open is writable by others"):
        check_path(str(folder / "venv" / "python"))


def test_judges_the_real_parent_of_a_link_that_leads_up(folder: Path) -> None:
    """``deep/..`` is the parent of what ``deep`` leads to, not the folder the link lies in."""
    opened = folder / "open"
    (opened / "inner").mkdir(parents=True)
    program(opened)
    opened.chmod(0o777)
    (folder / "deep").symlink_to("open/inner")
    with pytest.raises(UntrustedPath, match="open is writable by others"):
        check_path(str(folder / "deep" / ".." / "python"))


def test_refuses_links_in_a_circle(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(UntrustedPath, match="symbolic links"):
        check_path(str(folder / "a"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_refuses_a_program_of_another_user(folder: Path) -> None:
    path = program(folder)
    os.chown(path, 12345, 0)
    with pytest.raises(UntrustedPath, match="user id 12345"):
        check_path(str(path))


def test_refuses_a_relative_path() -> None:
    with pytest.raises(UntrustedPath, match="not an absolute path"):
        check_path("bin/python")


def test_names_the_libraries_that_are_missing_and_no_other() -> None:
    assert missing_libraries(("json", "no_such_library", "no_such.part")) == [
        "no_such_library",
        "no_such.part",
    ]


def test_names_a_python_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 9, 18, "final", 0))
    assert missing_libraries(()) == [f"python>={MIN_PYTHON[0]}.{MIN_PYTHON[1]}"]
