# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The wheel names its packages one by one; this holds the list to the folders."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
LOCKS = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))


def packages_on_disk() -> set[str]:
    found = set()
    for name, folder in SETUPTOOLS["package-dir"].items():
        top = ROOT / folder
        for source in top.rglob("*.py"):
            found.add(".".join((name, *source.parent.relative_to(top).parts)))
    return found


def test_wheel_lists_every_package_folder_and_no_other():
    assert set(SETUPTOOLS["packages"]) == packages_on_disk()


@pytest.mark.parametrize("package", SETUPTOOLS["packages"])
def test_every_package_folder_has_an_empty_init(package):
    name, *rest = package.split(".")
    init = ROOT.joinpath(SETUPTOOLS["package-dir"][name], *rest, "__init__.py")
    assert init.read_bytes() == b""


def test_version_is_the_same_in_wheel_and_collection():
    version = importlib.import_module("sealpin.version").__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    galaxy = (ROOT / "galaxy.yml").read_text("utf-8")
    assert re.findall(r"^version: (\S+)$", galaxy, re.MULTILINE) == [version]


def test_execution_environment_asks_for_what_every_module_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text("utf-8").splitlines()
    wanted = [*project["dependencies"], *project["optional-dependencies"]["sbom"]]
    assert sorted(line for line in lines if not line.startswith("#")) == sorted(wanted)


def test_setup_role_installs_what_every_module_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    wanted = [*project["dependencies"], *project["optional-dependencies"]["sbom"]]
    names = {re.split(r"[>=]", line)[0].replace(".", "-") for line in wanted}
    assert names <= set(re.findall(r"^(\S+)==", lock, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_spells_the_extras_that_its_packages_ask_for(lock):
    """`pip --require-hashes` takes a bare pin for none of `name[extra]` once a newer one is out."""
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)(\[[\w,.-]+\])?==", text, re.MULTILINE))
    for name in pinned:
        for wanted, extras in asked_extras(name):
            assert extras <= set(pinned.get(wanted, "").strip("[]").split(",")), (name, wanted)


def asked_extras(name: str) -> Iterator[tuple[str, set[str]]]:
    """What an installed distribution asks for with extras, as ``(name, extras)``."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    for requirement in map(Requirement, lines):
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if requirement.extras and applies:
            yield requirement.name.lower().replace("_", "-"), requirement.extras
