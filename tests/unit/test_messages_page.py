# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""docs/messages.md says what the table in the core says."""

from __future__ import annotations

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
