# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The option table and the documentation fragments say the same."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

import _options

FRAGMENTS = Path(__file__).resolve().parents[4] / "plugins" / "doc_fragments"
WHERE = {
    "registry": [("DOCUMENTATION", _options.REGISTRY)],
    "trust": [("DOCUMENTATION", _options.TRUST)],
    "verification": [("DOCUMENTATION", {**_options.IDENTITY, **_options.EVIDENCE})],
    "runtime": [
        ("DOCUMENTATION", _options.INTERPRETER),
        ("VERIFY_ON", {"verify_on": _options.PLACE["verify_on"]}),
    ],
}
ROWS = [(file, name, options) for file, parts in WHERE.items() for name, options in parts]


def load(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"fragment_{file}", FRAGMENTS / f"{file}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documented(file: str, name: str) -> dict[str, Any]:
    text = getattr(load(file).ModuleDocFragment, name)
    return YAML(typ="safe", pure=True).load(text)["options"]


@pytest.mark.parametrize(
    ("file", "name", "options"), ROWS, ids=[f"{row[0]}.{row[1]}" for row in ROWS]
)
def test_a_fragment_documents_its_options_and_no_other(
    file: str, name: str, options: dict[str, Any]
) -> None:
    described = {
        option: {key: value for key, value in text.items() if key != "description"}
        for option, text in documented(file, name).items()
    }
    specified = {
        option: {key: value for key, value in spec.items() if key != "no_log"}
        for option, spec in options.items()
    }
    assert described == specified


def test_secrets_are_marked() -> None:
    assert _options.secret_options() == {"registry_password", "registry_token"}


def test_each_task_gets_a_specification_of_its_own() -> None:
    first, second = (_options.argument_spec(*_options.IMAGE_VERIFY) for _turn in range(2))
    first["images"]["required"] = False
    assert second["images"]["required"]
