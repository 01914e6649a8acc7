# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.errors import InvalidInput
from sealpin.slsa.source import canonical_source, parse_download_location, parse_git_context

SERVICE = "https://github.com/octo-org/service"


@pytest.mark.parametrize(
    "text",
    ["github.com/octo-org/service", SERVICE, f"git+{SERVICE}", "git+github.com/octo-org/service"],
)
def test_folds_the_spellings_of_one_repository(text: str) -> None:
    assert canonical_source(text) == SERVICE


@pytest.mark.parametrize(
    "text",
    ["octo-org/service", f"{SERVICE}/", f"{SERVICE}.git", "github.com/Octo-Org/service",
     f"git+git+{SERVICE}", "http://github.com/octo-org/service", f"{SERVICE}@refs/heads/main",
     "Agithub.com/octo-org/service", "gs://octo-org/service.tgz"],
)  # fmt: skip
def test_keeps_every_other_difference(text: str) -> None:
    assert canonical_source(text) != SERVICE


@pytest.mark.parametrize("text", ["", "git+"])
def test_refuses_an_empty_source(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        canonical_source(text)
    assert caught.value.code == "slsa.source"


@pytest.mark.parametrize(
    ("text", "repository", "ref"),
    [
        (f"git+{SERVICE}@refs/tags/v1", SERVICE, "refs/tags/v1"),
        (f"git+{SERVICE}@refs/heads/a@b", SERVICE, "refs/heads/a@b"),
        (SERVICE, SERVICE, ""),
        ("git+ssh://git@host.example/o/r@v1", "ssh://git@host.example/o/r", "v1"),
        ("gs://bucket/archive.tgz", "gs://bucket/archive.tgz", ""),
    ],
)
def test_splits_a_download_location(text: str, repository: str, ref: str) -> None:
    source = parse_download_location(text)
    assert (source.repository, source.ref) == (repository, ref)


def test_refuses_a_download_location_with_an_empty_ref() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_download_location(f"git+{SERVICE}@")
    assert caught.value.code == "slsa.source"


@pytest.mark.parametrize(
    ("text", "repository", "ref"),
    [
        (f"{SERVICE}.git#refs/tags/v1:folder", SERVICE, "refs/tags/v1"),
        (f"{SERVICE}.git", SERVICE, ""),
        ("git@github.com:octo-org/service.git", SERVICE, ""),
        ("github.com:octo-org/service", SERVICE, ""),
        ("ssh://git@github.com/octo-org/service.git", "ssh://git@github.com/octo-org/service", ""),
    ],
)
def test_splits_a_build_context(text: str, repository: str, ref: str) -> None:
    source = parse_git_context(text)
    assert (source.repository, source.ref) == (repository, ref)
