# Copyright: the Sealpin authors
# SPDX-License-Identifier: Apache-2.0
"""Inclusion proofs: right ones of every shape of tree, and every way to be wrong."""

from __future__ import annotations

import pytest

from sealpin.errors import VerificationFailed
from sealpin.signatures.merkle import verify_inclusion
from support.virtual_sigstore import merkle

SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33]


def entries(size):
    return [f"entry {number}".encode() for number in range(size)]


def proof(index, size):
    tree = entries(size)
    return {
        "leaf": tree[index],
        "index": index,
        "tree_size": size,
        "hashes": tuple(merkle.inclusion_path(index, tree)),
        "root_hash": merkle.root_hash(tree),
    }


def code(**arguments):
    with pytest.raises(VerificationFailed) as raised:
        verify_inclusion(**arguments)
    return raised.value.code


@pytest.mark.parametrize("size", SIZES)
def test_accepts_every_entry_of_a_tree(size):
    for index in range(size):
        verify_inclusion(**proof(index, size))


@pytest.mark.parametrize("size", [size for size in SIZES if size > 1])
def test_refuses_every_entry_at_another_place(size):
    for index in range(size):
        other = (index + 1) % size
        arguments = {**proof(index, size), "index": other}
        assert code(**arguments) in ("merkle.root-mismatch", "merkle.path-length")


@pytest.mark.parametrize("index", [-1, 5, 6])
def test_refuses_an_index_outside_of_the_tree(index):
    assert code(**{**proof(4, 5), "index": index}) == "merkle.index"


def test_refuses_another_entry():
    assert code(**{**proof(4, 5), "leaf": b"other"}) == "merkle.root-mismatch"


def test_refuses_a_node_in_the_place_of_an_entry():
    tree = entries(2)
    node = b"\x01" + merkle.root_hash(tree[:1]) + merkle.root_hash(tree[1:])
    arguments = {"leaf": node, "index": 0, "tree_size": 1, "hashes": ()}
    assert code(**arguments, root_hash=merkle.root_hash(tree)) == "merkle.root-mismatch"


@pytest.mark.parametrize("change", [lambda h: h[:-1], lambda h: (*h, b"\0" * 32)], ids="-+")
def test_refuses_a_path_of_another_length(change):
    right = proof(2, 5)
    assert code(**{**right, "hashes": change(right["hashes"])}) == "merkle.path-length"
