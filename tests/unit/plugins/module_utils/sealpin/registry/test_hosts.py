# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Where a registry is reached, and by which scheme."""

from __future__ import annotations

import pytest

from sealpin.registry.hosts import HostOptions, base_urls, is_loopback


@pytest.mark.parametrize(
    ("registry", "expected"),
    [
        pytest.param("docker.io", "https://registry-1.docker.io", id="Docker Hub"),
        pytest.param("quay.io", "https://quay.io", id="a public registry"),
        pytest.param("registry.example:5000", "https://registry.example:5000", id="with port"),
        pytest.param("localhost:5000", "http://localhost:5000", id="localhost"),
        pytest.param("127.8.9.1:5000", "http://127.8.9.1:5000", id="loopback network"),
        pytest.param("[::1]:5000", "http://[::1]:5000", id="IPv6 loopback"),
        pytest.param("192.168.1.5:5000", "https://192.168.1.5:5000", id="private network"),
        pytest.param("nas.local", "https://nas.local", id="local domain"),
        pytest.param("localhost.evil.example", "https://localhost.evil.example", id="lookalike"),
        pytest.param("127.0.0.1.evil.example", "https://127.0.0.1.evil.example", id="lookalike IP"),
    ],
)
def test_only_this_machine_is_reached_without_tls(registry, expected):
    assert base_urls(registry, HostOptions()) == (expected,)


def test_a_named_registry_is_reached_without_tls():
    options = HostOptions(http_registries=frozenset({"nas.local:5000"}))
    assert base_urls("nas.local:5000", options) == ("http://nas.local:5000",)
    assert base_urls("nas.local", options) == ("https://nas.local",)


def test_plain_http_anywhere_still_tries_tls_first():
    options = HostOptions(unsafe_http_anywhere=True)
    assert base_urls("nas.local", options) == ("https://nas.local", "http://nas.local")


def test_tls_settings_mean_tls_on_this_machine_too():
    options = HostOptions(https_on_loopback=True)
    assert base_urls("localhost:5000", options) == ("https://localhost:5000",)


@pytest.mark.parametrize("host", ["", "example", "0.0.0.0", "128.0.0.1", "::2", "127.0.0.1.x"])
def test_nothing_else_is_this_machine(host):
    assert not is_loopback(host)
