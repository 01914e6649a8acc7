# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The grammar of ``WWW-Authenticate``."""

from __future__ import annotations

import pytest

from sealpin.registry.challenge import parse_challenges

BEARER = {"realm": "https://auth.example/token", "service": "r", "scope": "repository:a:pull"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param("Basic", [("basic", {})], id="scheme alone"),
        pytest.param('Basic realm="x y"', [("basic", {"realm": "x y"})], id="basic"),
        pytest.param(
            'Bearer realm="https://auth.example/token",service="r",scope="repository:a:pull"',
            [("bearer", BEARER)],
            id="bearer",
        ),
        pytest.param(
            "BEARER  Realm = https://auth.example/token , service=r, scope=repository:a:pull",
            [("bearer", BEARER)],
            id="unquoted, spaced, other case",
        ),
        pytest.param(
            'Bearer scope="repository:a:pull,push"',
            [("bearer", {"scope": "repository:a:pull,push"})],
            id="comma within quotes",
        ),
        pytest.param(
            r'Basic realm="a \"b\" c"', [("basic", {"realm": 'a "b" c'})], id="escaped quotes"
        ),
        pytest.param(
            'Negotiate, Basic realm="x", Bearer realm="y"',
            [("negotiate", {}), ("basic", {"realm": "x"}), ("bearer", {"realm": "y"})],
            id="several",
        ),
        pytest.param('Bearer realm="unclosed', [("bearer", {})], id="unclosed quote"),
        pytest.param('Bearer realm="a",realm="b"', [("bearer", {"realm": "a"})], id="first of two"),
    ],
)
def test_reads_challenges(header, expected):
    assert [(c.scheme, dict(c.parameters)) for c in parse_challenges(header)] == expected


def test_takes_no_time_over_a_hostile_header():
    assert len(parse_challenges("a=" * 500_000)) < 10_000
