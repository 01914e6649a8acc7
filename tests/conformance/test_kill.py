# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A run that is killed anywhere leaves every file old or new, a lock, and nothing in the way.

The child is forked with everything imported, so that the kills fall where files are read, decided
on and written, and not into the interpreter's start.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.project import FREE, HOST, LAB, make_project, pod

FILES = 200
KILLS = 200
POLICY = f'version: 1\npolicies:\n  - images: ["{HOST}/**"]\n    unsigned: allow\n'
DIGEST = "sha256:47250d84ef66853746f45ab17dcbc912061593fe2a1b77054b094d5b037c6de6"
OLD, NEW = pod(FREE), pod(f"{FREE}@{DIGEST}")

DRIVER = """
import os, signal, sys, time
import sealpin_hooks.check_run, sealpin_hooks.pin_report, sealpin_hooks.pin_run
from sealpin import pinning, regular_files, rules, run
from sealpin.manifests import finder, rewrite
from sealpin.registry import mirrors, layout
from sealpin_hooks.cli import main
from sealpin_hooks import running, terminal

for line in sys.stdin:
    delay_s = float(line)
    started_s = time.monotonic()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os._exit(main(sys.argv[1:]))
    if delay_s:
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), time.monotonic() - started_s, flush=True)
"""


class Driver:
    """Runs the command again and again, each run killed after its time."""

    def __init__(self, folder: Path) -> None:
        mirror = f"{HOST}=dir:{LAB / 'repositories'}"
        self._process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, "pin", "--offline", "--mirror", mirror, "."],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(folder.parent)},
        )

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.communicate(timeout=30)

    def run(self, delay_s: float = 0) -> tuple[int, float]:
        """Run once; kill it after *delay_s* seconds, or never. Exit code and seconds it took."""
        self._process.stdin.write(f"{delay_s}\n")
        self._process.stdin.flush()
        code, took_s = self._process.stdout.readline().split()
        return int(code), float(took_s)


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a run waits for the disk 400 times."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.once
def test_two_hundred_kills_while_two_hundred_files_are_pinned(fast_folder: Path) -> None:
    names = [f"apps/{number:03}.yaml" for number in range(FILES)]
    project = make_project(fast_folder / "p", dict.fromkeys(names, OLD), policy=POLICY)
    paths = [project.folder / name for name in names]
    lock = project.folder / "sealpin.lock"
    chance, cut = random.Random(20), 0

    def restore() -> None:
        for path in paths:
            if path.read_text() != OLD:
                path.write_text(OLD)
        lock.unlink(missing_ok=True)

    with Driver(project.folder) as driver:
        for turn in range(KILLS):
            if turn % 20 == 0:  # a busy machine is slower a minute later
                restore()
                code, whole_s = driver.run()
                assert code == 1, "pinned"
            restore()
            driver.run(chance.uniform(0.002, whole_s))
            texts = [path.read_text() for path in paths]
            assert set(texts) <= {OLD, NEW}
            if lock.exists():
                assert json.loads(lock.read_bytes())["version"] == 1
                assert set(texts) == {NEW}, "the lock is written after the files"
            cut += 0 < texts.count(NEW) < FILES
        assert cut > KILLS // 10, "kills must fall among the writes"
        driver.run()
        assert driver.run()[0] == 0, "a second run completes, and a third has nothing to do"
    assert {path.read_text() for path in paths} == {NEW}
    rubbish = list(project.folder.rglob("*.sealpin-tmp"))
    assert len(rubbish) <= KILLS, "at most the file that was being written"
