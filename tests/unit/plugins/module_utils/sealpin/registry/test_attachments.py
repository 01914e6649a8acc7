# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What hangs on an image: tags and referrers, and the one SBOM among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealpin.digest import Digest
from sealpin.errors import SealpinError
from sealpin.mediatypes import ANNOTATION_BUNDLE_PREDICATE
from sealpin.reference import Repository
from sealpin.registry.attachments import TagKind, list_attached, read_sbom
from sealpin.registry.connect import connect
from sealpin.registry.options import RegistryOptions
from sealpin.registry.source import Source
from support import memory_registry
from support.memory_registry import on, status
from support.signed_site import SignedSite

SUBJECT = Digest("sha256", "ab" * 32)
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        yield SignedSite(registry=registry, folder=tmp_path)


@pytest.fixture
def source() -> Source:
    return connect(RegistryOptions(timeout_s=2.0))


def here(site: SignedSite) -> Repository:
    return Repository.parse(site.name)


@pytest.mark.parametrize("kind", TagKind)
def test_a_tag_is_the_digest_with_an_ending(kind: TagKind) -> None:
    assert str(kind.tag_of(SUBJECT)) == f"sha256-{'ab' * 32}{kind.value}"
    assert str(kind.tag_of(SUBJECT, prefix="x-")) == f"x-sha256-{'ab' * 32}{kind.value}"
    with pytest.raises(SealpinError) as raised:
        kind.tag_of(SUBJECT, prefix="not a tag")
    assert raised.value.code == "reference.tag"


@pytest.mark.parametrize(
    ("manifest", "described_as"),
    [
        (
            {"annotations": {ANNOTATION_BUNDLE_PREDICATE: "https://x.test/v1"}},
            "https://x.test/v1",
        ),
        ({"artifactType": "application/x"}, "application/x"),
        ({}, "application/vnd.oci.empty.v1+json"),
    ],
    ids=["predicate type", "artifact type", "configuration"],
)
def test_a_referrer_is_described_by_what_it_says(
    site: SignedSite, source: Source, manifest: dict, described_as: str
) -> None:
    digest = site.image()
    artifact_type = manifest.pop("artifactType", "")
    site.repository.attach(
        digest, b"{}", layer_type=BUNDLE, artifact_type=artifact_type, **manifest
    )
    (item,) = list_attached(source, repository=here(site), subject=Digest.parse(digest))
    assert (item.kind, item.described_as) == (None, described_as)


def test_a_list_that_is_not_whole_is_none(site: SignedSite, source: Source) -> None:
    digest = Digest.parse(site.image())
    site.registry.faults.append(on("referrers", status(403)))
    with pytest.raises(SealpinError) as raised:
        list_attached(source, repository=here(site), subject=digest)
    assert raised.value.code == "registry.denied"


def test_nothing_hangs_on_an_image_nobody_signed(site: SignedSite, source: Source) -> None:
    digest = Digest.parse(site.image())
    assert list_attached(source, repository=here(site), subject=digest) == ()
    assert read_sbom(source, repository=here(site), subject=digest) is None


def test_an_sbom_is_checked_against_its_digest(site: SignedSite, source: Source) -> None:
    digest = site.image()
    site.attach_raw(digest, [(b"good", "text/spdx", {})], suffix="sbom")
    blobs = site.repository.blobs
    name = next(name for name, content in blobs.items() if content == b"good")
    blobs[name] = b"evil"
    with pytest.raises(SealpinError) as raised:
        read_sbom(source, repository=here(site), subject=Digest.parse(digest))
    assert raised.value.code == "digest.mismatch"
