# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/architecture.md, read from the imports and calls of the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "plugins" / "module_utils" / "sealpin"
FILES = sorted(path.relative_to(CORE) for path in CORE.rglob("*.py"))

LAYERS = (
    "atoms",
    "trust",
    "signatures",
    "attestations",
    "slsa",
    "policy",
    "manifests",
    "report",
    "api",
)
FACADE = frozenset(
    {
        "ahead",
        "api",
        "evidence_session",
        "gathering",
        "given_evidence",
        "image_builds",
        "log_lookup",
        "pinning",
        "project_files",
        "reaching",
        "rules",
        "run",
        "run_options",
        "trust_files",
        "trusting",
        "verify_bundle",
    }
)
"""Top-level files that join the layers for the faces; the others are atoms."""
PURE = ("signatures", "attestations", "slsa", "policy", "report")
IMPURE_MODULES = frozenset(
    {
        "socket",
        "http",
        "urllib",
        "os",
        "time",
        "subprocess",
        "pathlib",
        "shutil",
        "tempfile",
        "requests",
    }
)
ONE_IMPORTER = {
    "cryptography": {"crypto.py", "certificates.py"},
    "rfc3161_client": {"signatures/timestamp.py"},
    "sigstore": {"signatures/second_opinion.py"},
    "urllib3": {"registry/urllib3_transport.py"},
    "tuf": {"trust/tuf_client.py"},
    "ruamel": {"yamldoc.py"},
    "re2": {"regexes.py"},
    "jsonschema": {"policy/conditions.py"},
    "spdx_tools": {"attestations/sbom.py"},
    "boto3": {"trust/kms/aws.py"},
    "botocore": {"trust/kms/aws.py"},
    "google": {"trust/kms/gcp.py"},
    "azure": {"trust/kms/azure.py"},
    "hvac": {"trust/kms/hashivault.py"},
}
IMPURE_BY_DESIGN = {
    "signatures/second_opinion.py": {"tempfile", "pathlib", "os"},
    "policy/engines": IMPURE_MODULES,
}
"""The second opinion's library reads its trusted root from a file; the engines are processes."""
PROCESS_STARTERS = {"registry/credentials.py", "policy/engines"}
CONSTRUCTORS = {
    "VerifiedStatement": {"signatures/verify.py"},
    "Decision": {"policy/evaluate.py"},
}


def layer_of(path: Path) -> str:
    """Return the layer a core file belongs to; a top-level file is an atom, but for the facade."""
    if len(path.parts) == 1:
        return "api" if path.stem in FACADE else "atoms"
    return path.parts[0]


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a file's syntax; most tests look through every file."""
    source = (CORE / path).read_text(encoding="utf-8")
    return tuple(ast.walk(ast.parse(source, filename=str(path))))


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (level, dotted module) of every import, a relative one as its path in the core."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                yield 0, node.module or ""
                continue
            base = path.parent.parts[: len(path.parent.parts) - node.level + 1]
            for alias in node.names:
                yield (
                    node.level,
                    ".".join([*base, *(node.module or "").split("."), alias.name])
                    .replace("..", ".")
                    .strip("."),
                )


def target_layer(dotted: str) -> str:
    first = dotted.split(".", maxsplit=1)[0]
    if (CORE / first).is_dir():
        return first
    return "api" if first in FACADE else "atoms"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_inside_the_core_are_relative_and_go_down(path: Path) -> None:
    own = layer_of(path)
    for level, dotted in imports_of(path):
        if level == 0:
            assert dotted.split(".")[0] not in (
                "sealpin",
                "sealpin_hooks",
                "ansible",
                "ansible_collections",
            )
            continue
        other = target_layer(dotted)
        if other == own:
            continue
        if own == "registry":
            assert other == "atoms", f"{path} imports {dotted}"
        elif other == "registry":
            assert own == "api", f"only api imports registry, but {path} imports {dotted}"
        else:
            assert LAYERS.index(other) < LAYERS.index(own), (
                f"{path} ({own}) imports {dotted} ({other})"
            )


@pytest.mark.parametrize("path", [p for p in FILES if layer_of(p) in PURE], ids=str)
def test_pure_layers_import_nothing_that_does_io_or_reads_the_clock(path: Path) -> None:
    allowed: set[str] = set()
    for place, modules in IMPURE_BY_DESIGN.items():
        if path.as_posix().startswith(place):
            allowed |= set(modules)
    got = {dotted.split(".")[0] for level, dotted in imports_of(path) if level == 0}
    assert not (got & IMPURE_MODULES) - allowed


@pytest.mark.parametrize("library", ONE_IMPORTER)
def test_each_third_party_library_has_one_importing_file(library: str) -> None:
    importers = {
        path.as_posix()
        for path in FILES
        for level, dotted in imports_of(path)
        if level == 0 and dotted.split(".")[0] == library
    }
    assert importers <= ONE_IMPORTER[library]


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_a_proof_is_made_in_one_place_only(name: str) -> None:
    makers = {path.as_posix() for path in FILES if name in constructed_names(path)}
    assert makers <= CONSTRUCTORS[name]


def constructed_names(path: Path) -> set[str]:
    """Return every name that is called, and every class whose value is copied with changes."""
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                found.add(function.id)
            elif isinstance(function, ast.Attribute):
                found.add(function.attr)
    return found


def test_only_credential_helpers_and_policy_engines_start_processes() -> None:
    starters = {
        path.as_posix()
        for path in FILES
        for level, dotted in imports_of(path)
        if level == 0 and dotted.split(".")[0] in ("subprocess", "multiprocessing", "pty")
    }
    assert all(any(starter.startswith(place) for place in PROCESS_STARTERS) for starter in starters)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_core_has_no_assert_and_no_word_that_the_sanity_tests_refuse(path: Path) -> None:
    text = (CORE / path).read_text(encoding="utf-8")
    assert "urlopen" not in text
    assert not any(isinstance(node, ast.Assert) for node in nodes_of(path))


@pytest.mark.parametrize("path", [p for p in FILES if p.name == "__init__.py"], ids=str)
def test_package_files_are_empty(path: Path) -> None:
    assert (CORE / path).read_bytes() == b""


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_core_file_holds_more_than_five_hundred_lines(path: Path) -> None:
    lines = (CORE / path).read_text(encoding="utf-8").count("\n")
    assert lines <= 500 or path.as_posix() in {
        "trust/embedded.py",
        "trust/tuf_roots.py",
        "slsa/gcb_keys.py",
    }


def test_no_module_of_the_core_keeps_mutable_state() -> None:
    offenders = []
    for path in FILES:
        module = nodes_of(path)[0]
        assert isinstance(module, ast.Module)
        for node in module.body:
            value = getattr(node, "value", None)
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(
                value, (ast.List, ast.Set)
            ):
                offenders.append(f"{path}:{node.lineno}")
    assert not offenders


def test_data_classes_are_our_own_which_cost_nothing_at_start_up() -> None:
    """`dataclasses` compiles code for each class at every start (ADR 6)."""
    importers = [
        str(path)
        for root in (CORE, CORE.parents[2] / "hooks")
        for path in root.rglob("*.py")
        if "from dataclasses import" in path.read_text(encoding="utf-8")
    ]
    assert importers == [str(CORE / "records.py")]
