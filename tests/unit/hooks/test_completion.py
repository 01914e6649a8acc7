# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a shell completes of our command line, typed at a terminal of a real shell."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sealpin_hooks.cli import VERBS
from sealpin_hooks.completions import SCRIPTS, next_words
from sealpin_hooks.verbs import verbs_below

from support.command import sealpin

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source <(sealpin completion bash)"),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -Uz compinit; compinit -u -D; eval "$(sealpin completion zsh)"',
    ),
    "zsh, from a file": (
        ["zsh", "-f", "-i"],
        "sealpin completion zsh >_sealpin; fpath=($PWD $fpath); autoload -U compinit; compinit -u",
    ),
    "fish": (["fish", "--no-config", "-i"], "sealpin completion fish | source"),
}
"""How each shell starts without a person's settings, and takes the script as the help says."""
COMMAND = """\
#!/bin/sh
[ "$1" = completion ] && exec {python} -m sealpin_hooks.cli "$@"
printf '[%s]' "$@" END
echo
"""
"""In the place of the command: completion is the real one, anything else prints its words."""
TYPED = {
    "verb": ("pol\tval\t", "[policy][validate]"),
    "option": ("pin --stri\t", "[pin][--strict]"),
    "choice": ("check --format sa\t", "[check][--format][sarif]"),
    "file": ("pin comp\t", "[pin][compose.yaml]"),
    "value after an equals sign": ("check --format=sa\t", "[check][--format=sarif]"),
    "file after another": ("pin a comp\t", "[pin][a][compose.yaml]"),
    "file after a switch": ("pin --diff comp\t", "[pin][--diff][compose.yaml]"),
    "file of an option": ("verify --key comp\t", "[verify][--key][compose.yaml]"),
    "first argument": ("download at\t", "[download][attestation]"),
}
LIMIT_S = 60


class Terminal:
    """A terminal with a shell in it."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.parent, child = pty.openpty()
        self.seen = ""
        path = f"{folder}/bin:{os.environ['PATH']}"
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            cwd=folder,
            stdin=child,
            stdout=child,
            stderr=child,
            env={"PATH": path, "TERM": "vt100", "HOME": str(folder), "PS1": "% "},
        )
        os.close(child)

    def type(self, text: str) -> None:
        os.write(self.parent, text.encode())

    def read_until(self, wanted: str) -> None:
        """Read what the shell prints up to *wanted*."""
        end_s = time.monotonic() + LIMIT_S
        while wanted not in self.seen:
            ready, _write, _except = select.select([self.parent], [], [], end_s - time.monotonic())
            assert ready, f"expected {wanted!r}, got {self.seen!r}"
            self.seen += os.read(self.parent, 65536).decode(errors="replace")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            os.close(self.parent)


@pytest.fixture(params=START)
def terminal(request: pytest.FixtureRequest, tmp_path: Path):
    command, take = START[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / "compose.yaml").touch()
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "sealpin"
    program.write_text(COMMAND.format(python=sys.executable))
    program.chmod(0o755)
    terminal = Terminal(command, tmp_path)
    terminal.type(f"{take}\nsealpin ready\n")
    terminal.read_until("[ready][END]")
    yield terminal
    terminal.close()


@pytest.mark.once
def test_a_shell_completes_verbs_options_choices_and_files(terminal: Terminal) -> None:
    for line, words in TYPED.values():
        terminal.type(f"sealpin {line}\n")
        terminal.read_until(f"{words}[END]")


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_verb_prints_the_script(shell: str) -> None:
    assert sealpin("completion", shell).out == SCRIPTS[shell]


def test_a_shell_that_has_none_is_bad_input() -> None:
    ran = sealpin("completion", "ksh")
    assert (ran.code, "bash" in ran.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], list(VERBS)),
        (["po"], ["policy"]),
        (["evidence", ""], ["save", "verify"]),
        (["evidence", "gone", ""], []),
        (["nope", ""], []),
        (["pin", ""], []),
        (["pin", "--dr"], ["--drop-tag", "--dry-run"]),
        (["pin", "--", "--dr"], []),
        (["trust", "show", "--a"], ["--all"]),
        (["check", "--format", "s"], ["sarif"]),
        (["check", "--format=s"], ["--format=sarif"]),
        (["check", "--format", "=", "s"], ["sarif"]),
        (["check", "--format", "="], ["text", "json", "sarif", "html"]),
        (["check", "--nope=s"], []),
        (["check", "--policy", ""], []),
        (["check", "--strict", "--form"], ["--format"]),
        (["download", "s"], ["signature", "sbom"]),
        (["download", "sbom", "s"], []),
        (["completion", "b"], ["bash"]),
    ],
)
def test_what_may_come_next(words: list[str], found: list[str]) -> None:
    assert next_words(words) == found
    assert sealpin("completion", "words", *words).out.splitlines() == found


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_options_to_complete(verb: str) -> None:
    words = [verb, *verbs_below(verb)[:1], "--h"]
    assert next_words(words) == ["--help"]
