# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every pinning case, ours and the vectors', byte for byte and with its messages."""

from __future__ import annotations

import pytest

from sealpin.manifests.messages import MESSAGES
from support.pinning import PinningCase, pin_all, read_cases
from support.vectors import vectors

FILES = [vectors("pinning") / "cases.json", *sorted(vectors("pinning-own").glob("*.json"))]
CASES = [
    pytest.param(case, id=f"{file.stem}-{case.name}") for file in FILES for case in read_cases(file)
]


@pytest.mark.parametrize("case", CASES)
def test_file_is_pinned_exactly_as_expected(case: PinningCase):
    pinned, found = pin_all(case.file, case.before, options=case.options, style=case.style)
    assert pinned == case.after
    assert [remark.label for remark in found.remarks] == list(case.messages)


@pytest.mark.parametrize("case", CASES)
def test_second_run_changes_nothing(case: PinningCase):
    again, found = pin_all(case.file, case.after, options=case.options, style=case.style)
    assert again == case.after
    assert all(site.is_pinned for site in found.sites)


@pytest.mark.parametrize("case", CASES)
def test_sites_have_the_kind_the_case_names(case: PinningCase):
    _unused, found = pin_all(case.file, case.before, options=case.options, style=case.style)
    kinds = {site.kind.value for site in found.sites}
    assert not kinds or kinds & {case.kind, "marked-line"}


def test_every_message_code_is_met_by_some_case():
    met = {label.partition(":")[0] for param in CASES for label in param.values[0].messages}
    of_files = {code for code, row in MESSAGES.items() if not row.is_about_lock}
    assert of_files - met == {"missing-library"}
    assert met <= of_files
