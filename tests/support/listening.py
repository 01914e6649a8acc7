# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Learn where a server listens from what it prints.

Each is told to take any free port. A port that was found free by us could be another process's by
the time the server wants it, on a busy machine, and what then answers there is not the server.
"""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

_START_TIMEOUT_S = 60.0
"""Far beyond what any takes; it ends the wait for one that prints something else."""


def announced_port(process: subprocess.Popen[bytes], log: Path, *, after: str) -> int:
    """Return the port that *process* writes to *log* behind the words *after*.

    Raises `RuntimeError` with the end of the log if it ended first, or took too long.
    """
    # What follows the number is awaited, too, lest half of it be taken for the whole.
    announcement = re.compile(re.escape(after.encode()) + rb"(\d+)\D")
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    is_running = True
    while is_running and time.monotonic() < deadline_s:
        is_running = process.poll() is None
        if match := announcement.search(log.read_bytes()):
            return int(match[1])
        time.sleep(0.02)
    raise RuntimeError(f"{process.args} does not listen: {log.read_text()[-2000:]}")
