# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Weakening: the closed list of checks somebody may switch off, each by a name that says so.

A weakening is a value, not a boolean: it travels with the trust it weakens, into the verified
statement, the report, the JSON and the lock file. Absence of every flag and field means strict.
"""

from __future__ import annotations

from enum import Enum


class Weakening(Enum):
    """One switched-off check; the value is its code in reports."""

    IGNORE_TLOG = "insecure.ignore-tlog"
    """No transparency-log entry is demanded."""
    IGNORE_SCT = "insecure.ignore-sct"
    """No signed certificate timestamp is demanded."""
    IGNORE_CLAIMS = "insecure.ignore-claims"
    """The digest and annotation claims of a legacy payload are not compared
    (``--check-claims=false``).
    """
    CERTIFICATE_CHAIN = "insecure.certificate-chain"
    """A 0.3 bundle may bring intermediates along (``--allow-certificate-chain``)."""
    PRIVATE_INFRASTRUCTURE = "insecure.private-infrastructure"
    """No transparency-log entry is demanded, by the peer's deprecated name for it."""
    ANY_PREDICATE_AS_SIGNATURE = "insecure.any-predicate-as-signature"
    """Any attestation counts as an image signature, as in cosign's bundle mode."""
    INSECURE_REGISTRY = "insecure.registry"
    """A registry's TLS certificate is not verified."""
    HTTP_REGISTRY = "insecure.http-registry"
    """A registry that is not on this machine is reached without TLS."""
    POLICY_WARN = "insecure.mode-warn"
    """A policy's refusal is only a warning (``mode: warn``)."""
    STATIC_PASS = "insecure.static-pass"
    """A policy lets an image pass without evidence (``static: pass``)."""
    UNSIGNED_ALLOWED = "insecure.unsigned-allowed"
    """A policy lets an image be pinned without evidence (``unsigned: allow``)."""
    NO_MATCH_ALLOWED = "insecure.no-match-allowed"
    """An image no policy covers passes (``no-match-policy: allow``)."""
    CUE_COSIGN_SEMANTICS = "insecure.cue-cosign-semantics"
    """A CUE policy passes where a constrained field is absent (``cueSemantics: cosign``)."""
    ALLOW_ROLLBACK = "insecure.allow-rollback"
    """Evidence older than what the lock proves was accepted (``--unsafe-allow-rollback``)."""
