# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The modes of pin, update and check: each option changes an outcome here."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import memory_registry
from support.command import sealpin
from support.memory_registry import MemoryRegistry
from support.project import (
    FREE,
    GO,
    HOST,
    KEYED,
    LAB,
    POLICY,
    UNSIGNED,
    Project,
    make_project,
    pod,
)

PINNED_KEYED = f"{KEYED}@sha256:ae9cb6b01d0a72242c4f1da15c470bb43ad08e4b9a6ad0917e0fbe24bdba0904"
OTHER_DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project", {"pod.yaml": pod(KEYED)})


def codes(project: Project, *words: str) -> set[str]:
    return {remark["code"] for remark in project.report("check", *words)["remarks"]}


# What is written.


def test_diff_shows_the_change_and_dry_run_writes_nothing(project: Project) -> None:
    ran = project.run("pin", "--diff", "--dry-run", ".")
    assert f"+    - {{name: c0, image: {PINNED_KEYED}}}" in ran.out
    assert ran.code == 1
    assert project.read("pod.yaml") == pod(KEYED)
    assert not (project.folder / "sealpin.lock").exists()


@pytest.mark.parametrize(
    ("flags", "written"),
    [
        ((), PINNED_KEYED),
        (("--tag=keep",), PINNED_KEYED),
        (("--keep-tag",), PINNED_KEYED),
        (("--tag=drop",), PINNED_KEYED.replace(":1.0@", "@")),
        (("--drop-tag",), PINNED_KEYED.replace(":1.0@", "@")),
        (("--tag-comment",), PINNED_KEYED.replace(":1.0@", "@") + " # 1.0"),
        (("--tag", "comment"), PINNED_KEYED.replace(":1.0@", "@") + " # 1.0"),
    ],
    ids=str,
)
def test_the_tag_is_kept_dropped_or_made_a_comment(
    flags: tuple[str, ...], written: str, tmp_path: Path
) -> None:
    project = make_project(
        tmp_path / "p", {"compose.yaml": f"services:\n  a:\n    image: {KEYED}\n"}
    )
    report = project.report("pin", *flags, ".")
    assert project.read("compose.yaml") == f"services:\n  a:\n    image: {written}\n"
    assert report["sites"][0]["after"] == written.partition(" ")[0]


def test_strict_makes_warnings_fail(project: Project) -> None:
    project.run("pin", ".")
    project.write("values.yaml", "image:\n  repository: a/b\n  tag: ''\n")
    assert project.run("pin", ".").code == 0
    assert project.run("pin", "--strict", ".").code == 1
    assert project.run("check", ".").code == 0
    assert project.run("check", "--strict", ".").code == 1


# Standard input.


def test_standard_input_goes_out_pinned_and_no_file_is_written(project: Project) -> None:
    ran = project.run("pin", "-", stdin=pod(KEYED).encode())
    assert ran.out == pod(PINNED_KEYED)
    assert "1 pinned" in ran.err
    assert ran.code == 1
    assert project.read("pod.yaml") == pod(KEYED)
    assert not (project.folder / "sealpin.lock").exists()


def test_the_name_of_standard_input_tells_its_kind(project: Project) -> None:
    text = f"FROM {KEYED}\n".encode()
    as_yaml = project.run("pin", "-", stdin=text)
    as_dockerfile = project.run("pin", "-", "--stdin-filename=app/Dockerfile", stdin=text)
    assert as_yaml.out == text.decode()
    assert as_dockerfile.out == f"FROM {PINNED_KEYED}\n"


@pytest.mark.parametrize("image", [UNSIGNED, "${X}", PINNED_KEYED], ids=["refused", "var", "kept"])
def test_what_is_not_pinned_goes_out_as_it_came(image: str, project: Project) -> None:
    text = f"services:\r\n  a: {{image: '{image}'}}\r\n"
    ran = project.run("pin", "-", "--stdin-filename=compose.yaml", stdin=text.encode())
    assert ran.out == text


def test_the_verdict_says_what_was_not_read(project: Project) -> None:
    project.run("pin", ".")
    project.write("broken.yaml", "image: [\n")
    ran = project.run("check", ".")
    assert ran.code == 0
    verdict = ran.out.splitlines()[-1]
    assert verdict.endswith("consistent, but 1 file was not read (an error with --strict)")
    assert project.run("check", ".", "--strict").code == 1


def test_check_reads_standard_input(project: Project) -> None:
    project.run("pin", ".")
    assert project.run("check", "-", stdin=pod(PINNED_KEYED).encode()).code == 0
    assert project.run("check", "-", stdin=pod(KEYED).encode()).code == 1


# Git.


def test_changed_since_looks_at_changed_and_new_files_only(project: Project) -> None:
    project.write("old.yaml", pod(GO))
    project.write("sub/changed.yaml", pod(GO))
    project.commit()
    project.write("sub/changed.yaml", pod(KEYED))
    project.write("new file.yaml", pod(KEYED))
    (project.folder / "pod.yaml").unlink()
    report = project.report("pin", "--changed-since", "HEAD", ".")
    assert {site["file"] for site in report["sites"]} == {"sub/changed.yaml", "new file.yaml"}
    report = project.report("check", "--changed-since", "HEAD", "sub")
    assert report["checked"] == 1
    assert project.read("old.yaml") == pod(GO)


def test_changed_since_looks_at_nothing_that_a_run_without_it_does_not(project: Project) -> None:
    project.run("pin", ".")
    project.commit()
    project.write("logo.png", b"\x89PNG\0" * 10)
    project.write("sealpin-evidence/x.json", '{"image": "nginx:1.27"}')
    project.write("node_modules/compose.yaml", pod(KEYED))
    (project.folder / "README").symlink_to("pod.yaml")
    other = make_project(project.folder / "vendor", {"pod.yaml": pod(KEYED)})
    report = project.report("pin", "--strict", "--changed-since", "HEAD", ".")
    assert report["sites"] + report["remarks"] + report["errors"] == []
    assert other.read("pod.yaml") == pod(KEYED), "another repository's files are its own business"


def test_changed_since_tells_of_a_folder_that_is_not_there(project: Project) -> None:
    project.commit()
    ran = project.run("check", "--changed-since", "HEAD", "typo")
    assert (ran.code, "file.missing" in ran.err) == (3, True)


def test_changed_since_takes_folders_by_any_name(project: Project) -> None:
    project.write("sub/pod.yaml", pod(KEYED))
    project.write("other/pod.yaml", pod(KEYED))
    project.commit()
    for name in ("sub", "other"):
        project.write(f"{name}/pod.yaml", pod(GO))
    (project.folder / "link").symlink_to("sub")
    for word in ("sub", "./sub/", "link", project.folder / "sub", "other/../sub"):
        report = project.report("check", "--changed-since", "HEAD", word)
        assert report["checked"] == 1, word


@pytest.mark.parametrize("revision", ["no-such", "--output=x", "HEAD:pod.yaml"])
def test_a_revision_that_is_none_is_bad_input(revision: str, project: Project) -> None:
    project.commit()
    ran = project.run("check", f"--changed-since={revision}", ".")
    assert (ran.code, "git.unknown-revision" in ran.err) == (3, True)


def test_a_folder_without_git_has_no_revisions(tmp_path: Path) -> None:
    ran = sealpin("check", "--changed-since=HEAD", ".", cwd=tmp_path)
    assert (ran.code, "git.no-repository" in ran.err) == (3, True)


WEAK = f'version: 1\npolicies:\n  - images: ["{HOST}/**"]\n    unsigned: allow\n'


def test_policy_from_does_not_read_a_weaker_policy_of_the_work_tree(project: Project) -> None:
    """A request may bring an image, its lock entry and a policy that allows it, all at once."""
    project.write("pod.yaml", pod(UNSIGNED))
    trusted = project.commit()
    project.write(".sealpin.yaml", WEAK)
    assert project.run("pin", "--dry-run", ".").code == 1
    assert project.report("pin", "--dry-run", ".")["summary"]["allowed"] == 1
    report = project.report("pin", "--policy-from", trusted, ".")
    assert [image["outcome"] for image in report["images"]] == ["denied"]
    assert project.read("pod.yaml") == pod(UNSIGNED)


def test_policy_from_reads_keys_and_roots_from_the_revision_too(project: Project) -> None:
    trusted = project.commit()
    shutil.copyfile(project.folder / "keys/rsa.pub", project.folder / "keys/ecdsa.pub")
    assert project.report("pin", "--dry-run", ".")["summary"]["denied"] == 1
    report = project.report("pin", "--dry-run", f"--policy-from={trusted}", ".")
    assert [image["outcome"] for image in report["images"]] == ["allowed"]


def test_policy_from_works_when_the_request_deletes_the_policy(project: Project) -> None:
    trusted = project.commit()
    (project.folder / ".sealpin.yaml").unlink()
    assert project.run("pin", ".").code == 3
    assert project.report("pin", f"--policy-from={trusted}", ".")["summary"]["allowed"] == 1


def test_policy_from_follows_no_link(project: Project) -> None:
    (project.folder / "keys/ecdsa.pub").unlink()
    (project.folder / "keys/ecdsa.pub").symlink_to("rsa.pub")
    trusted = project.commit()
    ran = project.run("pin", f"--policy-from={trusted}", ".")
    assert (ran.code, "no such file in" in ran.err) == (3, True)


def test_policy_from_says_where_files_are_looked_for(project: Project) -> None:
    """Or a request could keep its own files from being looked at."""
    trusted = project.commit()
    project.write(".sealpin.yaml", POLICY + "files: {kinds: [dockerfile]}\n")
    assert project.report("check", ".")["checked"] == 0
    assert project.report("check", f"--policy-from={trusted}", ".")["checked"] == 1


# files: in the configuration.


def test_custom_paths_are_pinned(project: Project) -> None:
    text = (
        "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nnodes:\n"
        f"  - role: worker\n    image: {KEYED}\n"
    )
    project.write("cluster.yaml", text)
    assert project.report("pin", "cluster.yaml")["sites"] == []
    project.write(".sealpin.yaml", POLICY + "files: {custom_paths: [kind]}\n")
    assert len(project.report("pin", "cluster.yaml")["sites"]) == 1
    assert project.read("cluster.yaml") == text.replace(KEYED, PINNED_KEYED)


def test_a_custom_path_without_the_word_image_is_found_in_a_hook(project: Project) -> None:
    text = (
        "apiVersion: pkg.crossplane.io/v1\nkind: Provider\nmetadata: {name: x}\n"
        f"spec: {{package: '{KEYED}'}}\n"
    )
    project.write("provider.yaml", text)
    assert project.run("check", "provider.yaml").code == 0
    project.write(".sealpin.yaml", POLICY + "files: {custom_paths: [crossplane]}\n")
    assert project.run("check", "provider.yaml").code == 1


def test_kinds_leave_other_files_alone(project: Project) -> None:
    project.write("Dockerfile", f"FROM {KEYED}\n")
    project.write(".sealpin.yaml", POLICY + "files: {kinds: [dockerfile]}\n")
    assert {site["file"] for site in project.report("pin", ".")["sites"]} == {"Dockerfile"}


@pytest.mark.parametrize(
    ("section", "code"),
    [
        ("files: {kind: [compose]}", "policy.invalid"),
        ("files: {kinds: compose}", "policy.invalid"),
        ("files: {kinds: [composed]}", "files.unknown-kind"),
        ("files: {custom_paths: [nothing]}", "custom-path.unknown-preset"),
        ("files: {custom_paths: ['a:b']}", "custom-path.malformed"),
    ],
)
def test_a_section_that_does_not_load_stops_everything(
    section: str, code: str, project: Project
) -> None:
    project.write(".sealpin.yaml", POLICY + section + "\n")
    for verb in ("pin", "check"):
        ran = project.run(verb, ".")
        assert (ran.code, f"[{code}]" in ran.err) == (3, True), ran.err
    assert project.read("pod.yaml") == pod(KEYED)


# check.


def test_a_changed_policy_is_said_for_each_image_it_concerns(project: Project) -> None:
    project.run("pin", ".")
    assert codes(project, ".") == {"already-pinned"}
    project.write(".sealpin.yaml", POLICY.replace("unsigned: allow", "unsigned: refuse"))
    assert "policy-changed" in codes(project, ".")
    assert project.run("check", ".").code == 1
    assert project.run("pin", ".").code == 0
    assert "policy-changed" not in codes(project, ".")


def test_a_comment_in_the_policy_changes_nothing(project: Project) -> None:
    project.run("pin", ".")
    project.write(".sealpin.yaml", "# a comment\n" + POLICY)
    assert project.run("check", ".").code == 0


def test_a_changed_root_is_said_for_what_it_proved(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(KEYED, FREE)})
    project.run("pin", ".")
    root = json.loads(project.read("trust/lab.json"))
    root["ctlogs"] = []
    project.write("trust/lab.json", json.dumps(root))
    remarks = project.report("check", ".")["remarks"]
    changed = [remark["line"] for remark in remarks if remark["code"] == "trust-changed"]
    assert changed == [6], "what was allowed without proof rests on no root"
    assert project.run("check", ".").code == 0
    assert project.run("check", "--strict", ".").code == 1


def test_check_opens_no_socket_for_policy_or_trust(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run("pin", ".")
    monkeypatch.setattr("socket.socket", None)
    monkeypatch.setattr("socket.getaddrinfo", None)
    assert sealpin("check", ".", cwd=project.folder, env={"HOME": "/nowhere"}).code == 0


def test_verify_asks_again_for_what_is_pinned(project: Project) -> None:
    project.run("pin", ".")
    assert "1 image reference: verified" in project.run("check", "--verify", ".").out
    project.write("keys/ecdsa.pub", project.folder.joinpath("keys/rsa.pub").read_bytes())
    ran = project.run("check", "--verify", ".")
    assert (ran.code, "identity" in ran.out or "signature" in ran.out) == (1, True)


def test_a_stale_entry_is_said_only_for_the_whole_project(project: Project) -> None:
    project.write("other.yaml", pod(GO))
    project.run("pin", ".")
    (project.folder / "other.yaml").unlink()
    assert "stale-lock-entry" in codes(project, ".")
    assert "stale-lock-entry" not in codes(project, "pod.yaml")


# update.


@pytest.fixture
def registry() -> Iterator[MemoryRegistry]:
    with memory_registry.serving() as running:
        running.load_tree(LAB / "repositories")
        yield running


def moving_project(registry: MemoryRegistry, folder: Path) -> tuple[Project, str]:
    """A project whose image is pinned to the older of two signed digests behind one tag."""
    repository = registry.repositories["k8s/kube-proxy"]
    amd64 = registry.repositories["k8s/kube-proxy-amd64"]
    repository.manifests.update(amd64.manifests)
    repository.blobs.update(amd64.blobs)
    repository.tags.update(
        {tag: digests for tag, digests in amd64.tags.items() if tag.startswith("sha256-")}
    )
    newer, repository.tags["v1.24.0"] = repository.tags["v1.24.0"], amd64.tags["v1.24.0"]
    policy = POLICY.replace(HOST, registry.host)
    image = f"{registry.host}/k8s/kube-proxy:v1.24.0"
    project = make_project(folder, {"pod.yaml": pod(image)}, policy=policy)
    project = Project(folder=project.folder, options=("--offline",))
    project.run("pin", ".")
    repository.tags["v1.24.0"] = newer
    return project, newer[0]


def test_update_moves_a_pin_and_shows_both_sides(registry: MemoryRegistry, tmp_path: Path) -> None:
    project, new = moving_project(registry, tmp_path / "p")
    before = project.read("pod.yaml")
    assert project.run("pin", ".").code == 0, "pin verifies what stands there"
    (site,) = project.report("update", "--dry-run", ".")["sites"]
    move = site["move"]
    assert move["now"]["digest"] == new
    assert move["in_lock"]
    assert move["was"]["digest"] in before
    assert move["was"]["signer"] == move["now"]["signer"]
    assert move["was"]["signed"]
    text = project.run("update", ".", env={"COLUMNS": "80"}).out
    assert [line.split() for line in text.splitlines() if "now" in line] == [["was", "now"]]
    assert new in project.read("pod.yaml")
    assert project.run("check", ".").code == 0


def test_tag_is_promoted_from_one_folder_to_the_next(
    registry: MemoryRegistry, tmp_path: Path
) -> None:
    project, new = moving_project(registry, tmp_path / "p")
    old = project.read("pod.yaml")
    project.write("staging/pod.yaml", old)
    project.run("pin", ".")
    # Staging gets the new digest; production keeps the old one, and its proof.
    assert project.run("update", "staging").code == 1
    assert new in project.read("staging/pod.yaml")
    assert project.run("check", "--strict", "pod.yaml").code == 0
    assert project.run("pin", ".").code == 0
    assert codes(project, ".") == {"already-pinned"}
    assert project.run("pin", ".").code == 0
    assert len(json.loads(project.read("sealpin.lock"))) == 2 + len(["version"])
    # So does production, and the old digest's entry goes.
    assert project.run("update", "pod.yaml").code == 1
    assert project.read("pod.yaml") == project.read("staging/pod.yaml")
    assert codes(project, ".") == {"already-pinned"}
    assert len(json.loads(project.read("sealpin.lock"))) == 1 + len(["version"])


def test_update_of_one_file_leaves_no_entry_of_the_digest_it_moved_from(
    registry: MemoryRegistry, tmp_path: Path
) -> None:
    project, new = moving_project(registry, tmp_path / "p")
    assert project.run("update", "pod.yaml").code == 1
    lock = json.loads(project.read("sealpin.lock"))
    assert [value["digest"] for key, value in lock.items() if key != "version"] == [new]
    assert all("@" not in key for key in lock)


def test_registry_that_fails_a_pin_does_not_clear_the_way_back(
    registry: MemoryRegistry, tmp_path: Path
) -> None:
    project, new = moving_project(registry, tmp_path / "p")
    postdate_proofs(project)
    (old,) = re.findall("sha256:[0-9a-f]{64}", project.read("pod.yaml"))
    del registry.repositories["k8s/kube-proxy"].tags[f"{old.replace(':', '-')}.sig"]
    assert [site["action"] for site in project.report("pin", ".")["sites"]] == ["refuse"]
    assert [site["code"] for site in project.report("update", ".")["sites"]] == ["update.rollback"]
    assert new not in project.read("pod.yaml")


def postdate_proofs(project: Project) -> None:
    """Let what stands in the lock be newer than anything a registry has."""
    lock = json.loads(project.read("sealpin.lock"))
    (entry,) = [value for key, value in lock.items() if key != "version"]
    for proof in entry["proven"]:
        proof["signed_at"] = "2027-01-01T00:00:00Z"
    project.write("sealpin.lock", json.dumps(lock))


def test_update_does_not_go_back_unless_told_to(registry: MemoryRegistry, tmp_path: Path) -> None:
    project, new = moving_project(registry, tmp_path / "p")
    postdate_proofs(project)
    report = project.report("update", ".")
    assert [(site["action"], site["code"]) for site in report["sites"]] == [
        ("refuse", "update.rollback")
    ]
    assert new not in project.read("pod.yaml")
    again = project.report("update", ".")
    assert [site["code"] for site in again["sites"]] == ["update.rollback"], "not only once"
    assert project.run("check", ".").code == 0, "what stands there is as proven as before"
    back = project.report("update", "--unsafe-allow-rollback", ".")
    assert [image["weakenings"] for image in back["images"]] == [["insecure.allow-rollback"]]
    assert new in project.read("pod.yaml")
    assert "insecure.allow-rollback" in project.read("sealpin.lock")


def test_an_update_that_goes_forward_is_not_marked_as_going_back(
    registry: MemoryRegistry, tmp_path: Path
) -> None:
    project, _new = moving_project(registry, tmp_path / "p")
    report = project.report("update", "--unsafe-allow-rollback", ".")
    assert [image["weakenings"] for image in report["images"]] == [[]]


# What a run could not look at stays in the lock.


def test_an_image_that_could_not_be_checked_keeps_its_entry(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(KEYED, FREE), "go.yaml": pod(GO)})
    project.run("pin", ".")
    before = project.read("sealpin.lock")
    (project.folder / "go.yaml").unlink()
    away = Project(folder=project.folder, options=("--mirror", f"{HOST}=dir:away", "--offline"))
    ran = away.run("pin", ".")
    assert ran.code == 2
    assert KEYED in project.read("sealpin.lock")
    assert GO not in project.read("sealpin.lock"), "what no file names is stale all the same"
    project.write("go.yaml", pod(GO))
    project.run("pin", ".")
    assert project.read("sealpin.lock") == before


def test_a_file_that_cannot_be_read_takes_no_entry_with_it(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(KEYED), "go.yaml": pod(GO)})
    project.run("pin", ".")
    before = project.read("sealpin.lock")
    (project.folder / "go.yaml").rename(project.folder / "go.txt")
    (project.folder / "go.yaml").symlink_to("go.txt")
    assert project.run("pin", ".").code == 2
    assert project.read("sealpin.lock") == before


def test_the_last_image_that_goes_takes_its_entry_along(project: Project) -> None:
    project.run("pin", ".")
    (project.folder / "pod.yaml").unlink()
    checked = project.run("check", ".")
    assert "stale-lock-entry" in checked.out
    assert (checked.code, project.run("check", "--strict", ".").code) == (0, 1)
    looked = project.run("pin", "--dry-run", ".")
    assert looked.out == "no image found; nothing written\n"
    assert KEYED in project.read("sealpin.lock")
    pinned = project.run("pin", ".")
    assert pinned.out.startswith("no image found; sealpin.lock updated\n")
    assert KEYED not in project.read("sealpin.lock")
    for verb in ("check", "pin"):
        ran = project.run(verb, ".")
        assert (ran.code, ran.out) == (0, "")


def test_a_folder_without_images_takes_no_entry_along(project: Project) -> None:
    project.run("pin", ".")
    project.write("docs/a.yaml", "a: 1\n")
    before = project.read("sealpin.lock")
    for verb in ("check", "pin"):
        ran = project.run(verb, "docs")
        assert (ran.code, ran.out) == (0, "")
    assert project.read("sealpin.lock") == before


# A second run over what the first one wrote.


@pytest.mark.parametrize(
    "words",
    [("--drop-tag",), ("--tag-comment",), ("--platform", "linux/arm64"), ("--keep-tag",)],
    ids=" ".join,
)
def test_a_second_run_verifies_what_the_first_one_wrote(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    project = make_project(
        tmp_path / "p",
        {"pod.yaml": pod(GO, KEYED), "compose.yaml": f"services: {{a: {{image: {FREE}}}}}\n"},
    )
    assert project.run("pin", *words, ".").code == 1
    written = project.read("pod.yaml"), project.read("compose.yaml"), project.read("sealpin.lock")
    for again in (words, ()):
        ran = project.run("pin", *again, ".")
        assert (ran.code, ran.out) == (0, "2 verified, 1 unsigned\n")
        found = project.read("pod.yaml"), project.read("compose.yaml"), project.read("sealpin.lock")
        assert found == written
    assert project.run("check", "--verify", ".").code == 0
    assert project.run("update", ".").code == 0
    assert project.read("sealpin.lock") == written[2]


def test_a_platform_is_proven_by_the_index_that_contains_it_and_not_by_the_lock(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path / "p", {"pod.yaml": pod(KEYED)})
    project.run("pin", "--platform=linux/arm64", ".")
    child = project.read("pod.yaml").partition("@")[2][: len(OTHER_DIGEST)]
    for name in ("pod.yaml", "sealpin.lock"):
        project.write(name, project.read(name).replace(child, OTHER_DIGEST))
    assert "differs-from-lock" not in codes(project, "."), "the forgery is consistent"
    assert "1 image reference: 1 not as it should be" in project.run("check", "--verify", ".").out
    for words in (("check", "--verify"), ("pin",)):
        ran = project.run(*words, "--format", "json", ".")
        codes_of_sites = [site["code"] for site in json.loads(ran.out)["sites"]]
        assert (ran.code, codes_of_sites) == (1, ["pin.other-image"])
    assert OTHER_DIGEST in project.read("pod.yaml")
    project.run("update", ".")
    assert OTHER_DIGEST not in project.read("pod.yaml"), "an update follows the tag"
