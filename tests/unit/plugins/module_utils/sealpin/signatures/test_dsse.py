# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Envelopes: what is signed, and how they are read."""

from __future__ import annotations

import json

import pytest

from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.mediatypes import IN_TOTO_PAYLOAD
from sealpin.signatures.dsse import (
    check_is_statement,
    envelope_document,
    parse_envelope,
    pre_authentication_encoding,
)

ENVELOPE = {
    "payloadType": IN_TOTO_PAYLOAD,
    "payload": "e30=",
    "signatures": [{"sig": "AAAA", "keyid": "x"}],
}


def parse(**changes):
    return parse_envelope(json.dumps({**ENVELOPE, **changes}).encode(), what="it")


def test_a_written_envelope_reads_back_as_itself():
    envelope = parse()
    assert envelope_document(envelope) == ENVELOPE
    assert parse_envelope(json.dumps(envelope_document(envelope)).encode(), what="it") == envelope
    assert envelope_document(parse(signatures=[{"sig": "AAAA"}]))["signatures"] == [{"sig": "AAAA"}]


def test_encodes_as_the_specification_s_example():
    encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_counts_bytes_not_characters():
    assert pre_authentication_encoding("\u00fc", b"\xff") == b"DSSEv1 2 \xc3\xbc 1 \xff"


def test_reads_an_envelope():
    envelope = parse()
    assert (envelope.payload, envelope.signatures[0].keyid) == (b"{}", "x")
    assert envelope.signed_bytes.endswith(b" 2 {}")


def test_reads_both_alphabets_of_base64():
    assert parse(payload="_-8=").payload == parse(payload="/+8=").payload


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signatures": []}, "dsse.no-signature"),
        ({"signatures": None}, "dsse.no-signature"),
        ({"signatures": ["x"]}, "json.field"),
        ({"signatures": [{}]}, "base64.malformed"),
        ({"signatures": [{"sig": "AAAA"}] * 33}, "json.too-many"),
        ({"payload": "!"}, "base64.malformed"),
        ({"payload": None}, "base64.malformed"),
        ({"payloadType": 1}, "json.field"),
        ({"payloadType": None}, "json.field"),
    ],
    ids=str,
)
def test_refuses_malformed_envelopes(changes, code):
    with pytest.raises(InvalidInput) as raised:
        parse(**changes)
    assert raised.value.code == code


def test_only_statements_are_statements():
    check_is_statement(parse())
    with pytest.raises(VerificationFailed) as raised:
        check_is_statement(parse(payloadType="text/plain"))
    assert raised.value.code == "dsse.payload-type"
