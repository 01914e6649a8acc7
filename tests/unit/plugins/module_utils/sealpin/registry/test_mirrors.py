# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which repository is read from where, and whose password goes along."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealpin.errors import InvalidInput
from sealpin.reference import ImageReference, Repository
from sealpin.registry.answers import NotFound
from sealpin.registry.connect import connect
from sealpin.registry.credentials import BasicCredentials
from sealpin.registry.mirrors import Mirrors
from sealpin.registry.options import RegistryOptions
from support import memory_registry
from support.memory_registry import Behaviour
from support.pacing import HandTicker
from support.vectors import vectors

LAB = vectors("lab") / "repositories"


def parse(*rules: str) -> Mirrors:
    return Mirrors.parse(rules, base=Path("/base"))


@pytest.mark.parametrize(
    ("name", "target"),
    [
        pytest.param("quay.io/other/app", "dir:/base/quay", id="registry"),
        pytest.param("quay.io/team/app", "mirror.example/team", id="longer prefix"),
        pytest.param("quay.io/team", "mirror.example/team", id="prefix itself"),
        pytest.param("quay.io/teams/app", "dir:/base/quay", id="whole components only"),
        pytest.param("quay.io/team/secret/app", "dir:/abs", id="longest prefix"),
        pytest.param("quay.io:443/team/app", None, id="another port"),
        pytest.param("nginx", "dir:/base/hub", id="Docker Hub"),
        pytest.param("index.docker.io/library/nginx", "dir:/base/hub", id="Docker Hub, spelled"),
        pytest.param("ghcr.io/team/app", None, id="no rule"),
    ],
)
def test_the_longest_prefix_of_whole_components_wins(name, target):
    mirrors = parse(
        "quay.io=dir:quay",
        "quay.io/team=mirror.example/team",
        "quay.io/team/secret/=dir:/abs",
        "docker.io=dir:hub",
    )
    rule = mirrors.find(Repository.parse(name))
    assert (rule.shown if rule else None) == (f"mirror {target}" if target else None)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        pytest.param("quay.io", "mirror.malformed", id="no target"),
        pytest.param("=dir:x", "mirror.malformed", id="no prefix"),
        pytest.param("quay.io=", "mirror.malformed", id="empty target"),
        pytest.param("team/app=dir:x", "mirror.prefix", id="no registry"),
        pytest.param("quay.io/../x=dir:x", "mirror.prefix", id="dots"),
        pytest.param("quay.io/Team=dir:x", "mirror.prefix", id="upper case"),
        pytest.param("quay.io/app:1.0=dir:x", "mirror.prefix", id="a tag"),
        pytest.param("quay.io//x=dir:x", "mirror.prefix", id="empty component"),
        pytest.param("quay.io=https://mirror.example", "mirror.prefix", id="an address"),
    ],
)
def test_a_malformed_rule_is_refused(rule, code):
    with pytest.raises(InvalidInput) as caught:
        parse(rule)
    assert caught.value.code == code


def test_two_rules_for_one_prefix_are_refused():
    with pytest.raises(InvalidInput) as caught:
        parse("docker.io=dir:a", "index.docker.io=dir:b")
    assert caught.value.code == "mirror.twice"


def test_an_image_from_a_folder_keeps_its_name_and_says_where_it_was_read():
    mirrors = Mirrors.parse([f"localhost:1338=dir:{LAB}"], base=Path("/"))
    reference = ImageReference.parse("localhost:1338/keyed/ecdsa-legacy:1.0")
    artifact = connect(RegistryOptions(mirrors=mirrors)).resolve(reference)
    assert artifact.reference == reference
    assert artifact.source == f"mirror dir:{LAB}"


def test_a_prefix_with_a_path_may_be_one_layout_itself():
    folder = LAB / "keyed" / "ecdsa-legacy"
    mirrors = Mirrors.parse([f"r.example/app=dir:{folder}"], base=Path("/"))
    source = connect(RegistryOptions(mirrors=mirrors))
    assert source.resolve(ImageReference.parse("r.example/app:1.0")).source


def test_reads_a_prefix_from_another_registry_under_its_own_name():
    with memory_registry.serving() as running:
        running.repository("cache/team/app").put_manifest({"layers": []}, tag="1.0")
        mirrors = parse(f"quay.io={running.host}/cache")
        source = connect(RegistryOptions(mirrors=mirrors), ticker=HandTicker())
        artifact = source.resolve(ImageReference.parse("quay.io/team/app:1.0"))
    assert str(artifact.reference.repository) == "quay.io/team/app"
    assert artifact.source == f"mirror {running.host}/cache"
    assert [asked.path for asked in running.asked()] == ["/v2/cache/team/app/manifests/1.0"]


def test_what_a_mirror_has_not_is_to_be_copied_there():
    with memory_registry.serving() as running:
        mirrors = parse(f"quay.io={running.host}/cache")
        source = connect(RegistryOptions(mirrors=mirrors), ticker=HandTicker())
        with pytest.raises(NotFound) as caught:
            source.resolve(ImageReference.parse("quay.io/team/app:1.0"))
    assert f"{running.host}/cache/team/app:1.0" in caught.value.message
    assert caught.value.hint == (
        f"copy the image to the mirror {running.host}/cache, or leave the mirror out;"
        " a registry may hide what needs a login like this, and a mirror has credentials of its own"
    )


def test_a_prefix_that_leaves_no_repository_is_refused():
    source = connect(RegistryOptions(mirrors=parse("quay.io/app=localhost:5000")))
    with pytest.raises(InvalidInput) as caught:
        source.resolve(ImageReference.parse("quay.io/app:1.0"))
    assert caught.value.code == "mirror.no-repository"


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_the_mirror_never_sees_the_password_of_the_source(scheme):
    behaviour = Behaviour(authentication=scheme, users={"user": "s3cret"})
    with memory_registry.serving(behaviour=behaviour) as running:
        running.repository("app").put_manifest({"layers": []}, tag="1.0")
        options = RegistryOptions(
            credentials=BasicCredentials(username="user", password="s3cret"),
            credentials_for=frozenset({"quay.io", running.host}),
            mirrors=parse(f"quay.io={running.host}"),
        )
        with pytest.raises(Exception, match="unauthorized"):
            connect(options, ticker=HandTicker()).resolve(ImageReference.parse("quay.io/app:1.0"))
        assert not [asked for asked in running.asked() if "authorization" in asked.headers]


def test_the_same_registry_under_another_path_keeps_its_password():
    behaviour = Behaviour(authentication="basic", users={"user": "s3cret"})
    with memory_registry.serving(behaviour=behaviour) as running:
        running.repository("copy/app").put_manifest({"layers": []}, tag="1.0")
        options = RegistryOptions(
            credentials=BasicCredentials(username="user", password="s3cret"),
            credentials_for=frozenset({running.host}),
            mirrors=parse(f"{running.host}/app={running.host}/copy/app"),
        )
        reference = ImageReference.parse(f"{running.host}/app:1.0")
        assert connect(options, ticker=HandTicker()).resolve(reference).source
