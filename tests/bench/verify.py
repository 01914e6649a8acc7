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
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from support import delay_proxy, docker_registry
from support.peers import peer
from support.vectors import vectors

from . import installed
from .measured import Measured, measure

LAB = vectors("lab")
RUNS = 3
IDENTITY = (
    "--certificate-identity=krel-trust@k8s-releng-prod.iam.gserviceaccount.com",
    "--certificate-oidc-issuer=https://accounts.google.com",
    f"--trusted-root={LAB / 'trusted_root.json'}",
)


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
    cosign, sealpin = (str(peer("cosign3")),), (installed.program(),)
    for count in (1, 12, 100):
        images = [f"{host}/{name}" for name in names[:count]]
        ways = {
            "cosign, a loop": [_words(cosign, [image]) for image in images],
            "cosign, one process": [_words(cosign, images)],
            "sealpin": [_words(sealpin, images)],
            "sealpin, one engine": [_words(sealpin, images, "--second-opinion=off")],
        }
        results = {name: _best(commands) for name, commands in ways.items()}
        for name, (seconds, peak_mib) in results.items():
            print(
                f"{count:>6} {round_trip_ms:>7} ms {name:<22} {seconds * 1000:>8.0f}"
                f" {seconds * 1000 / count:>9.1f} {peak_mib:>5.0f}"
            )
        for peer_way in ("cosign, a loop", "cosign, one process"):
            ratio = results[peer_way][0] / results["sealpin"][0]
            print(f"{'':>17} sealpin is {ratio:.1f} times as fast as {peer_way}")


def _words(program: Sequence[str], images: Sequence[str], *more: str) -> list[str]:
    return [*program, "verify", *IDENTITY, *more, *images]


def _best(commands: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Run *commands* one after the other, again and again; the best seconds, and the peak MiB."""
    runs = [_run(commands) for _turn in range(RUNS)]
    return min(sum(each.seconds for each in run) for run in runs), max(
        each.peak_mib for run in runs for each in run
    )


def _run(commands: Sequence[Sequence[str]]) -> list[Measured]:
    """Raises `RuntimeError` if one refuses."""
    runs = []
    for command in commands:
        runs.append(measure(command, environment={"HOME": tempfile.gettempdir()}))
        if runs[-1].code:
            raise RuntimeError(f"exit code {runs[-1].code}: {' '.join(command)}")
    return runs


if __name__ == "__main__":
    main()
