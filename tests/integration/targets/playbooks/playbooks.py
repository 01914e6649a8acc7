# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The playbook that pins, and the examples of the documentation, against what they really name.

The examples' tasks are held to the argument specifications of the collections they deploy with,
where those are installed; what a task would do to a cluster or a Docker daemon is not run here.
The other two playbooks run in the target podman.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
LAB = COLLECTION / "tests" / "vectors" / "lab"
EXAMPLES = COLLECTION / "docs" / "examples"
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
KEYWORDS = {"name", "register"}
TIMEOUT_S = 120


def main() -> None:
    """Pin a checkout; hold each example to the options its modules have."""
    with tempfile.TemporaryDirectory() as name:
        pins_a_checkout_once(Path(name))
    for example in sorted(EXAMPLES.glob("*.yml")):
        names_what_exists(example)


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


def names_what_exists(example: Path) -> None:
    """Check the syntax of *example*, and each module's options against its documentation."""
    (play,) = yaml.safe_load(example.read_text())
    modules = {task: options(task) for entry in play["tasks"] for task in entry.keys() - KEYWORDS}
    missing = sorted(module for module, known in modules.items() if known is None)
    if missing:
        print(f"skipped: {example.name} needs {', '.join(missing)}")
        return
    checked = run("ansible-playbook", "-i", "container_hosts,", "--syntax-check", str(example))
    check(checked.returncode == 0, checked)
    for task in play["tasks"]:
        (module,) = task.keys() - KEYWORDS
        unknown = task[module].keys() - modules[module].keys()
        check(not unknown, f"{example.name}: {module} has no {unknown}")
        needed = {name for name, option in modules[module].items() if option.get("required")}
        check(needed <= task[module].keys(), f"{example.name}: {module} needs {needed}")
    print(f"ok: {example.name} names modules and options that exist")


def options(module: str) -> dict[str, dict[str, object]] | None:
    """Return a module's options with their aliases; None where it is not installed."""
    shown = run("ansible-doc", "--json", module)
    found = json.loads(shown.stdout).get(module) if shown.returncode == 0 else None
    if not found:
        return None
    known = dict(found["doc"]["options"])
    for option in found["doc"]["options"].values():
        known.update((alias, {}) for alias in option.get("aliases", ()))
    return known


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
