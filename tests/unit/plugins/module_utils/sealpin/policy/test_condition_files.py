# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest

from sealpin.errors import SealpinError
from sealpin.policy.condition_files import read_condition_file
from sealpin.policy.decision import Outcome
from sealpin.policy.flags import EvidenceFlags, SignerFlags, policy_from_flags
from sealpin.policy.model import (
    AttestationRule,
    Language,
    Operator,
    PointerCondition,
    ProgramCondition,
    SchemaCondition,
)
from sealpin.policy.sources import Sources
from support.policies import decide
from support.verification import SUBJECT, keyless
from support.virtual_sigstore import VirtualSigstore
from support.virtual_sigstore.certificate_authority import Identity

SOURCES = Sources(default_root=lambda: pytest.fail("no root is needed"))
TYPE = "https://example.test/scan/v1"
WHO = "https://github.test/o/r/.github/workflows/scan.yml@refs/heads/main"


def read(name: str, text: str) -> tuple[object, ...]:
    return read_condition_file(name, text.encode(), sources=SOURCES)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "policy.yaml",
            "conditions: [{path: /level, at_most: 3}]",
            PointerCondition(pointer="/level", operator=Operator.AT_MOST, expected=3),
        ),
        (
            "dir.d/policy.json",
            '{"conditions": [{"path": "/level", "at_most": 3}]}',
            PointerCondition(pointer="/level", operator=Operator.AT_MOST, expected=3),
        ),
        ("a.yml", "schema: {type: object}", SchemaCondition(schema={"type": "object"})),
        ("a.cue", "a: 1\n", ProgramCondition(language=Language.CUE, text="a: 1\n")),
        ("a.rego", "package x\n", ProgramCondition(language=Language.REGO, text="package x\n")),
    ],
    ids=["pointer", "json", "schema", "cue", "rego"],
)
def test_the_ending_says_the_language(name: str, text: str, expected: object) -> None:
    assert read(name, text) == (expected,)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("policy.txt", "x", "condition.file"),
        ("policy", "x", "condition.file"),
        ("a.yaml", "{}", "policy.invalid"),
        ("a.yaml", "conditions: []", "policy.invalid"),
        ("a.yaml", "condition: [{path: /a, equals: 1}]", "policy.invalid"),
        ("a.yaml", "schema: {}\n---\nschema: {}", "policy.invalid"),
        ("a.json", "[1]", "policy.invalid"),
    ],
    ids=["ending", "no ending", "empty", "no condition", "misspelt", "two documents", "a list"],
)
def test_refuses_a_file_that_would_demand_nothing(name: str, text: str, code: str) -> None:
    with pytest.raises(SealpinError) as raised:
        read(name, text)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("every_one", "levels", "outcome"),
    [
        (True, (1, 1), Outcome.ALLOWED),
        (True, (1, 9), Outcome.DENIED),
        (True, (9, 1), Outcome.DENIED),
        (False, (1, 9), Outcome.ALLOWED),
        (False, (9, 9), Outcome.DENIED),
        (True, (), Outcome.DENIED),
    ],
)
def test_every_attestation_of_the_type_must_satisfy_where_the_rule_says_so(
    every_one: bool, levels: tuple[int, ...], outcome: Outcome
) -> None:
    sigstore = VirtualSigstore()
    identity = Identity.uri(WHO)
    signed = [
        sigstore.attest(
            str(SUBJECT), predicate_type=TYPE, predicate={"level": level}, identity=identity
        )
        for level in levels
    ]
    signed.append(
        sigstore.attest(
            str(SUBJECT), predicate_type=TYPE + "9", predicate={"level": 9}, identity=identity
        )
    )
    rule = AttestationRule(
        name=TYPE,
        predicate_type=TYPE,
        written_type=TYPE,
        conditions=read("p.yaml", "conditions: [{path: /level, at_most: 3}]"),
    )
    policies = policy_from_flags(
        SignerFlags(identity=WHO, issuer=identity.issuer),
        trust=keyless(sigstore),
        evidence=EvidenceFlags(attestations=(replace(rule, every_one=every_one),)),
    )
    decision = decide(policies, signed)
    assert decision.outcome is outcome
    expected = sum(level <= 3 for level in levels) if outcome is Outcome.ALLOWED else 0
    assert len(decision.statements) == expected
