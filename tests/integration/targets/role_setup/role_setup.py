# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The role setup from a wheelhouse, without a network, for a Python that has no libraries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
LAB = COLLECTION / "tests" / "vectors" / "lab"
HERE = Path(__file__).resolve().parent
TIMEOUT_S = 300
WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")


def main() -> None:
    """Fill the wheelhouse, then go offline."""
    # Not below /tmp: an interpreter there is refused.
    with tempfile.TemporaryDirectory(dir=Path.home()) as name:
        folder = Path(name)
        folder.chmod(0o755)
        refuses_what_cannot_become_an_environment(folder)
        makes_the_environment_once(folder)


def makes_the_environment_once(folder: Path) -> None:
    wheelhouse = folder / "wheelhouse"
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
         "--require-hashes", "--only-binary", ":all:", "--dest", str(wheelhouse),
         "--requirement", str(COLLECTION / "requirements" / "runtime.txt")],
        timeout=TIMEOUT_S, check=True,
    )  # fmt: skip
    variables = {
        "sealpin_setup_path": str(folder / "sealpin"),
        "sealpin_setup_python": sys.executable,
        "sealpin_setup_wheelhouse": str(wheelhouse),
        "ansible_python_interpreter": sys.executable,
    }
    foretold = play("play.yml", variables, "--check", offline=True)
    check(foretold.returncode == 0 and "changed=0" not in foretold.stdout, foretold)
    check(not (folder / "sealpin").exists(), "check mode made the folder")
    first = play("play.yml", variables, offline=True)
    check(first.returncode == 0 and "changed=0" not in first.stdout, first)
    for more in ((), ("--check",)):
        second = play("play.yml", variables, *more, offline=True)
        check(second.returncode == 0 and "changed=0" in second.stdout, second)
    print("ok: the role makes the environment once, offline, and check mode knows")

    bare = folder / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    used = play(
        "use.yml",
        {
            "ansible_python_interpreter": str(bare / "bin" / "python"),
            "environment_python": str(folder / "sealpin" / "bin" / "python"),
            "lab": str(LAB),
        },
        offline=True,
    )
    check(used.returncode == 0, used)
    print("ok: a bare Python verifies and reads an SBOM by the environment, offline")


def refuses_what_cannot_become_an_environment(folder: Path) -> None:
    old = folder / "old-python"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)
    cases = {
        "it must be Python 3.10 or newer": {"sealpin_setup_python": str(old)},
        "There was an issue creating /proc/sealpin": {"sealpin_setup_path": "/proc/sealpin"},
        "has a password or user in it": {"sealpin_setup_index_url": "https://me:pw@index.test/"},
        "must be an absolute path": {"sealpin_setup_path": "somewhere"},
        "sealpin_setup_path must be": {"sealpin_setup_path": ["a", {"b": 1}]},
    }
    for message, variables in cases.items():
        given = {"sealpin_setup_python": sys.executable, "sealpin_setup_path": str(folder / "no")}
        result = play(
            "play.yml", {"ansible_python_interpreter": sys.executable, **given, **variables}
        )
        shown = " ".join(result.stdout.split())
        check(result.returncode == 2 and message in shown, result)
        check(":pw@" not in result.stdout, "the password was shown")
        check(not (folder / "no").exists(), "something was changed")
    print("ok: an old Python, a folder that cannot be written and a password are refused")


def play(
    name: str, variables: dict[str, object], *more: str, offline: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a playbook of this folder, without any network if it can be taken away here."""
    command = ["ansible-playbook", "-i", "host,", "-c", "local", "-e", json.dumps(variables)]
    without = WITHOUT_NETWORK if offline and can_go_offline() else ()
    return subprocess.run(
        [*without, *command, *more, str(HERE / name)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip


def can_go_offline() -> bool:
    """Whether this user may make a namespace without a network."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*WITHOUT_NETWORK, "true"], check=False).returncode == 0


def check(holds: bool, shown: object) -> None:
    """End the run unless *holds*."""
    if not holds:
        text = shown.stdout if isinstance(shown, subprocess.CompletedProcess) else shown
        sys.exit(f"failed: {text}")


if __name__ == "__main__":
    main()
