# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a person sees: colour that respects ``NO_COLOR``, and progress that only a terminal gets.

And what a person does not: control sequences in content that anybody may have put into a registry.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from sealpin.report.text import WIDTH, Style, printable

_NARROWEST, _WIDEST = 40, 120
"""A row begins with 23 columns of its own, and longer lines are hard to follow."""


def style_for(stream: TextIO) -> Style:
    """Return its width, and colours for a terminal that is not dumb unless ``NO_COLOR`` is set."""
    return Style(
        colour=_takes_sequences(stream) and not os.environ.get("NO_COLOR"),
        width=min(max(_columns(stream), _NARROWEST), _WIDEST),
    )


def _takes_sequences(stream: TextIO) -> bool:
    """Whether it is a terminal that moves its cursor and changes its colours."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _columns(stream: TextIO) -> int:
    """What ``COLUMNS`` says, else the terminal; a pipe and a file are as wide as a terminal was."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or WIDTH
    except (AttributeError, OSError, ValueError):
        return WIDTH


def print_content(line: str) -> None:
    """Print one line that came from a registry; see `write_content`."""
    write_content(f"{line}\n".encode(), sys.stdout)


def write_content(content: bytes, stream: TextIO) -> None:
    """Write content of a registry: the very bytes to a file or a pipe, escaped to a terminal."""
    if stream.isatty():
        text = content.decode("utf-8", "backslashreplace")
        lines = ("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))
        stream.write("\n".join(lines))
    else:
        stream.flush()
        stream.buffer.write(content)
    stream.flush()


class Progress:
    """One line that is rewritten in place on a terminal, and nothing at all elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_shown = _takes_sequences(self._stream)

    def __call__(self, done: int, total: int) -> None:
        """Show that *done* of *total* images are decided; the last one wipes the line."""
        if total < 2 or not self._is_shown:
            return
        text = f"verifying images: {done}/{total}" if done < total else ""
        self._stream.write(f"\r\x1b[2K{text}")
        self._stream.flush()
