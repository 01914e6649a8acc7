# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Content of a registry on its way to a person or to a program."""

from __future__ import annotations

import io

import pytest
from sealpin_hooks.terminal import write_content

HOSTILE = "a\tb \u001b[2J \u009b31m \u202e\r\n".encode()


class Screen(io.TextIOWrapper):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def written(content: bytes, kind: type[io.TextIOWrapper]) -> bytes:
    stream = kind(io.BytesIO(), encoding="utf-8", newline="")
    stream.write("before ")
    write_content(content, stream)
    return stream.buffer.getvalue().removeprefix(b"before ")


@pytest.mark.parametrize("content", [HOSTILE, b"\xff\xfe", b"", b"no newline"])
def test_a_program_gets_the_very_bytes(content: bytes) -> None:
    assert written(content, io.TextIOWrapper) == content


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (HOSTILE, "a\tb \\x1b[2J \\x9b31m \\u202e\\r\n"),
        (b"\xff \xc3\xa9\n", "\\xff \u00e9\n"),
        (b"", ""),
    ],
)
def test_a_terminal_gets_no_control_sequence(content: bytes, shown: str) -> None:
    assert written(content, Screen) == shown.encode()
