# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""docs/messages.md says what the table in the core says."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from sealpin.manifests.messages import MESSAGES
from sealpin.manifests.site import Remark

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("messages_page", DOCS / "generate_messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_what_the_generator_prints():
    assert (DOCS / "messages.md").read_text(encoding="utf-8") == generator().page()


@pytest.mark.parametrize("code", MESSAGES)
def test_message_is_one_line_and_says_what_to_do(code):
    row = MESSAGES[code]
    remark = Remark(code=code, file="f", path="$.a", line=3, detail="nginx:1.27")
    assert remark.message == f"nginx:1.27: {row.text}"
    assert remark.label == f"{code}:$.a"
    assert "\n" not in row.text + row.hint
    assert row.text[:1].islower() or row.text.startswith(("YAML", "UTF", "global."))
    assert not row.text.endswith(".")
    assert row.hint or row.severity.value == "note" or code == "binary"


ERRORS = {
    "Answer", "Finding", "InvalidInput", "MissingDependency", "PolicyInvalid", "Unavailable",
    "UsageError", "VerificationFailed", "failed",
}  # fmt: skip
"""What takes a code as its first argument, or as ``code``."""


def literal_codes() -> set[str]:
    """Every code that the core and the command write out."""
    codes = set()
    for folder in (DOCS.parent / "plugins/module_utils/sealpin", DOCS.parent / "hooks"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                    named = [word.value for word in node.keywords if word.arg == "code"]
                    codes |= {
                        value.value
                        for value in (*node.args[:1], *named)
                        if isinstance(value, ast.Constant) and isinstance(value.value, str)
                    }
    return codes - {"", "ok"}


def test_the_page_says_what_each_code_is_about_that_the_program_writes_out() -> None:
    begins = [word for _about, _link, words in generator().AREAS for word in words.split()]
    assert len(begins) == len(set(begins))
    written = {code.partition(".")[0] for code in literal_codes()} - set(MESSAGES)
    assert len(written) > 60
    assert written | {"insecure", "lint"} == set(begins)
