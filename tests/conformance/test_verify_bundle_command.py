# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The conformance suite's client protocol, spoken to ``sealpin verify-bundle``: 140 runs."""

from __future__ import annotations

import pytest
from sealpin_hooks import exit_codes
from sealpin_hooks.cli import main

from sealpin.digest import Digest
from support.conformance_cases import conformance_cases


def command_line(case, *, by_digest):
    arguments = ["verify-bundle", "--bundle", str(case.bundle_path)]
    if case.key_path is not None:
        arguments += ["--key", str(case.key_path)]
    else:
        arguments += ["--certificate-identity", case.identity]
        arguments += ["--certificate-oidc-issuer", case.issuer]
    if case.root_path is not None:
        arguments += ["--trusted-root", str(case.root_path)]
    content = case.artifact_path.read_bytes()
    return [*arguments, str(Digest.of(content)) if by_digest else str(case.artifact_path)]


@pytest.mark.parametrize("by_digest", [False, True], ids=["path", "digest"])
@pytest.mark.parametrize("case", conformance_cases(), ids=lambda case: case.name)
def test_gives_the_suite_s_answer(case, by_digest):
    code = main(command_line(case, by_digest=by_digest))
    if case.must_verify:
        assert code == exit_codes.VERIFIED
    else:
        assert code in (exit_codes.REFUSED, exit_codes.BAD_INPUT)
