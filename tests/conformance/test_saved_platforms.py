# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A pinned platform is proven from saved evidence as from a registry: by the index it is of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command import Ran, sealpin
from support.project import GO, HOST, KEYED, Project, make_project, pod

BUNDLE = f"{HOST}/keyed/ecdsa-bundle:1.0"
AMD64, ARM64 = "linux/amd64", "linux/arm64"
FORGED = f"sha256:{'0' * 64}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that pins the arm64 of three signed indexes, their evidence, and no network."""
    project = make_project(tmp_path / "p", {"pod.yaml": pod(GO, KEYED, BUNDLE)})
    project.run("pin", f"--platform={ARM64}", ".")
    ran = sealpin("evidence", "save", *project.options, ".", cwd=project.folder)
    assert (ran.code, ran.err) == (0, "")
    monkeypatch.setattr("socket.socket", None)
    return project


def entry(project: Project, image: str) -> dict[str, str]:
    found = json.loads(project.read("sealpin.lock"))[f"{image} {ARM64}"]
    return {**found["platforms"], "index": found["index"]}


def forge(project: Project, old: str, new: str, *names: str) -> None:
    for name in names or ("pod.yaml", "sealpin.lock"):
        project.write(name, project.read(name).replace(old, new))


def saved_file(project: Project, digest: str) -> Path:
    return project.folder / "sealpin-evidence/content" / digest.replace(":", "/")


def verify(project: Project, *words: str) -> Ran:
    return sealpin("evidence", "verify", *words, ".", cwd=project.folder)


def answers(project: Project) -> list[tuple[int, list[str]]]:
    """Return exit code and reasons of both verbs that verify from the folder.

    The second tells of those images alone that are not as they should be.
    """
    one = verify(project, "--format", "json")
    other = sealpin("check", "--evidence", "--format", "json", ".", cwd=project.folder)
    images = [image["code"] for image in json.loads(one.out)["images"]]
    sites = [site["code"] for site in json.loads(other.out)["sites"]]
    return [(one.code, images), (other.code, sites)]


def test_platform_is_proven_by_the_saved_index(project: Project) -> None:
    assert answers(project) == [(0, ["ok"] * 3), (0, [])]
    ran = verify(project)
    for image in (GO, KEYED, BUNDLE):
        of = entry(project, image)
        assert f"{image}@{of['index']}  verified" in ran.out
        assert f"\n    contains {of[ARM64]} for {ARM64}\n" in ran.out
    shown = json.loads(verify(project, "--format", "json").out)["images"]
    assert [image["platform"] for image in shown] == [ARM64] * 3
    assert [image["platforms"][ARM64] for image in shown] == [
        entry(project, image)[ARM64] for image in (GO, KEYED, BUNDLE)
    ]


def test_saved_index_is_the_one_the_lock_names(project: Project) -> None:
    for image in (GO, KEYED, BUNDLE):
        saved = saved_file(project, entry(project, image)["index"]).read_bytes()
        assert entry(project, image)[ARM64] in saved.decode()


def test_child_of_another_platform_is_refused(project: Project) -> None:
    of = entry(project, GO)
    forge(project, of[ARM64], of[AMD64], "pod.yaml")
    text = project.read("sealpin.lock")
    project.write(
        "sealpin.lock", text.replace(f'"digest": "{of[ARM64]}"', f'"digest": "{of[AMD64]}"')
    )
    reasons = answers(project)
    assert reasons == [(1, ["pin.other-image", "ok", "ok"]), (1, ["pin.other-image"])]


def test_digest_that_the_index_does_not_contain_is_refused(project: Project) -> None:
    forge(project, entry(project, GO)[ARM64], FORGED)
    assert answers(project) == [(1, ["pin.other-image", "ok", "ok"]), (1, ["pin.other-image"])]


def test_other_index_of_the_same_signer_proves_nothing_about_the_child(project: Project) -> None:
    """It is saved, allowed by the same policy, and named by the lock; the child is not in it."""
    forge(project, entry(project, KEYED)["index"], entry(project, BUNDLE)["index"], "sealpin.lock")
    reasons = answers(project)
    assert reasons == [(1, ["ok", "pin.other-image", "ok"]), (1, ["pin.other-image"])]


def test_other_index_in_the_place_of_the_saved_one_is_not_read(project: Project) -> None:
    of, other = entry(project, GO), entry(project, KEYED)
    saved_file(project, of["index"]).write_bytes(saved_file(project, other["index"]).read_bytes())
    assert answers(project) == [(2, ["digest.mismatch", "ok", "ok"]), (2, ["digest.mismatch"])]


def test_changed_byte_of_the_saved_index_is_noticed(project: Project) -> None:
    path = saved_file(project, entry(project, GO)["index"])
    path.write_bytes(path.read_bytes() + b" ")
    assert answers(project) == [(2, ["digest.mismatch", "ok", "ok"]), (2, ["digest.mismatch"])]


def test_index_that_was_not_saved_leaves_the_platform_unproven(project: Project) -> None:
    saved_file(project, entry(project, GO)["index"]).unlink()
    assert answers(project) == [
        (2, ["evidence.not-saved", "ok", "ok"]),
        (2, ["evidence.not-saved"]),
    ]
    assert "the manifest of" in verify(project).out


def test_platform_of_one_image_asks_nothing_more_of_the_others(tmp_path: Path) -> None:
    """Evidence that was saved before manifests were holds none of an image pinned by its index."""
    project = make_project(tmp_path, {"go.yaml": pod(GO), "keyed.yaml": pod(KEYED)})
    project.run("pin", f"--platform={ARM64}", "go.yaml")
    project.run("pin", ".")
    assert sealpin("evidence", "save", *project.options, ".", cwd=project.folder).code == 0
    index = json.loads(project.read("sealpin.lock"))[KEYED]["digest"]
    saved_file(project, index).unlink()
    assert answers(project) == [(0, ["ok", "ok"]), (0, [])]


def test_without_the_lock_nothing_says_which_index_it_is(project: Project) -> None:
    (project.folder / "sealpin.lock").unlink()
    ran = verify(project, "--format", "json")
    assert ran.code == 2
    assert {image["code"] for image in json.loads(ran.out)["images"]} == {"evidence.not-saved"}


def test_image_that_is_named_is_saved_with_its_manifest(project: Project) -> None:
    index = entry(project, GO)["index"]
    ran = verify(project, "--image", f"{GO}@{index}", "--format", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["images"][0]["digest"] == index
