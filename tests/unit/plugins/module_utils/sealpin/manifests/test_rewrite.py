# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Splicing refuses what it was not meant for, and looks again at what it made."""

from __future__ import annotations

import dataclasses

import pytest

from sealpin.errors import InvalidInput, VerificationFailed
from sealpin.manifests.finder import find_sites
from sealpin.manifests.pin import Pin
from sealpin.manifests.rewrite import apply
from sealpin.manifests.site import ImageSite, Kind, Span, TagStyle
from sealpin.reference import ImageReference
from support.builders import decision

POD = b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: nginx:1.27\n"


def pins_of(file: str, data: bytes, **changes: object) -> tuple[Pin, ...]:
    return tuple(
        Pin(site=dataclasses.replace(site, **changes), decision=decision(site.reference))
        for site in find_sites(file, data).sites
    )


def test_refuses_a_file_that_is_not_the_one_that_was_read():
    with pytest.raises(InvalidInput) as caught:
        apply(POD.replace(b"1.27", b"1.28"), pins_of("k.yaml", POD))
    assert caught.value.code == "rewrite.stale-site"
    assert "nginx:1.27" in caught.value.message


def test_refuses_two_pins_that_overlap():
    (pin,) = pins_of("k.yaml", POD)
    site = dataclasses.replace(pin.site, span=Span(pin.site.span.start, pin.site.span.end - 1))
    site = dataclasses.replace(site, text=site.text[:-1])
    other = Pin(site=site, decision=pin.decision)
    with pytest.raises(InvalidInput) as caught:
        apply(POD, (pin, other))
    assert caught.value.code == "rewrite.stale-site"


def test_writes_a_place_once_that_two_pins_name():
    (pin,) = pins_of("k.yaml", POD)
    assert apply(POD, (pin, pin)) == apply(POD, (pin,))


def at(file: str, data: bytes, needle: str, kind: Kind) -> ImageSite:
    """A site where no finder would make one."""
    start = data.decode().index(needle)
    return ImageSite(
        file=file,
        kind=kind,
        path="$",
        span=Span(start, start + len(needle)),
        text=needle,
        reference=ImageReference.parse(needle),
        line=1,
        column=1,
    )


@pytest.mark.parametrize(
    ("file", "data", "needle", "kind"),
    [
        pytest.param("k.yaml", b"a: 1 # nginx:1.27\n", "nginx:1.27", Kind.KUBERNETES, id="comment"),
        pytest.param("k.yaml", b"a: &nginx x\nb: *nginx\n", "nginx", Kind.KUBERNETES, id="anchor"),
        pytest.param("k.yaml", b"a: !nginx x\n", "nginx", Kind.KUBERNETES, id="tag"),
        pytest.param(
            "Dockerfile", b"FROM a\n# nginx:1.27\n", "nginx:1.27", Kind.DOCKERFILE, id="hash"
        ),
        pytest.param(
            "Dockerfile", b"FROM scratch AS a\nFROM a\n", "a", Kind.DOCKERFILE, id="stage"
        ),
    ],
)
def test_never_returns_text_that_would_mean_something_else_besides(file, data, needle, kind):
    site = at(file, data, needle, kind)
    with pytest.raises(VerificationFailed) as caught:
        apply(data, (Pin(site=site, decision=decision(site.reference)),))
    assert caught.value.code == "rewrite.self-check"
    assert file in caught.value.message


def test_a_comment_is_never_written_into_the_text_of_another_value():
    data = POD + b"  note: |\n    text\n"
    pins = pins_of("k.yaml", data, comment_offset=len(data) - 1)
    with pytest.raises(VerificationFailed) as caught:
        apply(data, pins, style=TagStyle.COMMENT)
    assert caught.value.code == "rewrite.self-check"


def test_a_comment_that_cannot_stand_is_never_written():
    data = b'{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"nginx:1.27"}]}}'
    pins = pins_of("pod.json", data, comment_offset=data.index(b'"}]}}') + 1)
    with pytest.raises(VerificationFailed) as caught:
        apply(data, pins, style=TagStyle.COMMENT)
    assert caught.value.code == "rewrite.self-check"
