# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Evidence taken along: the same bytes each time, checked when it is read."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, SealpinError, Unavailable
from sealpin.evidence import Evidence, EvidenceKind, EvidenceSet, Gap, Route
from sealpin.registry.evidence_store import load, save, save_manifest
from sealpin.registry.manifest import Manifest

SUBJECT = Digest.of(b"subject")


def item(content: bytes, **changes: object) -> Evidence:
    values = {
        "kind": EvidenceKind.SIGNATURE_LAYER,
        "subject": SUBJECT,
        "content": content,
        "annotations": {"dev.cosignproject.cosign/signature": "c2ln", "ü": "✓"},
        "route": Route.SIGNATURE_TAG,
        "location": "registry.example/app:tag",
    }
    return Evidence(**values | changes)


FULL = EvidenceSet(
    subject=SUBJECT,
    items=(item(b"one"), item(b"two", kind=EvidenceKind.BUNDLE, annotations={})),
    gaps=(
        Gap(location="a", error=Unavailable("registry.denied", "denied")),
        Gap(location="b", error=InvalidInput("json.malformed", "junk"), conclusive=True),
    ),
)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_what_was_saved_is_what_is_loaded(tmp_path):
    save(FULL, tmp_path)
    loaded = load(tmp_path, SUBJECT)
    by_content = {i.content: i for i in loaded.items}
    for original in FULL.items:
        assert by_content[original.content] == replace(original, route=Route.OFFLINE)
    assert [(g.location, g.error.code, g.conclusive) for g in loaded.gaps] == [
        ("b", "json.malformed", True),
        ("a", "registry.denied", False),
    ]
    assert not loaded.is_complete


def test_the_same_evidence_gives_the_same_bytes_in_any_order(tmp_path):
    save(FULL, tmp_path / "a")
    save(replace(FULL, items=FULL.items[::-1], gaps=FULL.gaps[::-1]), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_saving_again_touches_nothing(tmp_path):
    path = save(FULL, tmp_path)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    save(FULL, tmp_path)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_what_is_saved_can_be_read_by_whoever_verifies_it(tmp_path):
    folder = tmp_path / "new"
    previous = os.umask(0o022)
    try:
        path = save(FULL, folder)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_nothing_saved_is_no_absence_of_signatures(tmp_path):
    with pytest.raises(Unavailable) as caught:
        load(tmp_path, SUBJECT)
    assert caught.value.code == "evidence.not-saved"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_list_that_does_not_read_is_told_how_to_be_had_again(tmp_path, content):
    path = save(FULL, tmp_path)
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        load(tmp_path, SUBJECT)
    assert caught.value.hint.endswith("sealpin evidence save")


def piece(folder: Path, content: bytes) -> Path:
    return folder / "content" / "sha256" / Digest.of(content).hex


@pytest.mark.parametrize("change", ["altered", "missing", "a link"])
def test_an_altered_or_missing_piece_is_a_gap_and_hides_no_other(tmp_path, change):
    save(replace(FULL, gaps=()), tmp_path)
    path = piece(tmp_path, b"one")
    path.unlink()
    if change == "altered":
        path.write_bytes(b"One")
    elif change == "a link":
        (tmp_path / "elsewhere").write_bytes(b"one")
        path.symlink_to(tmp_path / "elsewhere")
    loaded = load(tmp_path, SUBJECT)
    assert [i.content for i in loaded.items] == [b"two"]
    assert len(loaded.gaps) == 1
    assert not loaded.is_complete


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"version": 2}, id="version"),
        pytest.param({"subject": str(Digest.of(b"other"))}, id="another subject"),
        pytest.param({"evidence": {}}, id="evidence no list"),
        pytest.param({"gaps": None}, id="no gaps"),
    ],
)
def test_a_file_that_is_not_ours_is_refused(tmp_path, change):
    path = save(FULL, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SealpinError) as caught:
        load(tmp_path, SUBJECT)
    code = "evidence.version" if "version" in change else "evidence.malformed"
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "other"},
        {"digest": "sha256:../../etc/passwd"},
        {"annotations": {"a": 1}},
        {"annotations": []},
        {"location": None},
    ],
    ids=str,
)
def test_a_malformed_entry_is_a_gap(tmp_path, change):
    path = save(replace(FULL, gaps=()), tmp_path)
    document = json.loads(path.read_text())
    document["evidence"][0] |= change
    path.write_text(json.dumps(document))
    loaded = load(tmp_path, SUBJECT)
    assert len(loaded.items) == 1
    assert len(loaded.gaps) == 1
    assert not loaded.is_complete


def save_subject(folder: Path) -> None:
    save_manifest(Manifest(digest=SUBJECT, media_type="", content=b"subject"), folder)


def save_full(folder: Path) -> None:
    save(FULL, folder)


@pytest.mark.parametrize("save_it", [save_full, save_subject])
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, save_it):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput) as caught:
        save_it(tmp_path / "file" / "folder")
    assert caught.value.code == "evidence.unwritable"


@pytest.mark.parametrize("save_it", [save_full, save_subject])
def test_a_linked_folder_is_not_written_through(tmp_path, save_it):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "content").symlink_to(outside)
    with pytest.raises(InvalidInput) as caught:
        save_it(tmp_path)
    assert (caught.value.code, contents(outside)) == ("evidence.unwritable", {})


def test_what_cannot_take_its_place_is_an_error_and_leaves_nothing(tmp_path):
    name = f"{SUBJECT.algorithm}-{SUBJECT.hex}.json"
    (tmp_path / name).mkdir()
    with pytest.raises(InvalidInput) as caught:
        save_full(tmp_path)
    assert caught.value.code == "evidence.unwritable"
    assert {path.name for path in tmp_path.iterdir()} == {name, "content"}
