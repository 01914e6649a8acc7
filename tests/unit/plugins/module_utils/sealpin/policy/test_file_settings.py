# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The ``files:`` section alone, and in the whole file: the same answer."""

from __future__ import annotations

import pytest

from sealpin.errors import InvalidInput, PolicyInvalid
from sealpin.manifests.options import FindOptions
from sealpin.policy.document import load_configuration
from sealpin.policy.file_settings import FileSettings, parse_file_settings
from sealpin.policy.sources import Sources
from sealpin.trust.embedded import embedded_root

FULL = (
    b"version: 1\nfiles:\n  kinds: [compose, dockerfile]\n  custom_paths: [kind]\n"
    b"  helm_tag_digest: true\n  arg_defaults: true\n  tag_comments: true\n"
)
SETTINGS = FileSettings(
    kinds=("compose", "dockerfile"),
    custom_paths=("kind",),
    helm_tag_digest=True,
    arg_defaults=True,
    tag_comments=True,
)


def test_the_section_reads_the_same_alone_and_with_the_file() -> None:
    whole = load_configuration({"f": FULL}, sources=Sources(default_root=embedded_root))
    assert parse_file_settings(FULL, where="f") == whole.settings.files == SETTINGS


@pytest.mark.parametrize(
    "data",
    [b"", b"version: 1\n", b"kind: A\n---\nkind: B\n", b"- a\n", b"files: {}\n"],
    ids=["empty", "no section", "several documents", "a list", "an empty section"],
)
def test_without_a_section_every_default_is_the_careful_one(data: bytes) -> None:
    assert parse_file_settings(data, where="f") == FileSettings()
    assert FindOptions.of(FileSettings()) == FindOptions()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"files: {kindz: []}\n", "f:1:16: validation failed: unknown field: files.kindz"),
        (b"files: {arg_defaults: maybe}\n", "files.arg_defaults"),
        (b"files: [\n", "f"),
        (b"files: \xe9\n", "not UTF-8"),
    ],
    ids=["unknown field", "wrong type", "no YAML", "not UTF-8"],
)
def test_a_section_that_is_off_is_the_policys_fault(data: bytes, said: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        parse_file_settings(data, where="f")
    assert caught.value.code == "policy.invalid"
    assert said in caught.value.message


def test_settings_become_options_of_the_finders() -> None:
    options = FindOptions.of(SETTINGS)
    assert options.kinds == {"compose", "dockerfile"}
    assert [path.kind for path in options.custom_paths] == ["Cluster"]
    assert (options.helm_tag_digest, options.arg_defaults, options.tag_comments) == (True,) * 3


def test_a_kind_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        FindOptions.of(FileSettings(kinds=("compost",)))
    assert caught.value.code == "files.unknown-kind"
    assert "compose" in caught.value.message
