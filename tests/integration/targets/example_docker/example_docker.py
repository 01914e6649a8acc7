# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation's example for Docker, as it stands, against a real dockerd and registry."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path[:0] = [str(COLLECTION / "tests"), str(COLLECTION / "plugins" / "module_utils")]

from support.daemons import docker_daemon  # noqa: E402 - found by the lines above
from support.docker_registry import serving  # noqa: E402
from support.plays import Finished, check, output, play  # noqa: E402
from support.publishing import Publisher  # noqa: E402

EXAMPLE = COLLECTION / "docs" / "examples" / "docker.yml"


def main() -> None:
    """Run the example for a signed and for an unsigned image, in a Docker of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("registry", "docker", "play", "project", "client/cli-plugins"):
            (folder / part).mkdir(parents=True)
        use_client_below(folder / "client")
        with (
            serving(folder / "registry", folder / "nothing") as host,
            docker_daemon(folder / "docker") as address,
        ):
            os.environ["DOCKER_HOST"] = address
            try:
                runs_what_is_signed_and_nothing_else(folder, host)
            finally:
                if listed := output("docker", "ps", "--all", "--quiet").split():
                    output("docker", "rm", "--force", *listed)


def runs_what_is_signed_and_nothing_else(folder: Path, host: str) -> None:
    publisher = Publisher(host=host)
    web, worker = (publisher.push(name, signed=True) for name in ("web", "worker"))
    publisher.push("unsigned", signed=False)
    policy = publisher.write_policy(folder / "play")
    compose = folder / "project" / "compose.yaml"

    def example(image: str, service: str, *more: str) -> Finished:
        compose.write_text(compose_file(f"{host}/{service}:1"))
        return run(folder, {"web": f"{host}/{image}:1", "host_policy": str(policy)}, *more)

    refused = example("unsigned", "worker")
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    check(containers() == {}, "a container was made for a refused image")
    check("@sha256:" not in compose.read_text(), "a file was pinned after a refusal")
    print("ok: an unsigned image, and Docker makes nothing")

    foretold = example("web", "worker", "--check")
    check(foretold.returncode == 0 and "changed=0" not in foretold.stdout, foretold)
    check(containers() == {}, "check mode made a container")
    check("@sha256:" not in compose.read_text(), "check mode pinned a file")
    print("ok: check mode foretells it and changes nothing")

    refused = example("web", "unsigned")
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    check(containers() == {"web": f"{host}/web@{web}"}, containers())
    print("ok: an unsigned image in a Compose file stops the project")

    first = example("web", "worker")
    check(first.returncode == 0, first)
    check(
        containers()
        == {"web": f"{host}/web@{web}", "project-worker-1": f"{host}/worker:1@{worker}"},
        containers(),
    )
    second = run(folder, {"web": f"{host}/web:1", "host_policy": str(policy)})
    check(second.returncode == 0 and "changed=0" in second.stdout, second)
    print("ok: the container and the project run by digest; a second run changes nothing")


def run(folder: Path, variables: dict[str, object], *more: str) -> Finished:
    """Run the example beside its policy."""
    playbook = Path(shutil.copy(EXAMPLE, folder / "play"))
    given = {**variables, "project": str(folder / "project")}
    return play(playbook, given, *more, inventory="container_hosts,")


def compose_file(image: str) -> str:
    return f"services:\n  worker:\n    image: {image}\n    network_mode: none\n"


def containers() -> dict[str, str]:
    """Return what runs: the image by the container's name."""
    names = output("docker", "ps", "--quiet").split()
    found = json.loads(output("docker", "container", "inspect", *names)) if names else []
    return {each["Name"].lstrip("/"): each["Config"]["Image"] for each in found}


def use_client_below(folder: Path) -> None:
    """Keep Docker's client away from the user's settings; give it Compose as a plugin."""
    compose = shutil.which("docker-compose")
    check(compose is not None, "docker-compose is not here: it is in collection-examples.txt")
    (folder / "cli-plugins" / "docker-compose").symlink_to(str(compose))
    os.environ["DOCKER_CONFIG"] = str(folder)


if __name__ == "__main__":
    main()
