# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Strict JSON: what is read, what is refused, and in bounded time."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealpin import jsonbytes
from sealpin.errors import InvalidInput
from sealpin.limits import MAX_JSON_DEPTH
from support.processor_time import at_most
from support.properties import UNTIMED

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "json.malformed", id="empty"),
        pytest.param(b"{", "json.malformed", id="cut short"),
        pytest.param(b"{} {}", "json.malformed", id="two documents"),
        pytest.param(b"{'a': 1}", "json.malformed", id="single quotes"),
        pytest.param(b"[1,]", "json.malformed", id="trailing comma"),
        pytest.param(b"NaN", "json.malformed", id="NaN"),
        pytest.param(b"[Infinity]", "json.malformed", id="infinity"),
        pytest.param(b"[1e999]", "json.malformed", id="beyond all floats"),
        pytest.param(b"1" + b"0" * 400 + b".5", "json.malformed", id="long beyond all floats"),
        pytest.param(b"1" + b"0" * 5_000, "json.malformed", id="too many digits"),
        pytest.param(b'["\x01"]', "json.malformed", id="control character"),
        pytest.param(b"1" * 5000, "json.malformed", id="endless number"),
        pytest.param(b'{"a":1,"a":1}', "json.duplicate-key", id="duplicate key"),
        pytest.param(b'[{"b":{"a":1,"a":2}}]', "json.duplicate-key", id="nested duplicate"),
        pytest.param(b'{"a":1,"\\u0061":2}', "json.duplicate-key", id="escaped duplicate"),
        pytest.param(b'"\xff"', "json.encoding", id="not UTF-8"),
        pytest.param('{"a":1}'.encode("utf-16"), "json.encoding", id="UTF-16"),
        pytest.param(b'"\\ud800"', "json.encoding", id="half a character"),
        pytest.param(b'{"\\udfff": 1}', "json.encoding", id="half a character as key"),
        pytest.param(b"\xef\xbb\xbf{}", "json.malformed", id="byte order mark"),
        pytest.param(b"[" * (MAX_JSON_DEPTH + 1), "json.depth", id="deep list"),
        pytest.param(b'{"a":' * (MAX_JSON_DEPTH + 1), "json.depth", id="deep object"),
        pytest.param(b"[" * 1_000_000, "json.depth", id="very deep"),
        pytest.param(
            b"[" * (MAX_JSON_DEPTH + 1) + b"]" * (MAX_JSON_DEPTH + 1), "json.depth", id="closed"
        ),
        pytest.param(
            b"[" + b"{}," * 99 + b'{"a":' * MAX_JSON_DEPTH + b"1" + b"}" * MAX_JSON_DEPTH + b"]",
            "json.depth",
            id="deep beside flat",
        ),
    ],
)
def test_refuses_what_two_parsers_could_read_differently(data, code):
    with pytest.raises(InvalidInput) as caught:
        jsonbytes.parse(data, what="document")
    assert caught.value.code == code
    assert caught.value.message.startswith("document")


def test_brackets_within_strings_do_not_count():
    text = "[" * 500 + '\\"' + "{" * 500
    data = json.dumps([text, text]).encode()
    assert jsonbytes.parse(data, what="document") == [text, text]


def test_depth_up_to_the_bound_is_read():
    data = b"[" * MAX_JSON_DEPTH + b"]" * MAX_JSON_DEPTH
    assert jsonbytes.parse(data, what="document") is not None


def test_a_whole_character_from_two_escapes_is_read():
    assert jsonbytes.parse(b'"\\ud83d\\ude00"', what="document") == "\U0001f600"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"[" * 101 + b'"' + b'\\"' * 1_000_000, id="string without end"),
        pytest.param(b"[" * 101 + b'"' * 1_000_001, id="quotes"),
        pytest.param(b"[" * 101 + b"\\" * 2_000_000, id="backslashes"),
        pytest.param(b"[" * 101 + b'"' + b"\\" * 2_000_001, id="backslashes in a string"),
    ],
)
def test_takes_linear_time_over_hostile_strings(data):
    with at_most(10), pytest.raises(InvalidInput):
        jsonbytes.parse(data, what="document")


def test_bounds_the_size_before_anything_else():
    assert jsonbytes.parse(b"[1]", what="document", max_bytes=3) == [1]
    with pytest.raises(InvalidInput) as caught:
        jsonbytes.parse(b"[12]", what="document", max_bytes=3)
    assert caught.value.code == "json.too-large"


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"x"'])
def test_an_object_is_demanded(data):
    with pytest.raises(InvalidInput) as caught:
        jsonbytes.parse_object(data, what="document")
    assert caught.value.code == "json.not-an-object"


@UNTIMED
@given(VALUES)
def test_reads_back_what_it_writes(value):
    data = jsonbytes.canonical(value)
    assert jsonbytes.parse(data, what="document") == value
    assert jsonbytes.canonical(jsonbytes.parse(data, what="document")) == data


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}', id="order"),
        pytest.param('\x00\x1f\n"\\/\x7f', b'"\\u0000\\u001f\\n\\"\\\\/\x7f"', id="escapes"),
        pytest.param("é€", '"é€"'.encode(), id="no escapes"),
        # RFC 8785 section 3.2.3 sorts by UTF-16 code units: U+1F600 begins with 0xD83D.
        pytest.param(
            {"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'.encode(), id="UTF-16"
        ),
        pytest.param({"\r": 1, "1": 2, "\x80": 3}, b'{"\\r":1,"1":2,"\xc2\x80":3}', id="keys"),
    ],
)
def test_writes_the_canonical_form(value, expected):
    assert jsonbytes.canonical(value) == expected


@pytest.mark.parametrize("value", [1.5, [0.0], {"a": {"b": 1e3}}])
def test_a_number_with_a_fraction_has_no_canonical_form(value):
    with pytest.raises(InvalidInput) as caught:
        jsonbytes.canonical(value)
    assert caught.value.code == "json.not-canonical"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", b""), ("aGk=", b"hi"), ("_-8=", b"\xff\xef"), ("/+8=", b"\xff\xef"), ("aG\r\nk=", b"hi")],
)
def test_decodes_both_alphabets_of_base64(text, expected):
    assert jsonbytes.decode_base64(text, what="field") == expected


@pytest.mark.parametrize("text", ["a", "aGk", "aGk=x", "a Gk=", "é", None, 1, b"aGk="])
def test_refuses_what_is_not_base64(text):
    with pytest.raises(InvalidInput) as caught:
        jsonbytes.decode_base64(text, what="field")
    assert caught.value.code == "base64.malformed"
