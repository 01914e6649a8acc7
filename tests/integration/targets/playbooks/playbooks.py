# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The playbook that pins. The other two run in the targets podman and example_podman."""

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
SIGNED = "localhost:1338/chainguard/go:latest"
DIGEST = "sha256:d43998b49f6f44afc9e48c73cacdc7b3b89c128f9e015c1ca0930cd52597562c"
POLICY = """\
version: 1
trust: {trusted_root: trusted_root.json}
registries: {"localhost:1338": {mirror: "dir:repositories"}}
policies:
  - images: ["localhost:1338/chainguard/**"]
    keyless:
      issuer: https://token.actions.githubusercontent.com
      identity_regexp: ^https://github\\.com/chainguard-images/images/
"""
TIMEOUT_S = 120


def main() -> None:
    """Pin a checkout twice."""
    with tempfile.TemporaryDirectory() as name:
        pins_a_checkout_once(Path(name))


def pins_a_checkout_once(checkout: Path) -> None:
    shutil.copytree(LAB / "repositories", checkout / "repositories")
    shutil.copy(LAB / "trusted_root.json", checkout)
    (checkout / ".sealpin.yaml").write_text(POLICY)
    manifest = checkout / "compose.yaml"
    manifest.write_text(f"services: {{go: {{image: '{SIGNED}'}}}}\n")
    before = manifest.read_bytes()
    foretold = pin(checkout, "--check")
    check("changed=1" in foretold.stdout and manifest.read_bytes() == before, foretold)
    first = pin(checkout)
    check("changed=1" in first.stdout, first)
    check(f"{SIGNED}@{DIGEST}" in manifest.read_text(), manifest.read_text())
    for more in ((), ("--check",)):
        again = pin(checkout, *more)
        check("changed=0" in again.stdout, again)
    print("ok: pin_repository pins once; check mode foretells it and changes nothing")


def pin(checkout: Path, *more: str) -> subprocess.CompletedProcess[str]:
    variables = {"checkout": str(checkout), "ansible_python_interpreter": sys.executable}
    result = run(
        "ansible-playbook", "sealpin.oci.pin_repository", "-e", json.dumps(variables), *more
    )
    check(result.returncode == 0, result)
    return result


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible."""
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def check(holds: bool, shown: object) -> None:
    """End the run unless *holds*."""
    if not holds:
        if isinstance(shown, subprocess.CompletedProcess):
            shown = shown.stdout + shown.stderr
        sys.exit(f"failed: {shown}")


if __name__ == "__main__":
    main()
