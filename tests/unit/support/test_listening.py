# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A server's own word on where it listens, read while it is being written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.listening import announced_port

IN_TWO_PIECES = """
import sys, time
print("starting at port none\\nserving on port 39", end="", flush=True)
time.sleep(0.3)
print("257\\nready", flush=True)
sys.stdin.read()
"""


def port_of(script: str, folder: Path) -> int:
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=output, stderr=output
        )
        try:
            return announced_port(server, log, after="serving on port ")
        finally:
            server.communicate()


def test_half_a_number_is_not_taken_for_the_port(tmp_path):
    assert port_of(IN_TWO_PIECES, tmp_path) == 39257


def test_a_server_that_ends_is_reported_with_what_it_said(tmp_path):
    with pytest.raises(RuntimeError, match="no room here"):
        port_of("raise SystemExit('no room here')", tmp_path)


def test_a_server_that_ends_after_its_announcement_was_heard(tmp_path):
    assert port_of("print('serving on port 7')", tmp_path) == 7
