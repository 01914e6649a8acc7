# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin policy validate|lint|convert``: policy files as they are, before any image."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealpin.errors import PolicyInvalid
from sealpin.project_files import CONFIG_NAME, project_root

from . import exit_codes
from .arguments import Parser
from .options import add_format_option
from .project import require_policy

if TYPE_CHECKING:
    from sealpin.policy.document import Configuration
    from sealpin.policy.rendering import Rendering


def make_validate_parser() -> Parser:
    """Return the parser of ``policy validate``."""
    parser = _parser("validate", "Say what is wrong with policy files. Fetches nothing.")
    add_format_option(parser, "text", "json")
    return parser


def make_lint_parser() -> Parser:
    """Return the parser of ``policy lint``."""
    parser = _parser("lint", "Point out what loads but is probably a mistake. Fetches nothing.")
    add_format_option(parser, "text", "json")
    return parser


def make_convert_parser() -> Parser:
    """Return the parser of ``policy convert``."""
    parser = _parser("convert", "Write policies in another spelling, on standard output.")
    parser.add_argument(
        "--to",
        choices=("sealpin", "cluster", "kyverno"),
        default="sealpin",
        help=".sealpin.yaml, ClusterImagePolicy or ImageValidatingPolicy (default sealpin)",
    )
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="FILE[=NAME]",
        help="a trusted root the policies use: its file, or the TrustRoot it is in the cluster",
    )
    return parser


def validate(argv: Sequence[str]) -> int:
    """Validate; exit 0 valid, 3 invalid."""
    arguments = make_validate_parser().parse(argv)
    found = _validation(arguments)
    if arguments.format == "json":
        print(json.dumps(found, indent=2))
    else:
        _print_validation(found)
    return exit_codes.VERIFIED if found["valid"] else exit_codes.BAD_INPUT


def _validation(arguments: argparse.Namespace) -> dict[str, Any]:
    """Load the policies; return the report on what they hold, or on what is wrong with them."""
    from sealpin.policy.lint import lint as find_remarks

    problems: list[dict[str, Any]] = []
    names: list[str] = []
    unresolved: list[str] = []
    try:
        policies = _load(arguments).policies
        names = [policy.name for policy in policies.policies]
        unresolved = [r.message for r in find_remarks(policies) if r.code == "lint.unresolved"]
    except PolicyInvalid as error:
        problems = _problems_of(error)
    return {
        "report": "sealpin-policy-validate",
        "version": 1,
        "valid": not problems,
        "policies": names,
        "problems": problems,
        "unresolved": unresolved,
    }


def _problems_of(error: PolicyInvalid) -> list[dict[str, Any]]:
    """Return every problem of a policy with its place, as far as that is known."""
    from sealpin.policy.fields import DocumentInvalid

    if not isinstance(error, DocumentInvalid):
        where = {"file": "", "line": 0, "column": 0, "field": ""}
        return [{**where, "code": error.code, "message": error.message, "hint": error.hint}]
    return [
        {
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "field": problem.field,
            "code": error.code,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in error.problems
    ]


def _print_validation(found: dict[str, Any]) -> None:
    from sealpin.report.text import printable

    for problem in found["problems"]:
        place = f"{problem['file']}:{problem['line']}:{problem['column']}: "
        text = f"{printable(problem['message'])} [{problem['code']}]"
        print(f"{place if problem['file'] else ''}{text}", file=sys.stderr)
        if problem["hint"]:
            print(f"  next: {printable(problem['hint'])}", file=sys.stderr)
    if found["valid"]:
        count = len(found["policies"])
        print(f"valid: {count} {'policy' if count == 1 else 'policies'}")
        for message in found["unresolved"]:
            print(f"  not looked at here: {printable(message)}")


def lint(argv: Sequence[str]) -> int:
    """Lint; exit 0 nothing to say, 1 something."""
    arguments = make_lint_parser().parse(argv)
    from sealpin.policy.lint import lint as find_remarks

    from .terminal import style_for

    remarks = find_remarks(_load(arguments).policies)
    if arguments.format == "json":
        entries = [
            {"code": r.code, "policy": r.policy, "origin": r.origin, "message": r.message}
            for r in remarks
        ]
        document = {"report": "sealpin-policy-lint", "version": 1, "remarks": entries}
        print(json.dumps(document, indent=2))
    else:
        style = style_for(sys.stdout)
        for remark in remarks:
            where = f"{remark.origin}: " if remark.origin else ""
            name = f"{remark.policy}: " if remark.policy else ""
            text = f"{where}{name}{remark.message} [{remark.code}]"
            print("\n".join(style.wrap(text, indent="")))
    return exit_codes.REFUSED if remarks else exit_codes.VERIFIED


def convert(argv: Sequence[str]) -> int:
    """Convert; exit 0 all of it, 1 where a policy could not be said and was left out."""
    arguments = make_convert_parser().parse(argv)
    from sealpin.policy.yaml_text import write_document
    from sealpin.report.text import printable

    rendering = _render(arguments)
    print("---\n".join(write_document(document) for document in rendering.documents), end="")
    sys.stdout.flush()
    for omission in rendering.omissions:
        print(
            f"sealpin: left out: {printable(omission.policy)}: the other spelling cannot say"
            f" {printable(omission.reason)}",
            file=sys.stderr,
        )
    return exit_codes.REFUSED if rendering.omissions else exit_codes.VERIFIED


def _render(arguments: argparse.Namespace) -> Rendering:
    from sealpin.policy.convert import convert_to_short
    from sealpin.policy.render_cluster import render_cluster
    from sealpin.policy.render_kyverno import render_kyverno
    from sealpin.regular_files import read_file
    from sealpin.trust.root_json import parse_trusted_root
    from sealpin.trusting import RootChoice

    from .running import run_options, this_machine

    policies = _load(arguments).policies.policies
    default_root = RootChoice(run_options(arguments, offline=True), this_machine()).root()
    roots = {}
    for word in arguments.root:
        path, _equals, name = word.partition("=")
        root = parse_trusted_root(read_file(Path(path)).data, what=path)
        roots[str(root.digest)] = name or path
    if arguments.to == "cluster":
        return render_cluster(policies, default_root=default_root, root_names=roots)
    if arguments.to == "kyverno":
        return render_kyverno(policies, default_root=default_root)
    return convert_to_short(policies, default_root=default_root, root_files=roots)


def _load(arguments: argparse.Namespace) -> Configuration:
    from sealpin.rules import load_policies

    from .running import run_options, this_machine

    machine = this_machine()
    paths = [machine.base / name for name in arguments.files]
    if not paths:
        config = project_root(machine.base) / CONFIG_NAME
        if not config.is_file():
            raise require_policy()
        paths = [config]
    return load_policies(run_options(arguments, offline=True), machine, paths)


def _parser(verb: str, description: str) -> Parser:
    parser = Parser(prog=f"sealpin policy {verb}", description=description)
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="policy files, read together (default: the project's .sealpin.yaml)",
    )
    return parser
