# SPDX-FileCopyrightText: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""A Merkle tree as RFC 6962 section 2.1 defines it, written for clarity and small logs."""

from __future__ import annotations

import hashlib


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def root_hash(entries: list[bytes]) -> bytes:
    """The Merkle tree hash of *entries*."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    split = _split(len(entries))
    left, right = root_hash(entries[:split]), root_hash(entries[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def inclusion_path(index: int, entries: list[bytes]) -> list[bytes]:
    """The audit path of entry *index*, from the leaf upwards."""
    if len(entries) == 1:
        return []
    split = _split(len(entries))
    if index < split:
        return [*inclusion_path(index, entries[:split]), root_hash(entries[split:])]
    return [*inclusion_path(index - split, entries[split:]), root_hash(entries[:split])]


def _split(size: int) -> int:
    """The largest power of two smaller than *size*."""
    return 1 << ((size - 1).bit_length() - 1)
