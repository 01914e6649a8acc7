# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Redirects: how many, where to, and what goes along."""

from __future__ import annotations

import pytest

from sealpin.errors import Unavailable
from sealpin.registry.pacing import Deadline
from sealpin.registry.redirects import RedirectingTransport
from sealpin.registry.transport import Request, Response
from support.pacing import HandTicker


class Site:
    """A transport that redirects by a table and remembers what it was asked."""

    def __init__(self, **redirects: str) -> None:
        self.redirects = redirects
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        target = self.redirects.get(request.url)
        headers = {} if target is None else {"location": target}
        status = 200 if target is None else 307
        return Response(url=request.url, status=status, headers=headers, body=b"")


def follow(site: Site, url: str, method: str = "GET") -> Response:
    request = Request(
        url=url,
        method=method,
        headers={"Authorization": "s3cret", "Accept": "*/*"},
        max_bytes=1,
        deadline=Deadline.after(9, ticker=HandTicker()),
    )
    return RedirectingTransport(site).send(request)


@pytest.mark.parametrize(
    ("start", "target", "is_carried"),
    [
        pytest.param("https://r.example/a", "/b", True, id="same host, relative"),
        pytest.param("https://r.example/a", "https://r.example/b", True, id="same host"),
        pytest.param("https://r.example/a", "https://r.example:443/b", True, id="default port"),
        pytest.param("https://r.example/a", "https://cdn.example/b", False, id="other host"),
        pytest.param("https://r.example/a", "//cdn.example/b", False, id="other host, no scheme"),
        pytest.param("https://r.example/a", "https://r.example:444/b", False, id="other port"),
        pytest.param("https://r.example/a", "https://sub.r.example/b", False, id="host below"),
        pytest.param("http://127.0.0.1:1/a", "http://127.0.0.1:2/b", False, id="loopback port"),
        pytest.param("http://127.0.0.1:1/a", "https://127.0.0.1:1/b", False, id="up to HTTPS"),
    ],
)
def test_carries_the_password_within_one_origin_only(start, target, is_carried):
    site = Site(**{start: target})
    assert follow(site, start).status == 200
    last = site.asked[-1]
    assert ("Authorization" in last.headers) is is_carried
    assert last.headers["Accept"] == "*/*"


def test_a_password_that_was_dropped_does_not_come_back():
    site = Site(
        **{
            "https://r.example/a": "https://cdn.example/b",
            "https://cdn.example/b": "https://r.example/c",
        }
    )
    follow(site, "https://r.example/a")
    assert "Authorization" not in site.asked[-1].headers


@pytest.mark.parametrize(
    ("start", "target"),
    [
        pytest.param("https://r.example/a", "http://r.example/a", id="HTTPS to HTTP"),
        pytest.param("https://r.example/a", "http://127.0.0.1/a", id="HTTPS to HTTP here"),
        pytest.param("http://127.0.0.1/a", "http://r.example/a", id="HTTP to HTTP elsewhere"),
        pytest.param("https://r.example/a", "ftp://r.example/a", id="another scheme"),
        pytest.param("https://r.example/a", "file:///etc/passwd", id="a file"),
        pytest.param("https://r.example/a", "", id="nowhere"),
        pytest.param("https://r.example/a", "https://r.example:x/a", id="broken port"),
        pytest.param("https://r.example/a", "https://[::1/a", id="broken address"),
        pytest.param("https://r.example/a", "https://r.example@evil.example/b", id="user part"),
        pytest.param("https://r.example/a", "https://evil.example\\@r.example/b", id="backslash"),
        pytest.param("https://r.example/a", "https://r.ex\u00e4mple/b", id="no ASCII"),
    ],
)
def test_refuses_to_be_led_astray(start, target):
    site = Site(**{start: target})
    with pytest.raises(Unavailable) as caught:
        follow(site, start)
    assert caught.value.code == "registry.redirect"
    assert len(site.asked) == 1


def test_gives_up_a_chain_that_does_not_end():
    site = Site(**{"https://r.example/a": "https://r.example/a"})
    with pytest.raises(Unavailable) as caught:
        follow(site, "https://r.example/a")
    assert caught.value.code == "registry.redirect"
    assert len(site.asked) == 5


def test_does_not_send_a_form_elsewhere():
    site = Site(**{"https://r.example/a": "https://evil.example/a"})
    assert follow(site, "https://r.example/a", "POST").status == 307
    assert len(site.asked) == 1
