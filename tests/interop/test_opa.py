# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Rego conditions through ``opa`` itself, as a machine that has it decides."""

from __future__ import annotations

import json
import os

import pytest

from sealpin.policy.decision import Outcome
from sealpin.policy.engines import rego
from sealpin.policy.engines.rego import check_rego
from support.peers import peer
from support.vectors import vectors

CASES = [
    case
    for case in json.loads((vectors("policy") / "eval_cases.json").read_text(encoding="utf-8"))[
        "cases"
    ]
    if case["policyType"] == "rego"
]
STRICTER = {
    "set-mixed": (Outcome.DENIED, "rego.not-met"),
    "dupkeys": (Outcome.DENIED, "json.duplicate-key"),
    "bi-http": (Outcome.INCONCLUSIVE, "rego.refused"),
}
"""Where the answer is not the peer's, on purpose: docs/compatibility.md, pc-rego."""
OBJECT = '{"predicate": {}}'


@pytest.fixture(autouse=True)
def opa(monkeypatch):
    monkeypatch.setenv("PATH", f"{peer('opa').parent}:{os.environ['PATH']}")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_opa_gives_the_recorded_answers(case):
    answer = check_rego(case["policy"], case["inputText"].encode("utf-8"))
    if case["name"] in STRICTER:
        assert case["pass"]
        assert (answer.outcome, answer.code) == STRICTER[case["name"]]
    else:
        assert answer.outcome is (Outcome.ALLOWED if case["pass"] else Outcome.DENIED)
        assert answer.engine == "opa"


@pytest.mark.parametrize(
    "call",
    ['http.send({"method": "GET", "url": "http://127.0.0.1:1"})', "opa.runtime().env.HOME"],
    ids=["http.send", "opa.runtime"],
)
def test_opa_does_not_know_what_reaches_outside(call):
    """Asked behind the guard that refuses such programs before any engine sees them."""
    text = f"package sigstore\nisCompliant {{ x := {call}; x != 1 }}\n"
    answer = rego._ask_opa(str(peer("opa")), text, OBJECT.encode())
    assert (answer.outcome, answer.code) == (Outcome.DENIED, "rego.malformed")
    assert "undefined function" in answer.message


def test_an_endless_program_is_ended():
    text = (
        "package sigstore\n"
        "isCompliant { count([1 | numbers.range(1, 100000)[i]; numbers.range(1, 100000)[j];"
        " i * j == -1]) == 0 }\n"
    )
    answer = check_rego(text, OBJECT.encode())
    assert answer.outcome is Outcome.INCONCLUSIVE
    assert answer.code in ("engine.time-out", "engine.memory")
