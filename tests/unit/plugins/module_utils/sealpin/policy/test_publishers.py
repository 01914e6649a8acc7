# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from sealpin.policy.publishers import PUBLISHERS, find_publisher
from sealpin.reference import ImageReference
from sealpin.regexes import lint_pattern

ROWS = list(PUBLISHERS.values())
SAMPLES = {
    "kubernetes": ("registry.k8s.io/kube-apiserver:v1.30.0", None),
    "chainguard": ("cgr.dev/chainguard/go", None),
    "distroless": ("gcr.io/distroless/static-debian12", None),
    "karmada": (
        "karmada/karmada-aggregated-apiserver:latest",
        "https://github.com/karmada-io/karmada/.github/workflows/x.yml@refs/heads/master",
    ),
    "kong-mesh": (
        "kong/kuma-cp:2.8.0",
        "https://github.com/Kong/kong-mesh/.github/workflows/kuma-_build_publish.yaml@refs/tags/2.8.0",
    ),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_says_where_the_publisher_says_so(row):
    assert re.fullmatch(r"https://[a-z0-9./#-]+", row.documented_at, re.IGNORECASE)
    assert row.title


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_names_exactly_one_kind_of_subject(row):
    assert bool(row.subject) != bool(row.subject_pattern)
    assert len(row.identities) == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_patterns_have_nothing_to_lint(row):
    assert lint_pattern(row.subject_pattern or "^x$") == ()


@pytest.mark.parametrize("name", SAMPLES)
def test_rows_cover_their_images_and_subjects(name):
    image, subject = SAMPLES[name]
    row = find_publisher(name)
    assert any(glob.matches(ImageReference.parse(image)) for glob in row.images)
    if subject is not None:
        pattern = row.identities[0].subject
        assert pattern.matches(subject)
        assert not pattern.matches(subject.replace("github.com", "githubxcom"))
        assert not pattern.matches("https://evil.test/" + subject)


def test_every_row_has_a_sample():
    assert set(SAMPLES) == set(PUBLISHERS)


def test_an_organisations_own_registry_is_nobodys_row():
    """Chainguard signs there with identities of the organisation, which no table can know."""
    private = ImageReference.parse("cgr.dev/acme/go")
    assert not any(glob.matches(private) for row in ROWS for glob in row.images)
