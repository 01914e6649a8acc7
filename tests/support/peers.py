# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The real peers, at the versions our claims about them name: `peer("cosign3")` is the binary.

Programs in Go are built once into ``$XDG_CACHE_HOME/sealpin-peers``, one folder for each version,
so that clones share them; `make peers` builds all. Programs of the distribution are looked up on
PATH. What cannot be had skips the test, which `.ci/run` counts as a failure.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

BUILD_TIMEOUT_S = 1800
MODULES = Path(__file__).parents[1] / "peers"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoPeer:
    """A program that ``go install`` builds, or ``go build`` in a module of ours."""

    package: str
    version: str
    module: str = ""
    """Folder below tests/peers whose go.mod demands the package, if it can be no `go install`."""

    @property
    def program(self) -> str:
        """The binary's name: the last component that is no major version."""
        return self.package.rstrip("/").rpartition("/")[2]


GO_PEERS = {
    "cosign2": GoPeer(package="github.com/sigstore/cosign/v2/cmd/cosign", version="v2.6.5"),
    "cosign3": GoPeer(package="github.com/sigstore/cosign/v3/cmd/cosign", version="v3.1.3"),
    "crictl": GoPeer(package="sigs.k8s.io/cri-tools/cmd/crictl", version="v1.34.0"),
    "crane": GoPeer(package="github.com/google/go-containerregistry/cmd/crane", version="v0.22.1"),
    "cue": GoPeer(package="cuelang.org/go/cmd/cue", version="v0.15.4"),
    "frizbee": GoPeer(package="github.com/stacklok/frizbee", version="v0.1.7"),
    "kube-apiserver": GoPeer(
        package="k8s.io/kubernetes/cmd/kube-apiserver", version="v1.34.4", module="kube-apiserver"
    ),
    "opa": GoPeer(package="github.com/open-policy-agent/opa", version="v1.12.3"),
    "policy-tester": GoPeer(
        package="github.com/sigstore/policy-controller/cmd/tester",
        version="v0.15.1",
        module="policy-tester",
    ),
    "regctl": GoPeer(package="github.com/regclient/regclient/cmd/regctl", version="v0.11.7"),
    "registry": GoPeer(
        package="github.com/google/go-containerregistry/cmd/registry", version="v0.22.1"
    ),
}

DEBIAN_PEERS = {
    "busybox": "busybox-static",
    "containerd": "containerd",
    "ctr": "containerd",
    "docker": "docker.io",
    "docker-registry": "docker-registry",
    "dockerd": "docker.io",
    "etcd": "etcd-server",
    "podman": "podman",
    "runc": "runc",
    "skopeo": "skopeo",
    "ip": "iproute2",
}
"""Program to the Debian package that has it."""


class PeerUnavailable(Exception):
    """This machine has no such program and no way to build it."""


def peer(name: str) -> Path:
    """Return the program called *name*, built if need be; skip the test where it cannot be had."""
    try:
        return find_or_build(name)
    except PeerUnavailable as error:
        pytest.skip(str(error))


def find_or_build(name: str) -> Path:
    """Return the program called *name*. Raises `PeerUnavailable` with what to install."""
    if name in GO_PEERS:
        return _go_peer(name, GO_PEERS[name])
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if found is None:
        raise PeerUnavailable(f"{name} is not installed: apt install {DEBIAN_PEERS[name]}")
    return Path(found)


def _go_peer(name: str, wanted: GoPeer) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sealpin-peers"
    folder = cache / f"{name}-{wanted.version}"
    program = folder / wanted.program
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        raise PeerUnavailable(f"{name} {wanted.version} is built with Go, and there is no go")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another test process may be building it
        if not program.exists():
            _build(go, wanted, folder)
    return program


def _build(go: str, wanted: GoPeer, folder: Path) -> None:
    """Build into a folder beside, then move: an interrupted build leaves no half of a program."""
    staging = folder / "staging"
    environment = os.environ | {"GOBIN": str(staging), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
    wanted_version = f"{wanted.package}@{wanted.version}"
    command = [go, "install", wanted_version]
    if wanted.module:
        command = [go, "build", "-ldflags=-s", "-o", f"{staging}/", wanted.package]
    built = subprocess.run(
        command,
        cwd=MODULES / wanted.module,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    if built.returncode != 0:
        raise PeerUnavailable(
            f"{' '.join(command[:2])} {wanted_version} failed: {built.stderr[-500:]}"
        )
    (staging / wanted.program).replace(folder / wanted.program)


def main() -> int:
    """Find or build every peer, say where each is, and fail if one is missing."""
    missing = 0
    for name in (*GO_PEERS, *DEBIAN_PEERS):
        try:
            print(f"{name:16} {find_or_build(name)}", flush=True)
        except PeerUnavailable as error:
            missing += 1
            print(f"{name:16} missing: {error}", flush=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
