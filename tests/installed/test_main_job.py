# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The installed artifacts do the main job: at a prompt, as hooks, in a play."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import IMAGE, commit_all, run

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Verify
      sealpin.oci.image_verify:
        images: ["{image}"]
        certificate_identity: krel-trust@k8s-releng-prod.iam.gserviceaccount.com
        certificate_oidc_issuer: https://accounts.google.com
        trusted_root: "{folder}/trust/lab.json"
        mirrors: {{"localhost:1338": "dir:{folder}/mirror"}}
    - name: Pin
      sealpin.oci.image_pin:
        paths: ["{folder}/pod.yaml"]
        policy: "{folder}/.sealpin.yaml"
        mirrors: {{"localhost:1338": "dir:{folder}/mirror"}}
"""


@pytest.fixture(scope="module")
def offline() -> tuple[str, ...]:
    """Return the words before a command that cut it off from every network, loopback included."""
    cut_off = ("unshare", "--map-root-user", "--net")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*cut_off, "true"], check=False).returncode
    ):
        pytest.skip("this machine lets nobody make a network namespace")
    return cut_off


def test_command_says_its_version(installed):
    assert run(installed / "sealpin", "--version").stdout == "sealpin 0.1.0\n"


def test_dependencies_fit_together(installed):
    run(installed / "python", "-m", "pip", "check")


def test_command_pins_what_it_verified_and_checks_it_offline(installed, sample, offline):
    sealpin = installed / "sealpin"
    run(sealpin, "pin", "pod.yaml", cwd=sample.folder, expected=1)
    assert sample.pod.read_text("utf-8") == sample.pinned
    run(sealpin, "pin", "pod.yaml", cwd=sample.folder)
    run(*offline, sealpin, "check", "pod.yaml", cwd=sample.folder)


def test_check_refuses_an_unpinned_image_offline(installed, sample, offline):
    run(*offline, installed / "sealpin", "check", "pod.yaml", cwd=sample.folder, expected=1)


def test_hooks_pin_on_the_first_commit_and_pass_the_second(checkout, sample, offline, tmp_path):
    revision = run("git", "rev-parse", "HEAD", cwd=checkout).stdout.strip()
    (sample.folder / ".pre-commit-config.yaml").write_text(
        json.dumps(
            {
                "repos": [
                    {
                        "repo": checkout.as_uri(),
                        "rev": revision,
                        "hooks": [{"id": "sealpin-pin"}, {"id": "sealpin-check"}],
                    }
                ]
            }
        ),
        "utf-8",
    )
    pre_commit = Path(sys.executable).with_name("pre-commit")
    home = {"PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    run("git", "add", "--all", cwd=sample.folder)

    first = run(pre_commit, "run", cwd=sample.folder, environment=home, expected=1)
    assert "files were modified by this hook" in first.stdout
    assert sample.pod.read_text("utf-8") == sample.pinned

    run("git", "add", "--all", cwd=sample.folder)
    run(pre_commit, "run", cwd=sample.folder, environment=home)
    commit_all(sample.folder, "pinned")
    check = (pre_commit, "run", "sealpin-check", "--all-files")
    run(*offline, *check, cwd=sample.folder, environment=home)


def play(controller, sample, interpreter, *, expected=0):
    playbook = sample.folder / "play.yml"
    playbook.write_text(PLAYBOOK.format(image=IMAGE, folder=sample.folder), "utf-8")
    return run(
        controller / "ansible-playbook",
        *("--inventory", "localhost,", "--connection", "local"),
        *("--extra-vars", f"ansible_python_interpreter={interpreter}"),
        playbook,
        cwd=sample.folder,
        environment={"ANSIBLE_COLLECTIONS_PATH": str(controller.parent / "collections")},
        expected=expected,
    )


def test_play_verifies_and_pins_with_the_installed_collection(controller, libraries, sample):
    first = play(controller, sample, libraries / "python")
    assert "changed=1" in first.stdout
    assert sample.pod.read_text("utf-8") == sample.pinned
    assert "changed=0" in play(controller, sample, libraries / "python").stdout


def test_play_on_a_host_without_the_libraries_says_how_to_get_them(controller, sample):
    failed = play(controller, sample, controller / "python", expected=2)
    assert "Failed to import the required Python library" in failed.stdout
    assert "sealpin.oci.setup" in failed.stdout
