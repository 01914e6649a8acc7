# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sealpin.attestations.predicates import predicate_type, short_names


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("custom", "https://cosign.sigstore.dev/attestation/v1"),
        ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
        ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
        ("link", "https://in-toto.io/Link/v1"),
        ("spdx", "https://spdx.dev/Document"),
        ("spdxjson", "https://spdx.dev/Document"),
        ("cyclonedx", "https://cyclonedx.org/bom"),
        ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
        ("openvex", "https://openvex.dev/ns"),
    ],
)
def test_expands_cosigns_short_names(name: str, uri: str) -> None:
    assert predicate_type(name) == uri
    assert name in short_names(uri)


@pytest.mark.parametrize("text", ["https://example.com/review/v1", "", "SPDX", "spdx ", "apko"])
def test_takes_any_other_text_as_it_stands(text: str) -> None:
    assert predicate_type(text) == text
    assert short_names(text) == ()
