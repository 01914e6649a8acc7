# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Who signed, held against who may have: issuer, subject and certificate extensions, each of them.

A rule has no optional parts that default to "anyone": issuer and subject are always compared, and
every extension a rule names. (Kyverno's CVE-2025-29778 was one of four fields that nobody read.)
Extension numbers are Fulcio's, https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md.
"""

from __future__ import annotations

from ..errors import VerificationFailed, quote
from ..mediatypes import FULCIO_OID_PREFIX
from ..regexes import Pattern
from ..signatures.verified import CertificateIdentity, SignerIdentity
from .extensions import EXTENSION_NUMBERS
from .model import IdentityRule, TextRule


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


def identity_refusal(
    rules: tuple[IdentityRule, ...], signer: SignerIdentity
) -> VerificationFailed | None:
    """Say why *signer* is none of those who may have signed, or None when it is one."""
    if not isinstance(signer, CertificateIdentity):
        return VerificationFailed(
            "identity.no-certificate", "expected a signer's certificate, got a key"
        )
    reasons = [mismatch(rule, signer) for rule in rules]
    if all(reasons):
        return VerificationFailed("identity.mismatch", " / ".join(dict.fromkeys(reasons)))
    return None


def _name_of(oid: str) -> str:
    names = {f"{FULCIO_OID_PREFIX}.{number}": name for name, number in EXTENSION_NUMBERS.items()}
    return names.get(oid, oid)
