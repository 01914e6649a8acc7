# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Verbs that have verbs of their own: ``sealpin trust show``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sealpin.records import dataclass

from . import exit_codes
from .arguments import Parser, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class SubVerb:
    """One verb below another."""

    description: str
    make_parser: Callable[[], Parser]
    run: Callable[[Sequence[str]], int]


def run_subverb(verb: str, table: Mapping[str, SubVerb], argv: Sequence[str]) -> int:
    """Run the verb *argv* begins with. Raises `UsageError` where there is none such."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        if argv[1:] and argv[1] in table:
            return table[argv[1]].run(["--help"])
        print(_usage(verb, table))
        return exit_codes.VERIFIED if argv else exit_codes.BAD_INPUT
    if argv[0] not in table:
        raise UsageError(
            "usage",
            f"no such verb: {verb} {argv[0]}",
            hint=f"expected one of {', '.join(table)}",
        )
    return table[argv[0]].run(argv[1:])


def _usage(verb: str, table: Mapping[str, SubVerb]) -> str:
    width = max(map(len, table))
    lines = [f"  {name:<{width}}  {entry.description}" for name, entry in table.items()]
    return "\n".join([f"usage: sealpin {verb} VERB [OPTIONS] …", "", *lines])
