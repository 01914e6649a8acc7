# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts written by ``cosign save``."""

from __future__ import annotations

import json
import shutil

import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput
from sealpin.evidence import EvidenceKind
from sealpin.reference import ImageReference
from sealpin.registry.answers import NotFound
from sealpin.registry.discover import discover
from sealpin.registry.platforms import with_children
from sealpin.registry.saved_image import SavedImageSource
from support.vectors import vectors

FOLDERS = sorted(path.parent for path in vectors("slsa").rglob("oci-layout"))
ANY_NAME = ImageReference.parse("registry.example/app:1.0")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: "/".join(f.parts[-3:]))
def test_finds_the_attestations_of_a_saved_image(folder):
    source = SavedImageSource(folder)
    artifact = source.resolve(ANY_NAME)
    found = discover(source, image=ANY_NAME.repository, subject=artifact.digest)
    assert {item.kind for item in found.items} == {EvidenceKind.ATTESTATION_LAYER}
    assert found.gaps == ()
    assert artifact.source.startswith("saved image ")


def test_a_saved_image_is_the_one_image_whatever_it_is_called():
    source = SavedImageSource(FOLDERS[0])
    digest = source.image.digest
    right = ImageReference.parse(f"registry.example/app@{digest}")
    wrong = ImageReference.parse(f"registry.example/app@{Digest.of(b'other')}")
    assert source.resolve(right).digest == digest
    with pytest.raises(NotFound):
        source.resolve(wrong)


def test_an_attestation_is_not_found_for_another_digest():
    source = SavedImageSource(FOLDERS[0])
    found = discover(source, image=ANY_NAME.repository, subject=Digest.of(b"other"))
    assert (found.items, found.gaps) == ((), ())


def change_index(tmp_path, change):
    folder = shutil.copytree(FOLDERS[0], tmp_path / "saved")
    index = json.loads((folder / "index.json").read_text())
    change(index["manifests"])
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def test_two_images_leave_open_which_is_meant(tmp_path):
    folder = change_index(tmp_path, lambda entries: entries.append(entries[0]))
    with pytest.raises(InvalidInput) as caught:
        SavedImageSource(folder)
    assert caught.value.code == "layout.ambiguous"


def test_no_image_is_not_found(tmp_path):
    folder = change_index(tmp_path, lambda entries: entries.clear())
    with pytest.raises(NotFound) as caught:
        SavedImageSource(folder)
    assert caught.value.hint == "name a folder that cosign save wrote for this image"


def test_a_saved_index_has_its_platforms():
    sources = [SavedImageSource(folder) for folder in FOLDERS]
    artifacts = [with_children(source, source.resolve(ANY_NAME)) for source in sources]
    assert any(artifact.children for artifact in artifacts)
