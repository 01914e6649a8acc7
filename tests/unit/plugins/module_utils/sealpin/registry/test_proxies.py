# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Which requests go through which proxy."""

from __future__ import annotations

import pytest

from sealpin.registry.proxies import ProxySettings

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_direct"),
    [
        pytest.param("", "https://r.example/", False, id="nothing excepted"),
        pytest.param("*", "https://r.example/", True, id="everything"),
        pytest.param("r.example", "https://r.example/", True, id="host"),
        pytest.param("R.Example", "https://r.example/", True, id="case"),
        pytest.param("example", "https://r.example/", True, id="domain"),
        pytest.param(".example", "https://r.example/", True, id="domain with a dot"),
        pytest.param("*.example", "https://r.example/", True, id="domain with a star"),
        pytest.param("ample", "https://r.example/", False, id="whole labels only"),
        pytest.param("r.example:5000", "https://r.example:5000/", True, id="port"),
        pytest.param("r.example:5000", "https://r.example/", False, id="another port"),
        pytest.param("r.example:443", "https://r.example/", True, id="default port"),
        pytest.param("10.0.0.0/8", "https://10.1.2.3/", True, id="network"),
        pytest.param("10.0.0.0/8", "https://11.1.2.3/", False, id="outside the network"),
        pytest.param("10.1.2.3", "https://10.1.2.3/", True, id="address"),
        pytest.param("a, r.example ,b", "https://r.example/", True, id="one of several"),
        pytest.param(" , ,", "https://r.example/", False, id="empty entries"),
        pytest.param("", "https://127.0.0.1:5000/", True, id="this machine"),
        pytest.param("", "https://localhost/", True, id="this machine by name"),
        pytest.param("", "https://[::1]:5000/", True, id="this machine by IPv6"),
    ],
)
def test_no_proxy_decides_what_is_direct(no_proxy, url, is_direct):
    settings = ProxySettings.from_environment({"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy})
    assert settings.proxy_for(url) == ("" if is_direct else PROXY)


def test_the_lower_case_spelling_comes_first():
    environment = {"HTTPS_PROXY": "http://upper", "https_proxy": "http://lower"}
    assert ProxySettings.from_environment(environment).proxy_for("https://r/") == "http://lower"


def test_a_proxy_without_a_scheme_is_an_http_proxy():
    settings = ProxySettings.from_environment({"HTTPS_PROXY": "proxy.example:3128"})
    assert settings.proxy_for("https://r.example/") == PROXY


def test_each_scheme_has_its_proxy_and_all_proxy_is_for_both():
    settings = ProxySettings.from_environment({"HTTP_PROXY": "http://plain"})
    assert settings.proxy_for("http://r.example/") == "http://plain"
    assert settings.proxy_for("https://r.example/") == ""
    both = ProxySettings.from_environment({"ALL_PROXY": PROXY})
    assert both.proxy_for("http://r.example/") == both.proxy_for("https://r.example/") == PROXY
