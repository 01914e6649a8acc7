# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.slsa.builders import (
    CONTAINER_GENERATOR,
    CONTAINER_GENERATOR_BUILD,
    GITHUB_WORKFLOW_BUILD,
    BuilderId,
    check_build_type,
    check_release_ref,
    match_builder,
)

GOT = BuilderId(name=CONTAINER_GENERATOR, version="refs/tags/v2.1.0")


@pytest.mark.parametrize("version", ["", "@v2.1.0", "@refs/tags/v2.1.0"])
def test_takes_a_builder_with_and_without_its_version(version: str) -> None:
    match_builder(BuilderId.parse(CONTAINER_GENERATOR + version), GOT)


@pytest.mark.parametrize(
    "expected",
    [
        f"{CONTAINER_GENERATOR}@v2",
        f"{CONTAINER_GENERATOR}@v2.1",
        f"{CONTAINER_GENERATOR}@2.1.0",
        f"{CONTAINER_GENERATOR}@refs/heads/main",
        f"{CONTAINER_GENERATOR}/",
        CONTAINER_GENERATOR.removeprefix("https://"),
        CONTAINER_GENERATOR.upper(),
        f"{CONTAINER_GENERATOR}a",
    ],
)
def test_refuses_another_spelling_of_a_builder(expected: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        match_builder(BuilderId.parse(expected), GOT)
    assert caught.value.code == "slsa.builder-mismatch"


@pytest.mark.parametrize("text", ["", "@v1", "name@", "name@v1@v2"])
def test_refuses_a_malformed_builder_id(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        BuilderId.parse(text)
    assert caught.value.code == "slsa.builder-malformed"


@pytest.mark.parametrize("text", ["name", "name@v1"])
def test_a_builder_id_prints_as_it_was_written(text: str) -> None:
    assert str(BuilderId.parse(text)) == text


@pytest.mark.parametrize(
    "version",
    ["", "refs/heads/main", "v2.1.0", "refs/tags/v2", "refs/tags/v2.1", "refs/tags/2.1.0",
     "refs/tags/v2.1.0-rc.1", "refs/tags/v2.1.0+b", "refs/tags/v02.1.0",
     "a7fff567be73f1bdaa12399a136cb0264281b334"],
)  # fmt: skip
def test_refuses_a_released_builder_at_anything_but_a_release(version: str) -> None:
    with pytest.raises(VerificationFailed) as caught:
        check_release_ref(BuilderId(name=CONTAINER_GENERATOR, version=version))
    assert caught.value.code == "slsa.builder-ref"


def test_takes_a_released_builder_at_a_release() -> None:
    check_release_ref(GOT)


def test_takes_any_ref_of_a_builder_that_is_not_released() -> None:
    check_release_ref(BuilderId(name="https://github.com/o/r/w.yml", version="refs/heads/main"))


def test_refuses_a_build_type_that_a_released_builder_never_writes() -> None:
    with pytest.raises(VerificationFailed) as caught:
        check_build_type(GOT, GITHUB_WORKFLOW_BUILD)
    assert caught.value.code == "slsa.build-type"
    check_build_type(GOT, CONTAINER_GENERATOR_BUILD)
