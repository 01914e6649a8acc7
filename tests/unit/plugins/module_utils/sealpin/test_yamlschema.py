from __future__ import annotations

import math

import pytest

from sealpin.errors import InvalidInput
from sealpin.yamldoc import parse_documents
from sealpin.yamlschema import merged_entries, node_at, resolve_plain, to_plain


def plain(text: str):
    (document,) = parse_documents(text, where="f")
    return to_plain(document.root, document=document)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nULL", "nULL"),
        ("true", True), ("FALSE", False), ("yes", "yes"), ("on", "on"),
        ("0", 0), ("-12", -12), ("+7", 7), ("007", 7), ("0o17", 15), ("0x1F", 31), ("1_0", "1_0"),
        ("1.10", 1.1), (".5", 0.5), ("1e3", 1000.0), ("-.inf", -math.inf), ("1.2.3", "1.2.3"),
        ("2024-01-01", "2024-01-01"), ("12:30", "12:30"), ("0b1", "0b1"), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_resolves_plain_scalars_by_the_core_schema(text, value):
    resolved = resolve_plain(text)
    assert resolved == value
    assert type(resolved) is type(value)


def test_resolves_not_a_number():
    assert math.isnan(resolve_plain(".nan"))


def test_converts_collections_and_keeps_keys_as_text():
    assert plain("a: [1, '1', !!str 1, !!int '1', ! 1]\n1: {b: no}\n? \n: c") == {
        "a": [1, "1", "1", 1, 1],
        "1": {"b": "no"},
        "": "c",
    }


def test_converts_an_empty_document_to_none():
    assert plain("---\n") is None


def test_own_keys_win_over_merged_ones_and_earlier_over_later():
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], c: 3}"
    assert plain(text)["z"] == {"c": 3, "a": 1, "b": 1}


def test_a_quoted_merge_key_is_a_key():
    assert plain("{'<<': {a: 1}}") == {"<<": {"a": 1}}


def test_a_mapping_that_merges_itself_ends():
    (document,) = parse_documents("&a {<<: *a, b: 1}", where="f")
    assert [key.value for key, _value in merged_entries(document.root)] == ["b"]


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        pytest.param("a: {b: 1, b: 2}", "yaml.duplicate-key", "at $.a (f:1:11)", id="duplicate"),
        pytest.param("a: [!x y]", "yaml.unknown-tag", "at $.a[0] (f:1:5)", id="tag"),
        pytest.param("a: !x [y]", "yaml.unknown-tag", "at $.a (f:1:4)", id="tagged-list"),
        pytest.param("a: !x {y: z}", "yaml.unknown-tag", "at $.a (f:1:4)", id="tagged-mapping"),
        pytest.param("? [a]\n: b", "yaml.key-not-scalar", "at $ (f:1:3)", id="collection-as-key"),
        pytest.param("a: &a [*a]", "yaml.alias-limit", "(f:1:4)", id="cycle"),
        pytest.param(bomb(), "yaml.alias-limit", "10000", id="alias-bomb"),
    ],
)
def test_refuses_with_position_and_path(text, code, message):
    with pytest.raises(InvalidInput) as caught:
        plain(text)
    assert caught.value.code == code
    assert message in caught.value.message


def test_finds_the_deepest_node_on_a_path():
    (document,) = parse_documents("a:\n  - b: {<<: {c: 1}}\n", where="f")
    assert str(document.position(node_at(document, ("a", 0, "b", "c")))) == "2:17"
    assert str(document.position(node_at(document, ("a", 7, "b")))) == "2:3"
