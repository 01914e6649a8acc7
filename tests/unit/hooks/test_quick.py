# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The first look errs on the side of a full run, and loads next to nothing."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sealpin_hooks import quick


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "plain.yaml").write_text("a: 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def has_nothing_to_do(paths: list[str], **options: object) -> bool:
    arguments = {"format": "text", "policy": [], "policy_from": "", **options}
    return quick.has_nothing_to_do(argparse.Namespace(paths=paths, **arguments))


def test_plain_files_without_an_image_need_nothing() -> None:
    assert has_nothing_to_do(["plain.yaml"])
    assert has_nothing_to_do([])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pod.yaml", "image: nginx\n"),
        ("Dockerfile", "FROM nginx\n"),
        ("main.tf", "x = 1 # sealpin: image\n"),
        ("kustomization.yaml", "images: [{name: a, newTag: b}]\n"),
        ("binary.yaml", "\0"),
    ],
)
def test_a_file_in_which_an_image_could_stand_needs_a_run(name: str, content: str) -> None:
    Path(name).write_text(content)
    assert not has_nothing_to_do(["plain.yaml", name])


def test_folders_links_and_missing_files_need_a_run() -> None:
    Path("link.yaml").symlink_to("plain.yaml")
    for path in (".", "link.yaml", "none.yaml", "-"):
        assert not has_nothing_to_do([path])


def test_a_report_for_programs_is_written_of_nothing_too() -> None:
    assert not has_nothing_to_do(["plain.yaml"], format="json")


@pytest.mark.parametrize("option", [{"policy": ["a.yaml"]}, {"policy_from": "HEAD"}], ids=str)
def test_rules_from_elsewhere_may_say_where_images_stand(option: dict[str, object]) -> None:
    assert not has_nothing_to_do(["plain.yaml"], **option)


def test_a_large_file_needs_a_run() -> None:
    Path("big.yaml").touch()
    os.truncate("big.yaml", 4 * 1024 * 1024 + 1)
    assert not has_nothing_to_do(["big.yaml"])


def test_a_project_that_says_where_images_stand_needs_a_run() -> None:
    Path(".sealpin.yaml").write_text("version: 1\nfiles: {custom_paths: [crossplane]}\n")
    assert not has_nothing_to_do(["plain.yaml"])


@pytest.mark.parametrize("verb", ["pin", "check", "update"])
def test_a_hook_without_images_loads_no_parser_and_no_cryptography(verb: str) -> None:
    code = (
        "import sys; from sealpin_hooks.cli import main; code = main(sys.argv[1:]);"
        "heavy = {'ruamel', 'cryptography', 'urllib3', 'tuf', 'sigstore', 're2', 'jsonschema',"
        " 'ssl', 'concurrent'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, verb, "plain.yaml"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
