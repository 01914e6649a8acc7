# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Container daemons of a test's own: every file and socket below one folder, no network touched.

They need root, and limits that lie within those of a root without CAP_SYS_RESOURCE.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.peers import peer

_START_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 30


@contextmanager
def docker_daemon(folder: Path) -> Iterator[str]:
    """Run dockerd, with a containerd of its own; the value is for ``DOCKER_HOST``."""
    address = folder / "docker.sock"
    settings = {
        "data-root": str(folder / "data"),
        "exec-root": str(folder / "exec"),
        "pidfile": str(folder / "pid"),
        "hosts": [f"unix://{address}"],
        "storage-driver": "vfs",
        "bridge": "none",
        **dict.fromkeys(("iptables", "ip6tables", "ip-forward", "ip-masq"), False),
        "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 1024, "Soft": 1024}},
    }
    configuration = folder / "daemon.json"
    configuration.write_text(json.dumps(settings))
    with _running([str(peer("dockerd")), "--config-file", str(configuration)], folder, address):
        yield f"unix://{address}"


@contextmanager
def containerd(folder: Path, *, sandbox_image: str) -> Iterator[Path]:
    """Run containerd with its Kubernetes runtime; the value is its socket, which `ctr` speaks to.

    *sandbox_image* is what the empty container of each pod is made from.
    """
    address = folder / "containerd.sock"
    configuration = folder / "config.toml"
    configuration.write_text(f"""\
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{address}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox_image}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
""")
    with _running([str(peer("containerd")), "--config", str(configuration)], folder, address):
        yield address


@contextmanager
def _running(command: list[str], folder: Path, address: Path) -> Iterator[None]:
    """Run a daemon until the end of the block; it is up when it listens on *address*."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _await_socket(address, process, folder / "log")
            yield
        finally:
            process.terminate()
            process.wait(timeout=_STOP_TIMEOUT_S)


def _await_socket(address: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(address)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args} does not listen: {log.read_text()[-2000:]}")
