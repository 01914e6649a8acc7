# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Merkle inclusion proofs: from a leaf to the root of a tree, with bytes and integers only.

Algorithm: RFC 9162 section 2.1.3.2 (the same tree as RFC 6962), SHA-256. Whether the root is
anybody's is `checkpoint`'s question.
"""

from __future__ import annotations

import hashlib

from ..errors import VerificationFailed


def leaf_hash(leaf: bytes) -> bytes:
    """Hash an entry as RFC 6962 section 2.1 says: prefixed, so that no leaf is ever a node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def verify_inclusion(
    *, leaf: bytes, index: int, tree_size: int, hashes: tuple[bytes, ...], root_hash: bytes
) -> None:
    """Check that *leaf* is entry *index* of the tree with this size and root.

    Raises `VerificationFailed` ``merkle.index``, ``merkle.path-length`` or
    ``merkle.root-mismatch``.
    """
    if not 0 <= index < tree_size:
        raise VerificationFailed(
            "merkle.index",
            f"inclusion proof index out of range: expected below {tree_size}, got {index}",
        )
    fn, sn = index, tree_size - 1
    node = leaf_hash(leaf)
    for sibling in hashes:
        if sn == 0:
            raise _wrong_length(len(hashes))
        if fn & 1 or fn == sn:
            node = _node(sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = _node(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise _wrong_length(len(hashes))
    if node != root_hash:
        raise VerificationFailed(
            "merkle.root-mismatch",
            f"inclusion proof leads to another root: expected {root_hash.hex()}, got {node.hex()}",
        )


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _wrong_length(got: int) -> VerificationFailed:
    return VerificationFailed(
        "merkle.path-length", f"inclusion proof has the wrong number of hashes for its tree: {got}"
    )
