# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of evidence that somebody altered: it may lack something, and never adds anything."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support import memory_registry
from support.command import Ran
from support.signed_site import POLICY, SignedSite


@dataclass(frozen=True, kw_only=True)
class Saved:
    """Two pinned images of one signer with the evidence for both, saved."""

    site: SignedSite
    first: str
    second: str

    @property
    def folder(self) -> Path:
        return self.site.folder / "sealpin-evidence"

    def index(self, digest: str) -> Path:
        return self.folder / f"{digest.replace(':', '-')}.json"

    def content(self, digest: str) -> Path:
        saved = json.loads(self.index(digest).read_text())["evidence"][0]["digest"]
        return self.folder / "content" / saved.replace(":", "/")

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change what is recorded of the first image."""
        document = json.loads(self.index(self.first).read_text())
        change(document)
        self.index(self.first).write_text(json.dumps(document))

    def write(self, *images: str) -> None:
        lines = (f"  c{n}: {{image: {image}}}\n" for n, image in enumerate(images))
        self.site.file("compose.yaml", ("services:\n" + "".join(lines)).encode())

    def ask(self, *words: str) -> Ran:
        return self.site.ask(*words, ".", trusted=False)

    def check(self) -> tuple[int, str]:
        """Return the exit code and everything that was said, on one line."""
        ran = self.ask("check", "--evidence")
        return ran.code, " ".join((ran.out + ran.err).split())


@pytest.fixture
def saved(tmp_path: Path) -> Iterator[Saved]:
    with memory_registry.serving() as registry:
        site = SignedSite(registry=registry, folder=tmp_path)
        site.make_project()
        first, second = site.image("first", tag="1"), site.image("second", tag="2")
        for digest in (first, second):
            site.attach(digest, site.sigstore.sign_image(digest))
        saved = Saved(site=site, first=first, second=second)
        saved.write(f"{site.name}:1", f"{site.name}:2")
        assert saved.ask("pin").code == 1
        assert saved.ask("evidence", "save").code == 0
        assert saved.check()[0] == 0
        yield saved


def test_the_file_of_another_image_under_this_one_s_name(saved: Saved) -> None:
    saved.index(saved.first).write_bytes(saved.index(saved.second).read_bytes())
    code, said = saved.check()
    assert code == 2
    assert f"another image: expected {saved.first}, got" in said
    saved.edit(lambda document: document.update(subject=saved.first))
    code, said = saved.check()
    assert (code, "[subject.mismatch]" in said) == (1, True)


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda own, other: own.write_bytes(other.read_bytes()), "digest.mismatch"),
        (lambda own, other: own.write_bytes(own.read_bytes()[:-1]), "digest.mismatch"),
        (lambda own, other: os.truncate(own, 33 << 20), "path.too-large"),
        (lambda own, other: own.unlink(), "evidence.not-saved"),
        (lambda own, other: (own.unlink(), own.symlink_to(other)), "path.escapes"),
        (lambda own, other: (own.unlink(), os.mkfifo(own)), "path.escapes"),
    ],
    ids=["of another image", "truncated", "oversized", "gone", "a link", "a pipe"],
)
def test_content_that_is_not_what_was_saved_is_inconclusive(
    saved: Saved, alter: Callable[[Path, Path], object], code: str
) -> None:
    alter(saved.content(saved.first), saved.content(saved.second))
    exit_code, said = saved.check()
    assert (exit_code, f"[{code}]" in said) == (2, True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda it: it.update(version=2), "evidence.version"),
        (lambda it: it.update(evidence={}), "evidence.malformed"),
        (lambda it: it["evidence"][0].update(kind="of-tomorrow"), "evidence.malformed"),
        (lambda it: it["evidence"][0].update(digest="sha256:../../etc"), "digest.malformed"),
        (lambda it: it["evidence"][0].update(annotations={"a": 1}), "evidence.malformed"),
        (lambda it: it["evidence"][0].update(annotations={}), "legacy.no-signature"),
        (lambda it: it.update(evidence=[]), "signature.missing"),
        (lambda it: it.update(evidence=it["evidence"] * 9000), "evidence.malformed"),
    ],
    ids=["newer", "no list", "kind", "path", "annotation", "no annotations", "emptied", "endless"],
)
def test_a_record_that_was_edited_verifies_nothing(
    saved: Saved, change: Callable[[dict[str, Any]], None], code: str
) -> None:
    saved.edit(change)
    exit_code, said = saved.check()
    assert exit_code in (1, 2)
    assert f"[{code}]" in said


def test_evidence_of_the_digest_before_says_nothing_of_the_one_that_stands_there(
    saved: Saved,
) -> None:
    other = saved.site.image("other", tag="")
    saved.write(f"{saved.site.name}:1@{other}", f"{saved.site.name}:2@{saved.second}")
    code, said = saved.check()
    assert (code, "[evidence.not-saved]" in said, "[differs-from-lock]" in said) == (1, True, True)


@pytest.mark.parametrize(
    ("changed", "code"),
    [(POLICY.replace("acme", "evil"), "identity.mismatch"), (POLICY + "\n", "")],
    ids=["another signer", "the same"],
)
def test_saved_evidence_is_judged_by_the_policy_there_is_now(
    saved: Saved, changed: str, code: str
) -> None:
    saved.site.file(".sealpin.yaml", changed.encode())
    exit_code, said = saved.check()
    assert (exit_code, f"[{code}]" in said) == ((1, True) if code else (0, False))


def test_a_policy_weakened_beside_saved_evidence_is_told(saved: Saved) -> None:
    weak = 'version: 1\npolicies: [{images: ["**"], unsigned: allow}]\n'
    saved.site.file(".sealpin.yaml", weak.encode())
    code, said = saved.check()
    assert (code, "[policy-changed]" in said) == (1, True)


def test_evidence_is_saved_over_a_link_without_reading_it(saved: Saved) -> None:
    """A request that links a file of the folder to an endless one would fill the memory."""
    index = saved.index(saved.first)
    index.unlink()
    index.symlink_to("/dev/zero")
    assert saved.ask("evidence", "save").code == 0
    assert (index.is_symlink(), saved.check()[0]) == (False, 0)


@pytest.mark.parametrize("place", ["content", "content/sha256"])
def test_evidence_is_not_saved_through_a_linked_folder(
    saved: Saved, place: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (saved.folder / place).rename(outside / "kept")
    (saved.folder / place).symlink_to(outside)
    ran = saved.ask("evidence", "save")
    assert (ran.code != 0, "[evidence.unwritable]" in ran.out + ran.err) == (True, True)
    assert [entry.name for entry in outside.iterdir()] == ["kept"]
