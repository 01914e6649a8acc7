# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The verbs that look at an image and decide nothing reach it as a policy's ``registries:`` say."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import Ran, sealpin
from support.project import LAB

IMAGE = "registry.k8s.io/kube-proxy:v1.24.0"
VERBS = ("digest", "tree", "triangulate", "download signature")
MIRROR = "registries: {registry.k8s.io: {mirror: 'dir:k8s'}}"


def look(verb: str, folder: Path, policy: str) -> Ran:
    (folder / "policy.yaml").write_text(policy)
    return sealpin(*verb.split(), "--policy", folder / "policy.yaml", IMAGE, cwd=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose policy's mirror is relative to it."""
    (tmp_path / "k8s").symlink_to(LAB / "repositories" / "k8s")
    return tmp_path


@pytest.mark.parametrize("verb", VERBS)
def test_each_reads_the_mirror_that_pin_would_read(verb: str, folder: Path) -> None:
    ran = look(verb, folder, f"version: 1\n{MIRROR}\n")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out


@pytest.mark.parametrize("verb", VERBS)
def test_whom_the_policy_trusts_is_not_asked(verb: str, folder: Path) -> None:
    """A key that cannot be had says nothing about where an image is."""
    policies = "policies: [{images: ['a.example/**'], key: 'awskms:///alias/release'}]"
    assert look(verb, folder, f"version: 1\n{MIRROR}\n{policies}\n").code == 0


@pytest.mark.parametrize(
    "policy",
    ["version: 1\nregistries: {registry.k8s.io: {mirro: x}}\n", "version: [\n", "a: \x00\n"],
)
def test_a_section_that_does_not_load_is_bad_input(policy: str, folder: Path) -> None:
    ran = look("digest", folder, policy)
    assert (ran.code, "[policy.invalid]" in ran.err) == (3, True)


def test_documents_without_such_a_section_say_nothing(folder: Path) -> None:
    document = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
    mirror = ("--mirror", f"registry.k8s.io=dir:{folder / 'k8s'}")
    (folder / "policy.yaml").write_text(f"{document}---\n{document}")
    ran = sealpin("digest", "--policy", folder / "policy.yaml", *mirror, IMAGE)
    assert (ran.code, ran.err) == (0, "")
