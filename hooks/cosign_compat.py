# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``--compat cosign``: cosign's exit codes and words, for scripts that read them.

Only what is printed changes, never what is verified. Where cosign's text depends on its own
insides, its words come first and Sealpin's follow. As in cosign, the first image that fails ends
the output. Codes: cosign, doc/exit_codes.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sealpin.errors import SealpinError
from sealpin.records import dataclass
from sealpin.report.text import printable

from .arguments import Parser, asks_for_compat
from .cosign_globals import global_options_in_force
from .cosign_options import COMPAT

if TYPE_CHECKING:
    from sealpin.policy.decision import Finding
    from sealpin.run_options import RunOptions

    from .cosign_run import Answer, CosignRun

VERIFIED = 0
FAILED = 1
UNSIGNED = 10
TAG_MISSING = 11
NOT_MATCHING = 12

_EXTENSIONS = {
    "github_workflow_trigger": "Trigger",
    "github_workflow_sha": "SHA",
    "github_workflow_name": "Name",
    "github_workflow_repository": "Repository",
    "github_workflow_ref": "Ref",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What cosign would say."""

    code: int
    text: str


def answer_as_asked(
    argv: Sequence[str], parser: Parser, verify: Callable[[argparse.Namespace], int]
) -> int:
    """Run a verb's *verify* on its arguments; with ``--compat cosign`` errors are cosign's too."""
    try:
        arguments = parser.parse(argv)
        with global_options_in_force(arguments):
            return verify(arguments)
    except SealpinError as error:
        if not asks_for_compat(argv, COMPAT):
            raise
        _print_failure(Failure(FAILED, error.message))
        return FAILED


def print_as_cosign(
    answers: Sequence[Answer],
    run: CosignRun,
    print_verified: Callable[[Answer, RunOptions], None],
) -> int:
    """Print answers as cosign does, up to the first image that fails; return its code."""
    from sealpin.policy.decision import Outcome

    attested = _asks_for_attestation(run)
    if run.options.weakenings & _tlog_weakenings() and not run.arguments.private_infrastructure:
        print(_SKIPPED.format("attestation" if attested else "signature"), file=sys.stderr)
    for answer in answers:
        if answer.decision.outcome is not Outcome.ALLOWED:
            failure = failure_of(answer, run)
            _print_failure(failure)
            return failure.code
        print_verified(answer, run.options)
        sys.stdout.flush()
    return VERIFIED


def failure_of(answer: Answer, run: CosignRun) -> Failure:
    """Return what cosign says of an image that was refused or could not be checked."""
    from sealpin.policy.decision import Outcome, Scope
    from sealpin.report.document import main_code, main_message

    decision = answer.decision
    code, message = main_code(decision), main_message(decision)
    attested = _asks_for_attestation(run)
    if decision.artifact is None and code == "registry.not-found":
        return Failure(FAILED, message) if attested else Failure(TAG_MISSING, _NO_TAG + message)
    if decision.outcome is Outcome.INCONCLUSIVE:
        return Failure(FAILED, message)
    if code == "attestation.type":
        found = ",".join(run.seen.predicate_types(answer.decision.digest))
        return Failure(FAILED, f"{_NO_TYPE}{run.arguments.type}, found: {found}")
    refused = [finding for finding in decision.findings if finding.scope is Scope.EVIDENCE]
    if not refused and not attested:
        return Failure(UNSIGNED, "no signatures found")
    is_bundle = any("@sha256:" in finding.name for finding in refused)  # cosign's bundle mode
    separator = "\n" if is_bundle else "\n "
    detail = separator.join(_words(finding, run) for finding in refused)
    if attested or is_bundle:
        return Failure(FAILED, f"no matching attestations: {detail}")
    return Failure(NOT_MATCHING, f"no matching signatures: {detail}")


_SKIPPED = (
    "WARNING: Skipping tlog verification is an insecure practice that lacks transparency and"
    " auditability verification for the {}."
)
_NO_TAG = "image tag not found: "
_NO_TYPE = "none of the attestations matched the predicate type: "
_NO_ENTRY = "rekor client not provided for online verification"
_NO_TIME = "expected a signed timestamp to verify an expired certificate"
_SUBJECT = re.compile(r"subject mismatch: expected (/?)(.*?)/?, got (.*)", re.DOTALL)


def _asks_for_attestation(run: CosignRun) -> bool:
    return hasattr(run.arguments, "condition_files")


def _words(finding: Finding, run: CosignRun) -> str:
    """Return cosign's words for one refused piece of evidence."""
    is_bundle = "@sha256:" in finding.name
    if finding.code == "annotation.mismatch":
        return "missing or incorrect annotation"
    if finding.code == "tlog.missing" and not is_bundle:
        return _NO_ENTRY
    if finding.code == "chain.expired" and run.options.weakenings & _tlog_weakenings():
        return _NO_TIME
    if finding.code == "signature.invalid":
        return _invalid_signature(finding, run)
    if finding.code == "identity.mismatch":
        return _other_identity(finding, run, is_bundle=is_bundle)
    return finding.message


def _invalid_signature(finding: Finding, run: CosignRun) -> str:
    from .cosign_key_words import given_key, words_for_another_key

    key = given_key(run.rules.policies)
    wants_log = not run.options.weakenings & _tlog_weakenings()
    found = run.seen.at(finding.name.partition(": ")[2])
    return words_for_another_key(found, key, wants_log=wants_log) or finding.message


def _other_identity(finding: Finding, run: CosignRun, *, is_bundle: bool) -> str:
    for name, label in _EXTENSIONS.items():
        if finding.message.startswith(f"{name} mismatch"):
            return f"expected GitHub Workflow {label} not found in certificate"
    if not is_bundle:
        location = finding.name.partition(": ")[2]
        return (
            "none of the expected identities matched what was in the certificate,"
            f" {run.seen.identity_at(location)}"
        )
    match = _SUBJECT.fullmatch(finding.message)
    reason = finding.message
    if match is not None:
        expected = f'to match regex "{match[2]}"' if match[1] else match[2]
        reason = f"expected SAN value {expected}, got {match[3]}"
    return (
        "failed to verify certificate identity: no matching CertificateIdentity found,"
        f" last error: {reason}"
    )


def _print_failure(failure: Failure) -> None:
    text = "\n".join(map(printable, failure.text.split("\n")))
    print(f"Error: {text}", file=sys.stderr)
    # Go's logger ends a line that has no end.
    print(f"error during command execution: {text.removesuffix(chr(10))}", file=sys.stderr)


def _tlog_weakenings() -> frozenset[object]:
    from sealpin.trust.material import TLOG_WEAKENINGS

    return frozenset(TLOG_WEAKENINGS)
