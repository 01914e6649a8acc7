# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""docs/reference/command.md says what the parsers say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_page_is_what_the_generator_prints():
    spec = importlib.util.spec_from_file_location("command_page", DOCS / "generate_commands.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (DOCS / "reference" / "command.md").read_text(encoding="utf-8")
    assert page == module.page(), "run: make docs"


def test_the_page_shows_no_option_that_help_hides() -> None:
    assert "SUPPRESS" not in (DOCS / "reference" / "command.md").read_text(encoding="utf-8")
