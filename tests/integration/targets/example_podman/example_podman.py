# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The documentation's example for podman and the playbook verified_deploy, with a real podman."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path[:0] = [str(COLLECTION / "tests"), str(COLLECTION / "plugins" / "module_utils")]

from support.docker_registry import serving  # noqa: E402 - found by the lines above
from support.plays import Finished, check, play  # noqa: E402
from support.podman import containers, remove_all, use_podman_below  # noqa: E402
from support.publishing import Publisher  # noqa: E402

EXAMPLE = COLLECTION / "docs" / "examples" / "podman.yml"
DEPLOY = "sealpin.oci.verified_deploy"

Deploy = Callable[..., Finished]
"""Deploys an image as a container called ``web``; further arguments are ansible-playbook's."""


def main() -> None:
    """Deploy a signed and an unsigned image both ways, in a podman of our own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("registry", "play", "units"):
            (folder / part).mkdir()
        with serving(folder / "registry", folder / "nothing") as host:
            use_podman_below(folder, host)
            publisher = Publisher(host=host)
            digest = publisher.push("signed", signed=True)
            publisher.push("unsigned", signed=False)
            publisher.write_policy(folder / "play")
            pinned = f"{host}/signed@{digest}"
            try:
                deploys_what_is_signed("the example", by_example(folder), host, pinned)
                unit = (folder / "units" / "web.container").read_text()
                check(f"Image={pinned}\n" in unit, unit)
                remove_all()
                deploys_what_is_signed("verified_deploy", by_playbook(folder), host, pinned)
            finally:
                remove_all()


def deploys_what_is_signed(what: str, deploy: Deploy, host: str, pinned: str) -> None:
    refused = deploy(f"{host}/unsigned:1")
    check(refused.returncode == 2 and "signature.missing" in refused.stdout, refused)
    foretold = deploy(f"{host}/signed:1", "--check")
    check(foretold.returncode == 0 and "changed=0" not in foretold.stdout, foretold)
    check(containers() == [], "a container was made for a refused image, or a foretold one")

    first, second = deploy(f"{host}/signed:1"), deploy(f"{host}/signed:1")
    check(first.returncode == 0 and "changed=0" not in first.stdout, first)
    check(second.returncode == 0 and "changed=0" in second.stdout, second)
    (container,) = containers()
    check(container["ImageName"] == pinned, container)
    check(container["State"]["Status"] == "running", container["State"])
    print(f"ok: {what} runs the verified digest; its second run changes nothing")


def by_example(folder: Path) -> Deploy:
    playbook = Path(shutil.copy(EXAMPLE, folder / "play"))
    units = str(folder / "units")

    def deploy(image: str, *more: str) -> Finished:
        return play(playbook, {"web": image, "units": units}, *more, inventory="container_hosts,")

    return deploy


def by_playbook(folder: Path) -> Deploy:
    def deploy(image: str, *more: str) -> Finished:
        variables = {
            "containers": {"web": image},
            "sealpin_verify_policy": [str(folder / "play" / "policy.yaml")],
        }
        return play(DEPLOY, variables, *more)

    return deploy


if __name__ == "__main__":
    main()
