# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is in the wheel, the sdist and the collection, and what is not."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import PurePosixPath

import pytest


@pytest.fixture(scope="module")
def wheel(built) -> dict[str, bytes]:
    with zipfile.ZipFile(built["wheel"]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def collection(built) -> dict[str, bytes]:
    with tarfile.open(built["collection"]) as archive:
        return {
            member.name: archive.extractfile(member).read() for member in archive if member.isfile()
        }


@pytest.fixture(scope="module")
def sdist(built) -> list[PurePosixPath]:
    with tarfile.open(built["sdist"]) as archive:
        return [PurePosixPath(*PurePosixPath(name).parts[1:]) for name in archive.getnames()]


def test_core_is_the_same_in_wheel_and_collection(wheel, collection):
    inside_collection = "plugins/module_utils/sealpin/"
    ours = {name: data for name, data in wheel.items() if name.startswith("sealpin/")}
    theirs = {
        f"sealpin/{name.removeprefix(inside_collection)}": data
        for name, data in collection.items()
        if name.startswith(inside_collection)
    }
    assert ours == theirs


def test_wheel_has_the_two_packages_and_nothing_else(wheel):
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sealpin", "sealpin_hooks"}


def test_wheel_has_type_markers_and_every_schema(wheel, checkout):
    schemas = {
        f"sealpin_hooks/{p.relative_to(checkout / 'hooks')}"
        for p in checkout.glob("hooks/schemas/*.json")
    }
    assert {"sealpin/py.typed", "sealpin_hooks/py.typed", *schemas} <= set(wheel)


def test_collection_carries_what_only_wheel_and_developers_need_nowhere(collection):
    unwanted = {
        "tests",
        "hooks",
        "demo",
        ".ci",
        "pyproject.toml",
        "Makefile",
        ".pre-commit-hooks.yaml",
    }
    assert not unwanted & {name.partition("/")[0] for name in collection}


def test_collection_carries_the_lock_its_setup_role_installs(collection):
    assert b"--hash=sha256:" in collection["requirements/runtime.txt"]


def test_sdist_carries_no_vectors(sdist):
    assert not [path for path in sdist if "vectors" in path.parts]
