# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The look at the bytes: cheap, and never a reason to miss an image."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sealpin.manifests.finder import find_sites
from sealpin.manifests.prefilter import may_name_images
from support.pinning import read_cases
from support.vectors import vectors

CORE_PARENT = Path(__file__).resolve().parents[6] / "plugins" / "module_utils"
CASES = [
    case
    for folder in ("pinning", "pinning-own")
    for file in sorted(vectors(folder).glob("*.json"))
    for case in read_cases(file)
]


def test_lets_every_file_through_that_a_finder_says_anything_about():
    for case in CASES:
        found = find_sites(case.file, case.before, options=case.options)
        if found.sites or found.remarks:
            words = tuple(word.encode() for word in case.options.words)
            assert may_name_images(case.file, case.before, words=words), case.name


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("README.md", b"# Title\n"),
        ("src/main.py", b"FROM = 1\nservices = 2\n"),
        ("k8s/service.yaml", b"apiVersion: v1\nkind: Service\n"),
        ("values.yaml", b"replicas: 2\n"),
        (".github/workflows/lint.yml", b"jobs: {a: {steps: [{run: x}]}}\n"),
    ],
)
def test_stops_files_that_name_no_image(path, data):
    assert not may_name_images(path, data)


def test_imports_nothing_but_itself():
    program = (
        "import sys; before = set(sys.modules); import sealpin.manifests.prefilter;"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(CORE_PARENT)!r}); {program}",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = eval(done.stdout)
    own = ["sealpin", "sealpin.manifests", "sealpin.manifests.prefilter"]
    assert [name for name in loaded if name != "__future__"] == own
