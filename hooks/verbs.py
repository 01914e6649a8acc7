# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Each verb's parser by its name, for what looks at all of them: completion and the reference."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from .arguments import Parser


def verbs_below(verb: str) -> tuple[str, ...]:
    """Return the verbs below one of `cli.VERBS`: ``save`` and ``verify`` of ``evidence``."""
    return tuple(getattr(_module(verb), "SUBVERBS", ()))


def parser_of(words: Sequence[str]) -> Parser:
    """Return the parser of a verb, or of one below it: ``("evidence", "save")``."""
    module = _module(words[0])
    below = getattr(module, "SUBVERBS", None)
    parser: Parser = below[words[1]].make_parser() if below else module.make_parser()
    return parser


def _module(verb: str) -> ModuleType:
    return import_module(f".commands.{verb.replace('-', '_')}", __package__)
