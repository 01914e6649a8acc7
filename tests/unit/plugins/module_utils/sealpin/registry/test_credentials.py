# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Credential helpers: which programs run, for how long, and what is made of what they print."""

from __future__ import annotations

import time

import pytest

from sealpin.errors import MissingDependency, SealpinError, Unavailable
from sealpin.registry.credentials import HelperRunner


def runner(tmp_path, script: str, *, timeout_s: float = 10) -> HelperRunner:
    program = tmp_path / "docker-credential-lab"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return HelperRunner({"PATH": f"{tmp_path}:/usr/bin:/bin"}, timeout_s=timeout_s)


@pytest.mark.parametrize("name", ["../evil", "a/b", "A", "a b", "", "a;b", "a.b", "a\n"], ids=repr)
def test_refuses_a_name_that_could_be_more_than_a_name(tmp_path, name):
    with pytest.raises(Unavailable) as caught:
        runner(tmp_path, "exit 0").get(name, "r.example")
    assert caught.value.code == "credentials.helper-name"


def test_a_helper_that_is_not_installed_is_named():
    with pytest.raises(MissingDependency) as caught:
        HelperRunner({"PATH": "/nonexistent"}).get("gone", "r.example")
    assert caught.value.code == "credentials.helper-missing"
    assert "docker-credential-gone" in caught.value.message


def test_looks_only_where_the_given_path_says(tmp_path):
    runner(tmp_path, "exit 0")
    with pytest.raises(MissingDependency):
        HelperRunner({}).get("lab", "r.example")


def test_a_helper_that_hangs_is_ended_with_its_children(tmp_path):
    slow = runner(tmp_path, "sleep 60 & sleep 60", timeout_s=0.2)
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        slow.get("lab", "r.example")
    assert caught.value.code == "credentials.helper"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo s3cret; exit 1", id="fails"),
        pytest.param("echo s3cret", id="prints no JSON"),
        pytest.param("""echo '{"Username": "u"}'""", id="leaves the secret out"),
        pytest.param("""echo '{"Username": 1, "Secret": "s3cret"}'""", id="prints a number"),
    ],
)
def test_a_helper_that_breaks_the_protocol_is_not_quoted(tmp_path, script):
    with pytest.raises(SealpinError) as caught:
        runner(tmp_path, script).get("lab", "r.example")
    assert caught.value.code == "credentials.helper"
    assert "s3cret" not in str(caught.value)


def test_gets_only_the_environment_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("LEAK", "leaked")
    script = """printf '{"Username":"u","Secret":"%s"}' "${LEAK:-clean}" """
    assert runner(tmp_path, script).get("lab", "r.example") == ("u", "clean")


def test_an_empty_secret_is_none(tmp_path):
    script = """echo '{"Username": "", "Secret": ""}'"""
    assert runner(tmp_path, script).get("lab", "r.example") is None
