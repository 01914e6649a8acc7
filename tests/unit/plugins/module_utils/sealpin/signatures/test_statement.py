# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Statements: versions, subjects, and what two parsers might read differently."""

from __future__ import annotations

import json

import pytest

from sealpin.digest import Digest
from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.mediatypes import STATEMENT_V01, STATEMENT_V1
from sealpin.signatures.statement import match_subject, parse_statement

DIGEST = Digest("sha256", "ab" * 32)
SUBJECT = {"name": "image", "digest": {"sha256": DIGEST.hex}, "annotations": {"a": "b", "n": 1}}
STATEMENT = {
    "_type": STATEMENT_V1,
    "subject": [SUBJECT],
    "predicateType": "https://example.test/p",
    "predicate": {"x": 1},
}


def parse(**changes):
    return parse_statement(json.dumps({**STATEMENT, **changes}).encode())


def code(payload):
    with pytest.raises(InvalidInput) as raised:
        parse_statement(payload)
    return raised.value.code


@pytest.mark.parametrize("kind", [STATEMENT_V01, STATEMENT_V1])
def test_reads_both_versions(kind):
    statement = parse(_type=kind)
    assert (statement.predicate_type, statement.predicate) == ("https://example.test/p", {"x": 1})


def test_allows_unknown_fields_and_digests():
    subject = {"digest": {"gitCommit": "abc", "sha256": DIGEST.hex}, "uri": "x"}
    statement = parse(subject=[subject], extra=True)
    assert match_subject(statement, DIGEST).name == ""


def test_reads_annotations_that_are_text():
    assert match_subject(parse(), DIGEST).annotations == {"a": "b"}


def test_any_subject_may_match():
    others = [{"name": str(n), "digest": {"sha256": f"{n:064x}"}} for n in range(5)]
    assert match_subject(parse(subject=[*others, SUBJECT]), DIGEST).name == "image"


@pytest.mark.parametrize(
    "digests",
    [
        {"sha256": "AB" * 32},
        {"sha256": f"sha256:{DIGEST.hex}"},
        {"sha512": DIGEST.hex},
        {"sha256": DIGEST.hex[:-1]},
        {},
    ],
    ids=["upper-case", "prefixed", "other-algorithm", "short", "none"],
)
def test_refuses_digests_that_are_not_the_one(digests):
    with pytest.raises(VerificationFailed) as raised:
        match_subject(parse(subject=[{"digest": digests}]), DIGEST)
    assert raised.value.code == "subject.mismatch"


MALFORMED = {
    "json.duplicate-key": b'{"_type":"a","_type":"b"}',
    "json.not-an-object": b"[]",
    "json.malformed": b"junk",
    "statement.type": json.dumps({**STATEMENT, "_type": "https://evil.test"}).encode(),
    "statement.no-subject": json.dumps({**STATEMENT, "subject": []}).encode(),
    "json.too-many": json.dumps({**STATEMENT, "subject": [SUBJECT] * 1025}).encode(),
    "json.field": json.dumps({**STATEMENT, "subject": [{"digest": {"sha256": 1}}]}).encode(),
}


@pytest.mark.parametrize(("expected", "payload"), MALFORMED.items(), ids=MALFORMED.keys())
def test_refuses_malformed_statements(expected, payload):
    assert code(payload) == expected


def test_bounds_the_digests_of_a_subject():
    digests = {f"alg{n}": "00" for n in range(33)}
    assert code(json.dumps({**STATEMENT, "subject": [{"digest": digests}]}).encode()) == (
        "json.too-many"
    )


@pytest.mark.parametrize("field", ["subject", "predicateType"])
@pytest.mark.parametrize("value", [None, 1, "x", {"a": 1}], ids=repr)
def test_refuses_fields_of_another_type(field, value):
    if (field, value) == ("predicateType", "x"):
        parse(predicateType=value)
    else:
        assert code(json.dumps({**STATEMENT, field: value}).encode()) in (
            "json.field",
            "statement.no-subject",
        )
