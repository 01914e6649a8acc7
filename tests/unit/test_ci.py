# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What judges everything else must itself notice a failure, a skip and an unfit Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.once


def steps(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-eu", "-c", f". .ci/steps.sh\n{script}\nfinish everything"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_steps_that_succeed_succeed():
    done = steps("step one true; step two echo '3 passed in 0.10s'")
    assert done.returncode == 0
    assert "    3 passed in 0.10s" in done.stdout.partition("=== everything")[2]


def test_steps_within_a_step_are_in_its_summary():
    inner = "sh -c '. .ci/steps.sh; step inner echo 2 passed in 0.20s; finish inside'"
    done = steps(f"step outer {inner}; step failing {inner.replace('echo', 'false')}")
    table = done.stdout.partition("=== everything")[2].splitlines()
    assert [line.split()[:2] for line in table if "inner" in line] == [
        ["inner", "ok"],
        ["inner", "FAILED"],
    ]


@pytest.mark.parametrize(
    "failing",
    [
        "step one false; step two true",
        "step one true; step two false",
        "middle() { false; true; }; step one middle",
        "step one sh -c 'exit 124'",
    ],
    ids=["the first", "the last", "inside a function", "a timeout"],
)
def test_one_step_that_fails_fails_all_and_the_others_still_run(failing):
    done = steps(f"{failing}; step last echo ran")
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "ran\n" in done.stdout


def test_failure_of_what_runs_aside_fails_the_run():
    assert "beside\n" in steps("both() { step two echo beside; }; aside both; step one true").stdout
    failed = steps("both() { step two false; }; aside both; step one true")
    assert failed.returncode == 1
    assert "two" in failed.stdout.partition("=== everything")[2]
    assert steps("broken() { false; step two true; }; aside broken; step one true").returncode == 1


def pytest_on(tmp_path, *arguments: str) -> int:
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (tmp_path / "test_it.py").write_text(
        "import pytest\ndef test_runs(): pass\ndef test_skips(): pytest.skip('no such tool')\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PY")}
    return subprocess.run(
        command, cwd=tmp_path, env=outside, capture_output=True, timeout=60, check=False
    ).returncode


def test_skip_passes_where_it_is_allowed(tmp_path):
    assert pytest_on(tmp_path) == 0


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_skip_fails_the_run_where_it_is_not_allowed(tmp_path, workers):
    assert pytest_on(tmp_path, "--fail-on-skip", *workers) == 1


def test_interpreter_behind_a_name_is_resolved(tmp_path):
    shim = tmp_path / "python3"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    shim.chmod(0o755)
    found = subprocess.run(
        [".ci/find-python", shim], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == sys.executable


def test_python_that_cannot_run_is_refused_with_what_to_do(tmp_path):
    refused = subprocess.run(
        [".ci/find-python", tmp_path / "absent"],
        cwd=ROOT,
        env=os.environ | {"PYENV_ROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.returncode == 1
    assert "make PYTHON=" in refused.stderr
