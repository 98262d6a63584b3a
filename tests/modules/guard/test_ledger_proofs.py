"""The tree and its proofs against the vectors of RFC 6962 (design 4, Appendix A)."""

from __future__ import annotations

import pytest

from kuai.guard.engine import merkle

LEAVES = [
    merkle.leaf_hash(bytes.fromhex(content))
    for content in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
MANY = [merkle.leaf_hash(str(number).encode()) for number in range(70)]


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_roots_are_those_of_the_standard(size: int, root: str) -> None:
    assert merkle.root_of(LEAVES[:size]).hex() == root


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root_of([]) == merkle.EMPTY_ROOT


def test_every_leaf_of_every_tree_is_proved_and_no_other_place_is() -> None:
    for size in range(1, 40):
        leaves = MANY[:size]
        root = merkle.root_of(leaves)
        for index in range(size):
            proof = merkle.inclusion_proof(leaves, index=index)
            genuine = {"index": index, "size": size, "proof": proof, "root": root}
            assert merkle.is_included(leaves[index], **genuine)
            assert not merkle.is_included(MANY[60], **genuine)
            assert not merkle.is_included(leaves[index], **(genuine | {"index": size}))
            assert not merkle.is_included(leaves[index], **(genuine | {"proof": [*proof, root]}))
            if size > 1:
                other = (index + 1) % size
                assert not merkle.is_included(leaves[index], **(genuine | {"index": other}))
                assert not merkle.is_included(leaves[index], **(genuine | {"proof": proof[:-1]}))


def test_every_growth_is_proved_consistent_and_no_rewrite_is() -> None:
    for size in range(1, 34):
        root = merkle.root_of(MANY[:size])
        for old_size in range(1, size + 1):
            proof = merkle.consistency_proof(MANY[:size], old_size=old_size)
            old_root = merkle.root_of(MANY[:old_size])
            growth = {"old_size": old_size, "size": size, "proof": proof}
            assert merkle.is_consistent(**growth, old_root=old_root, root=root)
            forged = merkle.root_of([MANY[69], *MANY[1:old_size]])
            assert not merkle.is_consistent(**growth, old_root=forged, root=root)
            assert not merkle.is_consistent(**growth, old_root=old_root, root=forged)


def test_proofs_of_what_is_not_in_the_tree_are_refused() -> None:
    with pytest.raises(ValueError, match="3 leaves"):
        merkle.inclusion_proof(MANY[:3], index=3)
    with pytest.raises(ValueError, match="consistency"):
        merkle.consistency_proof(MANY[:3], old_size=4)
