# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Who signed, held against who may have: issuer, subject and certificate extensions, each of them.

A rule has no optional parts that default to "anyone": issuer and subject are always compared, and
every extension a rule names. (Kyverno's CVE-2025-29778 was one of four fields that nobody read.)
Extension numbers are Fulcio's, https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md.
"""

from __future__ import annotations

from ..errors import InvalidInput, quote
from ..mediatypes import FULCIO_OID_PREFIX
from ..regexes import Pattern
from ..signatures.verified import CertificateIdentity
from .model import IdentityRule, TextRule

EXTENSION_NUMBERS = {
    "github_workflow_trigger": 2,
    "github_workflow_sha": 3,
    "github_workflow_name": 4,
    "github_workflow_repository": 5,
    "github_workflow_ref": 6,
    "build_signer_uri": 9,
    "build_signer_digest": 10,
    "runner_environment": 11,
    "source_repository_uri": 12,
    "source_repository_digest": 13,
    "source_repository_ref": 14,
    "source_repository_identifier": 15,
    "source_repository_owner_uri": 16,
    "source_repository_owner_identifier": 17,
    "build_config_uri": 18,
    "build_config_digest": 19,
    "build_trigger": 20,
    "run_invocation_uri": 21,
    "source_repository_visibility": 22,
}
"""Names of the extensions a policy may compare, and the last arc of their OID."""


def extension_oid(name: str) -> str:
    """Return the dotted OID of a named extension. Raises `InvalidInput` ``identity.extension``."""
    number = EXTENSION_NUMBERS.get(name)
    if number is None:
        raise InvalidInput(
            "identity.extension",
            f"no certificate extension is called {quote(name)}",
            hint=f"known are {', '.join(EXTENSION_NUMBERS)}",
        )
    return f"{FULCIO_OID_PREFIX}.{number}"


def text_matches(rule: TextRule, value: str) -> bool:
    """Whether *value* is the rule's text or holds its pattern; an empty one never matches."""
    if not value:
        return False
    return rule.matches(value) if isinstance(rule, Pattern) else rule == value


def describe(rule: TextRule) -> str:
    """Show a rule in a message."""
    return f"/{rule.text}/" if isinstance(rule, Pattern) else quote(rule)


def mismatch(rule: IdentityRule, signer: CertificateIdentity) -> str:
    """Say what of *signer* is not as *rule* wants it, or return an empty text when all of it is."""
    if not text_matches(rule.issuer, signer.issuer):
        return f"issuer mismatch: expected {describe(rule.issuer)}, got {quote(signer.issuer)}"
    if not any(text_matches(rule.subject, name.value) for name in signer.subjects):
        got = ", ".join(quote(name.value) for name in signer.subjects) or "none"
        return f"subject mismatch: expected {describe(rule.subject)}, got {got}"
    for oid, wanted in rule.extensions:
        got = signer.extensions.get(oid, "")
        if not text_matches(wanted, got):
            return f"{_name_of(oid)} mismatch: expected {describe(wanted)}, got {quote(got)}"
    return ""


def _name_of(oid: str) -> str:
    names = {f"{FULCIO_OID_PREFIX}.{number}": name for name, number in EXTENSION_NUMBERS.items()}
    return names.get(oid, oid)
