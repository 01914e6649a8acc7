# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Every ``verify`` the real cosigns were asked, asked of `sealpin verify`: the same answer.

The lab is read from a ``dir:`` mirror, from a registry with the referrers API, and from Debian's
docker-registry, which has none, behind a password. Where cosign is wrong the case is in
`DIFFERENCES` with the reason docs/compatibility.md gives, and nothing else differs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support import docker_registry, memory_registry
from support.command import Ran, sealpin
from support.vectors import vectors

LAB = vectors("lab")
ORACLE = json.loads((LAB / "oracle.json").read_bytes())
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


@dataclass(frozen=True, kw_only=True)
class Home:
    """A place the lab is read from."""

    registry: str
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module", params=["folder", "referrers-api", "docker-registry"])
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    if request.param == "folder":
        mirror = f"localhost:1338=dir:{LAB / 'repositories'}"
        yield Home(registry="localhost:1338", options=("--mirror", mirror))
    elif request.param == "referrers-api":
        with memory_registry.serving() as registry:
            registry.load_tree(LAB / "repositories")
            yield Home(registry=registry.host)
    else:
        folder = tmp_path_factory.mktemp("docker-registry")
        layouts = LAB / "repositories"
        with docker_registry.serving(folder, layouts, has_password=True) as host:
            yield Home(registry=host, env={"DOCKER_CONFIG": str(docker_config(folder, host))})


def docker_config(folder: Path, host: str, password: str = docker_registry.PASSWORD) -> Path:
    """Write a Docker configuration with the password; returns its folder."""
    token = base64.b64encode(f"{docker_registry.USER}:{password}".encode()).decode()
    config = folder / "docker"
    config.mkdir(exist_ok=True)
    (config / "config.json").write_text(json.dumps({"auths": {host: {"auth": token}}}))
    return config


def ask(case: dict[str, Any], home: Home) -> Ran:
    """Run a case's command line here."""
    return sealpin(
        *(fill(word, home) for word in case["command"]),
        "--trusted-root",
        LAB / "trusted_root.json",
        *home.options,
        f"{home.registry}/{case['image']}",
        env={**home.env, **{name: fill(value, home) for name, value in case["env"].items()}},
    )


def fill(text: str, home: Home) -> str:
    return text.replace("{registry}", home.registry).replace("{lab}", str(LAB))


def without_registry(text: str, home: Home) -> str:
    """Take the registry's name out; the signed names carry that of the lab's own."""
    return text.replace(home.registry, "{registry}").replace("localhost:1338", "{registry}")


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
    assert without_registry(ran.err, home) == case["stderr"]


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
