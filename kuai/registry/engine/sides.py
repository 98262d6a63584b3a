"""The two sides of a tie that may have to be cut. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def sides_of(
    keys: Sequence[str],
    ties: Sequence[tuple[float, str, str]],
    *,
    cut: tuple[str, str | None],
) -> frozenset[str]:
    """The records on the right side: what hangs on `cut[1]` in the strongest tree of `ties` without the tie `cut`.

    `ties` are (probability, left, right). Nothing is right where one record stands alone.
    """
    left, right = cut
    if right is None:
        return frozenset()
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    around: dict[str, list[str]] = defaultdict(list)
    for _, one, other in sorted(ties, key=lambda tie: (-tie[0], tie[1], tie[2])):
        if root(one) != root(other) and {one, other} != {left, right}:
            if {root(one), root(other)} == {root(left), root(right)}:
                # It would join the two sides over another way; the sides are what the question is about.
                continue
            parent[root(other)] = root(one)
            around[one].append(other)
            around[other].append(one)
    found, waiting = {right}, [right]
    while waiting:
        for other in around[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found & set(keys))
