# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Verification against the real cosign, side by side: ``python -m bench.verify``.

Both programs verify the same keyless images of the lab, from the same docker-registry, behind the
same proxy that adds a round trip, process start included. cosign runs once per image (the loop
people write) and once for all of them. Times are wall time, best of the runs; memory is the peak of
the largest process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from support import delay_proxy, docker_registry
from support.peers import peer
from support.vectors import vectors

LAB = vectors("lab")
RUNS = 3
IDENTITY = (
    "--certificate-identity=krel-trust@k8s-releng-prod.iam.gserviceaccount.com",
    "--certificate-oidc-issuer=https://accounts.google.com",
    f"--trusted-root={LAB / 'trusted_root.json'}",
)
SEALPIN = (str(Path(sys.executable).with_name("sealpin")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way of verifying all images."""

    seconds: float
    peak_mib: float


def main() -> None:
    """Print the table for 1, 12 and 100 images, on loopback and behind 30 ms."""
    images = lab_images()
    with tempfile.TemporaryDirectory() as folder:
        layouts = hundred_layouts(Path(folder) / "layouts", images)
        with docker_registry.serving(Path(folder), Path(folder) / "layouts") as host:
            port = int(host.rpartition(":")[2])
            print(
                f"{'images':>6} {'round trip':>10} {'way':<22} {'ms':>8} {'ms/image':>9} {'MiB':>5}"
            )
            for round_trip_ms in (0, 30):
                if round_trip_ms:
                    with delay_proxy.serving(port, one_way_ms=round_trip_ms / 2) as slow:
                        _table(f"127.0.0.1:{slow}", layouts, round_trip_ms)
                else:
                    _table(host, layouts, round_trip_ms)


def lab_images() -> tuple[str, ...]:
    """Return the twelve images one identity signed, as ``repository:tag``."""
    document = json.loads((LAB / "images.json").read_bytes())
    return tuple(name for name, image in document.items() if image.get("email"))


def hundred_layouts(folder: Path, images: Sequence[str]) -> tuple[str, ...]:
    """Copy the images' layouts to a hundred repositories; returns the hundred names."""
    names = []
    for number in range(100):
        path, _separator, tag = images[number % len(images)].partition(":")
        name = f"bench/{number:03}/{path.rpartition('/')[2]}"
        shutil.copytree(LAB / "repositories" / path, folder / name)
        names.append(f"{name}:{tag}")
    return tuple(names)


def _table(host: str, names: Sequence[str], round_trip_ms: int) -> None:
    cosign = (str(peer("cosign3")),)
    for count in (1, 12, 100):
        images = [f"{host}/{name}" for name in names[:count]]
        ways: dict[str, Callable[[], Measured]] = {
            "cosign, a loop": lambda images=images: _run([_words(cosign, [i]) for i in images]),
            "cosign, one process": lambda images=images: _run([_words(cosign, images)]),
            "sealpin": lambda images=images: _run([_words(SEALPIN, images)]),
            "sealpin, one engine": lambda images=images: _run(
                [_words(SEALPIN, images, "--second-opinion=off")]
            ),
        }
        results = {name: _best(way) for name, way in ways.items()}
        for name, got in results.items():
            milliseconds = got.seconds * 1000
            print(
                f"{count:>6} {round_trip_ms:>7} ms {name:<22} {milliseconds:>8.0f}"
                f" {milliseconds / count:>9.1f} {got.peak_mib:>5.0f}"
            )
        for peer_way in ("cosign, a loop", "cosign, one process"):
            ratio = results[peer_way].seconds / results["sealpin"].seconds
            print(f"{'':>17} sealpin is {ratio:.1f} times as fast as {peer_way}")


def _words(program: Sequence[str], images: Sequence[str], *more: str) -> list[str]:
    return [*program, "verify", *IDENTITY, *more, *images]


def _best(way: Callable[[], Measured]) -> Measured:
    return min((way() for _turn in range(RUNS)), key=lambda measured: measured.seconds)


def _run(commands: Sequence[Sequence[str]]) -> Measured:
    """Run *commands* one after the other. Raises `RuntimeError` if one refuses."""
    environment = {"HOME": tempfile.gettempdir(), "PATH": os.environ["PATH"]}
    started_s = time.perf_counter()
    peak_kib = 0
    for command in commands:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        _unused, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"exit code {process.returncode}: {' '.join(command)}")
        peak_kib = max(peak_kib, usage.ru_maxrss)
    return Measured(seconds=time.perf_counter() - started_s, peak_mib=peak_kib / 1024)


if __name__ == "__main__":
    main()
