# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Real repositories: whatever is pinned there is a pure insertion, made once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.pinning import pin_all
from support.vectors import vectors

CORPORA = vectors("pinning") / "corpora"
INSERTED = re.compile(rb"(?::latest)?@sha256:[0-9a-f]{64}")


def files_of(corpus: str) -> list[Path]:
    return sorted(path for path in (CORPORA / corpus).rglob("*") if path.is_file())


def changed_lines(before: bytes, after: bytes) -> int:
    pairs = zip(before.split(b"\n"), after.split(b"\n"), strict=True)
    return sum(1 for old, new in pairs if old != new)


@pytest.mark.parametrize(
    ("corpus", "changed_files", "sites"),
    [("kubernetes-examples", 132, 140), ("awesome-compose", 65, 145)],
)
def test_changed_file_minus_the_insertions_is_the_original(corpus, changed_files, sites):
    pinned = edits = 0
    for path in files_of(corpus):
        before = path.read_bytes()
        after, found = pin_all(str(path.relative_to(CORPORA)), before)
        open_sites = [site for site in found.sites if not site.is_pinned]
        pinned += after != before
        edits += len(open_sites)
        assert changed_lines(before, after) == len({site.line for site in open_sites})
        assert _without_insertions(before, after) == before
        again, _unused = pin_all(str(path.relative_to(CORPORA)), after)
        assert again == after
    assert (pinned, edits) == (changed_files, sites)


def _without_insertions(before: bytes, after: bytes) -> bytes:
    """Remove the digests that *before* does not have, and the tag that comes with one."""
    original = before.split(b"\n")
    restored = []
    for number, line in enumerate(after.split(b"\n")):
        bare = re.sub(rb"@sha256:[0-9a-f]{64}", b"", line)
        untagged = INSERTED.sub(b"", line)
        restored.append(bare if bare == original[number] else untagged)
        if line == original[number]:
            restored[-1] = line
    return b"\n".join(restored)
