# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Running playbooks, and ending an integration target with what was seen when it was not right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

TIMEOUT_S = 300

Finished = subprocess.CompletedProcess[str]


def play(
    playbook: Path | str, variables: Mapping[str, object], *more: str, inventory: str = "host,"
) -> Finished:
    """Run a playbook over the local connection, by this Python; *more* are arguments."""
    given = {"ansible_python_interpreter": sys.executable, **variables}
    return attempt(
        "ansible-playbook", "-i", inventory, "-c", "local", "-e", json.dumps(given), *more,
        str(playbook),
    )  # fmt: skip


def attempt(*command: str) -> Finished:
    """Run a program that may fail; what it complains of is in its output."""
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


def output(*command: str) -> str:
    """Run a program that must not fail; return what it prints."""
    finished = attempt(*command)
    check(finished.returncode == 0, finished)
    return finished.stdout


def check(holds: bool, shown: object) -> None:
    """End the run unless *holds*."""
    if not holds:
        text = shown.stdout if isinstance(shown, subprocess.CompletedProcess) else shown
        sys.exit(f"failed: {text}")
