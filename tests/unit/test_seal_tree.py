"""The hash tree: equal to its definition in RFC 6962, every path leads to the root, nothing else does."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.apps.seals.domain.sm3 import sm3, sm3_slow
from backend.apps.seals.domain.tree import (
    ProofError,
    Tree,
    consistency_path,
    is_consistent,
    leaf_hash,
    node_hash,
    root_from_path,
    tree_root,
)
from backend.common.crypto import sm3_hex

LEAVES = [leaf_hash(f"row {number}".encode()) for number in range(70)]


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return sm3(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sm3(b"\x01" + defined_root(leaves[:k]) + defined_root(leaves[k:]))


@pytest.mark.parametrize("digest", [sm3, sm3_slow])
def test_sm3_vectors_of_the_standard(digest: object) -> None:
    assert callable(digest)
    assert digest(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@given(st.binary(max_size=300))
def test_three_sm3_agree(data: bytes) -> None:
    assert sm3(data).hex() == sm3_slow(data).hex() == sm3_hex(data)


@pytest.mark.parametrize("size", range(33))
def test_root_is_the_defined_one(size: int) -> None:
    assert tree_root(LEAVES[:size]) == defined_root(LEAVES[:size])


def test_every_path_leads_to_the_root_and_to_no_other_place() -> None:
    for size in range(1, 34):
        tree = Tree(LEAVES[:size])
        for index in range(size):
            path = tree.path(index)
            assert len(path) <= (size - 1).bit_length()
            assert root_from_path(LEAVES[index], index, size, path) == tree.root
            assert root_from_path(LEAVES[index + 1], index, size, path) != tree.root
            for wrong in ([*path, LEAVES[0]], path[:-1]):
                if wrong != path:
                    with pytest.raises(ProofError):
                        root_from_path(LEAVES[index], index, size, wrong)


def test_a_path_of_another_size_or_index_is_refused() -> None:
    tree = Tree(LEAVES[:11])
    for index in (-1, 11):
        with pytest.raises(ProofError):
            root_from_path(LEAVES[0], index, 11, tree.path(0))
        with pytest.raises(ProofError):
            tree.path(index)
    assert root_from_path(LEAVES[3], 2, 11, tree.path(3)) != tree.root


def test_consistency_between_all_sizes() -> None:
    roots = [tree_root(LEAVES[:size]) for size in range(34)]
    for size in range(1, 34):
        for old in range(1, size + 1):
            path = consistency_path(LEAVES[:size], old)
            assert is_consistent(old, roots[old], size, roots[size], path)
            assert not is_consistent(old, roots[old - 1], size, roots[size], path)
            assert not is_consistent(old, roots[old], size, roots[size - 1], path)
            assert not is_consistent(old, roots[old], size, roots[size], [*path, LEAVES[0]])
            if path:
                assert not is_consistent(old, roots[old], size, roots[size], path[:-1])


def test_a_forked_log_has_no_consistency_path() -> None:
    forked = [*LEAVES[:4], leaf_hash(b"another month"), *LEAVES[5:9]]
    for old in range(5, 9):
        path = consistency_path(forked, old)
        assert not is_consistent(old, tree_root(LEAVES[:old]), 9, tree_root(forked), path)


def test_sizes_out_of_range() -> None:
    for old in (0, 6):
        with pytest.raises(ProofError):
            consistency_path(LEAVES[:5], old)
        assert not is_consistent(old, LEAVES[0], 5, LEAVES[1], [])


def test_a_node_is_never_a_document() -> None:
    """Without the prefixes, left ‖ right would be a document with the same hash as the node."""
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


def test_order_and_duplicates_change_the_root() -> None:
    chance = random.Random(6)
    for _ in range(50):
        size = chance.randrange(2, 40)
        leaves = LEAVES[:size]
        one, other = chance.sample(range(size), 2)
        swapped = list(leaves)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        roots = {tree_root(leaves), tree_root(swapped), tree_root([*leaves, leaves[-1]])}
        assert len(roots) == 3
