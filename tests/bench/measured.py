# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a program took: by the clock, of the processor and of memory, its start included.

A small process in between starts it: the peak of memory that the system tells of a process begins
with that of whoever started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_BETWEEN = """
import resource, subprocess, sys, time
quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], **quiet).returncode
took = time.perf_counter() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of a program."""

    code: int
    seconds: float
    cpu_seconds: float
    """User and system time, of what it started too."""
    peak_mib: float


def measure(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Measured:
    """Run *command* to its end, with nothing but *environment* and the path to programs."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _BETWEEN, *command],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **(environment or {})},
    )
    code, seconds, cpu_seconds, peak_mib = done.stdout.split()
    return Measured(
        code=int(code),
        seconds=float(seconds),
        cpu_seconds=float(cpu_seconds),
        peak_mib=float(peak_mib),
    )
