# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Platforms as text, and which of them fit."""

from __future__ import annotations

import pytest

from sealpin.descriptor import Platform
from sealpin.errors import InvalidInput


@pytest.mark.parametrize(
    "text", ["linux/amd64", "linux/arm/v7", "windows/amd64:10.0.17763.1", "linux/arm64/v8:1"]
)
def test_parses_what_it_renders(text):
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux//v7", ":1"])
def test_refuses_anything_else(text):
    with pytest.raises(InvalidInput) as caught:
        Platform.parse(text)
    assert caught.value.code == "platform.malformed"


@pytest.mark.parametrize(
    ("wanted", "offered", "fits"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", False),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/amd64", "windows/amd64", False),
        ("linux/amd64", "linux/arm64", False),
        ("windows/amd64", "windows/amd64:10.0", True),
        ("windows/amd64:10.0", "windows/amd64:11.0", False),
    ],
)
def test_what_is_left_open_fits_anything(wanted, offered, fits):
    assert Platform.parse(wanted).accepts(Platform.parse(offered)) is fits
