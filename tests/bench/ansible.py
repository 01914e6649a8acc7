# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks against a loop of the real cosign, in plays on one local host: ``python -m bench.ansible``.

Every row is a whole ``ansible-playbook`` over the same keyless images of the lab, from the same
docker-registry on loopback; the row *nothing* is what a play without images takes, and the last
columns are without it. The loops take long and run once, the others thrice (the best counts).
Beside the seconds stands the processor time of all that the play started, which other work on the
machine hardly changes.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.verify import IDENTITY, LAB, hundred_layouts, lab_images
from support import docker_registry
from support.peers import peer

ROOT = Path(__file__).parents[2]
RUNS = 3
MANY = 50
OPTIONS = {
    "certificate_identity": "krel-trust@k8s-releng-prod.iam.gserviceaccount.com",
    "certificate_oidc_issuer": "https://accounts.google.com",
    "trusted_root": str(LAB / "trusted_root.json"),
}
VERIFY = "sealpin.oci.image_verify"


@dataclass(frozen=True)
class Cost:
    """What a play takes."""

    wall_s: float
    cpu_s: float

    def without(self, other: Cost) -> Cost:
        """Return what is left of this without *other*."""
        return Cost(self.wall_s - other.wall_s, self.cpu_s - other.cpu_s)


def main() -> None:
    """Print the table, and how many times faster one task is than a loop."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        link = folder / "collections" / "ansible_collections" / "sealpin"
        link.mkdir(parents=True)
        (link / "oci").symlink_to(ROOT)
        layouts = hundred_layouts(folder / "layouts", lab_images())
        with docker_registry.serving(folder, folder / "layouts") as host:
            images = [f"{host}/{layout}" for layout in layouts[:MANY]]
            print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            print(f"{'':<51} {'':>7} {'':>7}  less an empty play")
            print(f"{'images':>6} {'task':<44} {'s':>7} {'cpu s':>7} {'s':>7} {'cpu s':>7}")
            _table(folder, images)
            print(f"load average {os.getloadavg()[0]:.1f} at the end")


def _table(folder: Path, images: Sequence[str]) -> None:
    nothing = _row(folder, "nothing", [], 0)
    for count in (1, MANY):
        some = list(images[:count])
        for place in ("target", "controller"):
            task = {VERIFY: {"images": some, "verify_on": place, **OPTIONS}}
            cost = _row(folder, f"image_verify on the {place}", [task], count, nothing)
            if (count, place) == (MANY, "target"):
                one_task = cost
    looped = {VERIFY: {"images": ["{{ item }}"], **OPTIONS}, "loop": list(images)}
    slow = _row(folder, "image_verify on the target, in a loop", [looped], MANY, nothing, runs=1)
    cosign = [str(peer("cosign3")), "verify", *IDENTITY, "{{ item }}"]
    command = {
        "ansible.builtin.command": {"argv": cosign},
        "environment": {"HOME": str(folder)},
        "loop": list(images),
    }
    peers = _row(folder, "command: cosign verify, in a loop", [command], MANY, nothing, runs=1)
    print(f"\none task of {MANY} images against a loop of {MANY}, whole plays and less nothing:")
    for name, loop in (("tasks", slow), ("cosigns", peers)):
        whole = _times(loop, one_task)
        rest = _times(loop.without(nothing), one_task.without(nothing))
        print(f"{name:<8} {whole}; {rest}")


def _times(slow: Cost, fast: Cost) -> str:
    return f"{slow.wall_s / fast.wall_s:.1f} times (cpu {slow.cpu_s / fast.cpu_s:.1f})"


def _row(
    folder: Path,
    title: str,
    tasks: Sequence[dict[str, Any]],
    images: int,
    nothing: Cost | None = None,
    *,
    runs: int = RUNS,
) -> Cost:
    """Measure a play of *tasks*, print it, and return the least it took."""
    play = folder / "play.json"
    play.write_text(
        json.dumps(
            [{"hosts": "all", "gather_facts": False, "tasks": [{"name": "-", **t} for t in tasks]}]
        )
    )
    costs = [_run(folder, play) for _turn in range(runs)]
    best = Cost(min(cost.wall_s for cost in costs), min(cost.cpu_s for cost in costs))
    rest = best.without(nothing or Cost(0.0, 0.0))
    print(
        f"{images:>6} {title:<44} {best.wall_s:>7.2f} {best.cpu_s:>7.2f}"
        f" {rest.wall_s:>7.2f} {rest.cpu_s:>7.2f}",
        flush=True,
    )
    return best


def _run(folder: Path, play: Path) -> Cost:
    """Run the play. Raises `CalledProcessError` if one image is refused."""
    environment = {
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "LC_ALL": "C.UTF-8",
    }
    started_s, before_s = time.perf_counter(), _cpu_of_children_s()
    subprocess.run(
        ["ansible-playbook", "-i", "host,", "-c", "local", str(play)],
        env=environment, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return Cost(time.perf_counter() - started_s, _cpu_of_children_s() - before_s)


def _cpu_of_children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
