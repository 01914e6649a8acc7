# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import pytest

from sealpin.errors import InvalidInput
from sealpin.policy.match import (
    MAX_GLOB_WILDCARDS,
    cluster_glob,
    cluster_name,
    repository_glob,
)
from sealpin.reference import ImageReference
from support.vectors import vectors

CASES = json.loads((vectors("policy") / "glob_cases.json").read_text(encoding="utf-8"))


def _identify(case):
    return f"{case['pattern']}|{case['image']}"


def match_alone(pattern: str, image: str) -> bool:
    """Ask as policy-controller's ``glob.Match`` is asked outside any policy.

    It tries the image as written, too, which no policy ever gets to see.
    """
    glob, name = cluster_glob(pattern), cluster_name(image)
    return glob.matches_name(name) or glob.matches_name(image)


@pytest.mark.parametrize("case", [c for c in CASES if c["layer"] == "glob.Match"], ids=_identify)
def test_a_glob_on_its_own_matches_as_the_peers_does(case):
    if case["error"]:
        with pytest.raises(InvalidInput):
            match_alone(case["pattern"], case["image"])
    else:
        assert match_alone(case["pattern"], case["image"]) is case["match"]


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["layer"].startswith("policy")], ids=_identify
)
def test_a_glob_in_a_policy_matches_as_the_peers_does(case):
    if case["error"]:
        with pytest.raises(InvalidInput):
            cluster_glob(case["pattern"]).matches_name(cluster_name(case["image"]))
        return
    assert cluster_name(case["image"]) == case["normalized"]
    assert cluster_glob(case["pattern"]).matches_name(cluster_name(case["image"])) is case["match"]


DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("glob", "image", "covered"),
    [
        pytest.param("docker.io/library/**", "nginx", True, id="short-hub-name"),
        pytest.param(
            "docker.io/library/**", "index.docker.io/library/nginx:1", True, id="hub-alias"
        ),
        pytest.param("index.docker.io/library/*", "nginx", True, id="hub-alias-in-the-glob"),
        pytest.param("registry-1.docker.io/library/*", "nginx", True, id="hub-third-alias"),
        pytest.param("docker.io/library/**", "myuser/app", False, id="other-hub-namespace"),
        pytest.param("ghcr.io/org/app", "ghcr.io/org/app:v1", True, id="tag-does-not-count"),
        pytest.param("ghcr.io/org/app", f"ghcr.io/org/app:v1@{DIGEST}", True, id="digest-neither"),
        pytest.param("ghcr.io/org/app", "GHCR.io/org/app", True, id="host-case-does-not-count"),
        pytest.param("ghcr.io/org/*", "ghcr.io/org/a/b", False, id="star-stays-in-a-component"),
        pytest.param("ghcr.io/org/**", "ghcr.io/org/a/b", True, id="two-stars-do-not"),
        pytest.param("ghcr.io/org/**", "ghcr.io/org", False, id="a-folder-is-not-itself"),
        pytest.param("ghcr.io/**", "ghcr.io.evil.example/a", False, id="look-alike-host"),
        pytest.param("localhost:5000/**", "localhost:5000/a", True, id="port"),
        pytest.param("localhost/**", "localhost/a", True, id="localhost-is-a-host"),
        pytest.param("[::1]:5000/**", "[::1]:5000/a", True, id="ipv6"),
        pytest.param("**", "nginx", True, id="everything"),
        pytest.param("*.example.com/**", "eu.example.com/a", True, id="wildcard-host"),
        pytest.param(
            "*.example.com/**", "evil.com/example.com/a", False, id="wildcard-stays-in-host"
        ),
    ],
)
def test_short_globs_match_repositories(glob, image, covered):
    assert repository_glob(glob).matches(ImageReference.parse(image)) is covered


@pytest.mark.parametrize(
    ("glob", "code", "hint"),
    [
        pytest.param("nginx", "glob.no-registry", "docker.io/library/nginx", id="bare-name"),
        pytest.param("org/**", "glob.no-registry", "docker.io/org/**", id="no-host"),
        pytest.param("ghcr.io/org/app:v1", "glob.tag", "ghcr.io/org/app", id="tag"),
        pytest.param(f"ghcr.io/org/app@{DIGEST}", "glob.tag", "ghcr.io/org/app", id="digest"),
        pytest.param("ghcr.io/org/a?c", "glob.malformed", "", id="question-mark"),
        pytest.param("ghcr.io/Org/**", "glob.malformed", "", id="upper-case-can-never-match"),
        pytest.param("", "glob.malformed", "", id="empty"),
        pytest.param("ghcr.io/a\n", "glob.malformed", "", id="newline"),
        pytest.param(
            "a.b/" + "*x" * (MAX_GLOB_WILDCARDS + 1), "glob.malformed", "", id="too-many-stars"
        ),
    ],
)
def test_short_globs_that_cannot_mean_what_they_seem_to_are_refused(glob, code, hint):
    with pytest.raises(InvalidInput) as caught:
        repository_glob(glob)
    assert caught.value.code == code
    assert hint in caught.value.hint


def test_specificity_prefers_literal_text_then_fewer_wildcards():
    globs = ["**", "ghcr.io/**", "ghcr.io/org/*", "ghcr.io/org/app"]
    ordered = sorted(map(repository_glob, reversed(globs)), key=lambda glob: glob.specificity)
    assert [glob.text for glob in ordered] == globs
