# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is read of a project: regular files of a bounded size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealpin.errors import InvalidInput
from sealpin.regular_files import read_file


def refusal(path: Path, **options: int) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_file(path, **options)
    return caught.value


def test_reads_the_content_and_the_mode(tmp_path):
    path = tmp_path / "pod.yaml"
    path.write_bytes(b"old\r\n")
    path.chmod(0o640)
    read = read_file(path)
    assert (read.data, read.mode) == (b"old\r\n", 0o640)


def test_refuses_a_symbolic_link(tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "pod.yaml")
    assert refusal(link).code == "file.symlink"


def test_refuses_what_is_no_regular_file(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert refusal(fifo).code == "file.not-regular"
    assert refusal(tmp_path).code == "file.not-regular"


def test_refuses_a_file_over_the_limit(tmp_path):
    manifest = tmp_path / "pod.yaml"
    manifest.write_bytes(b"old\r\n")
    assert read_file(manifest, max_bytes=5).data == b"old\r\n"
    error = refusal(manifest, max_bytes=4)
    assert error.code == "file.too-large"
    assert "at most 4 bytes, got 5" in error.message


def test_names_a_missing_file(tmp_path):
    assert refusal(tmp_path / "gone").code == "file.missing"


def test_a_file_that_does_not_tell_its_size_is_read_whole():
    read = read_file(Path("/proc/self/status"))
    assert read.identity[2] == 0
    assert read.data.endswith(b"\n")
    assert b"Threads:" in read.data
