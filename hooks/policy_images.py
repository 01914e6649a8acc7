# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``sealpin policy match|explain|test``: what policies say of one image."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealpin.errors import InvalidInput, SealpinError, quote
from sealpin.inputs import PoliciesOnDisk
from sealpin.records import dataclass

from . import exit_codes
from .arguments import Parser
from .options import add_format_option, add_registry_options, add_trust_options
from .trusted import ProjectPolicy

if TYPE_CHECKING:
    from sealpin.policy.decision import Decision
    from sealpin.policy.explain import Explanation
    from sealpin.policy.model import PolicySet
    from sealpin.policy.select import Resource
    from sealpin.report.text import Style
    from sealpin.rules import Rules
    from sealpin.run_options import Machine, RunOptions


def make_match_parser() -> Parser:
    """Return the parser of ``policy match``."""
    parser = Parser(
        prog="sealpin policy match",
        description="Say whether a policy file covers an image. Fetches nothing.",
    )
    parser.add_argument("file", metavar="FILE", help="policy file")
    parser.add_argument("image", metavar="IMAGE", help="image reference")
    add_format_option(parser, "text", "json")
    return parser


def make_explain_parser() -> Parser:
    """Return the parser of ``policy explain``."""
    parser = Parser(
        prog="sealpin policy explain",
        description="Decide on an image, and give each policy's reason.",
    )
    parser.add_argument("image", metavar="IMAGE", help="image reference")
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help="policy files (default: the project's .sealpin.yaml)",
    )
    add_trust_options(parser)
    add_registry_options(parser)
    return parser


def make_test_parser() -> Parser:
    """Return the parser of ``policy test``."""
    parser = Parser(
        prog="sealpin policy test",
        description="Decide on an image as the cluster would.",
    )
    parser.add_argument("--policy", required=True, metavar="FILE", help="policy file or URL")
    parser.add_argument("--image", required=True, metavar="REF", help="image reference")
    parser.add_argument(
        "--resource", default="", metavar="FILE", help="the Kubernetes object that uses it (YAML)"
    )
    parser.add_argument("--trustroot", default="", metavar="FILE", help="TrustRoot documents")
    parser.add_argument("--log-level", default="", metavar="LEVEL", help="accepted, without effect")
    parser.add_argument(
        "--compat", choices=("", "policy-tester"), default="", help="answer as that program does"
    )
    add_trust_options(parser)
    add_registry_options(parser)
    return parser


def match(argv: Sequence[str]) -> int:
    """Match; exit 0 a policy covers the image, 1 none does."""
    arguments = make_match_parser().parse(argv)
    from sealpin.rules import load_policies

    from .running import run_options, this_machine

    machine = this_machine()
    options = run_options(arguments, offline=True)
    policies = load_policies(options, machine, [machine.base / arguments.file]).policies
    told = _explain(arguments.image, policies)
    if arguments.format == "json":
        print(json.dumps(_document(told), indent=2))
    else:
        from .terminal import style_for

        print("\n".join(_policy_lines(told, style_for(sys.stdout))))
        if not told.has_match:
            print("  no policy covers this image")
    return exit_codes.VERIFIED if told.has_match else exit_codes.REFUSED


def explain_image(argv: Sequence[str]) -> int:
    """Explain; exit as the decision says."""
    arguments = make_explain_parser().parse(argv)
    from sealpin.report.document import decision_to_dict
    from sealpin.report.text import image_lines

    from .running import run_options, this_machine
    from .terminal import style_for

    machine = this_machine()
    policy = ProjectPolicy.at(machine.base, given=tuple(arguments.policy))
    rules = policy.rules(run_options(arguments), machine)
    style = style_for(sys.stdout)
    print("\n".join(_policy_lines(_explain(arguments.image, rules.policies), style)))
    decision = _decide(rules, arguments.image, None)
    image = decision_to_dict(decision)
    print("\n".join([*image_lines({**image, "findings": []}, style), *_reasons(image, style)]))
    return exit_codes.of_outcome(decision.outcome.value)


def test(argv: Sequence[str]) -> int:
    """Test; exit as the decision says, or as policy-tester does."""
    arguments = make_test_parser().parse(argv)
    if arguments.compat:
        return _test_as_peer(arguments)
    decision = _test(arguments)
    from sealpin.report.document import decision_to_dict, report_document

    print(json.dumps(report_document([decision_to_dict(decision)], weakenings=[]), indent=2))
    return exit_codes.of_outcome(decision.outcome.value)


def _test_as_peer(arguments: argparse.Namespace) -> int:
    """Say nothing of success, one line of JSON of a refusal; everything else is plain text."""
    from sealpin.policy.decision import Outcome

    try:
        decision = _test(arguments)
    except SealpinError as error:
        print(error.message, file=sys.stderr)
        return 1
    if decision.outcome is Outcome.ALLOWED:
        return 0
    texts: dict[str, list[str]] = {"errors": [], "warnings": []}
    for finding in decision.findings:
        if finding.is_warning:
            texts["warnings"].append(finding.message)
        elif finding.outcome is not Outcome.ALLOWED:
            name = f"{finding.name}: " if finding.name else ""
            texts["errors"].append(f"{name}{finding.message}")
    print(json.dumps({kind: found for kind, found in texts.items() if found}))
    return 1


def _test(arguments: argparse.Namespace) -> Decision:
    from sealpin.rules import load_rules

    from .running import run_options, this_machine

    machine = this_machine()
    named = tuple(word for word in (arguments.policy, arguments.trustroot) if word)
    options = run_options(arguments, policy=named)
    rules = load_rules(options, machine, store=_NamedPolicies.of(options, machine))
    return _decide(rules, arguments.image, _read_resource(arguments.resource))


@dataclass(frozen=True, slots=True, kw_only=True)
class _NamedPolicies(PoliciesOnDisk):
    """Policy files by path or URL; what is behind a URL names no files of this machine."""

    fetched: Mapping[Path, bytes]

    @classmethod
    def of(cls, options: RunOptions, machine: Machine) -> _NamedPolicies:
        from sealpin.limits import MAX_POLICY_BYTES
        from sealpin.reaching import fetch_url

        urls = [name for name in options.policy if name.startswith(("https://", "http://"))]
        return cls(
            fetched={
                machine.base / url: fetch_url(options, machine, url, MAX_POLICY_BYTES)
                for url in urls
            }
        )

    def read(self, path: Path) -> bytes:
        return self.fetched[path] if path in self.fetched else PoliciesOnDisk.read(self, path)

    def read_below(self, folder: Path, path: str) -> bytes:
        if self.fetched:
            raise InvalidInput(
                "policy.path", f"a policy behind a URL cannot name a file: {quote(path)}"
            )
        return PoliciesOnDisk.read_below(self, folder, path)


def _decide(rules: Rules, image: str, resource: Resource | None) -> Decision:
    from .running import new_session, parse_references

    references = parse_references([image])
    with new_session(rules.options, registries=rules.registries) as session:
        (decision,) = session.decide(references, rules.policies, resource=resource)
    return decision


def _read_resource(name: str) -> Resource | None:
    """Read a Kubernetes object. Raises `PolicyInvalid` and `InvalidInput` ``resource.*``."""
    if not name:
        return None
    from sealpin.policy.document import read_documents
    from sealpin.policy.select import Resource
    from sealpin.regular_files import read_file
    from sealpin.yamlschema import to_plain

    documents = [d for d in read_documents(name, read_file(Path(name)).data) if d.root is not None]
    value = to_plain(documents[0].root, document=documents[0]) if len(documents) == 1 else None
    needed = ("apiVersion", "kind", "metadata", "spec")
    if not isinstance(value, dict) or any(field not in value for field in needed):
        raise InvalidInput(
            "resource.incomplete",
            f"expected one Kubernetes object with {', '.join(needed)}: {quote(name)}",
        )
    group, _slash, version = str(value["apiVersion"]).rpartition("/")
    return Resource(group=group, version=version, kind=str(value["kind"]), document=value)


def _explain(image: str, policies: PolicySet) -> Explanation:
    from sealpin.policy.explain import explain

    from .running import parse_references, this_machine

    (reference,) = parse_references([image])
    return explain(policies, reference, now_utc=this_machine().clock.now_utc())


def _document(told: Explanation) -> dict[str, Any]:
    return {
        "report": "sealpin-policy-match",
        "version": 1,
        "image": told.reference.text,
        "matches": told.has_match,
        "policies": [
            {
                "name": policy.name,
                "origin": policy.origin,
                "matches": policy.has_say,
                "reason": policy.reason,
                "wants": list(policy.wants),
            }
            for policy in told.policies
        ],
    }


def _policy_lines(told: Explanation, style: Style) -> list[str]:
    from sealpin.report.text import printable

    lines = [printable(told.reference.text)]
    for policy in told.policies:
        sign = "*" if policy.has_say else "-"
        text = f"{sign} {policy.name} ({policy.origin}): {policy.reason}"
        lines += style.wrap(text, indent="  ", hang="  ")
        if policy.has_say:
            for want in policy.wants:
                lines += style.wrap(f"wants {want}", indent="      ", hang="  ")
    return lines


def _reasons(image: Mapping[str, Any], style: Style) -> list[str]:
    """What each policy and authority answers; a reason that was given above is not repeated."""
    lines, said = [], image["message"]
    for finding in image["findings"]:
        text = f"- {finding['outcome']}: {finding['name']}"
        if finding["outcome"] == "allowed" or finding["message"] not in said:
            text += f": {finding['message'] or 'ok'}"
            said += "\n" + finding["message"]
        elif finding["scope"] == "image":
            continue  # the headline is about the image, too
        lines += style.wrap(f"{text} [{finding['code']}]", indent="    ", hang="  ")
    return lines
