# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Print docs/reference/command.md, from the parsers: ``python docs/generate_commands.py``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from sealpin_hooks.cli import VERBS
from sealpin_hooks.examples import EXAMPLES
from sealpin_hooks.verbs import parser_of, verbs_below

HEAD = """\
# The command

One program, with a verb for each task.

| exit code | meaning |
|---|---|
| 0 | verified, or nothing to do |
| 1 | refused; or `pin` or `check` found or changed something |
| 2 | could not check: registry, network, trusted root, missing engine |
| 3 | bad input: usage, reference, file, policy |
| 4 | a bug in Sealpin |
| 130 | interrupted |
| 141 | the answer could not be written: its reader has gone, or standard output is closed or full |

If the images of a run differ, 1 takes precedence over 2, and the code is 3 only if nothing could
run. With 141, files have been written already. Warnings that cannot be written to standard error
are lost and change nothing.

A switch (`BOOL`) takes its value only after `=`: `--offline`, `--offline=false`. Options and
arguments can be mixed freely, options cannot be abbreviated, and `--` ends the options.

This page is generated from the parsers: `make docs`.
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(words) for words in _verbs())


def _verbs() -> Iterator[tuple[str, ...]]:
    for verb in VERBS:
        yield from [(verb, name) for name in verbs_below(verb)] or [(verb,)]


def _section(words: tuple[str, ...]) -> str:
    parser = parser_of(words)
    lines = [f"\n## sealpin {' '.join(words)}\n", f"{parser.description}"]
    if parser.epilog:
        lines.append(parser.epilog)
    for group in parser._action_groups:
        actions = [
            action
            for action in group._group_actions
            if action.dest != "help" and action.help != argparse.SUPPRESS
        ]
        if actions:
            lines += ["\n| | |", "|---|---|"]
            lines += [f"| {_spelling(action)} | {_cell(action.help or '')} |" for action in actions]
    examples = [f"$ sealpin {example}" for example in EXAMPLES[" ".join(words)]]
    return "\n".join([*lines, "\n```console", *examples, "```"]) + "\n"


def _spelling(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(action.choices) if action.choices else "")
    if action.nargs == 0:
        value = ""
    if not action.option_strings:
        repeats = "…" if action.nargs in ("*", "+") else ""
        return f"`{value}{repeats}`"
    flags = ", ".join(f"`{flag}`" for flag in sorted(action.option_strings, key=len))
    return f"{flags} `{_cell(str(value))}`" if value else flags


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
