# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Rules of ansible-test that are easily broken, told in a second instead of two minutes.

ansible-test stays the judge (`make test-collection`); there is no ignore file, so each of its rules
holds for the whole tree, tests included. It reads our files as Python 3.8 would.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LONGEST_LINE = 160
SOURCES = sorted(
    path
    for folder in ("plugins", "hooks", "tests", ".ci", "docs")
    for path in (ROOT / folder).rglob("*.py")
    if not {"vectors", "output"} & set(path.relative_to(ROOT).parts)
)


@pytest.fixture(scope="module", params=SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def source(request) -> str:
    return request.param.read_text("utf-8")


def test_nothing_is_named_with_a_bare_underscore(source):
    """`_` is gettext's; pylint calls it a disallowed name. Say what is left aside: `_rest`."""
    tree = ast.parse(source)
    named = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
    ] + [
        parameter.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for parameter in (
            *function.args.posonlyargs,
            *function.args.args,
            *function.args.kwonlyargs,
        )
        if parameter.arg == "_"
    ]
    assert not named


def is_type(node: ast.AST) -> bool:
    """Tell a type from a set or a flag by its spelling."""
    match node:
        case ast.Name(id=name):
            return name in ("str", "bytes", "int", "float", "bool") or not (
                name.isupper() or name.islower()
            )
        case ast.Constant(value=None) | ast.Subscript():
            return True
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return is_type(left) and is_type(right)
    return False


def test_type_alias_of_a_union_is_spelled_out(source):
    """``Either = Union[This, That]``; with a bar it is an operation that 3.8 lacks."""
    unions = [
        node.lineno
        for statement in ast.parse(source).body
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None
        for node in ast.walk(statement.value)
        if isinstance(node, ast.BinOp) and is_type(node)
    ]
    assert not unions


def test_no_function_s_body_is_an_ellipsis(source):
    """A protocol's method has a docstring; pylint wants no ``...`` behind it."""
    ellipses = [
        function.lineno
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef)
        for last in function.body[-1:]
        if isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Constant)
        and last.value.value is ...
    ]
    assert not ellipses


def test_no_line_is_longer_than_ansible_allows(source):
    assert not [line for line in source.splitlines() if len(line) > LONGEST_LINE]


def test_no_quotation_mark_is_typographic(source):
    assert not set("\u2018\u2019\u201c\u201d") & set(source)


DOCUMENTED = sorted(
    path
    for pattern in ("modules/*.py", "lookup/*.py", "filter/*.yml", "test/*.yml")
    for path in (ROOT / "plugins").glob(pattern)
    if path.name != "__init__.py"
)


def documentation(path: Path, name: str = "DOCUMENTATION") -> dict:
    """The text called *name* of a plugin or a fragment; a sidecar is the whole document."""
    text = path.read_text("utf-8")
    if path.suffix == ".yml":
        return yaml.safe_load(text)["DOCUMENTATION"]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [
            name
        ]:
            return yaml.safe_load(node.value.value)
    raise LookupError(f"{path} has no {name}")


def fragment(name: str) -> dict:
    """What ``sealpin.oci.file.part`` stands for; without a part it is the file's main text."""
    file, _dot, part = name.removeprefix("sealpin.oci.").partition(".")
    path = ROOT / "plugins" / "doc_fragments" / f"{file}.py"
    return documentation(path, part.upper() or "DOCUMENTATION")


@pytest.mark.parametrize("plugin", DOCUMENTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_documentation_names_only_options_that_the_plugin_has(plugin):
    """A fragment is read into many plugins, and must not name what only some of them have."""
    own = documentation(plugin)
    names = own.get("extends_documentation_fragment", [])
    ours = [name for name in names if name.startswith("sealpin.oci.")]
    texts = [own, *map(fragment, ours)]
    options = set().union(*(text.get("options", {}) for text in texts))
    assert set(re.findall(r"\bO\((\w+)", yaml.safe_dump(texts))) <= options


@pytest.mark.parametrize(
    "path", sorted((ROOT / "changelogs" / "fragments").glob("*.yml")), ids=lambda path: path.name
)
def test_fragments_of_the_changelog_are_lists_of_sentences(path):
    """A colon or a backtick in the wrong place makes a fragment no YAML, or no text."""
    for section, sentences in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        assert isinstance(sentences, list), section
        assert all(isinstance(sentence, str) for sentence in sentences), section
