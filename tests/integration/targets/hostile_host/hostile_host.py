# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A host that answers what it likes decides nothing on the controller.

Its Python is a script that gives every module the same answer. Whatever a module returns as facts,
Ansible takes for variables of the host, and they count more than the inventory's and than the
defaults of roles. The host is the first one of the inventory, whose variables hold for tasks that
are done once.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / (
    "ansible_collections/sealpin/oci"
)
sys.path.insert(0, str(COLLECTION / "tests"))

from support.plays import Finished, attempt, check  # noqa: E402 - found by the line above

HERE = Path(__file__).resolve().parent
SECRET = "a-secret-of-the-controller"
LISTING = {"images": [], "unavailable": [], "engines": []}
COMMAND = {"rc": 0, "msg": "", "stdout": "3.11", "stderr": "", "stat": {"exists": False}}


def main() -> None:
    """Run the cases."""
    for case in (
        makes_no_audit_pass_and_writes_no_report_elsewhere,
        chooses_no_evidence_for_a_deployment,
        reads_no_file_of_the_controller,
        runs_no_code_of_the_folder_that_commands_run_in,
    ):
        with tempfile.TemporaryDirectory() as name:
            case(Path(name))
            print(f"ok: {case.__name__}")


def makes_no_audit_pass_and_writes_no_report_elsewhere(folder: Path) -> None:
    elsewhere, meant = folder / "elsewhere", folder / "audit"
    facts = {"sealpin_audit_fail": False, "sealpin_audit_folder": str(elsewhere)}
    variables = {"all": {"sealpin_audit_folder": str(meant)}}
    ran = play(folder, "sealpin.oci.fleet_audit", {**LISTING, "ansible_facts": facts}, variables)
    check(ran.returncode == 2, ran)
    check(not elsewhere.exists(), ran)
    report = json.loads((meant / "audit.json").read_text())
    check(report["missing_hosts"] == ["bad"], report)


def chooses_no_evidence_for_a_deployment(folder: Path) -> None:
    facts = {"sealpin_verify_evidence": "/tmp", "sealpin_verify_on": "target"}
    ran = play(folder, HERE / "verify.yml", {"ping": "pong", "ansible_facts": facts}, {})
    check(ran.returncode == 2 and "it is deployed" not in ran.stdout, ran)
    check("sealpin_verify_evidence, sealpin_verify_on" in ran.stdout, ran)


def reads_no_file_of_the_controller(folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text(SECRET)
    facts = {"sealpin_setup_requirements": str(secret)}
    variables = {"bad": {"environment_path": str(folder / "environment")}}
    answer = {**COMMAND, "ansible_facts": facts}
    ran = play(folder, HERE / "setup.yml", answer, variables, "--limit", "bad")
    check(ran.returncode == 2, ran)
    check((folder / "asked").exists() and not (folder / "seen").exists(), ran)


def runs_no_code_of_the_folder_that_commands_run_in(folder: Path) -> None:
    """That is the playbook's here, and the home of the user who logged in behind SSH."""
    playbook = folder / "setup.yml"
    shutil.copy(HERE / "setup.yml", playbook)
    for module in ("ensurepip", "venv", "pip"):
        (folder / f"{module}.py").write_text(f"open('{folder}/{module}-ran', 'w')\n")
    variables = {
        "ansible_python_interpreter": sys.executable,
        "environment_path": str(folder / "environment"),
        "sealpin_setup_python": sys.executable,
        "sealpin_setup_index_url": "http://127.0.0.1:1/simple/",
    }
    ran = attempt(
        "ansible-playbook", "-i", "host,", "-c", "local", "-e", json.dumps(variables),
        str(playbook),
    )  # fmt: skip
    check("Install the libraries" in ran.stdout and ran.returncode == 2, ran)
    check(not list(folder.glob("*-ran")), ran)


def play(
    folder: Path,
    playbook: Path | str,
    answer: Mapping[str, object],
    variables: Mapping[str, Mapping[str, object]],
    *more: str,
) -> Finished:
    """Run a playbook on ``bad``, which gives *answer* to everything, and ``good``."""
    (folder / "answer").write_text(json.dumps({"changed": False, **answer}))
    (folder / "listing").write_text(json.dumps({"changed": False, **LISTING}))
    hosts = {
        "bad": {"ansible_python_interpreter": python(folder, "answer")},
        "good": {"ansible_python_interpreter": python(folder, "listing")},
    }
    for name, more_variables in variables.items():
        for host in hosts if name == "all" else [name]:
            hosts[host].update(more_variables)
    inventory = folder / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    return attempt("ansible-playbook", "-i", str(inventory), "-c", "local", *more, str(playbook))


def python(folder: Path, answer: str) -> str:
    """Make what a host calls its Python; it tells if a secret of the controller comes along."""
    path = folder / f"python-{answer}"
    path.write_text(
        "#!/bin/sh\n"
        f"touch '{folder}/asked'\n"
        f'grep -rqs {SECRET} "$(dirname "$1")" && touch \'{folder}/seen\'\n'
        f"cat '{folder}/{answer}'\n"
    )
    path.chmod(0o755)
    return str(path)


if __name__ == "__main__":
    main()
