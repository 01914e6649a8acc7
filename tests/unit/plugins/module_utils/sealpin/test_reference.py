# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The grammar of image references, and the spellings that mean the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealpin.digest import Digest
from sealpin.errors import InvalidInput
from sealpin.reference import ImageReference, Repository, Tag
from support.properties import UNTIMED

D = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "registry", "path", "tag", "digest"),
    [
        pytest.param("nginx", "docker.io", "library/nginx", None, None, id="Hub image"),
        pytest.param("nginx:1.27", "docker.io", "library/nginx", "1.27", None, id="with a tag"),
        pytest.param("grafana/grafana", "docker.io", "grafana/grafana", None, None, id="Hub user"),
        pytest.param("docker.io/nginx", "docker.io", "library/nginx", None, None, id="Hub named"),
        pytest.param("index.docker.io/a/b", "docker.io", "a/b", None, None, id="Hub's old name"),
        pytest.param("registry-1.docker.io/a/b", "docker.io", "a/b", None, None, id="Hub's host"),
        pytest.param("quay.io/a/b/c/d:v1", "quay.io", "a/b/c/d", "v1", None, id="deep path"),
        pytest.param("localhost/a", "localhost", "a", None, None, id="localhost"),
        pytest.param("localhost:5000/a:b", "localhost:5000", "a", "b", None, id="port and tag"),
        pytest.param("[::1]:5000/a", "[::1]:5000", "a", None, None, id="IPv6"),
        pytest.param("[2001:DB8::1]/a:1", "[2001:db8::1]", "a", "1", None, id="IPv6, no port"),
        pytest.param("Quay.IO/a", "quay.io", "a", None, None, id="host in upper case"),
        pytest.param(f"a@{D}", "docker.io", "library/a", None, D, id="digest"),
        pytest.param(f"q.io/a:1@{D}", "q.io", "a", "1", D, id="tag and digest"),
        pytest.param("q.io/a_b__c-d.e--f", "q.io", "a_b__c-d.e--f", None, None, id="separators"),
        pytest.param("q.io/a:_T.a-G", "q.io", "a", "_T.a-G", None, id="tag characters"),
        pytest.param("host/a", "docker.io", "host/a", None, None, id="no registry without a dot"),
    ],
)
def test_takes_a_reference_apart(text, registry, path, tag, digest):
    parsed = ImageReference.parse(text)
    assert (parsed.repository.registry, parsed.repository.path) == (registry, path)
    assert (str(parsed.tag) if parsed.tag else None) == tag
    assert (str(parsed.digest) if parsed.digest else None) == digest
    assert str(parsed) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "reference.malformed"),
        (":1", "reference.malformed"),
        (f"@{D}", "reference.malformed"),
        ("a:", "reference.tag"),
        ("a:-x", "reference.tag"),
        ("a:" + "x" * 129, "reference.tag"),
        ("a:1\n", "reference.tag"),
        ("a: 1", "reference.tag"),
        ("A", "reference.repository"),
        ("a//b", "reference.repository"),
        ("a/../b", "reference.repository"),
        ("../a", "reference.registry"),
        ("a/./b", "reference.repository"),
        ("a/", "reference.repository"),
        ("/a", "reference.repository"),
        ("-a", "reference.repository"),
        ("a-", "reference.repository"),
        ("a..b", "reference.repository"),
        ("a___b", "reference.repository"),
        ("\uff41", "reference.repository"),
        ("a\n", "reference.repository"),
        ("${IMAGE}", "reference.repository"),
        ("{{ image }}", "reference.repository"),
        ("https://q.io/a", "reference.registry"),
        ("q.io:port/a", "reference.registry"),
        ("q.io:123456/a", "reference.registry"),
        (".q.io/a", "reference.registry"),
        ("q..io/a", "reference.registry"),
        ("user@q.io/a", "digest.malformed"),
        ("[::1/a", "reference.registry"),
        ("a@sha256:abc", "digest.malformed"),
        ("a@" + D.upper(), "digest.malformed"),
        (f"a@{D}@{D}", "digest.malformed"),
        ("a@md5:" + "0" * 32, "digest.algorithm"),
        ("q.io/" + "a" * 300, "reference.too-long"),
    ],
)
def test_refuses_what_the_grammar_does_not_know(text, code):
    with pytest.raises(InvalidInput) as caught:
        ImageReference.parse(text)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["quay.io/a/b:", "quay.io/a/b@sha256:12", "quay.io/A:1"])
def test_says_which_of_many_images_is_not_one(text):
    with pytest.raises(InvalidInput) as caught:
        ImageReference.parse(text)
    assert text.partition(":1")[0] in caught.value.message


def test_two_spellings_of_one_image_are_equal():
    spellings = ("nginx", "docker.io/library/nginx", "index.docker.io/nginx")
    parsed = {ImageReference.parse(text) for text in spellings}
    assert len(parsed) == 1
    assert {p.normalised for p in parsed} == {"docker.io/library/nginx:latest"}


@pytest.mark.parametrize(
    ("text", "identifier", "normalised", "cosign_name"),
    [
        ("a", "latest", "docker.io/library/a:latest", "index.docker.io/library/a:latest"),
        ("q.io/a:1", "1", "q.io/a:1", "q.io/a:1"),
        (f"q.io/a@{D}", D, f"q.io/a@{D}", f"q.io/a@{D}"),
        (f"q.io/a:1@{D}", D, f"q.io/a:1@{D}", f"q.io/a@{D}"),
    ],
)
def test_renders_names(text, identifier, normalised, cosign_name):
    parsed = ImageReference.parse(text)
    assert str(parsed.identifier) == identifier
    assert parsed.normalised == normalised
    assert parsed.cosign_name == cosign_name


@pytest.mark.parametrize("text", ["nginx:1", "nginx", f"nginx:1@{D}", f"nginx@{D}"])
def test_a_pin_keeps_the_text_and_sets_the_digest(text):
    other = Digest.of(b"other")
    pinned = ImageReference.parse(text).pinned_tagged(other)
    assert pinned == f"{text.partition('@')[0]}@{other}"
    assert ImageReference.parse(pinned).digest == other
    assert ImageReference.parse(text).pinned(other) == f"docker.io/library/nginx@{other}"


@UNTIMED
@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text):
    try:
        parsed = ImageReference.parse(text)
    except InvalidInput:
        return
    assert str(parsed) == text
    assert ImageReference.parse(parsed.normalised).repository == parsed.repository


def test_tags_and_repositories_are_values_of_their_own():
    assert Tag.parse("1") == Tag("1")
    assert Tag.parse("1") != "1"
    assert str(Repository.parse("a")) == "docker.io/library/a"
