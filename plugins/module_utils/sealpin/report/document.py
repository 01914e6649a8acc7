# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""The report as one JSON document: decisions to plain dictionaries, with a versioned schema.

The schema is `sealpin_hooks/schemas/report.schema.json`; a test validates every document against
it. Keys are stable: a new version may add keys, and a changed meaning raises `REPORT_VERSION`.
The text, SARIF and HTML reports are views of this document, so what a person reads and what a
program reads cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..policy.decision import Decision, Finding, Outcome, Scope
from ..signatures.verified import CertificateIdentity, SignerIdentity, VerifiedStatement
from ..version import __version__

REPORT_VERSION = 1


def decision_to_dict(decision: Decision) -> dict[str, Any]:
    """Return one image's entry: outcome, digest, how to write it, signers, proof and findings."""
    digest = decision.digest
    finding = main_finding(decision)
    return {
        "image": decision.reference.text,
        "name": decision.reference.normalised,
        "outcome": decision.outcome.value,
        "code": main_code(decision),
        "message": main_message(decision),
        "hint": finding.hint if finding else "",
        "digest": str(digest) if digest else "",
        "pinned": decision.reference.pinned(digest) if digest else "",
        "pinned_tagged": decision.reference.pinned_tagged(digest) if digest else "",
        "source": decision.artifact.source if decision.artifact else "",
        "platforms": {
            str(child.platform): str(child.digest)
            for child in (decision.artifact.children if decision.artifact else ())
            if child.platform
        },
        "unsigned": decision.unsigned,
        "policies": list(decision.policies),
        "weakenings": sorted(weakening.value for weakening in decision.weakenings),
        "statements": [statement_to_dict(statement) for statement in decision.statements],
        "findings": [finding_to_dict(finding) for finding in decision.findings],
    }


def statement_to_dict(statement: VerifiedStatement) -> dict[str, Any]:
    """Return what one piece of evidence proved."""
    return {
        "predicate_type": statement.predicate_type,
        "subject": str(statement.subject),
        "signer": signer_to_dict(statement.signer),
        "times": [
            {"at": utc_text(time.at_utc), "source": time.source.value, "authority": time.authority}
            for time in statement.times
        ],
        "log_entries": [
            {
                "log": entry.log,
                "log_id": entry.log_id,
                "index": entry.index,
                "inclusion_proof": entry.has_inclusion_proof,
                "promise": entry.has_promise,
            }
            for entry in statement.log_entries
        ],
        "annotations": dict(sorted(statement.annotations.items())),
        "claimed_reference": statement.claimed_reference,
        "evidence": {
            "kind": statement.evidence.kind.value,
            "digest": str(statement.evidence.digest),
            "route": statement.evidence.route.value,
            "location": statement.evidence.location,
        },
        "engines": list(statement.engines),
        "notes": list(statement.notes),
        "weakenings": sorted(weakening.value for weakening in statement.weakenings),
    }


def signer_to_dict(signer: SignerIdentity) -> dict[str, Any]:
    """Return who signed; ``kind`` is ``certificate`` or ``key``."""
    if isinstance(signer, CertificateIdentity):
        return {
            "kind": "certificate",
            "subjects": [name.value for name in signer.subjects],
            "issuer": signer.issuer,
            "extensions": dict(sorted(signer.extensions.items())),
        }
    return {"kind": "key", "key_id": signer.key_id, "name": signer.name}


def finding_to_dict(finding: Finding) -> dict[str, Any]:
    """Return one finding."""
    return {
        "scope": finding.scope.value,
        "name": finding.name,
        "outcome": finding.outcome.value,
        "code": finding.code,
        "message": finding.message,
        "hint": finding.hint,
        "warning": finding.is_warning,
    }


def report_document(entries: Iterable[Mapping[str, Any]], **parts: Any) -> dict[str, Any]:
    """Return the document for *entries* (of `decision_to_dict`) and the verb's own *parts*."""
    images = [dict(entry) for entry in entries]
    return {
        "report": "sealpin",
        "version": REPORT_VERSION,
        "tool": {"name": "sealpin", "version": __version__},
        "summary": {
            **{
                outcome.value: sum(image["outcome"] == outcome.value for image in images)
                for outcome in Outcome
            },
            "unsigned": sum(image["unsigned"] for image in images),
        },
        "images": images,
        **parts,
    }


def main_finding(decision: Decision) -> Finding | None:
    """Return the finding a person should read first: the widest one that decided."""
    deciding = [
        finding
        for finding in decision.findings
        if finding.outcome is decision.outcome and not finding.is_warning
    ]
    for scope in (Scope.IMAGE, Scope.POLICY, Scope.AUTHORITY):
        for finding in deciding:
            if finding.scope is scope:
                return finding
    return deciding[0] if deciding else None


def main_code(decision: Decision) -> str:
    """Return the code of `main_finding`; ``ok`` for an allowed image."""
    if decision.outcome is Outcome.ALLOWED:
        return "unsigned.allowed" if decision.unsigned else "ok"
    finding = main_finding(decision)
    return finding.code if finding else decision.outcome.value


def main_message(decision: Decision) -> str:
    """Return one line that says the outcome and why."""
    if decision.outcome is Outcome.ALLOWED:
        return "allowed without proof" if decision.unsigned else "verified"
    finding = main_finding(decision)
    return finding.message if finding else decision.outcome.value


def utc_text(moment_utc: datetime) -> str:
    """RFC 3339 in UTC, seconds."""
    return moment_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
