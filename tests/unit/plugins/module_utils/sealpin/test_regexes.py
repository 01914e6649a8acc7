# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import builtins

import pytest

from sealpin.errors import InvalidInput, MissingDependency
from sealpin.regexes import MAX_PATTERN_CHARS, anchored, compile_pattern, lint_pattern


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        pytest.param("kubernetes", "https://kubernetes.default", True, id="unanchored"),
        pytest.param("^https://a$", "https://a", True, id="anchored"),
        pytest.param("^https://a$", "https://a\n", False, id="dollar-is-not-before-a-newline"),
        pytest.param(r"\pL+\z", "é", True, id="unicode-class-and-end-of-text"),
        pytest.param("a", "\ud800a", False, id="lone-surrogate"),
    ],
)
def test_searches_as_re2_does(text, value, found):
    assert compile_pattern(text, where="x").matches(value) is found


def test_rejects_what_re2_cannot_read_and_says_where():
    with pytest.raises(InvalidInput) as caught:
        compile_pattern("****", where="spec.authorities[0]")
    assert caught.value.code == "pattern.malformed"
    assert caught.value.message.startswith("spec.authorities[0]: not an RE2 regular expression")
    assert "repetition operator" in caught.value.message


def test_rejects_a_pattern_without_bounds():
    with pytest.raises(InvalidInput) as caught:
        compile_pattern("a" * (MAX_PATTERN_CHARS + 1), where="x")
    assert caught.value.code == "pattern.too-long"


def test_without_re2_a_pattern_is_a_missing_dependency_and_never_pythons(monkeypatch):
    original = builtins.__import__

    def without_re2(name, *args, **kwargs):
        if name == "re2":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_re2)
    with pytest.raises(MissingDependency) as caught:
        compile_pattern("a", where="--certificate-identity-regexp")
    assert "google-re2" in caught.value.message


def test_patterns_of_one_text_are_equal():
    assert compile_pattern("a", where="x") == compile_pattern("a", where="y")


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        pytest.param(r"^https://a\.example/b$", 0, id="clean"),
        pytest.param(r"^[a.b].c$", 0, id="dot-in-class-or-before-an-operator"),
        pytest.param(r"https://a\.example/", 1, id="unanchored"),
        pytest.param(r"^https://a.example$", 1, id="bare-dot"),
        pytest.param("https://a.example", 2, id="both"),
        pytest.param("^a|b$", 1, id="alternatives-half-anchored"),
        pytest.param("^(a|b)$", 0, id="alternatives-in-a-group"),
        pytest.param(r"^a\$", 1, id="escaped-dollar-is-no-anchor"),
    ],
)
def test_lints_patterns_that_match_more_than_they_seem_to(text, remarks):
    assert len(lint_pattern(text)) == remarks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "^a$"),
        ("^a", "^a$"),
        ("a$", "^a$"),
        ("a|b", "^(?:a|b)$"),
        ("^a$", "^a$"),
        (r"a\$", r"^a\$$"),
        ("^https://a/b/", "^https://a/b/.*$"),
        ("a/$", "^a/$"),
    ],
)
def test_anchors_a_pattern_on_both_sides(text, expected):
    assert anchored(text) == expected
