# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.slsa import semver


@pytest.mark.parametrize(
    "text",
    ["v1", "v1.2", "v1.2.3", "v0.0.0", "v10.20.30", "v1.2.3-rc.1", "v1.2.3-0a", "v1.2.3+b.01",
     "v1.2.3-rc.1+b", "v1.2.3--", "v99999999999999999999"],
)  # fmt: skip
def test_reads_versions_that_go_reads(text: str) -> None:
    assert semver.parse(text) is not None


@pytest.mark.parametrize(
    "text",
    ["", "v", "1", "1.2.3", "V1", "v1.", "v1.2.", "v01", "v1.02", "v1.2.03", "v1.2.3.4", "v1-rc",
     "v1.2-rc", "v1+b", "v1.2.3-", "v1.2.3-01", "v1.2.3-rc..1", "v1.2.3+", "v1.2.3-ä", "latest",
     "refs/tags/v1", "v1.2.3 ", " v1", "v1\n", "v\u0661"],
)  # fmt: skip
def test_refuses_versions_that_go_refuses(text: str) -> None:
    assert semver.parse(text) is None


@pytest.mark.parametrize(
    ("expected", "got", "difference"),
    [
        ("v13", "v13.0.30", None),
        ("v13", "v14.0.0", "major"),
        ("v13.0", "v13.0.30", None),
        ("v13.1", "v13.0.30", "minor"),
        ("v13.0.30", "v13.0.30", None),
        ("v13.0.3", "v13.0.30", "patch"),
        ("v1.2.3", "v1.2.3+build.7", None),
        ("v1.2.3+other", "v1.2.3+build.7", None),
        ("v1.2", "v1.2.3-rc.1", None),
        ("v1.2.3", "v1.2.3-rc.1", "pre-release"),
        ("v1.2.3-rc.1", "v1.2.3", "pre-release"),
        ("v1.2.3-rc.1", "v1.2.3-rc.1", None),
        ("v1.2.3-rc.1", "v1.2.3-rc.2", "pre-release"),
        ("v1.0.0", "v1", None),
        ("v1.0", "v1", None),
        ("v1.1", "v1", "minor"),
        ("v1.0.1", "v1.0", "patch"),
    ],
)
def test_compares_only_the_parts_that_were_written(
    expected: str, got: str, difference: str | None
) -> None:
    wanted, version = semver.parse(expected), semver.parse(got)
    assert wanted is not None
    assert version is not None
    assert semver.first_difference(wanted, version) == difference
