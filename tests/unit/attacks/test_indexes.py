# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Indexes and their children are different images; tags that move; locks forged to join the two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import memory_registry
from support.command import Ran
from support.memory_registry import INDEX, MANIFEST
from support.signed_site import SignedSite

AMD64 = {"platform": {"os": "linux", "architecture": "amd64"}}
ARM64 = {"platform": {"os": "linux", "architecture": "arm64"}}
UNKNOWN = {"platform": {"os": "unknown", "architecture": "unknown"}}

VERIFYING = (("check", "--verify"), ("check", "--evidence"), ("evidence", "verify"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SignedSite]:
    with memory_registry.serving() as registry:
        site = SignedSite(registry=registry, folder=tmp_path)
        site.make_project()
        yield site


def entry(digest: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": MANIFEST, "digest": digest, "size": 2} | more


def put_index(site: SignedSite, *entries: dict[str, Any], tag: str = "") -> str:
    return site.repository.put_manifest({"schemaVersion": 2, "manifests": entries}, tag=tag)


def sign(site: SignedSite, *digests: str) -> None:
    for digest in digests:
        site.attach(digest, site.sigstore.sign_image(digest))


def write(site: SignedSite, image: str) -> Path:
    return Path(site.file("compose.yaml", f"services: {{a: {{image: {image}}}}}\n".encode()))


def ask(site: SignedSite, *words: str) -> Ran:
    return site.ask(*words, ".", trusted=False)


def said(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())


@pytest.mark.parametrize(
    "place",
    ["without platform", "in an index without platform", "in an index that is signed itself"],
)
def test_recursion_finds_the_unsigned_child_wherever_a_runtime_would(
    site: SignedSite, place: str
) -> None:
    good, evil = site.image("good", tag=""), site.image("evil", tag="")
    hidden = entry(evil)
    if place != "without platform":
        nested = put_index(site, entry(evil, **ARM64))
        is_signed = "signed" in place
        hidden = entry(nested, mediaType=INDEX, **(ARM64 if is_signed else {}))
        sign(site, nested)
    index = put_index(site, entry(good, **AMD64), hidden, tag="multi")
    sign(site, index, good)
    ran = site.verify("--recursive", tag=":multi")
    assert (ran.code, evil in ran.err, "[signature.missing]" in ran.err) == (1, True, True)
    sign(site, evil)
    assert site.verify("--recursive", tag=":multi").code == 0


def test_recursion_asks_nothing_of_attestations_inside_an_index(site: SignedSite) -> None:
    good, attestation = site.image("good", tag=""), site.image("attestation", tag="")
    sign(site, put_index(site, entry(good, **AMD64), entry(attestation, **UNKNOWN), tag="m"), good)
    assert site.verify("--recursive", tag=":m").code == 0
    assert not any(attestation in asked.path for asked in site.registry.asked())


def test_indexes_without_end_are_not_walked_to_the_end(site: SignedSite) -> None:
    many = [entry(f"sha256:{number:064x}", **AMD64) for number in range(1001)]
    sign(site, put_index(site, *many, tag="m"))
    ran = site.verify("--recursive", tag=":m")
    assert (ran.code, "[index.too-many]" in ran.err) == (2, True)


def test_a_signature_of_the_index_is_none_of_its_child_nor_the_other_way_round(
    site: SignedSite,
) -> None:
    index, platforms = site.index(["linux/amd64", "linux/arm64"])
    child = platforms["linux/amd64"]
    sign(site, index)
    assert site.verify(tag=f"@{child}").code == 1
    other, platforms = site.index(["linux/s390x", "linux/ppc64le"], tag="other")
    sign(site, *platforms.values())
    for platform in ([], ["--platform", "linux/s390x"]):
        file = write(site, f"{site.name}:other")
        before = file.read_bytes()
        assert (ask(site, "pin", *platform).code, file.read_bytes()) == (1, before)
    assert site.verify(tag=f"@{other}").code == 1


def test_two_children_for_one_platform_pin_neither_and_both_are_named(site: SignedSite) -> None:
    first, second = site.image("first", tag=""), site.image("second", tag="")
    sign(site, put_index(site, entry(first, **AMD64), entry(second, **AMD64), tag="m"))
    file = write(site, f"{site.name}:m")
    before = file.read_bytes()
    ran = ask(site, "pin", "--platform", "linux/amd64")
    assert (ran.code, file.read_bytes()) == (2, before)
    assert first in said(ran)
    assert second in said(ran)


@pytest.mark.parametrize("turn", ["signed first", "signed last"])
def test_a_tag_that_moves_during_a_run_pins_what_was_verified_or_nothing(
    site: SignedSite, turn: str
) -> None:
    good, evil = site.image("good", tag=""), site.image("evil", tag="")
    sign(site, good)
    site.repository.tags["t"] = [good, evil] if turn == "signed first" else [evil, good]
    file = write(site, f"{site.name}:t")
    ran = ask(site, "pin")
    assert ran.code == 1
    assert (f"{site.name}:t@{good}" in file.read_text()) == (turn == "signed first")
    assert evil not in file.read_text()
    assert len([a for a in site.registry.asked("manifests") if a.path.endswith("/t")]) == 1


def test_no_digest_is_taken_from_a_header(site: SignedSite) -> None:
    """A registry may answer HEAD with another digest than GET: it is never asked that way."""
    sign(site, site.image())
    write(site, f"{site.name}:1.0")
    ask(site, "pin")
    ask(site, "check", "--verify")
    assert {asked.method for asked in site.registry.asked()} == {"GET"}


@pytest.mark.parametrize("extra", [{"layers": []}, {"config": {}}], ids=["layers", "config"])
def test_a_signed_document_that_is_index_and_image_is_not_pinned(
    site: SignedSite, extra: dict[str, Any]
) -> None:
    """Two runtimes would take two images from it."""
    good = site.image("good", tag="")
    both = {"schemaVersion": 2, "manifests": [entry(good, **AMD64)]} | extra
    sign(site, site.repository.put_manifest(both, tag="both"))
    file = write(site, f"{site.name}:both")
    before = file.read_bytes()
    ran = ask(site, "pin")
    assert (ran.code, "[manifest.ambiguous]" in ran.out) == (2, True)
    assert file.read_bytes() == before


def test_an_index_that_is_called_an_image_is_walked_all_the_same(site: SignedSite) -> None:
    evil = site.image("evil", tag="")
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "manifests": [entry(evil, **AMD64)]}
    sign(site, site.repository.put_manifest(document, media_type=MANIFEST, tag="m"))
    ran = site.verify("--recursive", tag=":m")
    assert (ran.code, evil in ran.err) == (1, True)


def pinned_by_platform(site: SignedSite) -> tuple[str, dict[str, str], Path]:
    index, platforms = site.index(["linux/amd64", "linux/arm64"], tag="m")
    sign(site, index)
    write(site, f"{site.name}:m")
    assert ask(site, "pin", "--platform", "linux/amd64").code == 1
    assert ask(site, "evidence", "save").code == 0
    assert [ask(site, *words).code for words in VERIFYING] == [0, 0, 0]
    return index, platforms, site.folder / "sealpin.lock"


def test_a_lock_that_puts_an_image_into_a_signed_index_is_not_believed(site: SignedSite) -> None:
    _index, platforms, lock = pinned_by_platform(site)
    evil, before = site.image("evil", tag=""), lock.read_text()
    for forged in (evil, platforms["linux/arm64"]):
        lock.write_text(before.replace(platforms["linux/amd64"], forged))
        file = write(site, f"{site.name}:m@{forged}")
        for words in (*VERIFYING, ("pin",)):
            ran = ask(site, *words)
            assert (ran.code, "[pin.other-image]" in ran.out) == (1, True)
            assert "the decision is about another image: expected" in said(ran)
        assert forged in file.read_text()


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_lock_that_names_another_index_proves_nothing(site: SignedSite, is_signed: bool) -> None:
    index, _platforms, lock = pinned_by_platform(site)
    other = site.image("other", tag="other")
    if is_signed:
        sign(site, other)
    document = json.loads(lock.read_text())
    document[f"{site.name}:m linux/amd64"]["index"] = other
    lock.write_text(json.dumps(document))
    assert index not in lock.read_text()
    assert all(ask(site, *words).code in (1, 2) for words in VERIFYING)


def test_an_index_that_was_altered_beside_saved_evidence_contains_nothing(site: SignedSite) -> None:
    index, platforms, lock = pinned_by_platform(site)
    evil = site.image("evil", tag="")
    saved = site.folder / "sealpin-evidence/content" / index.replace(":", "/")
    saved.write_bytes(saved.read_bytes().replace(platforms["linux/amd64"].encode(), evil.encode()))
    lock.write_text(lock.read_text().replace(platforms["linux/amd64"], evil))
    write(site, f"{site.name}:m@{evil}")
    for words in VERIFYING[1:]:
        ran = ask(site, *words)
        assert (ran.code, "[digest.mismatch]" in said(ran)) == (2, True)
    saved.unlink()
    for words in VERIFYING[1:]:
        ran = ask(site, *words)
        assert (ran.code, "[evidence.not-saved]" in said(ran)) == (2, True)


@pytest.mark.parametrize("platform", ["linux", "x y", "linux/amd64/v1/v2", "linux/amd64:", " "])
def test_a_lock_with_a_platform_that_is_none_is_no_lock(site: SignedSite, platform: str) -> None:
    _index, _platforms, lock = pinned_by_platform(site)
    lock.write_text(lock.read_text().replace(":m linux/amd64", f":m {platform}"))
    for words in (("check",), ("check", "--verify"), ("pin",), ("update",)):
        ran = ask(site, *words)
        assert (ran.code != 0, "[lock.malformed]" in ran.out + ran.err) == (True, True)
