# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The argument parser of every verb: argparse that takes what pflag takes.

The peers' documented lines must work with the program's name replaced, and they are written for
pflag: a boolean takes its value after ``=`` only (``--check-claims=false``), options and
arguments mix freely, and no option may be abbreviated.
"""

from __future__ import annotations

import argparse

from sealpin.errors import InvalidInput

TYPE_CHECKING = False  # typing's own costs a tenth of a hook's whole time
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})

_MARK = "\0"
"""Stands before an argument that looks like an option; no argument of a process can hold it."""


class UsageError(InvalidInput):
    """The command line is off."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError` instead of leaving with exit code 2."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allow_abbrev", False)
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**options)
        self._switches: set[str] = set()

    def add_switch(self, *flags: str, default: bool = False, help: str) -> None:  # noqa: A002 - argparse's word
        """Add a pflag boolean: ``--flag``, ``--flag=true`` or ``--flag=false``."""
        self._switches.update(flags)
        self.add_argument(*flags, default=default, type=_parse_switch, metavar="BOOL", help=help)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse *argv*. Raises `UsageError` ``usage``."""
        words = list(argv)
        end = words.index("--") if "--" in words else len(words)
        # Intermixed parsing forgets "--" in its second pass, so what follows is marked instead.
        marked = [_MARK + word if word.startswith("-") else word for word in words[end + 1 :]]
        parsed = self.parse_intermixed_args([*self._with_switch_values(words[:end]), *marked])
        for name, value in vars(parsed).items():
            setattr(parsed, name, _unmarked(value))
        return parsed

    def error(self, message: str) -> NoReturn:
        """Turn argparse's exit into our error."""
        raise UsageError("usage", message, hint=f"{self.prog} --help lists the options")

    def _with_switch_values(self, argv: Sequence[str]) -> list[str]:
        """Give each bare switch its value, so that it never takes the next argument for one."""
        result = list(argv)
        for position, word in enumerate(result):
            if word in self._switches:
                result[position] = f"{word}=true"
        return result


def _parse_switch(text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")


def _unmarked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    return value.removeprefix(_MARK) if isinstance(value, str) else value
