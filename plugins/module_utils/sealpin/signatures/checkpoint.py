# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: the root of a log's tree at some size, in a signed note.

Formats: C2SP signed-note and tlog-checkpoint. A note may carry signatures of witnesses and of other
keys of the same log; only a line with the log's own key identifier and name counts.
"""

from __future__ import annotations

import hashlib
import re

from .. import jsonbytes
from ..crypto import KeyAlgorithm
from ..errors import InvalidInput, VerificationFailed, quote
from ..limits import MAX_CHECKPOINT_CHARS, MAX_CHECKPOINT_SIGNATURES
from ..records import dataclass
from ..trust.root import TransparencyLog

# Notes have standard base64 only, where JSON may have either alphabet.
_BASE64 = r"[A-Za-z0-9+/]+={0,2}"
_SIGNATURE_LINE = re.compile(rf"\u2014 (\S+) ({_BASE64})")
_ROOT_HASH = re.compile(_BASE64)
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_KEY_HINT_BYTES = 4
_ED25519_NOTE_KEY = b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line of a note."""

    name: str
    key_hint: bytes
    """The first four bytes of the key's identifier; chooses a key, proves nothing."""
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A parsed checkpoint, unverified."""

    origin: str
    tree_size: int
    root_hash: bytes
    signed_bytes: bytes
    signatures: tuple[NoteSignature, ...]


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a signed checkpoint. Raises `InvalidInput` ``checkpoint.malformed``."""
    if len(text) > MAX_CHECKPOINT_CHARS:
        raise _malformed(f"expected at most {MAX_CHECKPOINT_CHARS} characters, got {len(text)}")
    body, separator, tail = text.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise _malformed("no signatures after an empty line")
    lines = body.split("\n")
    if len(lines) < 3 or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise _malformed("expected origin, tree size and root hash on three lines")
    root_hash = jsonbytes.decode_base64(lines[2], what="the checkpoint's root hash")
    if not _ROOT_HASH.fullmatch(lines[2]) or len(root_hash) != hashlib.sha256().digest_size:
        raise _malformed(f"expected a root hash of 32 bytes, got {quote(lines[2])}")
    return Checkpoint(
        origin=lines[0],
        tree_size=int(lines[1]),
        root_hash=root_hash,
        signed_bytes=(body + "\n").encode("utf-8"),
        signatures=_parse_signatures(tail[:-1].split("\n")),
    )


def _parse_signatures(lines: list[str]) -> tuple[NoteSignature, ...]:
    if len(lines) > MAX_CHECKPOINT_SIGNATURES:
        raise _malformed(f"expected at most {MAX_CHECKPOINT_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise _malformed(f"not a signature line: {quote(line)}")
        raw = jsonbytes.decode_base64(match[2], what="a checkpoint signature")
        signatures.append(
            NoteSignature(
                name=match[1], key_hint=raw[:_KEY_HINT_BYTES], signature=raw[_KEY_HINT_BYTES:]
            )
        )
    return tuple(signatures)


def verify_checkpoint(
    checkpoint: Checkpoint, *, log: TransparencyLog, tree_size: int, root_hash: bytes
) -> None:
    """Check that *log* signed this checkpoint, and that it is for this size and root.

    Raises `VerificationFailed` ``checkpoint.root-mismatch``, ``checkpoint.size-mismatch``,
    ``checkpoint.unsigned`` or ``checkpoint.signature``.
    """
    if checkpoint.root_hash != root_hash:
        raise VerificationFailed(
            "checkpoint.root-mismatch",
            f"checkpoint root mismatch: expected {root_hash.hex()},"
            f" got {checkpoint.root_hash.hex()} (log {log.name})",
        )
    if checkpoint.tree_size != tree_size:
        raise VerificationFailed(
            "checkpoint.size-mismatch",
            f"checkpoint size mismatch: expected {tree_size}, got {checkpoint.tree_size}"
            f" (log {log.name})",
        )
    own = [item for item in checkpoint.signatures if _is_of(item, log, checkpoint.origin)]
    if not own:
        raise VerificationFailed(
            "checkpoint.unsigned",
            f"checkpoint of {quote(checkpoint.origin)} has no signature of log {log.name}",
        )
    if not any(_verifies(item, log, checkpoint.signed_bytes) for item in own):
        raise VerificationFailed(
            "checkpoint.signature",
            f"checkpoint of {quote(checkpoint.origin)} was not signed by log {log.name}",
        )


def _is_of(signature: NoteSignature, log: TransparencyLog, origin: str) -> bool:
    """Whether the line names this log's key and the checkpoint's origin.

    Rekor v1 writes ``<name> - <tree id>`` as origin and identifies its key by its SHA-256 alone;
    Rekor v2's identifier covers the name (signed-note, "Signatures": SHA-256 of name, newline,
    algorithm, key), so there it is recomputed.
    """
    if signature.key_hint != log.log_id[:_KEY_HINT_BYTES]:
        return False
    if origin != signature.name and not origin.startswith(f"{signature.name} - "):
        return False
    if log.log_id == hashlib.sha256(log.key.spki_der).digest():
        return True
    return log.log_id == note_key_id(signature.name, log)


def note_key_id(name: str, log: TransparencyLog) -> bytes:
    """The full identifier of an Ed25519 note key under *name*; empty for other keys."""
    if log.key.algorithm is not KeyAlgorithm.ED25519:
        return b""
    raw_key = log.key.spki_der[-32:]
    return hashlib.sha256(name.encode("utf-8") + b"\n" + _ED25519_NOTE_KEY + raw_key).digest()


def _verifies(signature: NoteSignature, log: TransparencyLog, signed_bytes: bytes) -> bool:
    try:
        log.key.verify(signature.signature, signed_bytes)
    except VerificationFailed:
        return False
    return True


def _malformed(why: str) -> InvalidInput:
    return InvalidInput("checkpoint.malformed", f"the checkpoint is malformed: {why}")
