# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""``--compat cosign``: cosign's exit codes and words, for scripts that read them.

Only what is printed changes, never what is verified. Where cosign's text depends on its own
insides, its words come first and Sealpin's follow. As in cosign, the first image that fails ends
the output. Codes: cosign, doc/exit_codes.md.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealpin.errors import InvalidInput, SealpinError
from sealpin.report.text import printable

from .arguments import Parser
from .cosign_options import COMPAT

if TYPE_CHECKING:
    from sealpin.policy.decision import Decision, Finding
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
        with output_to(getattr(arguments, "output_file", "")):
            return verify(arguments)
    except SealpinError as error:
        if not _wants_compat(argv):
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

    attested = hasattr(run.arguments, "condition_files")
    if run.options.weakenings & _tlog_weakenings() and not run.arguments.private_infrastructure:
        print(_SKIPPED.format("attestation" if attested else "signature"), file=sys.stderr)
    for answer in answers:
        if answer.decision.outcome is not Outcome.ALLOWED:
            failure = failure_of(answer.decision, attested=attested)
            _print_failure(failure)
            return failure.code
        print_verified(answer, run.options)
        sys.stdout.flush()
    return VERIFIED


def failure_of(decision: Decision, *, attested: bool) -> Failure:
    """Return what cosign says of an image that was refused or could not be checked."""
    from sealpin.policy.decision import Outcome, Scope
    from sealpin.report.document import main_code, main_message

    code, message = main_code(decision), main_message(decision)
    if decision.artifact is None and code == "registry.not-found":
        return Failure(FAILED, message) if attested else Failure(TAG_MISSING, _NO_TAG + message)
    if decision.outcome is Outcome.INCONCLUSIVE:
        return Failure(FAILED, message)
    refused = [finding for finding in decision.findings if finding.scope is Scope.EVIDENCE]
    if attested:
        typed = code == "attestation.type"
        return Failure(
            FAILED, _NO_TYPE + message if typed else _NONE_OF + _reason(refused, message)
        )
    if not refused:
        return Failure(UNSIGNED, "no signatures found")
    if any("@sha256:" in finding.name for finding in refused):  # cosign's bundle mode
        return Failure(FAILED, "no matching attestations: " + _reason(refused, message))
    return Failure(NOT_MATCHING, "no matching signatures: " + _reason(refused, message))


@contextlib.contextmanager
def output_to(path: str) -> Iterator[None]:
    """Send standard output to a file (``--output-file``), if one is named."""
    if not path:
        yield
        return
    try:
        file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InvalidInput(
            "file.unwritable", f"cannot write --output-file {path}: {error.strerror}"
        ) from error
    with file, contextlib.redirect_stdout(file):
        yield


_SKIPPED = (
    "WARNING: Skipping tlog verification is an insecure practice that lacks transparency and"
    " auditability verification for the {}."
)
_NO_TAG = "image tag not found: "
_NO_TYPE = "none of the attestations matched the predicate type: "
_NONE_OF = "no matching attestations: "


def _reason(refused: Sequence[Finding], message: str) -> str:
    """Return cosign's words for each refusal, a line each."""
    return "\n ".join(dict.fromkeys(_words(finding) for finding in refused)) or message


def _words(finding: Finding) -> str:
    if finding.code == "annotation.mismatch":
        return "missing or incorrect annotation"
    if finding.code == "signature.invalid":
        return f"invalid signature when validating ASN.1 encoded signature: {finding.message}"
    if finding.code == "identity.mismatch":
        for name, label in _EXTENSIONS.items():
            if finding.message.startswith(f"{name} mismatch"):
                return f"expected GitHub Workflow {label} not found in certificate"
        return (
            "none of the expected identities matched what was in the certificate,"
            f" {finding.message}"
        )
    return finding.message


def _print_failure(failure: Failure) -> None:
    for start in ("Error", "error during command execution"):
        lines = map(printable, failure.text.split("\n"))
        print(f"{start}: " + "\n".join(lines), file=sys.stderr)


def _wants_compat(argv: Sequence[str]) -> bool:
    """Look before parsing, because a mistake in the arguments is answered in the same way."""
    pairs = zip(argv, [*argv[1:], ""], strict=True)
    return any(
        word == f"--compat={COMPAT}" or (word, following) == ("--compat", COMPAT)
        for word, following in pairs
    )


def _tlog_weakenings() -> frozenset[object]:
    from sealpin.trust.material import TLOG_WEAKENINGS

    return frozenset(TLOG_WEAKENINGS)
