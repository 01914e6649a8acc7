# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Transparency-log entries: a trusted log has seen this very signature.

A log vouches in two ways: by a promise (Rekor v1's signed entry timestamp, over RFC 8785 JSON of
body, time, log and index), which also proves when; and by an inclusion proof up to a checkpoint it
signed, which proves no moment. The integrated time counts only under a verified promise
(PYSEC-2026-1923). Thresholds count distinct logs, never entries.
"""

from __future__ import annotations

import base64
from datetime import datetime, timezone

from .. import jsonbytes
from ..errors import InvalidInput, VerificationFailed
from ..records import dataclass
from ..trust.root import TransparencyLog
from .checkpoint import parse_checkpoint, verify_checkpoint
from .entry_body import verify_entry_body
from .merkle import verify_inclusion
from .parts import InclusionProof, LogEntry, SignedContent
from .verified import TimeSource, VerifiedLogEntry, VerifiedTime

_REKOR_V2_KINDS = (("hashedrekord", "0.0.2"), ("dsse", "0.0.2"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenEntry:
    """An entry its log vouches for, about the content it was checked against."""

    log: TransparencyLog
    entry: VerifiedLogEntry
    time: VerifiedTime | None
    """None where only an inclusion proof vouches."""


def verify_entries(
    entries: tuple[LogEntry, ...],
    *,
    content: SignedContent,
    logs: tuple[TransparencyLog, ...],
    minimum: int,
) -> tuple[ProvenEntry, ...]:
    """Check every entry of a trusted log, and that at least *minimum* distinct logs are among them.

    An entry of an unknown log counts for nothing; a wrong one of a known log refuses the signature.
    Raises `VerificationFailed` ``tlog.*``, ``merkle.*``, ``checkpoint.*``, and `InvalidInput` for
    malformed ones.
    """
    if not entries:
        raise VerificationFailed(
            "tlog.missing", "the signature has no transparency-log entry, and one is required"
        )
    if len({(entry.log_id, entry.body, entry.log_index) for entry in entries}) != len(entries):
        raise VerificationFailed("tlog.duplicate-entry", "the same log entry is there twice")
    by_id = {log.log_id: log for log in logs}
    proven = tuple(
        _verify(entry, by_id[entry.log_id], content) for entry in entries if entry.log_id in by_id
    )
    distinct = len({item.log.key.spki_der for item in proven})
    if distinct < minimum:
        unknown = [entry.log_id.hex() for entry in entries if entry.log_id not in by_id]
        raise VerificationFailed(
            "tlog.threshold",
            f"too few transparency logs: expected {minimum}, got {distinct}"
            + (f"; not in the trusted root: {', '.join(unknown)}" if unknown else ""),
        )
    return proven


def check_log_windows(proven: tuple[ProvenEntry, ...], moments: tuple[datetime, ...]) -> None:
    """Check the windows of logs whose entries prove no moment of their own, at all *moments*.

    Raises `VerificationFailed` ``tlog.log-window``.
    """
    for item in proven:
        for moment in moments:
            if item.time is None:
                _check_window(item.log, moment)


def _verify(entry: LogEntry, log: TransparencyLog, content: SignedContent) -> ProvenEntry:
    if entry.promise is None and entry.proof is None:
        raise VerificationFailed(
            "tlog.unproven", f"log entry {entry.log_index} has neither promise nor inclusion proof"
        )
    time = None if entry.promise is None else _verify_promise(entry, entry.promise, log)
    index = entry.log_index
    if entry.proof is not None:
        _verify_proof(entry, entry.proof, log)
        index = entry.log_index if entry.promise is not None else entry.proof.log_index
    verify_entry_body(entry, content)
    return ProvenEntry(
        log=log,
        entry=VerifiedLogEntry(
            log=log.name,
            log_id=log.log_id.hex(),
            index=index,
            has_inclusion_proof=entry.proof is not None,
            has_promise=entry.promise is not None,
        ),
        time=time,
    )


def _verify_promise(entry: LogEntry, promise: bytes, log: TransparencyLog) -> VerifiedTime:
    """Return the moment the promise proves."""
    signed = jsonbytes.canonical(
        {
            "body": base64.b64encode(entry.body).decode("ascii"),
            "integratedTime": entry.integrated_time,
            "logID": entry.log_id.hex(),
            "logIndex": entry.log_index,
        }
    )
    try:
        log.key.verify(promise, signed)
    except VerificationFailed as error:
        raise VerificationFailed(
            "tlog.promise", f"the promise for entry {entry.log_index} was not made by {log.name}"
        ) from error
    moment = _moment(entry.integrated_time)
    _check_window(log, moment)
    return VerifiedTime(at_utc=moment, source=TimeSource.LOG_PROMISE, authority=log.name)


def _verify_proof(entry: LogEntry, proof: InclusionProof, log: TransparencyLog) -> None:
    if entry.claimed_kind in _REKOR_V2_KINDS and entry.log_index != proof.log_index:
        # Rekor v2 has one tree a log, so both indexes name the same place; v1 shards its logs.
        raise VerificationFailed(
            "tlog.index-mismatch",
            f"log entry index mismatch: expected {proof.log_index} as in its proof,"
            f" got {entry.log_index}",
        )
    verify_inclusion(
        leaf=entry.body,
        index=proof.log_index,
        tree_size=proof.tree_size,
        hashes=proof.hashes,
        root_hash=proof.root_hash,
    )
    verify_checkpoint(
        parse_checkpoint(proof.checkpoint),
        log=log,
        tree_size=proof.tree_size,
        root_hash=proof.root_hash,
    )


def _check_window(log: TransparencyLog, moment: datetime) -> None:
    if not log.window.contains(moment):
        raise VerificationFailed(
            "tlog.log-window",
            f"log {log.name} is trusted from {log.window}, got an entry of"
            f" {moment:%Y-%m-%dT%H:%M:%SZ}",
        )


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, tz=timezone.utc)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput("tlog.time", f"not a time: {seconds} seconds") from error
