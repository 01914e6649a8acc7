# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Delete each check of the verification core, one at a time, and see whether a test notices.

A check is a ``raise``, or a call that is only made for what it raises (``check_…``, ``verify_…``).
Each is replaced by ``pass`` in a copy of the tree, and the tests of its package are run there; they
must pass first with every check in place. The files of `GUARDED` decide by what they return, so
their guards (an ``if`` that only leaves) go too. What survives is printed, and makes the run fail
unless it is listed in `EXPECTED_SURVIVORS`::

    make mutation                                               everything, forty minutes
    python tests/mutation/delete_checks.py signatures/sct.py    one file
    python tests/mutation/delete_checks.py slsa attestations    two targets
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[2]
CORE = Path("plugins/module_utils/sealpin")
UNIT = Path("tests/unit") / CORE
TIMEOUT_S = 600
WORKERS = 2
CHECK_CALL = re.compile(r"_?(check|verify)(_|$)")

_ATTACKS = "../../../attacks"
_POLICY = (
    "policy/test_appraisal.py",
    "policy/test_evaluate.py",
    "policy/test_silent_passes.py",
    "policy/test_match.py",
    f"{_ATTACKS}/test_policies.py",
)
TARGETS: dict[str, tuple[str, ...]] = {
    "signatures": ("signatures", f"{_ATTACKS}/test_signatures.py"),
    "attestations": ("attestations",),
    "slsa": ("slsa",),
    "trust": ("trust",),
    "chain.py": ("signatures/test_certificate.py", "signatures/test_timestamp.py"),
    "der.py": ("test_der.py",),
    "jsonfields.py": ("test_jsonfields.py",),
    "certificates.py": ("test_certificates.py", "signatures/test_certificate.py"),
    "crypto.py": ("test_crypto.py", "signatures/test_verify.py", "signatures/test_certificate.py"),
    "policy/evaluate.py": _POLICY,
    "policy/policy_verdict.py": _POLICY,
    "policy/answer.py": _POLICY,
    "policy/needs.py": _POLICY,
    "policy/appraisal.py": _POLICY,
    "policy/candidates.py": _POLICY,
    "policy/authorities.py": _POLICY,
    "policy/identity.py": _POLICY,
    "policy/select.py": _POLICY,
    "policy/match.py": _POLICY,
    "policy/verifications.py": _POLICY,
    "registry/auth.py": (f"{_ATTACKS}/test_registries.py",),
    "registry/discover.py": (f"{_ATTACKS}/test_registries.py", f"{_ATTACKS}/test_discovery.py"),
    "registry/lookups.py": (f"{_ATTACKS}/test_registries.py", f"{_ATTACKS}/test_discovery.py"),
    "registry/evidence_store.py": (
        f"{_ATTACKS}/test_saved_evidence.py",
        f"{_ATTACKS}/test_indexes.py",
    ),
    "registry/platforms.py": (f"{_ATTACKS}/test_indexes.py",),
    "registry/referrers.py": (f"{_ATTACKS}/test_discovery.py",),
    "manifests/pin.py": (f"{_ATTACKS}/test_policies.py",),
    "manifests/rewrite.py": (),
}
"""What is mutated (below the core), and which of the core's unit tests should notice."""

GUARDED = frozenset(target for target in TARGETS if "/" in target)
"""Files whose guards are deleted too."""

FIRST_TESTS = {"entry_body.py": "tlog", "claims.py": "verify", "parts.py": "verify"}
"""Where a file's own tests have another name; they run first, since they notice soonest."""

EXPECTED_SURVIVORS: dict[str, str] = {
    "policy_verdict.py: if count >= policy.threshold and (not policy.required):": (
        "a shorter way only"
    ),
    "policy_verdict.py: if len(verdicts) == 1:": "chooses between two messages",
    "identity.py: if not isinstance(signer, CertificateIdentity):": (
        "only tells the type checker what keyless trust proves"
    ),
    "candidates.py: if nearest is not None:": "chooses between two messages",
    "select.py: if not policy.exclude and (not policy.resources):": "a shorter way only",
    "select.py: raise ValueError(f'unknown label operator {operator}')": (
        "the reader of policies knows no other operator"
    ),
    "match.py: if len(self._parts) <= 2 * _MAX_BACKTRACKING_WILDCARDS + 1:": (
        "a faster way only: both cover the same names, as test_policies.py holds"
    ),
    "lookups.py: raise found": "an error has no items, and ends the run as well",
    "referrers.py: if self.is_full:": "a shorter way only",
    "rewrite.py: if not changes:": "a shorter way only",
    "rewrite.py: if not here:": "a shorter way only",
    "rewrite.py: if len(before) != len(after):": "a strict zip refuses it too",
    "verify.py: raise TypeError('keyless trust chooses certificates')": (
        "only tells the type checker what `choose_signer` returns for keyless trust"
    ),
    "sct.py: raise _malformed(f'expected {count} more bytes, got {self.left}')": (
        "reading beyond the data leaves a position that the reader's end refuses"
    ),
}
"""``file: statement`` to why no test can notice."""


class Mutant:
    """One check of one file."""

    def __init__(self, path: Path, text: str, node: ast.stmt) -> None:
        self.path = path
        self._text = text
        self.line = node.lineno
        self.statement = ast.unparse(node).partition("\n")[0][:100]
        self._position = (node.lineno, node.col_offset)

    @property
    def name(self) -> str:
        return f"{self.path.name}: {self.statement}"

    def source(self) -> str:
        """The file without this check."""
        return ast.unparse(_Delete(self._position).visit(ast.parse(self._text)))


class _Delete(ast.NodeTransformer):
    def __init__(self, position: tuple[int, int]) -> None:
        self._position = position

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if (_is_check(node) or _is_guard(node)) and (
            node.lineno,
            node.col_offset,
        ) == self._position:
            return ast.Pass()
        return super().generic_visit(node)


def _is_check(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return True
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    function = node.value.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return CHECK_CALL.match(name) is not None


def _is_guard(node: ast.AST) -> bool:
    """Whether it is an ``if`` without ``else`` that does nothing but leave."""
    return (
        isinstance(node, ast.If)
        and not node.orelse
        and len(node.body) == 1
        and isinstance(node.body[0], (ast.Return, ast.Continue))
    )


def mutants(target: str) -> Iterator[Mutant]:
    folder = ROOT / CORE / target
    for path in sorted(folder.glob("*.py")) if folder.is_dir() else [folder]:
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)):
            if _is_check(node) or (target in GUARDED and _is_guard(node)):
                yield Mutant(path.relative_to(ROOT / CORE), text, node)


def own_tests(mutant: Mutant) -> tuple[str, ...]:
    stem = FIRST_TESTS.get(mutant.path.name, mutant.path.stem)
    path = f"{mutant.path.parent.as_posix()}/test_{stem}.py"
    return (path,) if (ROOT / UNIT / path).is_file() else ()


class Tree:
    """A copy of the tree, in which one file at a time lacks a check."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for part in (CORE, Path("tests")):
            ignored = shutil.ignore_patterns("__pycache__", "vectors")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        (folder / "tests/vectors").symlink_to(ROOT / "tests/vectors")
        shutil.copy(ROOT / "pyproject.toml", folder)

    def survives(self, mutant: Mutant, tests: tuple[str, ...]) -> bool:
        """Whether *tests* pass without the check."""
        path = self._folder / CORE / mutant.path
        whole = path.read_bytes()
        _write(path, mutant.source().encode())
        try:
            ran = self.run((*own_tests(mutant), *tests))
        finally:
            _write(path, whole)
        return ran is not None and ran.returncode == 0

    def run(self, tests: tuple[str, ...]) -> subprocess.CompletedProcess[bytes] | None:
        """Run *tests* up to the first that fails; None if they do not end."""
        command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "--tb=no"]
        command += ["-p", "no:cacheprovider", *(str(UNIT / test) for test in dict.fromkeys(tests))]
        try:
            return subprocess.run(
                command,
                cwd=self._folder,
                env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None


def _write(path: Path, content: bytes) -> None:
    """Write a source file, and forget what was compiled from it."""
    path.write_bytes(content)
    Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)


Work = list[tuple[Mutant, tuple[str, ...]]]


def chosen(arguments: list[str]) -> Work:
    """The checks of the targets or files named by *arguments*; of all without any."""
    return [
        (mutant, tests)
        for target, tests in TARGETS.items()
        for mutant in mutants(target)
        if not arguments or target in arguments or mutant.path.as_posix() in arguments
    ]


def survivors(work: Work, folder: Path) -> Iterator[Mutant]:
    """Delete each check in turn. Raises `SystemExit` when a test fails without that."""
    trees: SimpleQueue[Tree] = SimpleQueue()
    for worker in range(WORKERS):
        trees.put(Tree(folder / str(worker)))
    tree = trees.get()
    tests = (test for mutant, tests in work for test in (*own_tests(mutant), *tests))
    whole = tree.run(tuple(tests))
    if whole is None or whole.returncode:
        shown = "" if whole is None else whole.stdout.decode()
        raise SystemExit(f"{shown}\na test fails with every check in place: mend it first")
    trees.put(tree)

    def survives(pair: tuple[Mutant, tuple[str, ...]]) -> bool:
        tree = trees.get()
        try:
            return tree.survives(*pair)
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        for (mutant, _tests), alive in zip(work, pool.map(survives, work), strict=True):
            if alive:
                yield mutant


def main(arguments: list[str]) -> int:
    work = chosen(arguments)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="sealpin-mutation-") as directory:
        for mutant in survivors(work, Path(directory)):
            reason = EXPECTED_SURVIVORS.get(mutant.name)
            counts["survived"] += 1
            counts["unexpected"] += reason is None
            where = f"{mutant.path}:{mutant.line}"
            print(f"{where}: {mutant.statement}  ({reason or 'no test noticed'})", flush=True)
    print(
        f"{len(work)} checks deleted, {counts['survived']} survived,"
        f" {counts['unexpected']} unexpected"
    )
    return 1 if counts["unexpected"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
