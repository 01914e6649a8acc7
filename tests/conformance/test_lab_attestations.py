# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every ``verify-attestation`` and ``download`` the real cosign was asked, asked of us.

In the same three homes as `test_lab_oracle`, by accept or refuse and by the JSON that is printed.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from support.lab import ORACLE, Home, ask, without_registry

VERIFY = [case for case in ORACLE if case["command"][0] == "verify-attestation"]
DOWNLOAD = [case for case in ORACLE if case["command"][0] == "download"]


TEXT_PREDICATES = ("type spdx", "type spdxjson")
"""Where cosign passes over an attestation whose predicate is a text: SPDX tag-value."""


def case_id(case: dict[str, Any]) -> str:
    words = [word for word in case["command"] if not word.startswith("--certificate")]
    return f"{case['name']}-{words[-1].partition('=')[2] or words[-1]}-{case['image'][:30]}"


def envelopes(text: str) -> list[dict[str, Any]]:
    """Parse the envelopes printed, a bundle's too; ``keyid`` is a hint nobody signs."""
    found = []
    for line in text.splitlines():
        document = json.loads(line)
        envelope = document.get("dsseEnvelope", document)
        for signature in envelope["signatures"]:
            signature.pop("keyid", None)
        found.append(envelope)
    return found


def predicate_of(envelope: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(envelope["payload"]))["predicate"]


def is_of_platform(case: dict[str, Any]) -> bool:
    """Whether cosign looked at the index although a platform was asked for: it does for bundles."""
    return case["image"].startswith("chainguard/")


def test_the_oracle_has_all_its_cases() -> None:
    assert (len(VERIFY), len(DOWNLOAD)) == (41, 12)


@pytest.mark.parametrize("case", VERIFY, ids=case_id)
def test_verify_attestation_answers_as_cosign(case: dict[str, Any], home: Home) -> None:
    ran = ask(case, home)
    assert ran.code == case["exit_code"], ran.err
    got = envelopes(ran.out)
    if case["name"] in TEXT_PREDICATES:
        assert len(got) == 2
        got = [envelope for envelope in got if isinstance(predicate_of(envelope), dict)]
    assert got == envelopes(case["stdout"])
    if "Certificate subject" in case["stderr"] and case["name"] not in TEXT_PREDICATES:
        report = ran.err[ran.err.index("\nVerification for") :]
        assert without_registry(report, home) == case["stderr"]


@pytest.mark.parametrize("case", [c for c in VERIFY if c["exit_code"] == 0], ids=case_id)
def test_verify_attestation_names_who_signed_a_bundle_too(case: dict[str, Any], home: Home) -> None:
    assert "\nCertificate subject: https://github.com/" in ask(case, home).err


@pytest.mark.parametrize("case", DOWNLOAD, ids=case_id)
def test_download_prints_one_envelope_a_line_for_both_formats(
    case: dict[str, Any], home: Home
) -> None:
    ran = ask(case, home)
    assert ran.code == 0, ran.err
    (envelope,) = envelopes(ran.out)
    assert json.loads(ran.out).keys() == {"payload", "payloadType", "signatures"}
    if not is_of_platform(case):
        assert ran.out == case["stdout"]
        return
    # cosign takes the index's bundles for every platform's, and finds none where only those have it
    statement = json.loads(base64.b64decode(envelope["payload"]))
    wanted = case["command"][2].partition("=")[2]
    assert statement["predicateType"] == wanted
    if case["stdout"]:
        assert envelopes(case["stdout"]) != [envelope]


@pytest.mark.parametrize("form", [("--format", "bundle"), ("--compat", "cosign")], ids=" ".join)
def test_download_prints_bundles_as_stored_when_told_to(form: tuple[str, str], home: Home) -> None:
    case = next(case for case in DOWNLOAD if case["stdout"] and is_of_platform(case))
    index = {**case, "command": [word for word in case["command"] if "--platform" not in word]}
    ran = ask(index, home, *form)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out) == json.loads(case["stdout"])
    envelope = ask(index, home)
    assert envelopes(envelope.out) == envelopes(case["stdout"])
    assert envelope.out != ran.out


def test_each_difference_is_documented() -> None:
    document = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text()
    for name in ("download-platform", "certificate-lines", "text-predicates"):
        assert f'<a id="{name}">' in document
