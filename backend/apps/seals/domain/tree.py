"""Merkle trees as in RFC 6962, with SM3: leaves H(0x00 ‖ document), nodes H(0x01 ‖ left ‖ right).

The two prefixes keep a node from being shown as a document. The tree of no leaf is H(""). A node whose level has an
odd number of members is passed up unchanged, which gives the same tree as splitting at the largest power of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from backend.apps.seals.domain.sm3 import sm3

SIZE: Final = 32


class ProofError(ValueError):
    """A path that does not belong to the tree it is said to belong to."""


def leaf_hash(document: bytes) -> bytes:
    return sm3(b"\x00" + document)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sm3(b"\x01" + left + right)


class Tree:
    """A tree over leaf hashes in their order."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.levels = [list(leaves)]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            above = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            if len(below) % 2:
                above.append(below[-1])
            self.levels.append(above)

    @property
    def size(self) -> int:
        return len(self.levels[0])

    @property
    def root(self) -> bytes:
        return self.levels[-1][0] if self.levels[0] else sm3(b"")

    def path(self, index: int) -> list[bytes]:
        """Audit path of a leaf: the sisters from the leaf up to the root, at most one per level."""
        if not 0 <= index < self.size:
            raise ProofError(f"no leaf {index} in a tree of {self.size}")
        found = []
        for level in self.levels[:-1]:
            sister = index ^ 1
            if sister < len(level):
                found.append(level[sister])
            index //= 2
        return found


def tree_root(leaves: Sequence[bytes]) -> bytes:
    return Tree(leaves).root


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that `path` leads to; the caller compares it. Raises `ProofError` when the path has the wrong length."""
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    found, rest, last = leaf, list(path), size - 1
    while last:
        if index % 2 or index < last:
            if not rest:
                raise ProofError("path too short")
            sister = rest.pop(0)
            found = node_hash(sister, found) if index % 2 else node_hash(found, sister)
        index, last = index // 2, last // 2
    if rest:
        raise ProofError("path too long")
    return found


def consistency_path(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Proof that the tree of the first `old_size` leaves grew into this one (RFC 6962, 2.1.2)."""
    if not 0 < old_size <= len(leaves):
        raise ProofError(f"no tree of {old_size} in a tree of {len(leaves)}")
    return _subproof(leaves, old_size, whole=True)


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    size = len(leaves)
    if old_size == size:
        return [] if whole else [tree_root(leaves)]
    split = 1 << (size - 1).bit_length() - 1
    if old_size <= split:
        return [*_subproof(leaves[:split], old_size, whole=whole), tree_root(leaves[split:])]
    return [*_subproof(leaves[split:], old_size - split, whole=False), tree_root(leaves[:split])]


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> bool:
    """Does the tree of `size` leaves begin with that of `old_size`? (RFC 9162, 2.1.4.2)"""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not path and old_root == root
    rest = list(path)
    if not old_size & (old_size - 1):
        rest.insert(0, old_root)
    if not rest:
        return False
    index, last = old_size - 1, size - 1
    while index % 2:
        index, last = index // 2, last // 2
    old_found = found = rest[0]
    for sister in rest[1:]:
        if not last:
            return False
        if index % 2 or index == last:
            old_found, found = node_hash(sister, old_found), node_hash(sister, found)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = node_hash(found, sister)
        index, last = index // 2, last // 2
    return not last and old_found == old_root and found == root
