"""A Merkle tree as in RFC 6962 (leaf 0x00, node 0x01): roots, inclusion and consistency proofs.

`Frontier` grows leaf by leaf in constant work and logarithmic memory; the proofs want all leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The roots of the full subtrees of a growing tree, largest first."""

    size: int = 0
    nodes: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        """Append one leaf."""
        merges = self.size
        while merges & 1:
            leaf = sha256(b"\x01" + self.nodes.pop() + leaf).digest()
            merges >>= 1
        self.nodes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.nodes:
            return EMPTY_ROOT
        root = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            root = node_hash(node, root)
        return root

    @property
    def is_plausible(self) -> bool:
        """Does the number of nodes fit the size?"""
        return self.size >= 0 and len(self.nodes) == self.size.bit_count()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], *, index: int) -> list[bytes]:
    """The audit path that shows leaf `index` is in the tree over `leaves` (RFC 6962, 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"the tree has {len(leaves)} leaves, not a leaf {index}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index=index), root_of(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index=index - split), root_of(leaves[:split])]


def consistency_proof(leaves: Sequence[bytes], *, old_size: int) -> list[bytes]:
    """The proof that the tree over the first `old_size` leaves is a beginning of this one (2.1.2)."""
    if not 0 < old_size <= len(leaves):
        raise ValueError(f"no consistency proof from {old_size} to {len(leaves)} leaves")
    return _consistency_path(leaves, old_size=old_size, is_whole=True)


def is_included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Does `proof` show that `leaf` is number `index` in the tree of `size` with `root`? (RFC 9162, 2.1.3.2)"""
    if not 0 <= index < size:
        return False
    first, second, computed = index, size - 1, leaf
    for node in proof:
        if second == 0:
            return False
        if first & 1 or first == second:
            computed = node_hash(node, computed)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            computed = node_hash(computed, node)
        first, second = first >> 1, second >> 1
    return second == 0 and computed == root


def is_consistent(
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Does `proof` show that nothing before `old_size` was changed on the way to `size`? (RFC 9162, 2.1.4.2)"""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    first, second = old_size - 1, size - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    return _climb(path, first=first, second=second) == (old_root, root)


def _climb(path: list[bytes], *, first: int, second: int) -> tuple[bytes, bytes] | None:
    old = new = path[0]
    for node in path[1:]:
        if second == 0:
            return None
        if first & 1 or first == second:
            old, new = node_hash(node, old), node_hash(node, new)
            while not first & 1 and first:
                first, second = first >> 1, second >> 1
        else:
            new = node_hash(new, node)
        first, second = first >> 1, second >> 1
    return (old, new) if second == 0 else None


def _consistency_path(leaves: Sequence[bytes], *, old_size: int, is_whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if is_whole else [root_of(leaves)]
    split = _split(len(leaves))
    if old_size <= split:
        left = _consistency_path(leaves[:split], old_size=old_size, is_whole=is_whole)
        return [*left, root_of(leaves[split:])]
    right = _consistency_path(leaves[split:], old_size=old_size - split, is_whole=False)
    return [*right, root_of(leaves[:split])]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)
