# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Typed fields: protobuf's JSON, read strictly."""

from __future__ import annotations

import pytest

from sealpin import jsonfields
from sealpin.errors import InvalidInput

READERS = {
    "object": jsonfields.read_object,
    "text": jsonfields.read_text,
    "integer": jsonfields.read_integer,
}


def code(reader, value, **options):
    with pytest.raises(InvalidInput) as raised:
        reader({"k": value}, "k", what="it", **options)
    return raised.value.code


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("object", {"a": 1}),
        ("text", "a"),
        ("text", ""),
        ("integer", 0),
        ("integer", 2**63 - 1),
    ],
)
def test_returns_what_is_of_the_type(reader, value):
    assert READERS[reader]({"k": value}, "k", what="it") == value


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("17", 17), (str(2**63 - 1), 2**63 - 1)])
def test_reads_integers_from_their_decimal_text(text, value):
    assert jsonfields.read_integer({"k": text}, "k", what="it") == value


@pytest.mark.parametrize("value", [None, [], 1, "x", True], ids=repr)
def test_refuses_what_is_no_object(value):
    assert code(jsonfields.read_object, value) == "json.field"


@pytest.mark.parametrize("value", [None, [], 1, {}, True], ids=repr)
def test_refuses_what_is_no_text(value):
    assert code(jsonfields.read_text, value) == "json.field"


@pytest.mark.parametrize(
    "value",
    [None, [], {}, True, -1, 2**63, 1.0, "", "-1", "01", "1 ", "1_0", "\u0661", str(2**63)],
    ids=repr,
)
def test_refuses_what_is_no_integer(value):
    assert code(jsonfields.read_integer, value) == "json.field"


def test_absent_and_null_are_the_same():
    for fields in ({}, {"k": None}):
        assert jsonfields.read_optional_object(fields, "k", what="it") is None
        assert jsonfields.read_optional_text(fields, "k", what="it") == ""
        assert jsonfields.read_optional_integer(fields, "k", what="it") == 0
        assert jsonfields.read_list(fields, "k", what="it", at_most=1) == ()


def test_bounds_and_types_lists():
    assert jsonfields.read_objects({"k": [{}]}, "k", what="it", at_most=1) == ({},)
    assert code(jsonfields.read_list, [1, 2], at_most=1) == "json.too-many"
    assert code(jsonfields.read_list, "text", at_most=9) == "json.field"
    assert code(jsonfields.read_objects, ["text"], at_most=9) == "json.field"


def test_reads_base64():
    assert jsonfields.read_bytes({"k": "AA=="}, "k", what="it") == b"\0"
    assert code(jsonfields.read_bytes, None) == "base64.malformed"


def test_the_error_names_field_and_document():
    with pytest.raises(InvalidInput, match="the thing: expected text in k, got int"):
        jsonfields.read_text({"k": 1}, "k", what="the thing")
