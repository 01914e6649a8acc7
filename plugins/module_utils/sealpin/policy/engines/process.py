# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Start an engine's process: bounded, in an empty folder, without a network.

The limits are set by a small Python launcher that then becomes the engine, so that nothing runs
between fork and exec in a process that has threads. Leaving the network is best effort (a user
namespace of its own); what an engine could fetch is taken from it beforehand as well (`cue`,
`rego`).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from ...errors import MissingDependency, Unavailable
from ...records import dataclass

TIMEOUT_S = 10.0
CPU_S = 11
"""Of all threads together; the system ends what goes on after this process has ended."""
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
MAX_MEMORY_BYTES = 1024 * 1024 * 1024
_FIRST_LOOK_S = 0.001
_LOOK_EVERY_S = 0.05
_NEARLY = 0.8
"""The kernel counts a limit on processor time by clock ticks, the report afterwards exactly."""

_LAUNCHER = """
import ctypes, json, os, resource, sys
limits = json.loads(sys.argv[1])
for name, value in limits.items():
    resource.setrlimit(getattr(resource, name), (value, value))
try:
    ctypes.CDLL(None).unshare(0x10000000 | 0x40000000)
except (OSError, AttributeError):
    pass
os.execve(sys.argv[2], sys.argv[2:], dict(os.environ))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a process left behind."""

    exit_code: int
    stdout: bytes
    stderr: bytes


def find_program(name: str) -> str:
    """Return the program's path, or an empty text when it is not on PATH."""
    return shutil.which(name) or ""


def python_program() -> str:
    """Return the running interpreter's path.

    Raises `MissingDependency` ``dependency.missing-program`` where it is unknown.
    """
    if not sys.executable:
        raise MissingDependency(
            "dependency.missing-program", "no Python interpreter to start an engine with"
        )
    return sys.executable


def run_engine(
    arguments: Sequence[str],
    *,
    files: Mapping[str, bytes],
    timeout_s: float = TIMEOUT_S,
    cpu_s: int = CPU_S,
) -> Finished:
    """Run a program in a new folder that holds *files*; *arguments* begin with its absolute path.

    Raises `Unavailable` ``engine.time-out``, ``engine.memory``, ``engine.output``,
    ``engine.killed``, ``engine.failed`` or ``engine.start``; `MissingDependency` as
    `python_program`.
    """
    name = Path(arguments[0]).name
    with tempfile.TemporaryDirectory(prefix="sealpin-engine-") as folder:
        for file, content in files.items():
            Path(folder, file).write_bytes(content)
        stdout, stderr = Path(folder, ".stdout"), Path(folder, ".stderr")
        with stdout.open("wb") as out, stderr.open("wb") as err:
            process = _start(arguments, folder=folder, cpu_s=cpu_s, stdout=out, stderr=err)
            used_cpu_s = _watch(process, name, timeout_s)
        if stdout.stat().st_size >= MAX_OUTPUT_BYTES:
            raise Unavailable("engine.output", f"{name} wrote {MAX_OUTPUT_BYTES} bytes or more")
        if process.returncode < 0:
            raise _killed(name, -process.returncode, used_cpu_s, cpu_s)
        return Finished(
            exit_code=process.returncode, stdout=stdout.read_bytes(), stderr=stderr.read_bytes()
        )


def _start(
    arguments: Sequence[str], *, folder: str, cpu_s: int, stdout: BinaryIO, stderr: BinaryIO
) -> subprocess.Popen[bytes]:
    """Start the program through a launcher, which sets the limits of its own process first."""
    limits = {
        "RLIMIT_CPU": cpu_s,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": MAX_OUTPUT_BYTES,
    }
    launcher = [python_program(), "-I", "-S", "-c", _LAUNCHER, json.dumps(limits)]
    try:
        # pylint: disable-next=ansible-bad-function # the core knows no AnsibleModule
        return subprocess.Popen(
            [*launcher, *arguments],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    except OSError as error:
        name = Path(arguments[0]).name
        raise Unavailable("engine.start", f"cannot start {name}: {error.strerror}") from error


def _killed(name: str, number: int, used_cpu_s: float, cpu_s: int) -> Unavailable:
    """Say why a signal that was not ours ended the process.

    At its limit on processor time the kernel sends SIGXCPU or, a Go program being deaf to that,
    SIGKILL, which it also sends when memory is short: only the time used tells them apart.
    """
    if number in (signal.SIGXCPU, signal.SIGKILL) and used_cpu_s >= _NEARLY * cpu_s:
        return Unavailable("engine.time-out", f"{name} took more than {cpu_s} s of processor time")
    shown = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    hint = "the system kills when memory is short" if number == signal.SIGKILL else ""
    return Unavailable("engine.killed", f"{name} was ended by {shown}", hint=hint)


def _watch(process: subprocess.Popen[bytes], name: str, timeout_s: float) -> float:
    """Wait for the end and return the seconds of processor time used.

    The clock and the memory are looked at meanwhile; what goes too far is killed.
    """
    deadline_s = time.monotonic() + timeout_s
    pause_s = _FIRST_LOOK_S
    try:
        while True:
            ended, status, usage = _look(process.pid, name)
            if ended:
                process.returncode = os.waitstatus_to_exitcode(status)
                return usage.ru_utime + usage.ru_stime
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LOOK_EVERY_S)
            if time.monotonic() > deadline_s:
                raise Unavailable("engine.time-out", f"{name} took longer than {timeout_s:g} s")
            if _resident_bytes(process.pid) > MAX_MEMORY_BYTES:
                raise Unavailable(
                    "engine.memory", f"{name} took more than {MAX_MEMORY_BYTES} bytes of memory"
                )
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _look(pid: int, name: str) -> tuple[int, int, resource.struct_rusage]:
    """Ask whether the process has ended; Popen would throw away what it used."""
    try:
        return os.wait4(pid, os.WNOHANG)
    except ChildProcessError as error:  # SIGCHLD is ignored: its exit is nobody's to know
        raise Unavailable("engine.failed", f"how {name} ended cannot be known") from error


def _resident_bytes(pid: int) -> int:
    """Memory a process occupies, from Linux's ``/proc``; 0 where there is none to ask.

    A limit on addresses will not do: both engines reserve far more than they use.
    """
    try:
        pages = Path("/proc", str(pid), "statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _environment(folder: str) -> dict[str, str]:
    """Nothing of the caller's: no credentials, no proxies, no configuration."""
    return {
        "HOME": folder,
        "TMPDIR": folder,
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "CUE_CACHE_DIR": folder,
        "CUE_CONFIG_DIR": folder,
        "CUE_REGISTRY": "none",
        "GOMEMLIMIT": "1GiB",
    }
