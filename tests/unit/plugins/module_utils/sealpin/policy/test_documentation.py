# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every example of docs/policy.md loads, and what the page lists is all there is."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from sealpin.policy.document import parse_policy_files
from sealpin.policy.lint import lint
from sealpin.policy.publishers import PUBLISHERS
from sealpin.policy.sources import Sources
from support.virtual_sigstore import KeyPair

PAGE = (Path(__file__).resolve().parents[6] / "docs" / "policy.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def _load(text, root):
    keys = defaultdict(lambda: KeyPair().public_pem)
    return parse_policy_files(
        {"example.yaml": text.encode("utf-8")},
        sources=Sources(default_root=lambda: root, read=keys.__getitem__),
    )


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_loads_and_has_nothing_to_lint_but_what_it_shows(text, root):
    remarks = {remark.code for remark in lint(_load(text, root))}
    assert not {code for code in remarks if code.startswith("lint.")}


def test_every_publisher_is_on_the_page():
    for name in PUBLISHERS:
        assert f"`{name}`" in PAGE
