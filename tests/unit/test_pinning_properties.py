# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Documents nobody wrote: whatever their layout, only the pinned values change."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealpin.manifests.finder import find_sites
from sealpin.manifests.rewrite import apply
from sealpin.reference import ImageReference
from support.builders import digest_of
from support.pinning import pin_all
from support.properties import UNTIMED

_MARK = "\ue000"
"""Stands where a digest is expected; a character no layout uses."""

ONLY_PURE = re.compile(r"\{image: [^'\"]")
"""For the pure parser alone, which reads no tab before a comment."""

names = st.sampled_from(
    ["nginx", "grafana/loki", "quay.io/a/m", "reg.example:5000/a/b", "localhost/a"]
)
tags = st.sampled_from(["1.27", "v1", "latest", "2024-01-01", "1.10"])
references = st.builds(lambda name, tag: f"{name}:{tag}", names, tags)
comments = st.sampled_from(["", "", " # keep", "\t# a: [b", " #", "   # image: redis:7  ", "  "])
odd_text = st.text(
    st.characters(
        blacklist_categories=("Cs", "Cc"), blacklist_characters=_MARK + "\ufeff\ufffe\uffff"
    ),
    max_size=12,
)


@dataclass(frozen=True)
class Piece:
    """Text with a mark where each of its images, in order, is to get its digest."""

    text: str
    images: tuple[str, ...]


def quoted(reference: str, quote: str) -> str:
    return f"{quote}{reference}{_MARK}{quote}"


@st.composite
def block_containers(draw: st.DrawFn) -> Piece:
    """One container in block style."""
    reference = draw(references)
    comment = draw(comments)
    name = draw(odd_text).replace("'", "''")
    layout = draw(
        st.sampled_from(["plain", "single", "double", "anchor", "tag", "next", "fold", "key"])
    )
    gap = draw(st.sampled_from([" ", "  ", "     "]))
    value = {
        "plain": f"image:{gap}{reference}{_MARK}{comment}",
        "single": f"image:{gap}{quoted(reference, chr(39))}{comment}",
        "double": f"image :{gap}{quoted(reference, chr(34))}{comment}",
        "anchor": f"image:{gap}&i {reference}{_MARK}{comment}",
        "tag": f"image: !!str{gap}{reference}{_MARK}{comment}",
        "next": f"image:\n      {reference}{_MARK}{comment}",
        "fold": f"image: >-\n      {reference}{_MARK}",
        "key": f'"image":{gap}{reference}{_MARK}{comment}',
    }[layout]
    return Piece(f"  - name: '{name}'\n    {value}\n", (reference,))


@st.composite
def flow_containers(draw: st.DrawFn) -> Piece:
    """One container in flow style."""
    reference = draw(references)
    quote = draw(st.sampled_from(["'", '"', ""]))
    rest = draw(st.sampled_from(["", ", name: a", ", args: ['--x=redis:7']"]))
    flow = f"{{image: {quoted(reference, quote)}{rest}}}"
    return Piece(f"  - {flow}{draw(comments)}\n", (reference,))


noise = st.sampled_from(["", "# image: redis:7\n", "\n", "  # - image: nginx:1\n", "    \n"])


@st.composite
def documents(draw: st.DrawFn) -> Piece:
    """A pod, or a document that must stay as it is."""
    if draw(st.integers(0, 4)) == 0:
        return Piece("apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    image: redis:7\n", ())
    containers = draw(
        st.lists(st.one_of(block_containers(), flow_containers()), min_size=1, max_size=4)
    )
    body = "".join(draw(noise) + piece.text for piece in containers)
    images = tuple(image for piece in containers for image in piece.images)
    return Piece(f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{body}", images)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A file before and after pinning."""
    pieces = draw(st.lists(documents(), min_size=1, max_size=4))
    separator = draw(st.sampled_from(["---\n", "--- # next\n", "---  \n# only a comment\n---\n"]))
    text = draw(st.sampled_from(["", "# licence\n---\n", "---\n"]))
    text += separator.join(piece.text for piece in pieces)
    if ONLY_PURE.search(text):
        text = text.replace("\t#", " #")
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = "\ufeff" + text
    parts = text.split(_MARK)
    images = [image for piece in pieces for image in piece.images]
    after = parts[0]
    for image, part in zip(images, parts[1:], strict=True):
        after += f"@{digest_of(ImageReference.parse(image))}{part}"
    return "".join(parts).encode(), after.encode()


@settings(UNTIMED, max_examples=400)
@given(streams())
def test_only_the_spans_of_the_images_change(stream):
    before, after = stream
    pinned, found = pin_all("k.yaml", before)
    assert pinned == after, found.remarks
    again, _unused = pin_all("k.yaml", pinned)
    assert again == pinned


@settings(UNTIMED, max_examples=400)
@given(streams(), st.data())
def test_damaged_files_are_left_alone_or_changed_in_their_spans_only(stream, data):
    before, _unused = stream
    text = before.decode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 6)))
    damage = data.draw(st.sampled_from(["", *"\t:{}'\"\n#", "- ", "&a ", "*a"]))
    damaged = (text[:start] + damage + text[end:]).encode()
    found = find_sites("k.yaml", damaged)
    pinned, _unused = pin_all("k.yaml", damaged)
    spans = [site.span for site in found.sites if not site.is_pinned]
    assert _outside(damaged.decode(), spans) == _outside_of_pinned(pinned.decode(), found)


def _outside(text: str, spans: list) -> list[str]:
    edges = [0, *(edge for span in spans for edge in (span.start, span.end)), len(text)]
    return [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]


def _outside_of_pinned(text: str, found) -> list[str]:
    parts, position, grown = [], 0, 0
    for site in found.sites:
        if site.is_pinned:
            continue
        suffix = ("" if site.reference.tag else ":latest") + f"@{digest_of(site.reference)}"
        start = site.span.start + grown
        parts.append(text[position:start])
        grown += len(suffix)
        position = site.span.end + grown
        assert text[start:position] == site.text + suffix
    return [*parts, text[position:]]


FILES = [
    "k.yaml",
    "compose.yaml",
    "Dockerfile",
    "a.container",
    "values.yaml",
    "site.yml",
    ".gitlab-ci.yml",
    "Chart.yaml",
    "devcontainer.json",
    "x.tf",
    "kustomization.yaml",
    ".drone.yml",
    ".circleci/config.yml",
    "azure-pipelines.yml",
]
fragments = st.text(alphabet="image:FROM nginx{}[]'\"#\n\t -&*!|><@1\\%$", max_size=200)


@settings(UNTIMED, max_examples=300)
@given(st.sampled_from(FILES), st.binary(max_size=200) | fragments.map(str.encode))
def test_no_bytes_make_the_finders_fail(file, data):
    pinned, found = pin_all(file, data)
    assert found.file == file
    assert pinned == data or any(not site.is_pinned for site in found.sites)


def test_pins_of_nothing_return_the_same_bytes():
    data = b"\xef\xbb\xbfa: 1\r\n"
    assert apply(data, ()) is data


def nested_lists(depth: int, width: int) -> bytes:
    head = "apiVersion: v1\n  kind: List\n  items:"
    lists = [f"a0: &a0\n  {head} []\n"]
    for number in range(1, depth):
        aliases = ", ".join([f"*a{number - 1}"] * width)
        lists.append(f"a{number}: &a{number}\n  {head} [{aliases}]\n")
    root = f"apiVersion: v1\nkind: List\nitems: [*a{depth - 1}]\nimage: x\n"
    return ("".join(lists) + root).encode()


def test_an_alias_bomb_is_walked_once():
    assert find_sites("k.yaml", nested_lists(50, 10)).remarks == ()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(nested_lists(5000, 1), id="chain"),
        pytest.param(b"&a\nimage: x\n" + b"b: {<<: *a}\n", id="merge-cycle"),
        pytest.param(b"&a\napiVersion: v1\nkind: List\nimage: x\nitems: [*a]\n", id="cycle"),
        pytest.param(b"- &a\n  block: [*a]\n  image: x\n", id="ansible-cycle"),
    ],
)
def test_endless_aliases_end(data):
    found = find_sites("k.yaml", data)
    assert found.sites == ()
    assert {remark.code for remark in found.remarks} <= {"too-deep"}
