# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What cosign prints for a verified image: its report for people, its JSON for programs.

Form: cosign v3's ``verify``, which the documented pipes (``| jq``) are written for. A line of the
report is printed only for a check that was made; for bundles the JSON also has the certificate's
identity, which cosign leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sealpin.evidence import EvidenceKind
from sealpin.mediatypes import ANNOTATION_BUNDLE, ANNOTATION_TIMESTAMP, FULCIO_OID_PREFIX
from sealpin.policy.decision import Decision
from sealpin.report.text import printable
from sealpin.run_options import RunOptions
from sealpin.signatures.verified import CertificateIdentity, VerifiedStatement
from sealpin.weakening import Weakening

_WORKFLOW_NAMES = {
    "2": "githubWorkflowTrigger",
    "3": "githubWorkflowSha",
    "4": "githubWorkflowName",
    "5": "githubWorkflowRepository",
    "6": "githubWorkflowRef",
}
_LOG_ENTRY_FIELDS = ("body", "integratedTime", "logIndex", "logID")
_GO_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


_CERTIFICATE_LINES = {
    "2": "GitHub Workflow Trigger",
    "3": "GitHub Workflow SHA",
    "4": "GitHub Workflow Name",
    "5": "GitHub Workflow Repository",
    "6": "GitHub Workflow Ref",
}


def report_lines(
    decision: Decision, options: RunOptions, *, name: str, platform: str = ""
) -> list[str]:
    """Return the report cosign prints on standard error about *name*, a blank line first.

    *platform* is that of a manifest found in an index, which cosign has no word for.
    """
    shown = printable(f"{name} ({platform})" if platform else name)
    statements = decision.statements
    checks = []
    if options.annotations:
        checks.append("The specified annotations were verified.")
    if Weakening.IGNORE_CLAIMS not in decision.weakenings:
        checks.append("The cosign claims were validated")
    if statements and all(statement.log_entries for statement in statements):
        checks.append("Existence of the claims in the transparency log was verified offline")
    if any(isinstance(statement.signer, CertificateIdentity) for statement in statements):
        checks.append(
            "The code-signing certificate was verified using trusted certificate authority"
            " certificates"
        )
    else:
        checks.append("The signatures were verified against the specified public key")
    return [
        "",
        f"Verification for {shown} --",
        "The following checks were performed on each of these signatures:",
        *(f"  - {check}" for check in checks),
    ]


def certificate_lines(statements: Iterable[VerifiedStatement]) -> list[str]:
    """Return who signed, as cosign tells people; nothing for keys."""
    lines = []
    for statement in statements:
        if not isinstance(statement.signer, CertificateIdentity):
            continue
        signer = statement.signer
        subject = signer.subjects[0].value if signer.subjects else ""
        lines += [f"Certificate subject: {subject}", f"Certificate issuer URL: {signer.issuer}"]
        for number, label in _CERTIFICATE_LINES.items():
            value = signer.extensions.get(f"{FULCIO_OID_PREFIX}.{number}")
            if value:
                lines.append(f"{label}: {value}")
    return [printable(line) for line in lines]


def payload_document(decision: Decision) -> str:
    """Return the JSON array cosign prints for one image."""
    return go_json([payload_entry(statement, decision) for statement in decision.statements])


def payload_entry(statement: VerifiedStatement, decision: Decision) -> dict[str, Any]:
    """Return one signature as cosign shows it."""
    if statement.evidence.kind is EvidenceKind.BUNDLE:
        critical = {
            "identity": {"docker-reference": decision.reference.cosign_name},
            "image": {"docker-manifest-digest": str(statement.subject)},
            "type": statement.predicate_type,
        }
        return {"critical": critical, "optional": _optional(statement, statement.annotations)}
    payload = json.loads(statement.payload)
    return {
        "critical": payload["critical"],
        "optional": _optional(statement, payload.get("optional")),
    }


def go_json(value: Any) -> str:
    """Serialise as Go's encoding/json does: no spaces, HTML characters escaped.

    A Go structure keeps the order of its fields and a map is sorted: `_go_map` sorts one.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.translate(_GO_ESCAPES)


def _optional(
    statement: VerifiedStatement, annotations: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return the signer's annotations with what was verified over them, so none can pass for it."""
    facts: dict[str, Any] = {}
    if isinstance(statement.signer, CertificateIdentity):
        facts |= _identity_facts(statement.signer)
    facts |= _layer_facts(statement.evidence.annotations)
    if not facts and annotations is None:
        return None
    return {
        name: facts.get(name, _go_map((annotations or {}).get(name)))
        for name in sorted({*(annotations or {}), *facts})
    }


def _layer_facts(annotations: Mapping[str, str]) -> dict[str, Any]:
    """Return the layer's log entry and timestamp, with the fields in the peer's order."""
    facts: dict[str, Any] = {}
    if annotations.get(ANNOTATION_BUNDLE):
        bundle = json.loads(annotations[ANNOTATION_BUNDLE])
        payload = bundle["Payload"]
        facts["Bundle"] = {
            "SignedEntryTimestamp": bundle["SignedEntryTimestamp"],
            "Payload": {name: payload[name] for name in _LOG_ENTRY_FIELDS},
        }
    if annotations.get(ANNOTATION_TIMESTAMP):
        facts["RFC3161Timestamp"] = json.loads(annotations[ANNOTATION_TIMESTAMP])
    return facts


def _go_map(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _go_map(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_go_map(item) for item in value]
    return value


def _identity_facts(signer: CertificateIdentity) -> dict[str, str]:
    facts = {"Subject": signer.subjects[0].value if signer.subjects else ""}
    facts["Issuer"] = facts[f"{FULCIO_OID_PREFIX}.1"] = signer.issuer
    for number, name in _WORKFLOW_NAMES.items():
        value = signer.extensions.get(f"{FULCIO_OID_PREFIX}.{number}")
        if value:
            facts[name] = facts[f"{FULCIO_OID_PREFIX}.{number}"] = value
    return facts
