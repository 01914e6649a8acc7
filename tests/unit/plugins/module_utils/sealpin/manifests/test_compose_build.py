# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""An inline Dockerfile is read and pinned as the same text in a file of its own."""

from __future__ import annotations

import pytest

from sealpin.manifests.finder import find_sites
from support.pinning import PinningCase, pin_all, read_cases
from support.vectors import vectors

HEAD = "services:\n  a:\n    build:\n      dockerfile_inline: |2+\n"
INDENT = " " * 8


def can_be_inline(case: PinningCase) -> bool:
    """Whether a block of text can hold the file, and no default of an ARG is pinned in it."""
    text = case.before.decode(errors="replace")
    is_text = text.isprintable() or all(c.isprintable() or c in "\n\t" for c in text)
    is_dockerfile = case.kind == "dockerfile" and not case.file.endswith(".dockerignore")
    return is_text and is_dockerfile and not case.options.arg_defaults and "$" not in text


FILES = [vectors("pinning") / "cases.json", vectors("pinning-own") / "dockerfile.json"]
CASES = [case for file in FILES for case in read_cases(file) if can_be_inline(case)]


def inline(text: str) -> str:
    return HEAD + "".join(f"{INDENT}{line}".rstrip(" ") for line in text.splitlines(keepends=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inline_dockerfile_is_pinned_as_the_file_is(case: PinningCase) -> None:
    pinned, found = pin_all("compose.yaml", inline(case.before.decode()).encode(), style=case.style)
    alone, expected = pin_all("Dockerfile", case.before, style=case.style)
    assert pinned.decode() == inline(alone.decode())
    assert [remark.code for remark in found.remarks] == [r.code for r in expected.remarks]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) > 25


@pytest.mark.parametrize("count", [1, 40])
def test_many_images_of_one_name_are_pinned_in_one_text(count: int) -> None:
    text = HEAD + f"{INDENT}FROM nginx:1.27\n" * count
    pinned, found = pin_all("compose.yaml", text.encode())
    assert len(found.sites) == count
    assert pinned.count(b"@sha256:") == count
    assert all(site.is_pinned for site in find_sites("compose.yaml", pinned).sites)
