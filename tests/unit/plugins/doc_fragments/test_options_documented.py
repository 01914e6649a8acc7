# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The option table and the documentation fragments say the same."""

from __future__ import annotations

import importlib.util
import re
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


ROOT = FRAGMENTS.parents[1]
MODULES = {
    "attestation_info": _options.ATTESTATION_INFO,
    "attestation_verify": _options.ATTESTATION_VERIFY,
    "image_digest_info": _options.IMAGE_DIGEST_INFO,
    "image_pin": _options.IMAGE_PIN,
    "image_verify": _options.IMAGE_VERIFY,
    "provenance_verify": _options.PROVENANCE_VERIFY,
    "running_images_info": (_options.VERIFICATION, _options.INTERPRETER),
}
"""Modules of the action groups to what each is asked with."""


def shown_defaults() -> list[tuple[str, str]]:
    """Return who and what is set in every ``module_defaults`` that a page shows."""
    pages = [*ROOT.glob("docs/how-to/*.md"), *ROOT.glob("roles/*/README.md"), ROOT / "README.md"]
    blocks = [
        block
        for page in pages
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        if "module_defaults:" in block
    ]
    assert blocks
    loaded = [YAML(typ="safe", pure=True).load(block) for block in blocks]
    plays = [play[0] if isinstance(play, list) else play for play in loaded]
    return [
        (whom, option)
        for play in plays
        for whom, options in play["module_defaults"].items()
        for option in options
    ]


@pytest.mark.parametrize(("whom", "option"), shown_defaults())
def test_a_default_that_a_page_shows_is_an_option_of_every_module_it_is_for(
    whom: str, option: str
) -> None:
    groups = YAML(typ="safe", pure=True).load(ROOT / "meta" / "runtime.yml")["action_groups"]
    name = whom.rpartition(".")[2]
    for module in groups[name] if whom.startswith("group/") else [name]:
        assert option in _options.argument_spec(*MODULES[module]), module


def test_secrets_are_marked() -> None:
    assert _options.secret_options() == {"registry_password", "registry_token"}


def test_each_task_gets_a_specification_of_its_own() -> None:
    first, second = (_options.argument_spec(*_options.IMAGE_VERIFY) for _turn in range(2))
    first["images"]["required"] = False
    assert second["images"]["required"]
