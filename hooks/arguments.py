# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The argument parser of every verb: argparse that takes what pflag takes.

The peers' documented lines must work with the program's name replaced, and they are written for
pflag: a boolean takes its value after ``=`` only (``--check-claims=false``), options and
arguments mix freely, and no option may be abbreviated.
"""

from __future__ import annotations

import argparse
import os
from functools import cache
from itertools import pairwise

from sealpin.errors import InvalidInput

TYPE_CHECKING = False  # typing's own costs a tenth of a hook's whole time
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})

_MARK = "\0"
"""Stands before an argument that looks like an option; no argument of a process can hold it."""


class UsageError(InvalidInput):
    """The command line is invalid."""


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Help as a person reads it: a short usage, and switches without a value they do not need."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("width", _terminal_width())
        super().__init__(*args, **options)

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """Show the arguments alone: forty options in a row say nothing, and each stands below."""
        arguments = [action for action in actions if not action.option_strings]
        super().add_usage(usage, [_OPTIONS, *arguments], (), prefix)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if action.type is not _parse_switch:
            return super()._format_action_invocation(action)
        value = "=false" if action.default else ""
        return ", ".join(f"{flag}{value}" for flag in action.option_strings)


@cache
def _terminal_width() -> int:
    """Return what argparse would find, and leave two columns as it does.

    It asks for every option that is added, through a module that loads three compressors.
    """
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns) - 2
    try:
        return (os.get_terminal_size(1).columns or 80) - 2
    except (AttributeError, ValueError, OSError):
        return 78


_OPTIONS = argparse.Action(option_strings=(), dest="options", nargs="?", metavar="OPTIONS")
"""What stands for all options in the usage."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError` instead of leaving with exit code 2."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allow_abbrev", False)
        options.setdefault("formatter_class", _HelpFormatter)
        super().__init__(**options)
        self._switches: set[str] = set()

    def add_switch(
        self,
        *flags: str,
        default: bool = False,
        help: str,  # noqa: A002 - argparse's word
        group: argparse._ArgumentGroup | None = None,
    ) -> None:
        """Add a pflag boolean: ``--flag``, ``--flag=true`` or ``--flag=false``."""
        self._switches.update(flags)
        place = group or self
        place.add_argument(*flags, default=default, type=_parse_switch, metavar="BOOL", help=help)

    @property
    def options(self) -> Mapping[str, argparse.Action]:
        """Each option by its spelling."""
        return self._option_string_actions

    @property
    def first_argument(self) -> argparse.Action | None:
        """What the first word that is no option means."""
        return next(iter(self._get_positional_actions()), None)

    def takes_word(self, option: argparse.Action) -> bool:
        """Whether the word behind *option* is its value."""
        return option.nargs != 0 and self._switches.isdisjoint(option.option_strings)

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

    def format_help(self) -> str:
        """Return the help; a terminal shows its end, and there stands what to begin from."""
        from .examples import example_text

        return super().format_help() + example_text(self.prog)

    def error(self, message: str) -> NoReturn:
        """Turn argparse's exit into our error."""
        hint = f"{self._near_option(message)}{self.prog} --help lists the options"
        raise UsageError("usage", message, hint=hint)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help; argparse would take a stream that fails for one that was read."""
        print(message, end="", file=file, flush=True)

    def _near_option(self, message: str) -> str:
        """Return a question after the option that an unrecognized one of *message* resembles."""
        from difflib import get_close_matches

        _before, _colon, words = message.partition("unrecognized arguments: ")
        for word in words.split():
            flag = word.partition("=")[0]
            if near := get_close_matches(flag, self._option_string_actions, n=1, cutoff=0.75):
                return f"did you mean {near[0]}? "
        return ""

    def _with_switch_values(self, argv: Sequence[str]) -> list[str]:
        """Give each bare switch its value, so that it never takes the next argument for one."""
        result = list(argv)
        for position, word in enumerate(result):
            if word in self._switches:
                result[position] = f"{word}=true"
        return result


def asks_for_compat(argv: Sequence[str], peer: str) -> bool:
    """Tell whether *argv* has ``--compat`` with *peer*.

    It is a look before parsing, because a mistake in the arguments is answered as the peer would.
    """
    return f"--compat={peer}" in argv or ("--compat", peer) in pairwise(argv)


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
