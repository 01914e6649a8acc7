# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The wheel names its packages one by one; this holds the list to the folders."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]


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
