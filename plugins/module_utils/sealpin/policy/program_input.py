# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a policy-level program is asked about: policy-controller's ``PolicyResult``, as JSON.

Failed authorities are absent and empty fields are left out, as there
(``pkg/webhook/validator_result.go``). One thing differs on purpose: an attestation's ``id``
identifies the attestation, where the peer's is the same for every one a key signed. A condition on
a missing field fails here all the same, since programs are read strictly.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from ..errors import Unavailable
from ..evidence import EvidenceKind
from ..mediatypes import ANNOTATION_SIGNATURE, FULCIO_OID_PREFIX
from ..records import dataclass, field
from ..signatures.verified import CertificateIdentity, VerifiedStatement
from .authorities import AuthorityVerdict
from .model import ProgramInputs, StaticAuthority
from .select import Resource

_WORKFLOW_FIELDS = {
    "githubWorkflowTrigger": 2,
    "githubWorkflowSha": 3,
    "githubWorkflowName": 4,
    "githubWorkflowRepo": 5,
    "githubWorkflowRef": 6,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decision may be asked to look at beside the evidence."""

    resource: Resource | None = None
    """The Kubernetes object that uses the image."""
    configs: Mapping[str, Any] | None = field(default=None, repr=False)
    """OCI image configurations by platform (``linux/arm/v7``), digest-checked; None when nobody
    fetched them.
    """


NO_FACTS = Facts()


def build_input(
    passed: tuple[AuthorityVerdict, ...], wanted: ProgramInputs, facts: Facts
) -> dict[str, Any]:
    """Make the input of a policy-level condition from the authorities that passed.

    Raises `Unavailable` ``policy.config-missing`` when the program wants image configurations
    nobody fetched.
    """
    document: dict[str, Any] = {
        "authorityMatches": {verdict.authority.name: _authority(verdict) for verdict in passed}
    }
    if wanted.config:
        if facts.configs is None:
            raise Unavailable(
                "policy.config-missing",
                "the policy wants the image's configuration, which was not read",
            )
        document["config"] = dict(facts.configs)
    resource = facts.resource.document if facts.resource else {}
    if wanted.spec and "spec" in resource:
        document["spec"] = resource["spec"]
    if wanted.metadata and "metadata" in resource:
        document["metadata"] = resource["metadata"]
    if wanted.typemeta and resource:
        document["typemeta"] = {
            key: resource[key] for key in ("kind", "apiVersion") if key in resource
        }
    return document


def _authority(verdict: AuthorityVerdict) -> dict[str, Any]:
    if isinstance(verdict.authority, StaticAuthority):
        return {"static": True}
    matches: dict[str, Any] = {}
    if verdict.appraisal.signatures:
        matches["signatures"] = [
            _signature(statement) for statement in verdict.appraisal.signatures
        ]
    if verdict.appraisal.attestations:
        matches["attestations"] = {
            judged.rule.name: [
                _signature(statement)
                | {"predicateType": judged.rule.written_type, "digest": statement.subject.hex}
                for statement in judged.statements
            ]
            for judged in verdict.appraisal.attestations
        }
    return matches


def _signature(statement: VerifiedStatement) -> dict[str, str]:
    fields = {"id": _identifier(statement)}
    signer = statement.signer
    if isinstance(signer, CertificateIdentity):
        fields["subject"] = signer.subjects[0].value if signer.subjects else ""
        fields["issuer"] = signer.issuer
        for name, number in _WORKFLOW_FIELDS.items():
            fields[name] = signer.extensions.get(f"{FULCIO_OID_PREFIX}.{number}", "")
    return {name: value for name, value in fields.items() if value}


def _identifier(statement: VerifiedStatement) -> str:
    """SHA-256 of the signature (or the document that holds it) and the PEM certificate."""
    evidence = statement.evidence
    signed = evidence.content
    if evidence.kind is EvidenceKind.SIGNATURE_LAYER:
        try:
            signed = base64.b64decode(evidence.annotations.get(ANNOTATION_SIGNATURE, ""))
        except binascii.Error:
            signed = evidence.content
    certificate = b""
    if isinstance(statement.signer, CertificateIdentity):
        certificate = _pem(statement.signer.certificate_der)
    return hashlib.sha256(signed + certificate).hexdigest()


def _pem(certificate_der: bytes) -> bytes:
    body = base64.b64encode(certificate_der)
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))
