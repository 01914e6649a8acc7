# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's docker-registry: no referrers API, behind a password or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealpin.digest import Digest
from sealpin.errors import Unavailable
from sealpin.evidence import EvidenceSet
from sealpin.reference import ImageReference, Repository
from sealpin.registry.connect import connect
from sealpin.registry.credentials import BasicCredentials
from sealpin.registry.discover import discover
from sealpin.registry.mirrors import Mirrors
from sealpin.registry.options import RegistryOptions
from sealpin.registry.source import Source
from support import docker_registry
from support.vectors import vectors

LAB = vectors("lab")
IMAGES = json.loads((LAB / "images.json").read_text())
RIGHT = BasicCredentials(username=docker_registry.USER, password=docker_registry.PASSWORD)


@pytest.fixture(scope="module", params=[False, True], ids=["open", "password"])
def lab(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry")
    layouts = LAB / "repositories"
    with docker_registry.serving(folder, layouts, has_password=request.param) as host:
        options = RegistryOptions(
            credentials=RIGHT if request.param else None, credentials_for=frozenset({host})
        )
        yield host, connect(options), request.param


def evidence(source: Source, registry: str, name: str) -> EvidenceSet:
    image = Repository.parse(f"{registry}/{name.partition(':')[0]}")
    elsewhere = IMAGES[name].get("signatures")
    places = (Repository.parse(f"{registry}/{elsewhere}"),) if elsewhere else ()
    subject = Digest.parse(IMAGES[name]["digest"])
    return discover(source, image=image, subject=subject, repositories=places)


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_every_lab_image_has_the_evidence_it_has_in_a_folder(lab, name):
    host, source, _unused = lab
    mirrors = Mirrors.parse([f"lab.example=dir:{LAB / 'repositories'}"], base=Path("/"))
    artifact = source.resolve(ImageReference.parse(f"{host}/{name}"))
    assert str(artifact.digest) == IMAGES[name]["digest"]
    here = evidence(source, host, name)
    folder = evidence(connect(RegistryOptions(mirrors=mirrors)), "lab.example", name)
    assert here.gaps == folder.gaps == ()
    assert [(i.kind, i.content, i.annotations) for i in here.items] == [
        (i.kind, i.content, i.annotations) for i in folder.items
    ]


@pytest.mark.parametrize(
    "credentials",
    [None, BasicCredentials(username=docker_registry.USER, password="wrong")],
    ids=["absent", "wrong"],
)
def test_without_the_password_nothing_is_missing_and_nothing_is_found(lab, credentials):
    host, _unused, has_password = lab
    if not has_password:
        return
    source = connect(RegistryOptions(credentials=credentials, credentials_for=frozenset({host})))
    with pytest.raises(Unavailable) as caught:
        source.resolve(ImageReference.parse(f"{host}/plain/unsigned:1.0"))
    assert caught.value.code == "registry.unauthorized"
    found = evidence(source, host, "plain/unsigned:1.0")
    assert not found.is_complete
