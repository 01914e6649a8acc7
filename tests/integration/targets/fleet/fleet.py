# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A play over four hosts and a registry: verified images are deployed, or nothing is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path[:0] = [str(COLLECTION / "tests"), str(COLLECTION / "plugins" / "module_utils")]

from support.memory_registry import MemoryRegistry  # noqa: E402 - found by the lines above

LAB = COLLECTION / "tests" / "vectors" / "lab"
HOSTS = ("one", "two", "three", "four")
SIGNED = ("chainguard/go:latest", "acme-private/go:latest")
UNSIGNED = "plain/unsigned:1.0"
PASSWORD = "s3cr3t-of-the-registry"
TIMEOUT_S = 300


def main() -> None:
    """Run every case against a registry of its own."""
    for case in (
        deploys_on_four_hosts_and_asks_once_for_each_image,
        stops_every_host_before_anything_changes_for_one_unsigned_image,
        says_inconclusive_when_the_registry_refuses_the_password,
        verifies_on_each_host,
    ):
        with tempfile.TemporaryDirectory() as folder, MemoryRegistry() as registry:
            registry.load_tree(LAB / "repositories")
            registry.behaviour.authentication = "basic"
            registry.behaviour.users = {"user": PASSWORD}
            case(registry, Path(folder))
            print(f"ok: {case.__name__}")


def deploys_on_four_hosts_and_asks_once_for_each_image(
    registry: MemoryRegistry, folder: Path
) -> None:
    result = play(registry, folder, SIGNED)
    check(result.returncode == 0, result)
    deployed = {host: json.loads((folder / host).read_text()) for host in HOSTS}
    first = deployed[HOSTS[0]]
    check(all(value == first for value in deployed.values()), deployed)
    check(all("@sha256:" in pinned for pinned in first.values()), first)
    answered = [
        request.path
        for kind in ("manifests", "blobs", "referrers")
        for request in registry.asked(kind)
        if "authorization" in request.headers
    ]
    check(answered, "the registry was not asked")
    check(len(answered) == len(set(answered)), answered)
    check(PASSWORD not in result.stdout, "the password was shown")


def stops_every_host_before_anything_changes_for_one_unsigned_image(
    registry: MemoryRegistry, folder: Path
) -> None:
    for place in ("controller", "target"):
        result = play(registry, folder, (*SIGNED, UNSIGNED), place=place)
        check(result.returncode == 2, result)
        check("signature.missing" in result.stdout, result)
        check(not list(folder.iterdir()), "something was deployed")
        check(PASSWORD not in result.stdout, "the password was shown")


def says_inconclusive_when_the_registry_refuses_the_password(
    registry: MemoryRegistry, folder: Path
) -> None:
    result = play(registry, folder, SIGNED, password="wrong-one-of-the-user")
    check(result.returncode == 2, result)
    check("could not be checked" in result.stdout, result)
    check("signature.missing" not in result.stdout, result)
    check("wrong-one-of-the-user" not in result.stdout, "the password was shown")
    check(not list(folder.iterdir()), "something was deployed")


def verifies_on_each_host(registry: MemoryRegistry, folder: Path) -> None:
    result = play(registry, folder, SIGNED, place="target")
    check(result.returncode == 0, result)
    check(len(list(folder.iterdir())) == len(HOSTS), result)
    check(PASSWORD not in result.stdout, "the password was shown")


def play(
    registry: MemoryRegistry,
    folder: Path,
    images: tuple[str, ...],
    *,
    place: str = "controller",
    password: str = PASSWORD,
) -> subprocess.CompletedProcess[str]:
    """Run the play with everything it would show; the password reaches it by a file."""
    secrets = folder.parent / f"{folder.name}.json"
    variables = {
        "images": [f"{registry.host}/{image}" for image in images],
        "registry": registry.host,
        "trusted_root": str(LAB / "trusted_root.json"),
        "folder": str(folder),
        "place": place,
        "password": password,
        "ansible_python_interpreter": sys.executable,
    }
    secrets.write_text(json.dumps(variables))
    try:
        return subprocess.run(
            ["ansible-playbook", "-vvv", "-i", ",".join(HOSTS), "-c", "local",
             "-e", f"@{secrets}", str(Path(__file__).parent / "play.yml")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    finally:
        secrets.unlink()


def check(holds: bool, shown: object) -> None:
    """End the run unless *holds*."""
    if not holds:
        text = shown.stdout if isinstance(shown, subprocess.CompletedProcess) else shown
        sys.exit(f"failed: {text}")


if __name__ == "__main__":
    main()
