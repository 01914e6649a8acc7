# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The children of an index, and which of them is meant."""

from __future__ import annotations

import json

import pytest

from sealpin.descriptor import Platform, ResolvedArtifact
from sealpin.digest import Digest
from sealpin.errors import InvalidInput
from sealpin.reference import ImageReference
from sealpin.registry.manifest import Manifest, is_index, parse_image, parse_index
from sealpin.registry.platforms import choose_platform, with_children

REFERENCE = ImageReference.parse("registry.example/app:1.0")


class OneManifest:
    """A source that has a single manifest."""

    def __init__(self, document: object) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.digest = Digest.of(content)
        self.content = content

    def manifest(self, repository, identifier):
        return Manifest(digest=identifier, media_type="", content=self.content)


def child(number: int, *, os: str = "linux", architecture: str = "amd64", **more: str) -> dict:
    platform = {"os": os, "architecture": architecture, **more}
    return {"mediaType": "m", "digest": f"sha256:{number:064x}", "size": 1, "platform": platform}


def index(*children: dict) -> ResolvedArtifact:
    source = OneManifest({"schemaVersion": 2, "manifests": children})
    return with_children(source, ResolvedArtifact(reference=REFERENCE, digest=source.digest))


MULTI = index(
    child(1),
    child(2, architecture="arm", variant="v6"),
    child(3, architecture="arm", variant="v7"),
    child(4, os="windows", **{"os.version": "10.0.17763"}),
    child(5, os="windows", **{"os.version": "10.0.20348"}),
    child(6, os="unknown", architecture="unknown"),
    child(7, os="linux", architecture="unknown"),
)


def test_attestations_of_buildkit_are_no_platforms():
    assert [int(d.digest.hex, 16) for d in MULTI.children] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ("linux/amd64", 1),
        ("linux/arm/v7", 3),
        ("windows/amd64:10.0.20348", 5),
    ],
)
def test_chooses_the_one_child_that_fits(wanted, number):
    assert int(choose_platform(MULTI, Platform.parse(wanted)).digest.hex, 16) == number


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("linux/arm", "platform.ambiguous"),
        ("windows/amd64", "platform.ambiguous"),
        ("linux/s390x", "platform.missing"),
        ("linux/amd64/v3", "platform.missing"),
        ("unknown/unknown", "platform.missing"),
    ],
)
def test_refuses_to_guess(wanted, code):
    with pytest.raises(InvalidInput) as caught:
        choose_platform(MULTI, Platform.parse(wanted))
    assert caught.value.code == code


def test_the_same_child_listed_twice_is_one():
    assert choose_platform(index(child(1), child(1)), Platform.parse("linux/amd64"))


def test_a_single_image_has_no_platforms_to_choose_from():
    source = OneManifest({"schemaVersion": 2, "layers": []})
    artifact = with_children(source, ResolvedArtifact(reference=REFERENCE, digest=source.digest))
    assert artifact.children == ()
    with pytest.raises(InvalidInput) as caught:
        choose_platform(artifact, Platform.parse("linux/amd64"))
    assert caught.value.code == "platform.not-an-index"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"manifests": [], "layers": []}', "manifest.ambiguous"),
        (b'{"manifests": [], "config": {}}', "manifest.ambiguous"),
        (b'{"manifests": {}}', "manifest.malformed"),
        (b'{"manifests": [1]}', "manifest.malformed"),
        (b'{"manifests": [{"digest": 1, "size": 1}]}', "manifest.malformed"),
        (b'{"manifests": [{"digest": "sha256:xyz", "size": 1}]}', "digest.malformed"),
        (b'{"manifests": [{"digest": "sha256:' + b"0" * 64 + b'"}]}', "manifest.malformed"),
        (
            b'{"manifests": [{"digest": "sha256:' + b"0" * 64 + b'", "size": true}]}',
            "manifest.malformed",
        ),
        (
            b'{"manifests": [{"digest": "sha256:' + b"0" * 64 + b'", "size": -1}]}',
            "manifest.malformed",
        ),
        (
            b'{"manifests": [{"digest": "sha256:'
            + b"0" * 64
            + b'", "size": 1, "annotations": {"a": 1}}]}',
            "manifest.malformed",
        ),
        (b'{"manifests": [], "manifests": []}', "json.duplicate-key"),
        (b"{}", "manifest.not-an-index"),
    ],
)
def test_a_malformed_index_is_refused(content, code):
    with pytest.raises(InvalidInput) as caught:
        parse_index(Manifest(digest=Digest.of(content), media_type="", content=content))
    assert caught.value.code == code


def test_lists_that_go_writes_as_null_are_empty():
    content = b'{"manifests": null}'
    manifest = Manifest(digest=Digest.of(content), media_type="", content=content)
    assert is_index(manifest)
    assert parse_index(manifest) == ()


def test_reads_an_image_manifest():
    zero = "sha256:" + "0" * 64
    document = {
        "artifactType": "application/x",
        "layers": [{"mediaType": "l", "digest": zero, "size": 1, "annotations": {"a": "b"}}],
        "config": {"mediaType": "c", "digest": zero, "size": 2},
        "subject": {"mediaType": "s", "digest": zero, "size": 3},
    }
    content = json.dumps(document).encode()
    view = parse_image(Manifest(digest=Digest.of(content), media_type="", content=content))
    assert (view.artifact_type, view.subject) == ("application/x", Digest.parse(zero))
    assert (view.layers[0].annotations, view.config.size_bytes) == ({"a": "b"}, 2)
    with pytest.raises(InvalidInput) as caught:
        parse_image(Manifest(digest=Digest.of(b"{}"), media_type="", content=b"{}"))
    assert caught.value.code == "manifest.not-an-image"
