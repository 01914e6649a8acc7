# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every ``verify`` the real cosigns were asked, asked of `sealpin verify`: the same answer.

The lab is read from a ``dir:`` mirror, from a registry with the referrers API, and from Debian's
docker-registry, which has none, behind a password. Where cosign is wrong the case is in
`DIFFERENCES` with the reason docs/compatibility.md gives, and nothing else differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support import docker_registry
from support.command import sealpin
from support.lab import LAB, ORACLE, Home, ask, docker_config, without_registry

VERIFY = [case for case in ORACLE if case["command"][0] == "verify"]

DIFFERENCES = {
    "keyed bundle ecdsa annotation": "bundle-annotations",
    "keyed bundle ecdsa wrong annotation": "bundle-annotations",
    "keyed bundle rsa annotation": "bundle-annotations",
    "keyed bundle rsa wrong annotation": "bundle-annotations",
    "keyed legacy-notlog ecdsa384": "natural-hash",
    "keyed legacy-notlog ed25519": "prehashed-ed25519",
}
"""Case to its heading in docs/compatibility.md. The annotations are cosign v2's alone."""


def without_notes(text: str) -> str:
    """Take out what we tell of the environment, which cosign keeps to itself."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith("sealpin: note: ")
    )


def case_id(case: dict[str, Any]) -> str:
    image = case["image"].partition("@")[0]
    return f"{case['peer'].removeprefix('cosign ')}-{case['name']}-{image}"


def difference_of(case: dict[str, Any]) -> str:
    """Return why cosign's answer is not ours, or nothing."""
    reason = DIFFERENCES.get(case["name"], "")
    if reason == "bundle-annotations" and "v3" in case["peer"]:
        return ""
    return reason


@pytest.mark.parametrize("case", VERIFY, ids=case_id)
def test_accepts_what_cosign_accepts_and_refuses_what_it_refuses(
    case: dict[str, Any], home: Home
) -> None:
    ran = ask(case, home)
    cosign_accepts = case["exit_code"] == 0
    expected = cosign_accepts != bool(difference_of(case))
    assert (ran.code == 0) == expected, ran.err
    if not expected:
        assert ran.code == 1
        assert ran.out == ""


def test_each_difference_is_one_and_is_documented() -> None:
    document = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text()
    known = {case["name"] for case in VERIFY}
    assert DIFFERENCES.keys() <= known
    for reason in DIFFERENCES.values():
        assert f'<a id="{reason}">' in document


ACCEPTED_LEGACY = [
    case
    for case in VERIFY
    if case["exit_code"] == 0 and "optional" in case["stdout"] and "SignedEntry" in case["stdout"]
]


@pytest.mark.parametrize("case", ACCEPTED_LEGACY, ids=case_id)
def test_prints_the_json_that_cosign_prints_for_legacy_signatures(
    case: dict[str, Any], home: Home
) -> None:
    ran = ask(case, home)
    assert without_registry(ran.out, home) == case["stdout"]
    assert without_registry(without_notes(ran.err), home) == case["stderr"]


@pytest.mark.parametrize(
    ("password", "code"), [("wrong", 2), (None, 2)], ids=["wrong password", "no password"]
)
def test_a_registry_that_wants_a_password_is_never_called_unsigned(
    tmp_path: Path, password: str | None, code: int
) -> None:
    with docker_registry.serving(tmp_path, LAB / "repositories", has_password=True) as host:
        env = {}
        if password is not None:
            env["DOCKER_CONFIG"] = str(docker_config(tmp_path, host, password))
        ran = sealpin(
            "verify",
            "--key",
            LAB / "keys" / "ecdsa.pub",
            "--trusted-root",
            LAB / "trusted_root.json",
            f"{host}/keyed/ecdsa-legacy:1.0",
            env=env,
        )
    assert ran.code == code
    assert "registry.unauthorized" in ran.err
    assert "signature" not in ran.err
