# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""What a trusted root believes, one row for each key, for people to read and to compare.

A pure view: it judges nothing, and says of each key whether it counts for something signed now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum

from ..certificates import Certificate
from ..digest import Digest
from ..records import dataclass
from .root import CertificateAuthority, TimestampAuthority, TransparencyLog, TrustedRoot
from .window import Window


class KeyRole(Enum):
    """What a key is believed about."""

    CERTIFICATE_ROOT = "certificate-authority"
    CERTIFICATE_INTERMEDIATE = "certificate-authority-intermediate"
    TRANSPARENCY_LOG = "transparency-log"
    CT_LOG = "ct-log"
    TIMESTAMP_SIGNER = "timestamp-authority"
    TIMESTAMP_INTERMEDIATE = "timestamp-authority-intermediate"
    TIMESTAMP_ROOT = "timestamp-authority-root"
    UNSUPPORTED_LOG = "unsupported-log"
    """Named by the document and not trusted here: its kind of key is unknown."""


class KeyState(Enum):
    """Whether something signed at a given moment could rest on a key."""

    CURRENT = "current"
    ENDED = "ended"
    """Believed about what was signed before."""
    FUTURE = "future"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRow:
    """One key."""

    role: KeyRole
    name: str
    """The authority's URL, or the file it came from."""
    subject: str
    """Of a certificate; empty for a log."""
    key_id: str
    """Lower-case hexadecimal SHA-256 of the SubjectPublicKeyInfo; empty if unsupported."""
    log_id: str
    """Of a log, lower-case hexadecimal, as its entries name it; else empty."""
    algorithm: str
    window: Window
    """When it counts, both ends included: the root's word and the certificate's own together."""
    state: KeyState


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustDescription:
    """A whole root."""

    origin: str
    """Where the document came from: ``embedded``, a path, a TUF repository."""
    digest: Digest
    """Of the root's canonical form; what the lock file records."""
    dated_utc: datetime | None
    """When the document was last known to be current; None for a file that says nothing of it."""
    age: timedelta | None
    rows: tuple[TrustRow, ...]


def describe(
    root: TrustedRoot, *, origin: str, dated_utc: datetime | None, now_utc: datetime
) -> TrustDescription:
    """Describe *root*: authorities first, then logs, each in the document's order."""
    return TrustDescription(
        origin=origin,
        digest=root.digest,
        dated_utc=dated_utc,
        age=None if dated_utc is None else max(timedelta(0), now_utc - dated_utc),
        rows=tuple(_rows(root, now_utc)),
    )


def _rows(root: TrustedRoot, now_utc: datetime) -> Iterator[TrustRow]:
    for authority in root.certificate_authorities:
        yield from _certificate_rows(authority, now_utc)
    for timestamps in root.timestamp_authorities:
        yield from _timestamp_rows(timestamps, now_utc)
    for role, logs in (
        (KeyRole.TRANSPARENCY_LOG, root.transparency_logs),
        (KeyRole.CT_LOG, root.ct_logs),
    ):
        for log in logs:
            yield _log_row(role, log, now_utc)
    for name in root.unsupported:
        yield TrustRow(
            role=KeyRole.UNSUPPORTED_LOG,
            name=name,
            subject="",
            key_id="",
            log_id="",
            algorithm="",
            window=Window(),
            state=KeyState.UNSUPPORTED,
        )


def _certificate_rows(authority: CertificateAuthority, now_utc: datetime) -> Iterator[TrustRow]:
    chain = [(KeyRole.CERTIFICATE_ROOT, authority.root)]
    chain += [(KeyRole.CERTIFICATE_INTERMEDIATE, item) for item in authority.intermediates]
    for role, certificate in chain:
        yield _certificate_row(role, certificate, authority.name, authority.window, now_utc)


def _timestamp_rows(authority: TimestampAuthority, now_utc: datetime) -> Iterator[TrustRow]:
    chain = [(KeyRole.TIMESTAMP_SIGNER, authority.leaf)]
    chain += [(KeyRole.TIMESTAMP_INTERMEDIATE, item) for item in authority.intermediates]
    chain.append((KeyRole.TIMESTAMP_ROOT, authority.root))
    for role, certificate in chain:
        yield _certificate_row(role, certificate, authority.name, authority.window, now_utc)


def _certificate_row(
    role: KeyRole, certificate: Certificate, name: str, window: Window, now_utc: datetime
) -> TrustRow:
    key = certificate.public_key
    both = _common(window, certificate)
    return TrustRow(
        role=role,
        name=name,
        subject=certificate.subject,
        key_id=key.key_id,
        log_id="",
        algorithm=key.algorithm.value,
        window=both,
        state=_state(both, now_utc),
    )


def _log_row(role: KeyRole, log: TransparencyLog, now_utc: datetime) -> TrustRow:
    return TrustRow(
        role=role,
        name=log.name,
        subject="",
        key_id=log.key.key_id,
        log_id=log.log_id.hex(),
        algorithm=log.key.algorithm.value,
        window=log.window,
        state=_state(log.window, now_utc),
    )


def _common(window: Window, certificate: Certificate) -> Window:
    starts = [certificate.not_before_utc, window.start_utc]
    ends = [certificate.not_after_utc, window.end_utc]
    return Window(
        start_utc=max(moment for moment in starts if moment is not None),
        end_utc=min(moment for moment in ends if moment is not None),
    )


def _state(window: Window, now_utc: datetime) -> KeyState:
    if window.end_utc is not None and window.end_utc < now_utc:
        return KeyState.ENDED
    if window.start_utc is not None and now_utc < window.start_utc:
        return KeyState.FUTURE
    return KeyState.CURRENT
