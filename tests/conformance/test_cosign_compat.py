# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``--compat cosign``: the exit codes and words of the real cosigns, for every oracle case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.command import sealpin
from support.lab import LAB, ORACLE, Home, ask, home_in, without_registry

ANSWERS_DIFFER = {
    "keyed bundle ecdsa annotation",
    "keyed bundle ecdsa wrong annotation",
    "keyed bundle rsa annotation",
    "keyed bundle rsa wrong annotation",
    "keyed legacy-notlog ecdsa384",
    "keyed legacy-notlog ed25519",
}
"""`test_lab_oracle.DIFFERENCES`: an answer does not change with its words."""
WORDS_DIFFER = {
    "keyed legacy-notlog ecdsa tlog required": "cosign asked a log it could not reach",
    "keyed legacy-notlog rsa tlog required": "cosign asked a log it could not reach",
    "keyed legacy-notlog ecdsa384 tlog required": "cosign asked a log it could not reach",
    "keyed legacy-notlog ed25519 tlog required": "cosign asked a log it could not reach",
    "timestamped, tlog demanded": "cosign asked a log it could not reach",
    **{
        f"keyed legacy-notlog {key} {what}": "cosign does not accept the signature itself"
        for key in ("ecdsa384", "ed25519")
        for what in ("annotation", "wrong annotation")
    },
    "type spdx": "the attestation that cosign passes over has a signer too",
    "type spdxjson": "the attestation that cosign passes over has a signer too",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_in("folder", tmp_path_factory.mktemp("registry")) as found:
        yield found


def case_id(case: dict[str, Any]) -> str:
    return f"{case['peer'].removeprefix('cosign ')}-{case['name']}-{case['image'][:30]}"


def answers_differ(case: dict[str, Any]) -> bool:
    if case["command"][0] == "download":
        return case["exit_code"] != 0  # the platform's own documents, docs/compatibility.md
    of_bundles = "bundle" in case["name"]
    return case["name"] in ANSWERS_DIFFER and not (of_bundles and "v3" in case["peer"])


SAME = [case for case in ORACLE if not answers_differ(case)]


@pytest.mark.parametrize("case", SAME, ids=case_id)
def test_exit_code_and_words_are_cosigns(case: dict[str, Any], home: Home) -> None:
    ran = ask(case, home, "--compat", "cosign")
    assert ran.code == case["exit_code"]
    words = without_registry(ran.err, home)
    if case["name"] not in WORDS_DIFFER:
        kept = len(case["stderr"])  # the oracle has the last 1500 characters
        assert (words[-kept:] if kept == 1500 else words) == case["stderr"]
    elif case["exit_code"]:
        assert "\nerror during command execution: no matching " in ran.err


def test_nearly_all_cases_are_compared_to_the_letter() -> None:
    assert (len(ORACLE), len(SAME)) == (223, 211)
    assert sum(case["name"] not in WORDS_DIFFER for case in SAME) == 191


def test_a_tag_that_is_missing_is_11(home: Home) -> None:
    key = str(LAB / "keys" / "ecdsa.pub")
    words = ("--compat", "cosign", "--key", key, "--trusted-root", LAB / "trusted_root.json")
    image = f"{home.registry}/keyed/ecdsa-legacy:none"
    ran = sealpin("verify", *words, *home.options, image)
    assert (ran.code, ran.err.splitlines()[0][:28]) == (11, "Error: image tag not found: ")
    assert sealpin("verify", *words, *home.options, image).code == 11
    own = sealpin("verify", *words[2:], *home.options, image)
    assert (own.code, "Error:" in own.err) == (2, False)


def test_a_mistake_in_the_arguments_is_1_in_cosigns_words(home: Home) -> None:
    ran = sealpin("verify", "--compat=cosign", "--no-such-flag", f"{home.registry}/x")
    assert ran.code == 1
    assert ran.err.startswith("Error: ")
    assert "\nerror during command execution: " in ran.err


def test_the_first_image_that_fails_ends_the_output(home: Home) -> None:
    words = (
        "--compat=cosign",
        f"--key={LAB / 'keys' / 'ecdsa.pub'}",
        f"--trusted-root={LAB / 'trusted_root.json'}",
    )
    names = ("keyed/ecdsa-legacy:1.0", "plain/unsigned:1.0", "keyed/ecdsa-legacy:1.0")
    ran = sealpin("verify", *words, *home.options, *(f"{home.registry}/{name}" for name in names))
    assert ran.code in (10, 11)
    assert ran.out.count("[{") == 1


def test_the_words_are_documented() -> None:
    document = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text()
    assert '<a id="compat-cosign">' in document
