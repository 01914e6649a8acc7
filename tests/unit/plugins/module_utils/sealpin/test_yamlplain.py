# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What is read line by line is what the parser reads, node for node and offset for offset."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from sealpin.limits import MAX_YAML_DEPTH
from sealpin.manifests.finder import regions
from sealpin.yamldoc import parse_region
from sealpin.yamlnodes import Document, Mapping, Node, Scalar, Sequence, SourceText
from sealpin.yamlplain import read_plain
from support.pinning import read_cases
from support.vectors import vectors

INDENTS = [0, 0, 0, 1, 2, 2, 2, 3, 4, 4, 6]
DASHES = ["", "", "", "- ", "- ", "-  ", "- - "]
ENTRIES = """a:|b:|c: d|e: 'f'|g|"h"|[i, -j]|{k: l, m: 'n'}|# o|p: q # r|s:t|u:  v  |w: x y #z
{k: a, k: b}|a: [ ]|a: []|b: {}|-1|--y|1: 2|a : b|c: -|c: ~|d: $(X)|e: f:g|h: i, j|k: a:|x: #
x: y#|"a": b|? a|a: |b: |c: >-|&a b: c|a: *b|!t a: b|a: !t|<<: {a: b}|a: "b\\n"|a: 'it''s'|...|---
- a|-|a: {b: c, d: {e: f}}|a: [b: c]|a: {b}
a: "b" c|%a: b|a: %b|é: a|a: é|a:\tb|a: [b, 'c', "d"]|a: b: c
/x: /y|a.b/c-d: 1.2|a: (b)|a: b ? c|a: b - c|a: -- c|a: --c|null:|a: [b,c]|a: [b, c|a: b]|"""
MUTATIONS = " \n:#-'\"[]{},&*!|>%@?a0~\t\\é"


def dump(node: Node | None) -> object:
    if isinstance(node, Scalar):
        return tuple(node)
    if isinstance(node, Sequence):
        facts = (node.start, node.end, node.is_flow, node.tag, node.anchor)
        return (*facts, [dump(item) for item in node.items])
    if isinstance(node, Mapping):
        facts = (node.start, node.end, node.is_flow, node.is_simple, node.tag, node.anchor)
        return (*facts, [(dump(key), dump(value)) for key, value in node.entries])
    return None


def dump_documents(documents: tuple[Document, ...]) -> list[object]:
    return [(d.start, d.end, d.duplicates, d.anchored, dump(d.root)) for d in documents]


def compare(text: str) -> int:
    """Hold every document of *text* that is read line by line against the parser's; count them."""
    source, count = SourceText(text, where="f"), 0
    for start, end in regions(text):
        plain = read_plain(source, start, end)
        if plain is not None:
            count += 1
            assert dump_documents(plain) == dump_documents(parse_region(source, start, end)), text
    return count


def real_texts() -> Iterator[str]:
    folder = vectors("pinning")
    for path in sorted((folder / "corpora").rglob("*.y*ml")):
        yield path.read_bytes().decode()
    for case in read_cases(folder / "cases.json"):
        if case.file.endswith((".yaml", ".yml")):
            yield case.before.decode("utf-8", "replace")


def test_every_document_of_the_corpora_and_the_cases_is_read_alike():
    assert sum(map(compare, real_texts())) > 300, "most documents are plain"


def test_documents_put_together_at_random_are_read_alike():
    chance, count = random.Random(6), 0
    entries = [entry for line in ENTRIES.split("\n") for entry in line.split("|")]
    for _turn in range(60_000):
        lines = (
            " " * chance.choice(INDENTS) + chance.choice(DASHES) + chance.choice(entries)
            for _line in range(chance.randint(1, 6))
        )
        count += compare("\n".join(lines) + chance.choice(["", "\n", "\n\n", "\n# end", "\n  "]))
    assert count > 1000, "some of them must be plain"


def test_real_documents_with_a_character_changed_are_read_alike():
    chance = random.Random(7)
    plain = [text for text in real_texts() if len(text) < 1500 and compare(text)]
    count = 0
    for _turn in range(10_000):
        text = chance.choice(plain)
        at = chance.randrange(len(text))
        length = chance.choice([0, 0, 1, 1, 3])
        count += compare(text[:at] + chance.choice(MUTATIONS) + text[at + length :])
    assert count > 500, "some of them must still be plain"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("# only a comment\n", id="comment"),
        pytest.param("---\n", id="empty-document"),
        pytest.param("a: 1\na: 2\n", id="key-twice"),
        pytest.param("a: {b: 1, b: 2}\n", id="key-twice-in-flow"),
        pytest.param("a: &x b\nc: *x\n", id="alias"),
        pytest.param("a: |\n  b\n", id="block-scalar"),
        pytest.param("a: b\n  c\n", id="value-over-two-lines"),
        pytest.param("a: é\n", id="beyond-ascii"),
        pytest.param("a: b\r\n", id="carriage-return"),
        pytest.param("<<: {a: b}\n", id="merge-key"),
        pytest.param("- " * (MAX_YAML_DEPTH + 1) + "a\n", id="compact-sequences"),
        pytest.param("".join(f"{'  ' * n}a:\n" for n in range(MAX_YAML_DEPTH + 1)), id="too-deep"),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(text):
    assert read_plain(SourceText(text, where="f"), 0, len(text)) is None
