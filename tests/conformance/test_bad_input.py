# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that can be wrong, through the command.

Each is one line with a code and the exit code of the design; everything else is still processed,
and no file is half-written.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import memory_registry
from support.memory_registry import Fault, MemoryRegistry, on, status
from support.project import GO, KEYED, LAB, POLICY, Project, make_project, pod

REPORTED = re.compile(r"^sealpin: [^\n]* \[([a-z0-9.-]+)\]$", re.MULTILINE)
ANY_KEYED = """\
version: 1
policies:
  - images: ["**"]
    key: {file: keys/ecdsa.pub, trusted_root: trust/lab.json}
"""
BOMB = (
    "apiVersion: v1\nkind: Pod\nimage: x\nspec:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"  a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(12))
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "project", {"good.yaml": pod(KEYED)})


def is_pinned(project: Project, name: str = "good.yaml") -> bool:
    return "@sha256:" in project.read(name)


def no_rubbish(project: Project) -> bool:
    return not list(project.folder.rglob("*.sealpin-tmp"))


# Files.


def read_only(project: Project) -> Path:
    path = project.write("bad.yaml", pod(GO))
    path.chmod(0o444)
    return path


def link(project: Project) -> Path:
    outside = project.folder.parent / "outside.yaml"
    outside.write_text(pod(GO))
    path = project.folder / "bad.yaml"
    path.symlink_to(outside)
    return path


def pipe(project: Project) -> Path:
    path = project.folder / "bad.yaml"
    os.mkfifo(path)
    return path


def gigantic(project: Project) -> Path:
    path = project.write("bad.yaml", pod(GO))
    os.truncate(path, 65 * 1024 * 1024)
    return path


def gone(project: Project) -> Path:
    return project.folder / "bad.yaml"


FILE_ERRORS: dict[str, Callable[[Project], Path]] = {
    "file.read-only": read_only,
    "file.symlink": link,
    "file.not-regular": pipe,
    "file.too-large": gigantic,
    "file.missing": gone,
}


@pytest.mark.parametrize("code", FILE_ERRORS)
def test_a_file_that_cannot_be_processed_is_an_error_and_others_go_on(
    code: str, project: Project
) -> None:
    bad = FILE_ERRORS[code](project)
    report = project.report("pin", "bad.yaml", "good.yaml")
    assert code in {error["code"] for error in report["errors"]}
    assert all("\n" not in error["message"] for error in report["errors"])
    assert is_pinned(project)
    assert no_rubbish(project)
    if bad.is_file():
        assert b"@sha256:" not in bad.read_bytes()
    assert not (stat.S_ISLNK(bad.lstat().st_mode) if bad.is_symlink() else False) or (
        bad.resolve().read_text() == pod(GO)
    )


def test_a_link_to_a_file_that_is_read_anyway_is_passed_over(project: Project) -> None:
    (project.folder / "overlay").mkdir()
    (project.folder / "overlay" / "good.yaml").symlink_to("../good.yaml")
    (project.folder / "same.yml").symlink_to("good.yaml")
    assert project.run("pin", ".").code == 1
    project.commit()
    for words in (("check", "."), ("pin", "."), ("check", "--changed-since", "HEAD", ".")):
        assert project.run(*words).code == 0, words
    assert (project.folder / "same.yml").is_symlink()


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("link.yaml", "notes.txt"),
        ("link.yaml", "node_modules/x.yaml"),
        ("link.yaml", "other/x.yaml"),
        ("link.yaml", "nowhere.yaml"),
        (".circleci/good.yaml", "../good.yaml"),
        ("values.yaml", "good.yaml"),
    ],
)
def test_a_link_to_what_is_not_read_as_it_would_be_is_an_error(
    project: Project, name: str, target: str
) -> None:
    for other in ("notes.txt", "node_modules/x.yaml", "other/x.yaml"):
        project.write(other, pod(GO))
    (project.folder / "other" / ".git").mkdir()
    link = project.folder / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    report = project.report("check", ".")
    assert [error["code"] for error in report["errors"]] == ["file.symlink"]


def test_a_link_that_is_named_is_an_error_whatever_it_points_to(project: Project) -> None:
    (project.folder / "link.yaml").symlink_to("good.yaml")
    report = project.report("check", ".", "link.yaml")
    assert [error["code"] for error in report["errors"]] == ["file.symlink"]


def test_only_bad_files_is_bad_input(project: Project) -> None:
    link(project)
    assert project.run("pin", "bad.yaml").code == 3
    assert project.run("check", "bad.yaml").code == 3


def test_a_bad_file_beside_good_ones_could_not_be_checked(project: Project) -> None:
    project.run("pin", "good.yaml")
    link(project)
    assert project.run("pin", "bad.yaml", "good.yaml").code == 2


CONTENTS = {
    "binary": b"image: a\0b\n",
    "not-utf8-latin1": b"image: caf\xe9\n",
    "not-utf8-utf16": "image: nginx:1.27\n".encode("utf-16"),
    "unparseable": b"image: [nginx\n  : }\n",
    "duplicate-key": b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {image: a, image: b}\n",
    "too-deep": b"kind: Pod\napiVersion: v1\nimage: " + b"[" * 5000 + b"]" * 5000 + b"\n",
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_that_cannot_be_read_is_left_alone_with_a_message(
    name: str, project: Project
) -> None:
    path = project.write("bad.yaml", CONTENTS[name])
    report = project.report("pin", ".")
    said = {remark["code"] for remark in report["remarks"] if remark["file"] == "bad.yaml"}
    assert any(name.startswith(code) for code in said) or said == {"unparseable"}, said
    assert path.read_bytes() == CONTENTS[name]
    assert is_pinned(project)
    assert project.run("pin", ".", "--strict").code == 1


def test_aliases_of_aliases_are_walked_once(project: Project) -> None:
    """Expanded, the document would have 9^13 items."""
    project.write("bad.yaml", BOMB)
    assert project.run("pin", ".", "--timeout=20s").code == 1
    assert is_pinned(project)


# The lock.

LOCKS = {
    "lock.newer": '{"version": 2}\n',
    "lock.malformed": '{"version": 1, "nginx": {}}\n',
    "lock.conflict": '<<<<<<< ours\n{"version": 1}\n=======\n{"version": 1}\n>>>>>>> theirs\n',
}


@pytest.mark.parametrize("code", LOCKS)
def test_a_damaged_lock_is_told_of_and_kept(code: str, project: Project) -> None:
    project.write("sealpin.lock", LOCKS[code])
    report = project.report("pin", ".")
    assert [error["code"] for error in report["errors"]] == [code]
    assert is_pinned(project), "files are pinned all the same"
    assert project.read("sealpin.lock") == LOCKS[code]


@pytest.mark.parametrize("code", LOCKS)
def test_check_says_what_it_can_without_the_lock(code: str, project: Project) -> None:
    project.write("sealpin.lock", LOCKS[code])
    project.write("bad.yaml", b"image: caf\xe9\n")
    ran = project.run("check", "--format", "json", ".")
    report = json.loads(ran.out)
    assert [error["code"] for error in report["errors"]] == [code]
    assert [remark["code"] for remark in report["remarks"]] == ["not-utf8"]
    assert ran.code == 2


@pytest.mark.parametrize("code", LOCKS)
def test_update_needs_a_lock_it_can_read(code: str, project: Project) -> None:
    """What the lock proves is what a tag may not go back behind."""
    project.write("sealpin.lock", LOCKS[code])
    ran = project.run("update", ".")
    assert (ran.code, REPORTED.findall(ran.err)) == (3, [code])
    assert not is_pinned(project)


# Whom to trust.

POLICIES = {
    "policy.invalid": POLICY + "surprise: 1\n",
    "policy.invalid-type": POLICY.replace('images: ["localhost:1338/keyed/**"]', "images: 7"),
    "policy.invalid-yaml": "version: 1\npolicies: [\n",
    "policy.invalid-latin1": b"version: 1\n# caf\xe9\n",
    "policy.invalid-path": POLICY.replace("keys/ecdsa.pub", "../keys/ecdsa.pub"),
    "policy.invalid-missing": POLICY.replace("keys/ecdsa.pub", "keys/none.pub"),
    "policy.invalid-regexp": ANY_KEYED + "  - images: ['x.io/**']\n    keyless:"
    " {issuer: a, identity_regexp: '(', trusted_root: trust/lab.json}\n",
    "policy.invalid-kind": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n",
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_that_does_not_load_stops_everything(name: str, project: Project) -> None:
    project.write(".sealpin.yaml", POLICIES[name])
    ran = project.run("pin", ".")
    assert ran.code == 3
    assert REPORTED.findall(ran.err) == ["policy.invalid"], ran.err
    assert ran.out == ""
    assert not is_pinned(project)
    assert not (project.folder / "sealpin.lock").exists()


def test_a_policy_error_names_line_column_and_field(project: Project) -> None:
    project.write(".sealpin.yaml", POLICIES["policy.invalid"])
    line = len(POLICY.splitlines()) + 1
    assert f".sealpin.yaml:{line}:" in project.run("pin", ".").err


def test_bad_pem_is_the_policys_fault(project: Project) -> None:
    project.write("keys/ecdsa.pub", "-----BEGIN PUBLIC KEY-----\nnonsense\n")
    ran = project.run("pin", ".")
    assert ran.code == 3
    assert "keys/ecdsa.pub" in ran.err


def test_a_foreign_root_refuses(project: Project) -> None:
    project.write("trust/lab.json", (LAB.parent / "public-good/trusted_root.json").read_bytes())
    ran = project.run("pin", "--format", "json", ".")
    (image,) = json.loads(ran.out)["images"]
    assert (ran.code, image["outcome"]) == (1, "denied")
    assert not is_pinned(project)


def test_no_policy_says_how_to_start(project: Project) -> None:
    (project.folder / ".sealpin.yaml").unlink()
    ran = project.run("pin", ".")
    assert (ran.code, REPORTED.findall(ran.err)) == (3, ["policy.none"])
    assert "sealpin init" in ran.err


# The command line.

USAGE = {
    "an unknown option": ("pin", "--polcy=x"),
    "an abbreviated option": ("pin", "--dry"),
    "a value for a switch that is none": ("pin", "--diff=maybe"),
    "two tag styles": ("pin", "--keep-tag", "--drop-tag", "."),
    "standard input among files": ("pin", "-", "good.yaml"),
    "a name for standard input without it": ("pin", "--stdin-filename=a.yaml", "."),
    "a duration that is none": ("pin", "--timeout=soon", "."),
    "no workers": ("pin", "--max-workers=0", "."),
    "two ways to verify": ("check", "--verify", "--evidence"),
    "half of a password": ("pin", "--registry-username=me", "."),
}


@pytest.mark.parametrize("name", USAGE)
def test_a_command_line_that_means_nothing_is_bad_input(name: str, project: Project) -> None:
    verb, *words = USAGE[name]
    ran = project.run(verb, *words)
    assert (ran.code, REPORTED.findall(ran.err)) == (3, ["usage"]), ran.err
    assert not is_pinned(project)


@pytest.mark.parametrize("image", ["Nginx:1", "nginx:", "a b", "nginx@sha256:12", ":1.0", "h:x/y"])
def test_a_malformed_reference_is_bad_input(image: str, project: Project) -> None:
    ran = project.run("verify", "--key", "keys/ecdsa.pub", image)
    assert ran.code == 3
    (code,) = REPORTED.findall(ran.err)
    assert code.startswith(("reference.", "digest."))


# Registries.


@pytest.fixture
def registry() -> Iterator[MemoryRegistry]:
    with memory_registry.serving() as running:
        running.load_tree(LAB / "repositories")
        yield running


def at_once(code: int) -> Fault:
    """A status, with nothing to wait for before it is asked again."""
    return status(code, Retry_After="0")


FAULTS: dict[str, tuple[Fault, str]] = {
    "401": (at_once(401), "registry."),
    "403": (at_once(403), "registry."),
    "404": (at_once(404), "registry.not-found"),
    "429": (at_once(429), "registry.rate-limited"),
    "500": (at_once(500), "registry."),
    "reset": (memory_registry.reset, "registry.connection"),
    "truncated": (memory_registry.truncated, "registry."),
    "oversized": (memory_registry.endless(10_000_000, declared=False), "registry."),
    "digest mismatch": (memory_registry.corrupted, "digest.mismatch"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_registry_that_fails_is_never_unsigned_and_never_a_pin(
    name: str, registry: MemoryRegistry, tmp_path: Path
) -> None:
    fault, code = FAULTS[name]
    good, bad = f"{registry.host}/keyed/ecdsa-legacy:1.0", f"{registry.host}/keyed/ecdsa-bundle:1.0"
    digest = registry.repositories["keyed/ecdsa-bundle"].tags["1.0"][0]
    registry.faults.append(on(r"keyed/ecdsa-bundle/", fault))
    project = make_project(
        tmp_path / "project",
        {"good.yaml": pod(good), "bad.yaml": pod(f"{bad}@{digest}" if "mis" in name else bad)},
        policy=ANY_KEYED,
    )
    project = Project(folder=project.folder, options=("--offline",))
    before = project.read("bad.yaml")
    ran = project.run("pin", "--format", "json", ".")
    images = {image["image"].partition("@")[0]: image for image in json.loads(ran.out)["images"]}
    refused = images[bad]
    assert images[good]["outcome"] == "allowed"
    assert is_pinned(project)
    assert project.read("bad.yaml") == before
    assert refused["code"] != "signature.missing"
    assert refused["outcome"] == ("inconclusive" if "mis" not in name else refused["outcome"])
    assert code in json.dumps(refused), refused


def test_an_unreachable_registry_could_not_be_checked(tmp_path: Path) -> None:
    with memory_registry.serving() as closed:
        host = closed.host
    project = make_project(tmp_path / "p", {"bad.yaml": pod(f"{host}/a:1")}, policy=ANY_KEYED)
    project = Project(folder=project.folder, options=("--offline",))
    ran = project.run("pin", "--format", "json", ".")
    (image,) = json.loads(ran.out)["images"]
    assert (ran.code, image["outcome"]) == (2, "inconclusive")
    assert image["code"].startswith("registry.")
    assert not is_pinned(project, "bad.yaml")
