# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""docs/messages.md says what the table in the core says."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealpin.errors import Unavailable
from sealpin.manifests.messages import MESSAGES
from sealpin.manifests.site import Remark
from sealpin.next_steps import NEXT_STEPS

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
    "Answer", "Finding", "InvalidInput", "MissingDependency", "PolicyInvalid", "SealpinError",
    "Unavailable", "UsageError", "VerificationFailed", "failed",
}  # fmt: skip
"""What takes a code as its first argument, or as ``code``."""


def calls(names: set[str]) -> Iterator[ast.Call]:
    """Every call of one of *names* in the core and the command."""
    for folder in (DOCS.parent / "plugins/module_utils/sealpin", DOCS.parent / "hooks"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names:
                    yield node


def codes_of(call: ast.Call) -> set[str]:
    """The code that *call* writes out, if it does."""
    named = [word.value for word in call.keywords if word.arg == "code"]
    values = [value.value for value in (*call.args[:1], *named) if isinstance(value, ast.Constant)]
    return {value for value in values if isinstance(value, str)} - {"", "ok"}


def test_the_page_says_what_each_code_is_about_that_the_program_writes_out() -> None:
    begins = [word for _about, _link, words in generator().AREAS for word in words.split()]
    assert len(begins) == len(set(begins))
    codes = {code for call in calls(ERRORS) for code in codes_of(call)}
    written = {code.partition(".")[0] for code in codes} - set(MESSAGES)
    assert len(written) > 60
    assert written | {"insecure", "lint"} == set(begins)


def silent_codes(errors: set[str]) -> set[str]:
    """Codes that are raised somewhere without a hint and have no step of their own."""
    return {
        code
        for call in calls(errors)
        if not any(word.arg == "hint" for word in call.keywords)
        for code in codes_of(call)
    } - set(NEXT_STEPS)


def test_what_could_not_be_checked_always_says_what_to_do_next() -> None:
    """It is what wakes people at night, and nothing about it is the image's fault."""
    assert silent_codes(ERRORS)
    assert silent_codes({"Unavailable"}) == set()


def test_a_file_or_a_repository_in_the_way_says_what_to_do_next() -> None:
    """Where the path itself is wrong, it is in the message, and a task adds whose path it is."""
    silent = {code for code in silent_codes({"InvalidInput"}) if code.startswith(("file.", "git."))}
    assert silent == {"file.missing", "file.unreadable", "git.no-such-file"}


def test_a_hint_of_its_own_comes_before_the_step_of_the_code() -> None:
    assert Unavailable("tuf.locked", "m").hint == NEXT_STEPS["tuf.locked"]
    assert Unavailable("tuf.locked", "m", hint="h").hint == "h"


def test_blank_reference_is_shown_in_quotes():
    remark = Remark(code="not-a-reference", file="f", path="$.a", line=3, detail=" ")
    assert remark.message == '" ": not an image reference'
