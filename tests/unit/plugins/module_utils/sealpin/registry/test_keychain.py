# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where credentials are found, and which of several win."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from sealpin.errors import Unavailable
from sealpin.registry.credentials import (
    BasicCredentials,
    IdentityToken,
    RegistryToken,
    login_in_words,
)
from sealpin.registry.keychain import Keychain, KeychainOptions


def auth(user: str, password: str = "p") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def keychain(tmp_path: Path, document: object) -> Keychain:
    path = tmp_path / "auth.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return Keychain(KeychainOptions(environment={"REGISTRY_AUTH_FILE": str(path)}))


@pytest.mark.parametrize(
    ("registry", "path", "user"),
    [
        pytest.param("quay.io", "org/app", "host", id="host"),
        pytest.param("quay.io", "team/app", "team", id="longer prefix wins"),
        pytest.param("quay.io", "team/app/deep", "team", id="prefix of a deeper path"),
        pytest.param("quay.io", "team/exact", "exact", id="whole path"),
        pytest.param("quay.io", "teams/app", "host", id="whole components only"),
        pytest.param("localhost:5000", "x", "local", id="host with port"),
        pytest.param("localhost:5001", "x", None, id="another port"),
        pytest.param("docker.io", "library/nginx", "hub", id="Docker Hub by its old address"),
        pytest.param("legacy.example", "x", "legacy", id="address with scheme and path"),
        pytest.param("upper.example", "x", "upper", id="host in upper case"),
        pytest.param("unknown.example", "x", None, id="no entry"),
        pytest.param("empty.example", "x", None, id="empty entry"),
    ],
)
def test_the_longest_matching_entry_wins(tmp_path, registry, path, user):
    document = {
        "auths": {
            "quay.io": auth("host"),
            "quay.io/team": auth("team"),
            "quay.io/team/exact": auth("exact"),
            "localhost:5000": auth("local"),
            "https://index.docker.io/v1/": auth("hub"),
            "https://legacy.example/v2/": auth("legacy"),
            "UPPER.example": auth("upper"),
            "empty.example": {},
        }
    }
    found = keychain(tmp_path, document).find(registry, path)
    assert (found.username if found else None) == user


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(auth("u", "p:with:colons"), ("u", "p:with:colons"), id="auth"),
        pytest.param({"username": "u", "password": "p"}, ("u", "p"), id="two fields"),
        pytest.param({"identitytoken": "t", **auth("u")}, IdentityToken(token="t"), id="identity"),
        pytest.param({"registrytoken": "t"}, RegistryToken(token="t"), id="registry token"),
    ],
)
def test_reads_every_form_of_entry(tmp_path, entry, expected):
    found = keychain(tmp_path, {"auths": {"r.example": entry}}).find("r.example", "x")
    if isinstance(expected, tuple):
        expected = BasicCredentials(username=expected[0], password=expected[1])
    assert found == expected


def test_the_first_file_with_an_entry_wins(tmp_path):
    files = {
        "named.json": {"auths": {"one.example": auth("named")}},
        "docker/config.json": {"auths": {"one.example": auth("d"), "two.example": auth("docker")}},
        "run/containers/auth.json": {
            "auths": {"two.example": auth("r"), "three.example": auth("runtime")}
        },
        "home/.config/containers/auth.json": {"auths": {"four.example": auth("home")}},
    }
    for name, document in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    chain = Keychain(
        KeychainOptions(
            environment={
                "REGISTRY_AUTH_FILE": str(tmp_path / "named.json"),
                "DOCKER_CONFIG": str(tmp_path / "docker"),
                "XDG_RUNTIME_DIR": str(tmp_path / "run"),
            },
            home=tmp_path / "home",
        )
    )
    users = [chain.find(f"{n}.example", "x").username for n in ("one", "two", "three", "four")]
    assert users == ["named", "docker", "runtime", "home"]


def test_falls_back_to_docker_in_the_home_folder(tmp_path):
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"auths": {"r": auth("u")}}))
    assert Keychain(KeychainOptions(home=tmp_path)).find("r", "x").username == "u"


def test_explicit_credentials_win_but_are_withheld_from_mirrors(tmp_path):
    explicit = BasicCredentials(username="me", password="p")
    path = tmp_path / "auth.json"
    path.write_text(json.dumps({"auths": {"mirror.example": auth("mirror-user")}}))
    chain = Keychain(
        KeychainOptions(
            explicit=explicit,
            explicit_for=frozenset({"r.example", "mirror.example"}),
            withheld_from=frozenset({"mirror.example"}),
            environment={"REGISTRY_AUTH_FILE": str(path)},
        )
    )
    assert chain.find("r.example", "x") == explicit
    assert chain.find("mirror.example", "x").username == "mirror-user"


def test_missing_and_empty_files_hold_no_credentials(tmp_path):
    assert keychain(tmp_path, "").find("r.example", "x") is None
    gone = {"REGISTRY_AUTH_FILE": str(tmp_path / "gone.json")}
    assert Keychain(KeychainOptions(environment=gone)).find("r.example", "x") is None


@pytest.mark.parametrize(
    "document",
    [
        pytest.param('{"auths": {"r": {"auth": "c2VjcmV0', id="cut short"),
        pytest.param("[]", id="no object"),
        pytest.param({"auths": {"r": {"auth": "%%%c2VjcmV0"}}}, id="no base64"),
        pytest.param({"auths": {"r": {"auth": "c2VjcmV0"}}}, id="no colon"),
    ],
)
def test_a_malformed_file_is_an_error_that_repeats_nothing_of_it(tmp_path, document):
    with pytest.raises(Unavailable) as caught:
        keychain(tmp_path, document).find("r", "x")
    assert caught.value.code == "credentials.file"
    assert "c2VjcmV0" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_nothing_secret_shows_in_repr():
    shown = repr(
        (
            BasicCredentials(username="u", password="s3cret"),
            IdentityToken(token="s3cret"),
            RegistryToken(token="s3cret"),
            KeychainOptions(environment={"PASSWORD": "s3cret"}),
        )
    )
    assert "s3cret" not in shown


def helper(tmp_path: Path, name: str, script: str) -> dict[str, str]:
    program = tmp_path / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "DOCKER_CONFIG": str(tmp_path)}


PRINT = """read -r server; echo "$server" >> "$0.log"
echo '{"ServerURL":"x","Username":"USER","Secret":"s3cret"}'"""


def test_a_helper_for_the_registry_is_asked_once(tmp_path):
    environment = helper(tmp_path, "lab", PRINT)
    config = {"credHelpers": {"r.example": "lab"}, "auths": {"r.example": auth("stored")}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    chain = Keychain(KeychainOptions(environment=environment))
    expected = BasicCredentials(username="USER", password="s3cret")
    assert {chain.find("r.example", path) for path in ("a", "b")} == {expected}
    assert (tmp_path / "docker-credential-lab.log").read_text() == "r.example\n"


def test_a_login_says_which_helper_keeps_it_and_nothing_more(tmp_path):
    environment = helper(tmp_path, "lab", PRINT)
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": "lab"}))
    found = Keychain(KeychainOptions(environment=environment)).find("r.example", "x")
    assert login_in_words(found) == "the login in docker-credential-lab"


def test_the_store_answers_for_docker_hub_by_its_old_address(tmp_path):
    environment = helper(tmp_path, "store", PRINT.replace("USER", "<token>"))
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": "store"}))
    found = Keychain(KeychainOptions(environment=environment)).find("docker.io", "library/nginx")
    assert found == IdentityToken(token="s3cret")
    log = (tmp_path / "docker-credential-store.log").read_text()
    assert log == "https://index.docker.io/v1/\n"


def test_what_the_store_does_not_have_may_be_stored_as_text(tmp_path):
    script = "echo 'credentials not found in native keychain'; exit 1"
    environment = helper(tmp_path, "store", script)
    config = {"credsStore": "store", "auths": {"r.example": auth("stored")}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = Keychain(KeychainOptions(environment=environment)).find("r.example", "x")
    assert found.username == "stored"
