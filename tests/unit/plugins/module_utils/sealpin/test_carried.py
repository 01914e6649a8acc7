# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which digests a project's files carry: told from bytes, and never no where it cannot be told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealpin.carried import carried_digests
from sealpin.digest import Digest
from sealpin.limits import MAX_MANIFEST_FILE_BYTES

OLD, NEW = Digest.of(b"old"), Digest.of(b"new")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "pod.yaml").write_text(f"image: x:1@{OLD}\n")
    return tmp_path


def test_digest_counts_wherever_it_stands_in_a_file(project: Path) -> None:
    assert carried_digests(project, {OLD, NEW}) == {OLD}


def test_lock_and_other_files_that_hold_no_images_do_not_count(project: Path) -> None:
    (project / "sealpin.lock").write_text(str(NEW))
    (project / "notes.txt").write_text(str(NEW))
    assert carried_digests(project, {NEW}) == frozenset()


def test_file_that_cannot_be_read_may_carry_any(project: Path) -> None:
    os.mkfifo(project / "pipe.yaml")
    assert carried_digests(project, {OLD, NEW}) == {OLD, NEW}


def test_file_larger_than_a_manifest_may_carry_any(project: Path) -> None:
    with (project / "large.yaml").open("wb") as file:
        file.truncate(MAX_MANIFEST_FILE_BYTES + 1)
    assert carried_digests(project, {OLD, NEW}) == {OLD, NEW}


def test_link_is_not_followed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "pod.yaml"
    outside.write_text(str(NEW))
    (project / "link.yaml").symlink_to(outside)
    assert carried_digests(project, {NEW}) == frozenset()
