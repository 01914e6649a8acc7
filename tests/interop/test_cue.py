# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The built-in CUE reader against ``cue`` itself: it may be stricter or not know, never laxer."""

from __future__ import annotations

import json
import subprocess
from random import Random

import pytest

from sealpin.policy.decision import Outcome
from sealpin.policy.engines.cue import check_cue
from support.cue_programs import make_document, make_program
from support.peers import peer
from support.vectors import vectors

CASES = [
    case
    for case in json.loads((vectors("policy") / "eval_cases.json").read_text(encoding="utf-8"))[
        "cases"
    ]
    if case["policyType"] == "cue"
]
PROGRAMS = 300
SEED = 20260824


@pytest.fixture(scope="module")
def cue(tmp_path_factory):
    program = peer("cue")
    folder = tmp_path_factory.mktemp("cue")

    def ask(text: str, document: bytes, *verb: str) -> bool:
        (folder / "policy.cue").write_text(text, encoding="utf-8")
        (folder / "input.json").write_bytes(document)
        answer = subprocess.run(
            [program, *verb, "policy.cue", "input.json"],
            cwd=folder,
            env={"HOME": str(folder), "CUE_CACHE_DIR": str(folder), "CUE_REGISTRY": "none"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        return answer.returncode == 0

    return ask


@pytest.fixture
def no_commands(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_command_gives_the_recorded_answers(case, cue):
    document = case["inputText"].encode("utf-8")
    assert cue(case["policy"], document, "eval") is case["pass"]
    assert cue(case["policy"], document, "vet", "-c") is case["passIfConcreteRequired"]


def test_what_the_built_in_reader_passes_the_command_passes(cue, no_commands):
    random = Random(SEED)
    passed = 0
    for _turn in range(PROGRAMS):
        text, document = make_program(random), make_document(random)
        for absent_fields_pass, verb in ((True, ["eval"]), (False, ["vet", "-c"])):
            answer = check_cue(text, document, absent_fields_pass=absent_fields_pass)
            if answer.outcome is Outcome.ALLOWED:
                passed += 1
                assert cue(text, document, *verb), f"{verb}\n{text}\n{document.decode()}"
    assert passed > PROGRAMS // 4
