# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The peer's own documents: what its webhook accepts and refuses, we do, in its words."""

from __future__ import annotations

import json

import pytest

from sealpin.policy.document import parse_policy_files
from sealpin.policy.fields import DocumentInvalid
from sealpin.policy.sources import Sources
from sealpin.trust.embedded import embedded_root
from support.vectors import vectors

FOLDER = vectors("policy")
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))["cases"]
TEMPLATES = ("TUF_MIRROR", "ROOT_JSON", "REPOSITORY", "FULCIO_CERT_CHAIN", "TSA_CERT_CHAIN")
"""Words that the peer's end-to-end scripts replace before they apply the document."""
SOURCES = Sources(default_root=embedded_root)


def _is_template(case):
    return any(word in (FOLDER / case["path"]).read_text(encoding="utf-8") for word in TEMPLATES)


def _load(path):
    return parse_policy_files({path: (FOLDER / path).read_bytes()}, sources=SOURCES)


# One of the documents names its country "USA", which cryptography warns about.
@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c["expected"] == "valid" and not _is_template(c)],
    ids=lambda case: case["path"],
)
def test_reads_what_the_peer_accepts(case):
    loaded = _load(case["path"])
    assert len(loaded.policies) == (0 if case["kind"] == "TrustRoot" else case["documents"])


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["expected"] == "invalid"], ids=lambda case: case["path"]
)
def test_refuses_what_the_peer_refuses_in_its_words(case):
    with pytest.raises(DocumentInvalid) as caught:
        _load(case["path"])
    for wanted in case.get("expectedErrorSubstrings", ()):
        assert wanted in caught.value.message
    for problem in caught.value.problems:
        assert problem.line > 1
