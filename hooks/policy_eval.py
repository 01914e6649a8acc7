# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin policy eval``: one CUE or Rego text over one JSON input."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput, PolicyInvalid, quote

from . import exit_codes
from .arguments import Parser
from .options import add_format_option

if TYPE_CHECKING:
    from argparse import Namespace

    from sealpin.policy.answer import Answer
    from sealpin.policy.model import ProgramCondition

_OFF = ("cue.malformed", "cue.too-large", "rego.malformed", "rego.too-large")
"""Codes that are the program's fault and no answer of it."""


def make_parser() -> Parser:
    """Return the verb's parser."""
    parser = Parser(
        prog="sealpin policy eval",
        description="Evaluate one CUE or Rego text over an input, as a policy's condition.",
    )
    parser.add_argument("file", metavar="FILE", help="the program")
    parser.add_argument("input", metavar="INPUT", help="JSON: a statement, or what it stands for")
    parser.add_argument(
        "--type",
        choices=("cue", "rego"),
        default="",
        help="the language (default: by the file's ending)",
    )
    parser.add_argument(
        "--cue-semantics",
        choices=("strict", "cosign"),
        default="strict",
        help="cosign lets a constrained field that is absent pass",
    )
    add_format_option(parser, "text", "json")
    return parser


def run(argv: Sequence[str]) -> int:
    """Evaluate; exit 0 passes, 1 does not, 2 cannot be evaluated here, 3 the program is invalid."""
    arguments = make_parser().parse(argv)
    from sealpin.policy.engines.run import run_program
    from sealpin.regular_files import read_file

    program = _read_program(arguments)
    answer = run_program(program, read_file(Path(arguments.input)).data)
    if answer.code in _OFF:
        raise PolicyInvalid(answer.code, answer.message, hint=answer.hint)
    show = _show_json if arguments.format == "json" else _show_text
    show(answer)
    sys.stdout.flush()
    return exit_codes.of_outcome(answer.outcome.value)


def _read_program(arguments: Namespace) -> ProgramCondition:
    from sealpin.policy.model import Language, ProgramCondition
    from sealpin.regular_files import read_file

    name = arguments.type or Path(arguments.file).suffix.removeprefix(".")
    if name not in ("cue", "rego"):
        raise InvalidInput(
            "usage",
            f"the language is not known: expected a file ending in .cue or .rego,"
            f" got {quote(arguments.file)}",
            hint="name it: --type cue, or --type rego",
        )
    try:
        text = read_file(Path(arguments.file)).data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyInvalid("policy.invalid", f"{arguments.file} is not UTF-8") from error
    return ProgramCondition(
        language=Language(name),
        text=text,
        absent_fields_pass=arguments.cue_semantics == "cosign",
    )


def _show_json(answer: Answer) -> None:
    document = {
        "report": "sealpin-policy-eval",
        "version": 1,
        "outcome": answer.outcome.value,
        "code": answer.code,
        "message": answer.message,
        "hint": answer.hint,
        "engine": answer.engine,
    }
    print(json.dumps(document, indent=2))


def _show_text(answer: Answer) -> None:
    from .terminal import style_for

    style = style_for(sys.stdout)
    words = {"allowed": "passes", "denied": "does not pass"}
    state = words.get(answer.outcome.value, "cannot be evaluated here")
    print(f"{state} ({answer.engine})" if answer.engine else state)
    if answer.message:
        print("\n".join(style.wrap(f"{answer.message} [{answer.code}]", indent="  ")))
    if answer.hint:
        print("\n".join(style.wrap(f"next: {answer.hint}", indent="  ")))
