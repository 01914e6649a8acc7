# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What Docker, a Kubernetes runtime and containerd run, told by the real ones.

Each engine gets the same three containers: of a signed image by digest, of an unsigned image by
tag, and one whose tag was unsigned when it was made and was moved to a signed image since.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path[:0] = [str(COLLECTION / "tests"), str(COLLECTION / "plugins" / "module_utils")]

from support.daemons import containerd, docker_daemon  # noqa: E402 - found by the lines above
from support.docker_registry import serving  # noqa: E402
from support.peers import peer  # noqa: E402
from support.plays import attempt, check, output, play  # noqa: E402
from support.publishing import Publisher  # noqa: E402

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Engine:
    """How a test makes containers with an engine."""

    pull: Callable[[str], object]
    start: Callable[[str, str], object]
    """Starts a container of a name, from an image that was pulled."""


def main() -> None:
    """Start each engine below a folder of its own, and ask the module about it."""
    for name, running in (("docker", docker), ("cri", cri), ("containerd", ctr)):
        with tempfile.TemporaryDirectory() as folder_name:
            folder = Path(folder_name)
            (folder / "registry").mkdir()
            (folder / "engine").mkdir()
            with serving(folder / "registry", folder / "nothing") as host:
                publisher = Publisher(host=host)
                publisher.push("pause", signed=False)
                with running(folder / "engine", host) as engine:
                    tells_what_runs(name, engine, publisher, folder)


def tells_what_runs(name: str, engine: Engine, publisher: Publisher, folder: Path) -> None:
    host = publisher.host
    signed = f"{host}/signed@{publisher.push('signed', signed=True)}"
    unsigned = publisher.push("unsigned", signed=False)
    old = publisher.push("moved", content="old", signed=False)
    for container, image in (
        ("good", signed),
        ("bad", f"{host}/unsigned:1"),
        ("stale", f"{host}/moved:1"),
    ):
        engine.pull(image)
        engine.start(container, image)
    new = publisher.push("moved", content="new", signed=True)
    engine.pull(f"{host}/moved:1")

    images = ask(name, publisher, folder)
    told = {
        container["name"]: (image["image"], image["outcome"], container["state"])
        for image in images
        for container in image["containers"]
    }
    check(told["good"] == (signed, "allowed", "running"), told)
    check(told["bad"] == (f"{host}/unsigned@{unsigned}", "denied", "running"), told)
    stale, outcome, _state = told["stale"]
    check(outcome == "denied", f"{name}: the new signature stands for the old content: {told}")
    check(new not in stale and (old in stale or "@" not in stale), told)
    print(f"ok: {name} tells what it runs, also where a tag moved on")


def ask(name: str, publisher: Publisher, folder: Path) -> list[dict[str, object]]:
    """Return the images the module tells of."""
    answer = folder / "answer.json"
    variables = {
        "engine": name,
        "answer": str(answer),
        "policy": str(publisher.write_policy(folder)),
    }
    asked = play(HERE / "play.yml", variables)
    check(asked.returncode == 0, asked)
    running = json.loads(answer.read_text())
    check(running["code"] in ("signature.missing", "image.no-digest"), running)
    return running["images"]


@contextmanager
def docker(folder: Path, _host: str) -> Iterator[Engine]:
    """A Docker daemon of our own."""
    peer("docker")
    with docker_daemon(folder) as os.environ["DOCKER_HOST"]:
        try:
            yield Engine(
                pull=lambda image: output("docker", "pull", "--quiet", image),
                start=lambda name, image: output(
                    "docker", "run", "--detach", f"--name={name}", image
                ),
            )
        finally:
            attempt("docker", "rm", "--force", *output("docker", "ps", "-aq").split())


@contextmanager
def cri(folder: Path, host: str) -> Iterator[Engine]:
    """Containerd as a Kubernetes node has it; a pod has the host's network, so it needs no CNI."""
    os.environ["PATH"] = f"{peer('crictl').parent}:{os.environ['PATH']}"
    with containerd(folder, sandbox_image=f"{host}/pause:1") as address:
        for variable in ("CONTAINER_RUNTIME_ENDPOINT", "IMAGE_SERVICE_ENDPOINT"):
            os.environ[variable] = f"unix://{address}"
        try:
            yield Engine(
                pull=lambda image: output("crictl", "pull", image),
                start=lambda name, image: run_in_pod(folder, name, image),
            )
        finally:
            attempt("crictl", "rmp", "--force", "--all")


def run_in_pod(folder: Path, name: str, image: str) -> None:
    files = {
        "pod": {
            "metadata": {"name": name, "namespace": "shop", "uid": name, "attempt": 0},
            "linux": {"security_context": {"namespace_options": {"network": 2}}},
        },
        "container": {"metadata": {"name": name}, "image": {"image": image}},
    }
    for file, content in files.items():
        (folder / f"{file}.json").write_text(json.dumps(content))
    output("crictl", "run", "--no-pull", f"{folder}/container.json", f"{folder}/pod.json")


@contextmanager
def ctr(folder: Path, host: str) -> Iterator[Engine]:
    """Containerd by itself."""
    native = ("--snapshotter", "native")
    with containerd(folder, sandbox_image=f"{host}/pause:1") as address:
        os.environ["CONTAINERD_ADDRESS"] = str(address)
        names: list[str] = []

        def start(name: str, image: str) -> None:
            names.append(name)
            output("ctr", "run", "--detach", *native, image, name)

        try:
            yield Engine(
                pull=lambda image: output("ctr", "images", "pull", "--plain-http", *native, image),
                start=start,
            )
        finally:
            for name in names:
                attempt("ctr", "tasks", "rm", "--force", name)


if __name__ == "__main__":
    main()
