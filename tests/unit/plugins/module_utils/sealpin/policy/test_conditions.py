# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.errors import InvalidInput
from sealpin.policy.conditions import check_pointer, check_schema, check_value
from sealpin.policy.decision import Outcome
from sealpin.policy.model import Operator, PointerCondition, SchemaCondition
from sealpin.regexes import compile_pattern

VALUE = {"a": {"b": [1, 2.0, "x", None, True]}, "n": 3, "t": "text", "": "empty", "x/y": {"~": 1}}


@pytest.mark.parametrize(
    ("pointer", "operator", "expected", "holds"),
    [
        ("/n", Operator.EQUALS, 3, True),
        ("/n", Operator.EQUALS, 3.0, True),
        ("/n", Operator.EQUALS, "3", False),
        ("/a/b/4", Operator.EQUALS, True, True),
        ("/a/b/4", Operator.EQUALS, 1, False),
        ("/a/b/0", Operator.EQUALS, True, False),
        ("/a/b/3", Operator.EQUALS, None, True),
        ("/absent", Operator.EQUALS, None, False),
        ("/a/b/5", Operator.EQUALS, None, False),
        ("/a/b/01", Operator.EQUALS, 2, False),
        ("/a/b/-", Operator.EXISTS, True, False),
        ("/", Operator.EQUALS, "empty", True),
        ("/x~1y/~0", Operator.EQUALS, 1, True),
        ("", Operator.EXISTS, True, True),
        ("/absent", Operator.EXISTS, True, False),
        ("/absent", Operator.EXISTS, False, True),
        ("/n", Operator.EXISTS, False, False),
        ("/t", Operator.ONE_OF, ["x", "text"], True),
        ("/t", Operator.ONE_OF, [], False),
        ("/absent", Operator.ONE_OF, [None], False),
        ("/t", Operator.MATCHES, compile_pattern("^te", where="x"), True),
        ("/n", Operator.MATCHES, compile_pattern("3", where="x"), False),
        ("/absent", Operator.MATCHES, compile_pattern(".*", where="x"), False),
        ("/n", Operator.AT_MOST, 3, True),
        ("/n", Operator.AT_MOST, 2, False),
        ("/n", Operator.AT_LEAST, 3, True),
        ("/a/b/4", Operator.AT_LEAST, 0, False),
        ("/t", Operator.AT_MOST, 9, False),
        ("/absent", Operator.AT_MOST, 9, False),
        ("/a/b", Operator.CONTAINS, "x", True),
        ("/a/b", Operator.CONTAINS, False, False),
        ("/t", Operator.CONTAINS, "t", False),
    ],
)
def test_comparisons_of_what_a_pointer_leads_to(pointer, operator, expected, holds):
    condition = PointerCondition(pointer=pointer, operator=operator, expected=expected)
    answer = check_value(condition, VALUE)
    assert (answer.outcome is Outcome.ALLOWED) is holds
    assert bool(answer.message) is not holds


@pytest.mark.parametrize("pointer", ["a", "/~", "/~2", "#/a"])
def test_what_is_no_pointer_is_refused(pointer):
    with pytest.raises(InvalidInput) as caught:
        check_pointer(pointer, where="x")
    assert caught.value.code == "condition.pointer"


@pytest.mark.parametrize(
    ("schema", "holds"),
    [
        ({"type": "object", "required": ["n"]}, True),
        ({"type": "object", "required": ["absent"]}, False),
        ({"properties": {"n": {"maximum": 2}}}, False),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "object"}}}, True),
        ({"$ref": "#/$defs/absent"}, False),
        ({"$ref": "#"}, False),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "const": VALUE}, True),
    ],
)
def test_schemas(schema, holds):
    answer = check_value(SchemaCondition(schema=schema), VALUE)
    assert (answer.outcome is Outcome.ALLOWED) is holds


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"type": 5}, "condition.schema"),
        ({"$ref": "https://evil.test/schema"}, "condition.schema-reference"),
        ({"allOf": [{"$ref": "file:///etc/passwd"}]}, "condition.schema-reference"),
    ],
)
def test_schemas_that_need_something_from_elsewhere_are_refused(schema, code):
    with pytest.raises(InvalidInput) as caught:
        check_schema(schema, where="x")
    assert caught.value.code == code
