from __future__ import annotations

import pytest

from sealpin import yamldoc
from sealpin.errors import InvalidInput, MissingDependency
from sealpin.limits import MAX_YAML_DEPTH
from sealpin.yamldoc import changed_values, parse_documents
from sealpin.yamlnodes import Mapping, Scalar, Sequence
from sealpin.yamlschema import paths_of, render_path


def only(text: str) -> yamldoc.Document:
    (document,) = parse_documents(text, where="f")
    return document


def texts_of_scalars(document: yamldoc.Document) -> list[str]:
    found: list[str] = []
    pending = [document.root]
    while pending:
        node = pending.pop(0)
        if isinstance(node, Scalar):
            found.append(document.source.text[node.start : node.end])
        elif isinstance(node, Sequence):
            pending += node.items
        elif isinstance(node, Mapping):
            pending += [part for entry in node.entries for part in entry]
    return found


@pytest.fixture(params=["c", "pure"])
def parser(request, monkeypatch):
    """Each test that asks for it runs with the C parser and, once more, without."""
    if request.param == "pure":
        monkeypatch.setattr(yamldoc, "_CParser", None)
    elif yamldoc._CParser is None:
        pytest.fail("ruamel.yaml.clib is a dependency and must be installed for the tests")
    return request.param


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        pytest.param("a: b", ["a", "b"], id="plain"),
        pytest.param("a: 'b'  # c", ["a", "'b'"], id="quotes-are-in-the-span"),
        pytest.param("a: &x !!str b", ["a", "&x !!str b"], id="anchor-and-tag-are-in-the-span"),
        pytest.param("\ufeffa: b", ["a", "b"], id="byte-order-mark"),
        pytest.param("a: b\r\nc: d\r\n", ["a", "b", "c", "d"], id="crlf"),
        pytest.param('"😀": "é𝄞"', ['"😀"', '"é𝄞"'], id="astral"),
        pytest.param('"p\u0085q\u2028r": b', ['"p\u0085q\u2028r"', "b"], id="nel-and-ls"),
        pytest.param("a: >-\n  b\nc: d", ["a", ">-\n  b\n", "c", "d"], id="block-scalar"),
        pytest.param("- {a: b}\n- [c]", ["a", "b", "c"], id="flow"),
    ],
)
def test_spans_are_indexes_into_the_given_text(parser, text, spans):
    assert sorted(texts_of_scalars(only(text))) == sorted(spans)


def test_reads_what_only_the_pure_parser_reads():
    root = only("{image: nginx:1.27}").root
    assert isinstance(root, Mapping)
    assert root.get("image").value == "nginx:1.27"


def test_reads_what_only_the_c_parser_reads():
    assert only("image:\tnginx:1.27").root.get("image").value == "nginx:1.27"


def test_documents_begin_at_their_marker_whatever_comes_before(parser):
    documents = parse_documents("# licence\n--- # first\na: 1\n...\n---\n---\nb\n", where="f")
    assert [d.source.text[d.start : d.start + 3] for d in documents] == ["---", "---", "---"]
    assert [d.root is None for d in documents] == [False, True, False]


def test_an_alias_is_the_node_of_its_anchor(parser):
    root = only("a: &x [1]\nb: *x").root
    assert root.get("a") is root.get("b")


def test_an_anchor_may_be_given_again(parser):
    root = only("a: &x 1\nb: *x\nc: &x 2\nd: *x").root
    assert [root.get(key).value for key in "abcd"] == ["1", "1", "2", "2"]


def test_an_anchor_does_not_reach_the_next_document(parser):
    with pytest.raises(InvalidInput, match=r'no anchor for the alias "x" \(f:3:1\)') as caught:
        parse_documents("a: &x 1\n---\n*x", where="f")
    assert caught.value.code == "yaml.unknown-alias"


def test_names_the_mapping_and_the_key_that_is_there_twice(parser):
    document = only("a: {b: 1, c: 2, b: 3}\nd: {b: 1}")
    ((mapping, key),) = document.duplicates
    assert mapping is document.root.get("a")
    assert str(document.position(key)) == "1:17"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "], ids=["flow-list", "flow-map", "block"])
def test_refuses_depth_beyond_the_limit(parser, opening):
    with pytest.raises(InvalidInput) as caught:
        parse_documents(opening * (MAX_YAML_DEPTH + 1), where="f")
    assert caught.value.code == "yaml.too-deep"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        pytest.param("a: b: c", "f:1:5", id="two-colons"),
        pytest.param("spec:\n\ta: 1", "f:2:1", id="tab-indent"),
        pytest.param("a: \x01", "f:1:4", id="control-character"),
        pytest.param('\ufeff"\\UFFFFFFFF"', "f:1:5", id="escape-out-of-range"),
        pytest.param("%YAML 9.9\n---\na", "f:1:1", id="unknown-version"),
    ],
)
def test_says_where_the_text_is_not_yaml(text, position):
    with pytest.raises(InvalidInput) as caught:
        parse_documents(text, where="f")
    assert caught.value.code == "yaml.unparsable"
    assert position in caught.value.message


@pytest.mark.parametrize(("text", "is_tab"), [("a:\n\tb: 1\n", True), ("a: [\n", False)])
def test_a_tab_that_indents_is_named(text: str, is_tab: bool) -> None:
    """The parsers call it a character that starts no token, and an editor shows none."""
    with pytest.raises(InvalidInput) as caught:
        parse_documents(text, where="f.yaml")
    assert ("indent with spaces" in caught.value.hint) == is_tab


def test_pure_parser_failures_become_one_error(monkeypatch):
    monkeypatch.setattr(yamldoc, "_CParser", None)
    with pytest.raises(InvalidInput, match="not YAML"):
        parse_documents('"\\UFFFFFFFF"', where="f")


def test_a_large_text_is_not_given_to_the_slow_parser(monkeypatch):
    monkeypatch.setattr(yamldoc, "MAX_PURE_YAML_CHARS", 10)
    with pytest.raises(InvalidInput, match="not YAML"):
        parse_documents("{image: nginx:1.27}", where="f")


def test_absent_library_is_named(monkeypatch):
    monkeypatch.setattr(yamldoc, "HAS_RUAMEL", False)
    with pytest.raises(MissingDependency, match=r"ruamel\.yaml"):
        parse_documents("a: 1", where="f")


def test_lines_end_as_in_yaml():
    source = yamldoc.SourceText("a\r\nb\rc\nd\u2028e", where="f")
    assert [source.line(n) for n in range(6)] == ["", "a", "b", "c", "d\u2028e", ""]
    assert str(source.position(source.text.index("e"))) == "4:3"


@pytest.mark.parametrize("is_pure", [False, True], ids=["C", "pure"])
@pytest.mark.parametrize(
    ("after", "changed"),
    [
        pytest.param("a:   &x !t 'b' # c\nc: [*x, \"d\"]\ne: |\n  f\n", [], id="the same"),
        pytest.param(
            "a: &x !t 'B'\nc: [*x, \"D\"]\ne: |\n  f\n", [("b", "B"), ("d", "D")], id="values"
        ),
        pytest.param('a: &x !t b\nc: [*x, "d"]\ne: |\n  f\n', None, id="a style"),
        pytest.param("a: &y !t 'b'\nc: [*y, \"d\"]\ne: |\n  f\n", None, id="an anchor"),
        pytest.param("a: &x !u 'b'\nc: [*x, \"d\"]\ne: |\n  f\n", None, id="a tag"),
        pytest.param("a: &x !t 'b'\nc: !s [*x, \"d\"]\ne: |\n  f\n", None, id="a collection's tag"),
        pytest.param("a: &x !t 'b'\nc: {*x : \"d\"}\ne: |\n  f\n", None, id="a kind"),
        pytest.param("a: &x !t 'b'\nc: [*x, \"d\"]\n", None, id="fewer"),
        pytest.param("a: &x !t 'b'\nc: [*x, \"d\"]\ne: |\n  f\n---\n", None, id="more"),
    ],
)
def test_tells_changed_values_from_every_other_difference(monkeypatch, after, changed, is_pure):
    if is_pure:
        monkeypatch.setattr(yamldoc, "_CParser", None)
    assert changed_values("a: &x !t 'b'\nc: [*x, \"d\"]\ne: |\n  f\n", after) == changed


def test_an_alias_to_another_anchor_is_a_difference():
    assert changed_values("[&a x, &b x, *a]", "[&a x, &b x, *b]") is None


def test_a_comparison_with_what_is_no_yaml_is_refused():
    with pytest.raises(InvalidInput, match="not YAML"):
        changed_values("a: b", "a: b: c")


def test_lists_every_path_of_an_aliased_node():
    document = only("x-a: &i n\nservices:\n  a.b: [{image: *i}]\n  c: {image: *i}")
    node = document.root.get("x-a")
    assert [render_path(path) for path in paths_of(document, (node,))[id(node)]] == [
        "$.x-a",
        "$.services['a.b'][0].image",
        "$.services.c.image",
    ]
