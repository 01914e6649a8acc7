# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Certificate paths: from a leaf to a trusted root, valid at one moment, for one purpose.

RFC 5280 section 6.1, walked here rather than by ``cryptography.x509.verification``, whose profile
is the web's: private authorities without key identifiers or key usage, or with Ed25519 keys, are
legitimate here. What this file does not process (name constraints, any other critical extension) is
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from .errors import VerificationFailed, quote
from .limits import MAX_CHAIN_CERTIFICATES

if TYPE_CHECKING:
    from .certificates import Certificate


class ChainPurpose(Enum):
    """What a leaf is used for; the value is the extended key usage it needs (RFC 5280)."""

    CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
    TIMESTAMPING = "1.3.6.1.5.5.7.3.8"


class ChainProfile(Enum):
    """How much a leaf certificate must say about its own use."""

    SIGSTORE = "sigstore"
    """Key usage and extended key usage are present, as Fulcio and its timestamp authority write
    them.
    """
    PRIVATE = "private"
    """A leaf that says nothing of its use may be used; one that does must allow it (RFC 5280,
    4.2.1.3 and .12).
    """


def verify_chain(
    leaf: Certificate,
    *,
    intermediates: tuple[Certificate, ...],
    roots: tuple[Certificate, ...],
    at_utc: datetime,
    purpose: ChainPurpose,
    profile: ChainProfile,
) -> tuple[Certificate, ...]:
    """Build and check a path from *leaf* to one of *roots*; return it, leaf first.

    *roots* are trusted already (their own signature proves nothing and is not checked);
    *intermediates* need not be trusted. Every certificate of the path is valid at *at_utc*, every
    authority of it may issue (basic constraints, path length, key usage, extended key usage), and
    the leaf may serve *purpose*.

    Not supported, and refused: name constraints, and any other critical extension this project does
    not process. Not checked: revocation, which short-lived signing certificates do without.

    Raises `VerificationFailed` ``chain.*``.
    """
    _check_leaf(leaf, at_utc, purpose, profile)
    refusals: list[VerificationFailed] = []
    untried = list(dict.fromkeys(intermediates))[:MAX_CHAIN_CERTIFICATES]
    pending: list[tuple[Certificate, ...]] = [(leaf,)]
    while pending:
        path = pending.pop()
        for root in _issuers(path, roots, at_utc, purpose, refusals):
            return (*path, root)
        # An intermediate is tried once in all, so hostile cross-signatures cannot make the search
        # grow.
        for issuer in tuple(_issuers(path, tuple(untried), at_utc, purpose, refusals)):
            untried.remove(issuer)
            pending.append((*path, issuer))
    if refusals:
        raise refusals[0]
    raise VerificationFailed(
        "chain.unknown-authority",
        f"certificate {leaf.label} (issued by {quote(leaf.issuer)}) does not chain to a"
        " trusted root",
    )


def _issuers(
    path: tuple[Certificate, ...],
    candidates: tuple[Certificate, ...],
    at_utc: datetime,
    purpose: ChainPurpose,
    refusals: list[VerificationFailed],
) -> Iterator[Certificate]:
    """Yield the candidates that signed the path's end and may; keep why others may not."""
    for candidate in candidates:
        if candidate in path or not _is_issued_by(path[-1], candidate):
            continue
        try:
            _check_authority(
                candidate, authorities_below=len(path) - 1, at_utc=at_utc, purpose=purpose
            )
        except VerificationFailed as refusal:
            refusals.append(refusal)
            continue
        yield candidate


@lru_cache(maxsize=512)
def _is_issued_by(child: Certificate, issuer: Certificate) -> bool:
    """Remember links: all leaves of an authority share the slow one from intermediate to root.

    The answer depends on nothing but the two certificates' bytes; validity in time is asked each
    time.
    """
    return child.is_issued_by(issuer)


def _check_leaf(
    leaf: Certificate, at_utc: datetime, purpose: ChainPurpose, profile: ChainProfile
) -> None:
    leaf.check_valid_at(at_utc)
    _check_extensions(leaf)
    if leaf.is_authority:
        raise VerificationFailed(
            "chain.leaf-is-authority",
            f"certificate {leaf.label} is an authority's, expected a signing certificate",
        )
    must_say = profile is ChainProfile.SIGSTORE
    _check_usage(leaf, allowed=leaf.may_sign_content, use="digital signature", must_say=must_say)
    _check_purpose(leaf, purpose, must_say=must_say)


def _check_authority(
    authority: Certificate, *, authorities_below: int, at_utc: datetime, purpose: ChainPurpose
) -> None:
    """RFC 5280 section 6.1.4 (k) to (n), and nested extended key usage as Go applies it."""
    authority.check_valid_at(at_utc)
    _check_extensions(authority)
    if not authority.is_authority:
        raise VerificationFailed(
            "chain.not-an-authority",
            f"certificate {authority.label} issued another, but its basic constraints do"
            " not allow it",
        )
    if authority.path_length is not None and authorities_below > authority.path_length:
        raise VerificationFailed(
            "chain.path-length",
            f"authority {authority.label} may have {authority.path_length} authorities"
            f" below it, got {authorities_below}",
        )
    _check_usage(
        authority,
        allowed=authority.may_sign_certificates,
        use="certificate signing",
        must_say=False,
    )
    _check_purpose(authority, purpose, must_say=False)


def _check_usage(
    certificate: Certificate, *, allowed: bool | None, use: str, must_say: bool
) -> None:
    if allowed is False or (allowed is None and must_say):
        raise VerificationFailed(
            "chain.key-usage",
            f"certificate {certificate.label} has the wrong key usage: expected {use}",
        )


def _check_purpose(certificate: Certificate, purpose: ChainPurpose, *, must_say: bool) -> None:
    usages = certificate.extended_key_usages
    if usages is None and not must_say:
        return
    if purpose.value not in (usages or ()) and _ANY_EXTENDED_KEY_USAGE not in (usages or ()):
        raise VerificationFailed(
            "chain.extended-key-usage",
            f"certificate {certificate.label} has the wrong extended key usage: expected"
            f" {purpose.value} ({purpose.name.lower()}), got {', '.join(usages or ()) or 'none'}",
        )


def _check_extensions(certificate: Certificate) -> None:
    """RFC 5280 section 4.2: an unprocessed critical extension MUST make it refused."""
    unprocessed = [oid for oid in certificate.critical_oids() if oid not in _PROCESSED_EXTENSIONS]
    if _NAME_CONSTRAINTS in certificate.extension_oids():
        unprocessed.append(_NAME_CONSTRAINTS)
    if unprocessed:
        raise VerificationFailed(
            "chain.unsupported-extension",
            f"certificate {certificate.label} has extension {unprocessed[0]},"
            " which must be processed and is not supported",
        )


_ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"
_NAME_CONSTRAINTS = "2.5.29.30"
_PROCESSED_EXTENSIONS = frozenset(
    {
        "2.5.29.15",  # key usage
        "2.5.29.17",  # subject alternative name: read by signatures.certificate
        "2.5.29.19",  # basic constraints
        "2.5.29.32",  # certificate policies: any policy is acceptable here
        "2.5.29.37",  # extended key usage
    }
)
