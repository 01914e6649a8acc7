# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts and folders of them: the same answers as a registry, and no way out of the root."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, SealpinError, Unavailable, VerificationFailed
from sealpin.evidence import Route
from sealpin.limits import MAX_MANIFEST_BYTES
from sealpin.reference import ImageReference, Repository, Tag
from sealpin.registry.answers import NotFound
from sealpin.registry.confined import read_beneath
from sealpin.registry.layout import DirectorySource, LayoutSource
from support.memory_registry import MANIFEST, REF_NAME, digest_of, image_document

REPOSITORY = Repository.parse("registry.example/app")


def write_layout(folder: Path, *entries: dict, contents: tuple[bytes, ...] = ()) -> Path:
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    for content in contents:
        (blobs / digest_of(content).removeprefix("sha256:")).write_bytes(content)
    return folder


def entry(content: bytes, tag: str = "") -> dict:
    annotations = {"annotations": {REF_NAME: tag}} if tag else {}
    return {
        "mediaType": MANIFEST,
        "digest": digest_of(content),
        "size": len(content),
        **annotations,
    }


IMAGE = json.dumps(image_document([])).encode()


@pytest.fixture
def layout(tmp_path):
    return write_layout(tmp_path / "app", entry(IMAGE, "1.0"), contents=(IMAGE,))


def test_resolves_tags_and_reads_by_digest(layout):
    source = LayoutSource(layout)
    artifact = source.resolve(ImageReference.parse("registry.example/app:1.0"))
    assert artifact.digest == Digest.of(IMAGE)
    assert source.manifest(REPOSITORY, artifact.digest).content == IMAGE
    assert source.manifest(REPOSITORY, artifact.digest).media_type == MANIFEST


def test_a_tag_or_digest_that_is_not_there_is_not_found(layout):
    for identifier in (Tag("2.0"), Digest.of(b"other")):
        with pytest.raises(NotFound) as caught:
            LayoutSource(layout).manifest(REPOSITORY, identifier)
        assert caught.value.hint == (
            "check the name and the tag; only what was copied into the folder is there"
        )


def test_a_repository_without_a_layout_is_not_found_and_no_login_is_spoken_of(layout):
    with pytest.raises(NotFound) as caught:
        DirectorySource(layout.parent).manifest(Repository.parse("r.example/other"), Tag("1.0"))
    assert "only what was copied into the folder is there" in caught.value.hint
    assert "login" not in caught.value.hint


def test_content_that_is_not_what_its_name_says_is_refused(layout):
    path = layout / "blobs" / "sha256" / Digest.of(IMAGE).hex
    path.write_bytes(IMAGE + b" ")
    with pytest.raises(VerificationFailed) as caught:
        LayoutSource(layout).manifest(REPOSITORY, Tag("1.0"))
    assert caught.value.code == "digest.mismatch"


def test_a_blob_beyond_its_bound_is_not_returned(layout):
    with pytest.raises(Unavailable) as caught:
        LayoutSource(layout).blob(REPOSITORY, Digest.of(IMAGE), max_bytes=3)
    assert caught.value.code == "path.too-large"


def test_finds_referrers_by_the_tag_and_by_their_subject(tmp_path):
    subject = {"mediaType": MANIFEST, "digest": digest_of(IMAGE), "size": len(IMAGE)}
    untagged = json.dumps({**image_document([]), "subject": subject}).encode()
    tagged = json.dumps(
        {**image_document([]), "subject": subject, "annotations": {"n": "2"}}
    ).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [entry(tagged), entry(untagged)]}).encode()
    folder = write_layout(
        tmp_path / "app",
        entry(IMAGE, "1.0"),
        entry(untagged),
        entry(index, digest_of(IMAGE).replace(":", "-")),
        entry(b"junk"),
        entry(b"gone"),
        contents=(IMAGE, untagged, tagged, index, b"junk"),
    )
    listed = LayoutSource(folder).referrers(REPOSITORY, Digest.of(IMAGE))
    assert {d.digest for d in listed.descriptors} == {Digest.of(untagged), Digest.of(tagged)}
    assert listed.route is Route.REFERRERS_TAG
    assert LayoutSource(folder).referrers(REPOSITORY, Digest.of(b"x")).descriptors == ()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        pytest.param(
            "oci-layout", b'{"imageLayoutVersion": "2.0.0"}', "layout.version", id="version"
        ),
        pytest.param("oci-layout", b"{", "json.malformed", id="broken marker"),
        pytest.param("oci-layout", None, "registry.not-found", id="no marker"),
        pytest.param("index.json", None, "registry.not-found", id="no index"),
        pytest.param("index.json", b'{"manifests": 1}', "manifest.malformed", id="no list"),
        pytest.param("index.json", b'{"manifests": [{}]}', "manifest.malformed", id="no digest"),
        pytest.param("index.json", b" " * (MAX_MANIFEST_BYTES + 1), "path.too-large", id="huge"),
    ],
)
def test_what_is_no_layout_is_refused(layout, name, content, code):
    if content is None:
        (layout / name).unlink()
    else:
        (layout / name).write_bytes(content)
    with pytest.raises(SealpinError) as caught:
        LayoutSource(layout).manifest(REPOSITORY, Tag("1.0"))
    assert caught.value.code == code


def test_a_folder_has_one_layout_for_each_repository(tmp_path):
    write_layout(tmp_path / "team" / "app", entry(IMAGE, "1.0"), contents=(IMAGE,))
    source = DirectorySource(tmp_path)
    found = source.manifest(Repository.parse("registry.example/team/app"), Tag("1.0"))
    assert found.content == IMAGE
    for name in ("registry.example/team/other", "registry.example/team", "registry.example/x"):
        with pytest.raises(NotFound):
            source.manifest(Repository.parse(name), Tag("1.0"))


@pytest.mark.parametrize(
    "link",
    [
        "app",
        "app/index.json",
        "app/oci-layout",
        "app/blobs",
        "app/blobs/sha256",
        "app/blobs/sha256/{hex}",
    ],
)
def test_a_link_leads_nowhere(tmp_path, link):
    outside = write_layout(tmp_path / "outside" / "app", entry(IMAGE, "1.0"), contents=(IMAGE,))
    root = tmp_path / "root"
    write_layout(root / "app", entry(IMAGE, "1.0"), contents=(IMAGE,))
    link = link.format(hex=Digest.of(IMAGE).hex)
    target, path = outside.parent / link, root / link
    path.rename(tmp_path / "moved")
    path.symlink_to(target)
    with pytest.raises(InvalidInput) as caught:
        DirectorySource(root).manifest(REPOSITORY, Tag("1.0"))
    assert caught.value.code == "path.escapes"


def test_the_root_itself_may_be_a_link(layout, tmp_path):
    (tmp_path / "link").symlink_to(layout.parent)
    assert DirectorySource(tmp_path / "link").manifest(REPOSITORY, Tag("1.0")).content == IMAGE


@pytest.mark.parametrize(
    "parts", [("..",), ("a", "..", "b"), ("",), (".",), ("a/b",), ("/etc",), ("a\0",)], ids=repr
)
def test_no_path_leaves_the_root(tmp_path, parts):
    with pytest.raises(InvalidInput) as caught:
        read_beneath(tmp_path, parts, max_bytes=10)
    assert caught.value.code == "path.escapes"


def test_a_pipe_does_not_make_the_reader_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput) as caught:
        read_beneath(tmp_path, ("pipe",), max_bytes=10)
    assert caught.value.code == "path.escapes"


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInput) as caught:
        read_beneath(tmp_path, ("folder",), max_bytes=10)
    assert caught.value.code == "path.escapes"


def test_leaves_no_file_open(layout):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _turn in range(20):
        LayoutSource(layout).manifest(REPOSITORY, Tag("1.0"))
        read_beneath(layout, ("gone", "file"), max_bytes=10)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
