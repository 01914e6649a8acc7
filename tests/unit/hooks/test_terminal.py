# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Content of a registry on its way to a person or to a program."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest
from sealpin_hooks.terminal import Progress, style_for, write_content

from support import memory_registry
from support.signed_site import SignedSite
from support.virtual_sigstore import KeyPair, Signer

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


def on_terminal(*words: str) -> str:
    """Run the command as a person would, and return what the terminal is sent."""
    program = "import sys; from sealpin_hooks.cli import main; sys.exit(main(sys.argv[1:]))"
    terminal, end = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", program, *words], stdout=end) as process:
        os.close(end)
        sent = bytearray()
        with suppress(OSError):  # how Linux tells that nobody has the other end any more
            while piece := os.read(terminal, 65536):
                sent += piece
        assert process.wait() == 0
    os.close(terminal)
    return sent.decode()


@pytest.mark.parametrize("verb", ["download", "verify-attestation"])
def test_what_surrounds_a_good_signature_cannot_write_on_a_terminal(
    verb: str, tmp_path: Path
) -> None:
    """Where no log holds it, anybody may add fields to an envelope, and it still verifies."""
    key = KeyPair()
    with memory_registry.serving() as registry:
        site = SignedSite(registry=registry, folder=tmp_path)
        image = site.image()
        attested = site.sigstore.attest(image, signer=Signer(key=key), log="", stamps=())
        content = attested.content.replace(b"{", '{"\u009b2J\u202e": 1, '.encode(), 1)
        site.attach_raw(
            image, [(content, attested.media_type, dict(attested.annotations))], suffix="att"
        )
        public = site.file("key.pub", key.public_pem)
        verified = ("--type", "slsaprovenance02", "--key", public, "--insecure-ignore-tlog")
        options = verified if verb == "verify-attestation" else ("attestation",)
        sent = on_terminal(verb, *options, f"{site.name}:1.0")
    assert '{"\\x9b2J\\u202e": 1, ' in sent
    assert sent.replace("\r\n", "").isprintable()


def widest_line(stream: TextIO) -> int:
    """As wide as a text of words of one letter gets, which fills any width but for a column."""
    return max(map(len, style_for(stream).wrap("a " * 500, indent="")))


@pytest.mark.parametrize(
    ("columns", "widest"), [(61, 61), (101, 101), (10, 39), (300, 119), (0, 79)]
)
def test_text_is_as_wide_as_a_terminal_within_what_reads_well(
    columns: int, widest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with open(end, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        assert widest_line(stream) == widest
    os.close(terminal)


def test_a_file_gets_eighty_columns_unless_it_is_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    with (tmp_path / "report.txt").open("w") as stream:
        assert widest_line(stream) == 79
        monkeypatch.setenv("COLUMNS", "101")
        assert widest_line(stream) == 101
        monkeypatch.setenv("COLUMNS", "wide")
        assert widest_line(stream) == 79


@pytest.mark.parametrize(("term", "is_shown"), [("xterm", True), ("dumb", False)])
def test_progress_is_for_terminals_that_can_take_a_line_back(
    term: str, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    stream = Screen(io.BytesIO(), encoding="utf-8")
    Progress(stream)(1, 3)
    assert (stream.buffer.getvalue() == b"\r\x1b[2Kverifying images: 1/3") == is_shown
    assert bool(stream.buffer.getvalue()) == is_shown
