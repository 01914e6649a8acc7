# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Files are replaced whole or not at all, and only those that were read."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from sealpin_hooks.staging import create_file, replace_file

from sealpin.errors import InvalidInput
from sealpin.regular_files import read_file


def refusal(call, *arguments, **options) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        call(*arguments, **options)
    return caught.value


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "pod.yaml"
    path.write_bytes(b"old\r\n")
    path.chmod(0o640)
    return path


def test_replaces_the_content_and_keeps_the_mode(manifest):
    replace_file(read_file(manifest), b"new")
    assert manifest.read_bytes() == b"new"
    assert manifest.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in manifest.parent.iterdir()] == ["pod.yaml"]


def test_refuses_a_file_that_changed_since_it_was_read(manifest):
    read = read_file(manifest)
    manifest.write_bytes(b"someone else's")
    assert refusal(replace_file, read, b"new").code == "file.changed"
    assert manifest.read_bytes() == b"someone else's"


def test_refuses_a_file_that_vanished_since_it_was_read(manifest):
    read = read_file(manifest)
    manifest.unlink()
    assert refusal(replace_file, read, b"new").code == "file.missing"
    assert not manifest.exists()


def test_refuses_a_file_that_became_a_link_since_it_was_read(manifest, tmp_path):
    read = read_file(manifest)
    target = tmp_path / "elsewhere"
    manifest.rename(target)
    manifest.symlink_to(target)
    assert refusal(replace_file, read, b"new").code == "file.changed"
    assert target.read_bytes() == b"old\r\n"


def test_refuses_a_read_only_file(manifest):
    manifest.chmod(0o440)
    assert refusal(replace_file, read_file(manifest), b"new").code == "file.read-only"
    assert manifest.read_bytes() == b"old\r\n"


def test_refuses_a_symbolic_link(manifest, tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(manifest)
    assert refusal(create_file, link, b"new").code == "file.symlink"
    assert manifest.read_bytes() == b"old\r\n"


def test_says_when_the_folder_cannot_be_written(tmp_path):
    assert refusal(create_file, tmp_path / "no" / "sealpin.lock", b"").code == "file.unwritable"


def test_creates_a_file_and_replaces_it_later(tmp_path):
    path = tmp_path / "sealpin.lock"
    create_file(path, b"1")
    create_file(path, b"2")
    assert path.read_bytes() == b"2"


def test_removes_what_a_killed_run_left_but_not_what_a_running_one_writes(manifest):
    abandoned = manifest.with_name(".pod.yaml.x.sealpin-tmp")
    young = manifest.with_name(".pod.yaml.y.sealpin-tmp")
    other = manifest.with_name(".other.yaml.z.sealpin-tmp")
    for path in (abandoned, young, other):
        path.write_bytes(b"half")
    long_ago = time.time() - 3600
    for path in (abandoned, other):
        os.utime(path, (long_ago, long_ago))
    replace_file(read_file(manifest), b"new")
    assert (abandoned.exists(), young.exists(), other.exists()) == (False, True, True)


_WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from sealpin.regular_files import read_file
    from sealpin_hooks.staging import replace_file
    while True:
        for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
            old = read_file(path)
            print(path.name, flush=True)
            replace_file(old, b"B" * 20000 if old.data[:1] == b"A" else b"A" * 10000)
""")


def test_a_writer_killed_at_any_moment_leaves_old_or_new_content(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}.yaml").write_bytes(b"A" * 10000)
    seed = random.Random(20)
    for _turn in range(20):
        command = [sys.executable, "-c", _WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            for _turn in range(seed.randint(1, 20)):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
        for file in tmp_path.glob("*.yaml"):
            assert file.read_bytes() in (b"A" * 10000, b"B" * 20000)
