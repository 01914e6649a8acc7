# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The peer's own engines' answers, and each place where ours is another on purpose."""

from __future__ import annotations

import json

import pytest

from sealpin.policy.decision import Outcome
from sealpin.policy.engines.run import run_program
from sealpin.policy.model import Language, ProgramCondition
from support.engines import needs_regopy
from support.vectors import vectors

CASES = json.loads((vectors("policy") / "eval_cases.json").read_text(encoding="utf-8"))["cases"]

ABSENT = "a constrained field that is absent does not pass"
EMPTY = "a program that constrains nothing does not pass"
DUPLICATE = "a document with a key twice is refused before any engine sees it"
OUTVOTED = "one true result does not outvote a false one"
UNTOLD = "regopy is not known to agree with OPA: inconclusive without the opa command"

STRICT_DEVIATIONS = {
    "cue-works: no predicateType key": ABSENT,
    "cue-vuln-works: scanner absent": ABSENT,
    "config: arch absent in image": ABSENT,
    "spec absent": ABSENT,
    "typemeta absent (no --resource)": ABSENT,
    "default": ABSENT,
    "empty policy": EMPTY,
    "whitespace/comment only policy": EMPTY,
    "hidden _type unquoted": EMPTY,
    "dup json keys same": DUPLICATE,
}
COSIGN_DEVIATIONS = {"dup json keys same": DUPLICATE}
REGO_DEVIATIONS = {"set-mixed": OUTVOTED, "dupkeys": DUPLICATE}
REGO_UNTOLD = {"bi-time", "bi-x509", "bi-jsonschema", "bi-net", "bi-http"}


def _ids(cases):
    return [case["name"] for case in cases]


CUE = [case for case in CASES if case["policyType"] == "cue"]
REGO = [case for case in CASES if case["policyType"] == "rego"]


def _run(case, *, absent_fields_pass=False):
    program = ProgramCondition(
        language=Language(case["policyType"]),
        text=case["policy"],
        absent_fields_pass=absent_fields_pass,
    )
    return run_program(program, case["inputText"].encode("utf-8"))


@pytest.fixture(autouse=True)
def no_commands(monkeypatch):
    """Neither ``cue`` nor ``opa``: what is built in must answer."""
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.mark.parametrize("case", CUE, ids=_ids(CUE))
def test_cue_with_cosign_semantics_answers_as_the_peer(case):
    expected = case["pass"] and case["name"] not in COSIGN_DEVIATIONS
    answer = _run(case, absent_fields_pass=True)
    assert answer.outcome is (Outcome.ALLOWED if expected else Outcome.DENIED), answer.message


@pytest.mark.parametrize("case", CUE, ids=_ids(CUE))
def test_strict_cue_answers_as_concreteness_would_or_is_stricter(case):
    concrete = case["passIfConcreteRequired"]
    answer = _run(case)
    if case["name"] in STRICT_DEVIATIONS:
        assert concrete
        assert answer.outcome is Outcome.DENIED
    else:
        assert answer.outcome is (Outcome.ALLOWED if concrete else Outcome.DENIED), answer.message


@pytest.mark.parametrize("case", REGO, ids=_ids(REGO))
def test_rego_answers_as_opa_or_cannot_tell(case):
    needs_regopy()
    answer = _run(case)
    if case["name"] in REGO_UNTOLD:
        assert answer.outcome is Outcome.INCONCLUSIVE
        return
    expected = case["pass"] and case["name"] not in REGO_DEVIATIONS
    assert answer.outcome is (Outcome.ALLOWED if expected else Outcome.DENIED), answer.message
