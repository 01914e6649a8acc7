# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Run the command in this process as a shell would: words in, exit code and two streams out."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from sealpin_hooks.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run answered."""

    code: int
    out: str
    err: str


def sealpin(
    *words: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
) -> Ran:
    """Run ``sealpin WORDS`` with *env* added to a bare environment, in *cwd*."""
    out, err = _text_stream(), _text_stream()
    before = Path.cwd()
    environment = {"PATH": os.environ.get("PATH", os.defpath), **(env or {})}
    try:
        if cwd is not None:
            os.chdir(cwd)
        with (
            patch.dict(os.environ, environment, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(sys, "stdin", _text_stream(stdin)),
        ):
            code = run_main([str(word) for word in words])
    finally:
        os.chdir(before)
    return Ran(code=code, out=_written(out), err=_written(err))


def _text_stream(content: bytes = b"") -> io.TextIOWrapper:
    """Make a stream that has bytes below its text, as the process's own have."""
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8")


def run_main(words: Sequence[str]) -> int:
    """Return the exit code, argparse's ``--help`` included."""
    try:
        return main(words)
    except SystemExit as left:
        return int(left.code or 0)
