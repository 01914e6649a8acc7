# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The spelling of custom paths; what they find is held by the pinning cases."""

from __future__ import annotations

import pytest

from sealpin.errors import InvalidInput
from sealpin.manifests.custom_paths import PRESETS, CustomPath, parse_custom_paths
from sealpin.manifests.finder import find_sites
from sealpin.manifests.options import FindOptions


@pytest.mark.parametrize(
    ("text", "api_version", "kind", "applies"),
    [
        ("apps.example/Set:spec.image", "apps.example/v1", "Set", True),
        ("apps.example/Set:spec.image", "apps.example/v1", "Other", False),
        ("apps.example/Set:spec.image", "other.example/v1", "Set", False),
        ("*/Set:spec.image", "other.example/v1", "Set", True),
        ("apps.example/*:spec.image", "apps.example/v2", "Any", True),
        ("/Pod:spec.image", "v1", "Pod", True),
    ],
)
def test_speaks_of_a_group_and_a_kind(text, api_version, kind, applies):
    assert CustomPath.parse(text).applies_to(api_version, kind) is applies


@pytest.mark.parametrize(
    "text",
    [
        "",
        "spec.image",
        "a/B",
        "a/B:",
        "a/B:spec..image",
        "a/B:spec.[]",
        "a/B:x[",
        "a/B:x[name=]",
        "B:x",
    ],
)
def test_refuses_another_spelling(text):
    with pytest.raises(InvalidInput) as caught:
        CustomPath.parse(text)
    assert caught.value.code == "custom-path.malformed"
    assert "group/Kind:path" in caught.value.message


def test_refuses_an_unknown_preset_and_names_the_known_ones():
    with pytest.raises(InvalidInput, match="prometheus-operator") as caught:
        parse_custom_paths(("prometheus",))
    assert caught.value.code == "custom-path.unknown-preset"


def test_counts_the_items_of_a_list_as_a_json_patch_does():
    patch = (
        b"- {op: replace, path: /spec/pools/3/runs, value: 'acme/db:1'}\n"
        b"- {op: add, path: /spec/pools/-, value: {runs: 'acme/db:2'}}\n"
    )
    options = FindOptions(custom_paths=parse_custom_paths(("*/*:spec.pools[].runs",)))
    found = find_sites("patch.yaml", patch, options=options)
    assert [(site.path, site.text) for site in found.sites] == [
        ("$[0].spec.pools[3].runs", "acme/db:1"),
        ("$[1].spec.pools[-1].runs", "acme/db:2"),
    ]


def test_every_preset_parses():
    paths = parse_custom_paths((*PRESETS, "a.example/B:spec.image"))
    assert len(paths) == 1 + sum(len(texts) for texts in PRESETS.values())
