# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Errors: families, codes and what reaches a terminal."""

from __future__ import annotations

import pytest

from sealpin import errors


def test_shows_its_message_and_code_and_keeps_the_hint():
    error = errors.Unavailable("registry.denied", "no access", hint="log in")
    assert str(error) == "no access [registry.denied]"
    assert (error.code, error.message, error.hint) == ("registry.denied", "no access", "log in")


def test_families_are_siblings():
    families = (
        errors.InvalidInput,
        errors.Unavailable,
        errors.VerificationFailed,
        errors.PolicyInvalid,
        errors.MissingDependency,
    )
    assert {family.__base__ for family in families} == {errors.SealpinError}


def test_an_absent_library_says_how_to_get_it():
    error = errors.missing_library("urllib3", purpose="reading a registry")
    assert error.code == "dependency.missing-library"
    assert error.hint == "install it beside sealpin: pip install urllib3"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain", '"plain"', id="plain"),
        pytest.param("a\nb", '"a\\nb"', id="new line"),
        pytest.param("\x1b[31m", '"\\x1b[31m"', id="terminal escape"),
        pytest.param("\u202eevil", '"\\u202eevil"', id="direction override"),
        pytest.param("é✓", '"é✓"', id="printable"),
        pytest.param("\ud800", '"\\ud800"', id="half a character"),
        pytest.param("x" * 500, '"' + "x" * 200 + '…"', id="long"),
        pytest.param(b"bytes", "\"b'bytes'\"", id="bytes"),
    ],
)
def test_untrusted_text_is_fit_for_one_line(text, shown):
    assert errors.quote(text) == shown
