# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a pull request may write, against a run that takes its rules from a trusted revision."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.command import Ran, sealpin
from support.processor_time import at_most

WIDGET = "apiVersion: x.example/v1\nkind: Widget\nspec:\n  runtime: {}\n"
PINNED = f"registry.test/app:1@sha256:{'a' * 64}"
RULES = """\
version: 1
policies:
  - images: ["registry.test/**"]
    static: fail
files:
  custom_paths: ["x.example/Widget:spec.runtime"]
"""
POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {}\n"


def git(root: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", str(root), *identity, *words], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose branch ``trusted`` has rules; the work tree is a pull request's."""
    git(tmp_path, "init", "-q", "-b", "trusted")
    (tmp_path / ".sealpin.yaml").write_text(RULES)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "rules")
    return tmp_path


def check(project: Path, *words: str) -> Ran:
    return sealpin("check", *words, cwd=project, env={"HOME": str(project)})


def test_custom_paths_of_the_trusted_revision_count_when_the_file_is_gone(project: Path) -> None:
    (project / ".sealpin.yaml").unlink()
    (project / "widget.yaml").write_text(WIDGET.format("evil.test/app:1"))
    ran = check(project, "--policy-from", "trusted", "widget.yaml")
    assert (ran.code, "unpinned" in ran.out) == (1, True)


def test_custom_paths_of_a_given_policy_count(project: Path) -> None:
    (project / "given.yaml").write_text(RULES)
    (project / ".sealpin.yaml").unlink()
    (project / "widget.yaml").write_text(WIDGET.format("evil.test/app:1"))
    assert check(project, "--policy", "given.yaml", "widget.yaml").code == 1


@pytest.mark.parametrize("spelling", ["files :", "'files':", '"fil\\x65s":'])
def test_file_settings_count_however_their_key_is_spelled(project: Path, spelling: str) -> None:
    (project / ".sealpin.yaml").write_text(RULES.replace("files:", spelling))
    (project / "widget.yaml").write_text(WIDGET.format("evil.test/app:1"))
    assert check(project, "widget.yaml").code == 1


def test_kinds_of_the_request_hide_nothing_from_the_trusted_revision(project: Path) -> None:
    (project / ".sealpin.yaml").write_text(
        RULES.split("files:", maxsplit=1)[0] + "files: {kinds: [dockerfile]}\n"
    )
    (project / "pod.yaml").write_text(POD.format("evil.test/app:1"))
    assert check(project, "--policy-from", "trusted", "pod.yaml").code == 1


def test_nearer_configuration_and_lock_are_not_read(project: Path) -> None:
    nearer = project / "apps"
    nearer.mkdir()
    (nearer / ".sealpin.yaml").write_text("version: 1\nno_match: allow\npolicies: []\n")
    lock = {"registry.test/app:1": {"digest": f"sha256:{'a' * 64}", "policy": f"sha256:{'b' * 64}"}}
    (nearer / "sealpin.lock").write_text(json.dumps({**lock, "version": 1}))
    (nearer / "pod.yaml").write_text(POD.format(PINNED))
    ran = sealpin("check", "pod.yaml", cwd=nearer, env={"HOME": str(project)})
    assert (ran.code, "not-in-lock" in ran.out) == (1, True)


def test_lock_with_one_reference_twice_is_refused(project: Path) -> None:
    entry = json.dumps({"digest": f"sha256:{'a' * 64}", "policy": f"sha256:{'b' * 64}"})
    (project / "sealpin.lock").write_text(
        f'{{"registry.test/app:1": {entry}, "registry.test/app:1": {entry}, "version": 1}}'
    )
    (project / "pod.yaml").write_text(POD.format(PINNED))
    ran = check(project, "pod.yaml")
    assert (ran.code, "consistent" in ran.out) == (2, False)


def test_weaker_policy_of_the_request_changes_no_lock_of_the_trusted_one(project: Path) -> None:
    (project / ".sealpin.yaml").write_text("version: 1\nno_match: allow\npolicies: []\n")
    (project / "pod.yaml").write_text(POD.format("registry.test/app:1"))
    ran = sealpin(
        "pin", "--policy-from", "trusted", "--mirror", f"registry.test=dir:{project}", "pod.yaml",
        cwd=project, env={"HOME": str(project)},
    )  # fmt: skip
    assert ran.code != 0
    assert (project / "pod.yaml").read_text() == POD.format("registry.test/app:1")


def weaken(project: Path) -> None:
    """Commit what a request would like the rules to be, with an image that they allow."""
    (project / ".sealpin.yaml").write_text("version: 1\nno_match: allow\npolicies: []\n")
    (project / "widget.yaml").write_text(WIDGET.format("evil.test/app:1"))
    git(project, "checkout", "-q", "-b", "request")
    git(project, "add", ".")
    git(project, "commit", "-qm", "weaker")


@pytest.mark.parametrize("name", ["trusted", "trusted~0", "origin/trusted"])
def test_tag_named_like_the_trusted_branch_chooses_no_policy(project: Path, name: str) -> None:
    git(project, "update-ref", "refs/remotes/origin/trusted", "trusted")
    weaken(project)
    git(project, "tag", name.partition("~")[0], "request")
    ran = check(project, "--policy-from", name, "widget.yaml")
    assert (ran.code, "git.ambiguous-revision" in ran.err) == (3, True)
    assert check(project, "--policy-from", "refs/remotes/origin/trusted", "widget.yaml").code == 1


def test_tag_named_like_the_start_of_the_trusted_commit_chooses_no_policy(project: Path) -> None:
    commit = subprocess.run(
        ["git", "-C", str(project), "rev-parse", "trusted"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    weaken(project)
    for length in (8, 40):
        git(project, "update-ref", f"refs/tags/{commit[:length]}", "request")
    ran = check(project, "--policy-from", commit[:8], "widget.yaml")
    assert (ran.code, "git.ambiguous-revision" in ran.err) == (3, True)
    assert check(project, "--policy-from", commit, "widget.yaml").code == 1


def test_reference_that_replaces_the_trusted_commit_chooses_no_policy(project: Path) -> None:
    weaken(project)
    git(project, "replace", "trusted", "request")
    assert check(project, "--policy-from", "trusted", "widget.yaml").code == 1


def test_environment_leads_to_no_other_repository(project: Path, tmp_path_factory) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q", "-b", "trusted")
    weaken(project)
    (other / ".sealpin.yaml").write_text((project / ".sealpin.yaml").read_text())
    git(other, "add", ".")
    git(other, "commit", "-qm", "rules of another")
    ran = sealpin(
        "check", "--policy-from", "trusted", "widget.yaml", cwd=project,
        env={"HOME": str(project), "GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)},
    )  # fmt: skip
    assert ran.code == 1


@pytest.mark.parametrize("path", ["../outside.pub", "/etc/passwd", "keys/../../outside.pub"])
def test_paths_of_a_policy_stay_below_its_folder(project: Path, path: str) -> None:
    rules = f'version: 1\npolicies:\n  - images: ["registry.test/**"]\n    key: {path}\n'
    (project / ".sealpin.yaml").write_text(rules)
    (project / "pod.yaml").write_text(POD.format("registry.test/app:1"))
    ran = sealpin("pin", "pod.yaml", cwd=project, env={"HOME": str(project)})
    assert (ran.code, "relative to the document" in ran.out + ran.err) == (3, True)


def test_linked_key_does_not_leave_the_policys_folder(project: Path, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "key.pub"
    outside.write_text("secret")
    (project / "key.pub").symlink_to(outside)
    rules = 'version: 1\npolicies:\n  - images: ["registry.test/**"]\n    key: key.pub\n'
    (project / ".sealpin.yaml").write_text(rules)
    (project / "pod.yaml").write_text(POD.format("registry.test/app:1"))
    ran = sealpin("pin", "pod.yaml", cwd=project, env={"HOME": str(project)})
    assert (ran.code, "secret" in ran.out + ran.err) == (3, False)


def test_linked_manifest_is_not_written_through(project: Path, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "pod.yaml"
    outside.write_text(POD.format("registry.test/app:1"))
    (project / "pod.yaml").symlink_to(outside)
    assert check(project, "pod.yaml").code == 3
    assert outside.read_text() == POD.format("registry.test/app:1")


def test_linked_lock_is_not_read(project: Path, tmp_path_factory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "lock"
    outside.write_text('{"version": 1}')
    (project / "sealpin.lock").symlink_to(outside)
    (project / "pod.yaml").write_text(POD.format(PINNED))
    ran = check(project, "pod.yaml")
    assert (ran.code, "consistent" in ran.out) == (2, False)


def test_images_allowed_without_proof_are_not_called_verified(project: Path) -> None:
    allow = 'version: 1\npolicies: [{images: ["registry.test/**"], unsigned: allow}]\n'
    (project / ".sealpin.yaml").write_text(allow)
    (project / "pod.yaml").write_text(POD.format(PINNED))
    last_line = check(project, "--verify", "pod.yaml").out.splitlines()[-1]
    assert "verified" not in last_line


def test_file_names_cannot_write_on_a_terminal(project: Path) -> None:
    name = "pod\x1b[2K.yaml"
    (project / name).write_text(POD.format("registry.test/app:1"))
    ran = check(project, name)
    assert (ran.code, "\x1b" in ran.out + ran.err) == (1, False)


@pytest.mark.parametrize("environment", [{}, {"HOME": ""}], ids=["no home", "empty home"])
def test_environment_does_not_switch_the_age_of_the_root_off(
    project: Path, environment: dict[str, str]
) -> None:
    (project / ".sealpin.yaml").write_text(
        "version: 1\ntrust: {max_age: 1m}\npolicies:\n"
        '  - {images: ["registry.test/**"], keyless: {issuer: "https://i", identity: "a@b"}}\n'
    )
    (project / "pod.yaml").write_text(POD.format("registry.test/app:1"))
    ran = sealpin("pin", "--offline", "pod.yaml", cwd=project, env=environment)
    assert (ran.code, "trust.too-old" in ran.out + ran.err) == (2, True)


@pytest.mark.parametrize("image", ["[x](https://evil.test)", r"\[x](https://evil.test)/x:1"])
def test_image_is_no_link_in_the_list_of_alerts(project: Path, image: str) -> None:
    (project / "pod.yaml").write_text(POD.format(f"'{image}'"))
    ran = check(project, "--format", "sarif", "pod.yaml")
    (result,) = json.loads(ran.out)["runs"][0]["results"]
    text = result["message"]["text"]
    assert r"x\](https://evil.test)" in text
    assert text.startswith("\\[" if image.startswith("[") else "\\\\\\[")


def test_very_many_digests_of_one_tag_take_no_time_that_grows_with_their_square(
    tmp_path: Path,
) -> None:
    digests = [f"sha256:{number:064x}" for number in range(8_000)]
    lines = (f"  s{n}: {{image: 'a.test/x:1@{digest}'}}" for n, digest in enumerate(digests))
    entry = {"unsigned": True, "policy": digests[0]}
    lock = {f"a.test/x:1@{digest}": {"digest": digest, **entry} for digest in digests}
    (tmp_path / ".git").mkdir()
    (tmp_path / "compose.yaml").write_text("\n".join(("services:", *lines)))
    (tmp_path / "sealpin.lock").write_text(json.dumps({**lock, "version": 1}))
    with at_most(15):
        ran = sealpin("check", ".", cwd=tmp_path)
    assert ran == Ran(code=0, out="8000 image references: consistent\n", err="")
