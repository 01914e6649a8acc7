# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Asking a container engine through its own program, and reading what it answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Run = Callable[[list[str]], tuple[int, str, str]]
    """Runs an argument list; returns exit code, standard output and standard error."""

PROGRAMS = {"podman": "podman", "docker": "docker", "cri": "crictl", "containerd": "ctr"}
"""Engine to the program that speaks to it."""
_GONE = re.compile(r"no such (container|object|image)|not found|does not exist", re.IGNORECASE)


class EngineError(Exception):
    """An engine that is installed did not answer."""

    code = "engine.unreachable"
    hint = (
        "start the engine, say in the task's environment where it listens,"
        " or leave it out of engines"
    )


class MalformedAnswer(EngineError):
    """An engine answered something else than it does."""

    code = "engine.malformed-answer"
    hint = "see what the command prints; whoever has the host may have put another in its place"


class Gone(EngineError):
    """What was asked for is not there, or not any more."""


def ask(run: Run, command: list[str]) -> str:
    """Return what *command* prints. Raises `Gone` for what is not there, else `EngineError`."""
    code, out, err = run(command)
    if code != 0:
        kind = Gone if _is_about_what_is_gone(err) else EngineError
        raise kind(_complaint(command, code, err))
    return out


def ask_lines(run: Run, command: list[str]) -> list[str]:
    """Return the lines of an answer that have anything in them."""
    return [line.strip() for line in ask(run, command).splitlines() if line.strip()]


def ask_table(run: Run, command: list[str]) -> list[list[str]]:
    """Return the rows of one of ctr's tables, without its heading, that have three columns."""
    rows = [line.split() for line in ask_lines(run, command)[1:]]
    return [row for row in rows if len(row) > 2]


def ask_json(run: Run, command: list[str]) -> Any:
    """Return an answer that is JSON."""
    return _parse(command, ask(run, command))


def inspect(run: Run, command: list[str], names: list[str]) -> list[dict[str, Any]]:
    """Inspect *names*, without those that vanished; any other complaint is an error."""
    if not names:
        return []
    code, out, err = run([*command, *names])
    if code != 0 and not _is_about_what_is_gone(err):
        raise EngineError(_complaint(command, code, err))
    found = _parse(command, out)
    if not isinstance(found, list):
        raise MalformedAnswer(f"{' '.join(command)}: the answer is no list")
    return found


def _is_about_what_is_gone(err: str) -> bool:
    complaints = [line for line in err.splitlines() if line.strip()]
    return bool(complaints) and all(_GONE.search(line) for line in complaints)


def _parse(command: list[str], text: str) -> Any:
    try:
        return json.loads(text)
    except (RecursionError, ValueError) as error:
        raise MalformedAnswer(f"{' '.join(command)}: the answer is not JSON: {error}") from error


def _complaint(command: list[str], code: int, err: str) -> str:
    lines = err.strip().splitlines()
    return f"{' '.join(command[:3])}: exit code {code}: {lines[-1] if lines else 'no message'}"
