"""Which clusters are held back until a person decides, why, and the one tie whose cut would settle it.

Pure numpy and dictionaries over node numbers; only clusters with something odd are walked one by one. Refuses
nothing: what a clerk has answered (the two records are one, or the cluster is confirmed) is suspicious no more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kuai.linkage.engine.clerk_ties import ClerkWord
from kuai.linkage.engine.components import UNKNOWN, Edges, Merging, Traits, component_labels

# Two mentions on either side, or one side would be a mere leaf: a wrong leaf is told by what it contradicts.
SMALLEST_PART = 2


@dataclass(frozen=True)
class Suspicion:
    """Cluster `founder` is odd in the way `kind`; cutting left-right would settle it (right None: a lone record)."""

    founder: int
    kind: str
    left: int
    right: int | None
    explanation: str = ""


@dataclass(frozen=True)
class BridgeRule:
    """Which ties count as bridges: of a tier from `weak_from` on, or one of `crowded` (places in the kept edges),
    with no second tie of another family around them. `family` is by tier; `contrasts` tells of records what two
    parts of one person would share (the weak kind needs parts that are known to share none of these)."""

    family: np.ndarray
    weak_from: int
    crowded: np.ndarray
    contrasts: Callable[[Sequence[int]], Sequence[Mapping[int, str]]]


def find_suspicions(
    founder: np.ndarray,
    merging: Merging,
    *,
    odd: Iterable[Suspicion],
    bridges: BridgeRule | None,
    word: ClerkWord,
) -> list[Suspicion]:
    """All that hold, sorted, each with its edge to cut; `odd` are pairs of records, not yet edges."""
    found = [*odd, *_contradicted_words(founder, word)]
    if bridges is not None:
        found += list(_bridges(founder, merging.kept, bridges))
    confirmed = _confirmed_founders(founder, word)
    found = [one for one in found if (one.founder, one.kind) not in confirmed]
    walked = _Forest(founder, merging.kept, {one.founder for one in found})
    cut = [_with_edge(one, walked) for one in found]
    said = component_labels(len(founder), word.same.left, word.same.right)
    open_still = [
        one for one in (*cut, *_borders(founder, merging.cut)) if not _is_answered(one, word, said)
    ]
    return sorted(
        {one for one in open_still if (one.founder, one.kind) not in confirmed},
        key=lambda one: (one.founder, one.kind, one.left, -1 if one.right is None else one.right),
    )


# By the cluster's founder: the values its records carry of each trait.
CarriedTraits = Mapping[int, Sequence[set[int]]]


def traits_of_clusters(founders: set[int], founder: np.ndarray, traits: Traits) -> CarriedTraits:
    """What these clusters carry, in one pass over the records."""
    carried: dict[int, list[set[int]]] = {one: [set() for _ in traits.columns] for one in founders}
    if not founders:
        return carried
    nodes = _members_of(founders, founder)
    clusters = founder[nodes].tolist()
    for place, column in enumerate(traits.columns):
        for cluster, value in zip(clusters, column[nodes].tolist(), strict=True):
            if value != int(UNKNOWN):
                carried[cluster][place].add(value)
    return carried


def differing_traits(left: Sequence[set[int]], right: Sequence[set[int]]) -> list[int]:
    """Places of the traits in which two clusters differ."""
    pairs = enumerate(zip(left, right, strict=True))
    return [place for place, (one, other) in pairs if one and other and one != other]


def _members_of(founders: Iterable[int], founder: np.ndarray) -> np.ndarray:
    """The records of these clusters."""
    is_wanted = np.zeros(len(founder), dtype=bool)
    is_wanted[sorted(founders)] = True
    return np.flatnonzero(is_wanted[founder])


def _contradicted_words(founder: np.ndarray, word: ClerkWord) -> Iterator[Suspicion]:
    for one, left, right in word.contradictions:
        explanation = f"较早的决定 {one.older} 与较新的决定 {one.newer} 矛盾，按较新的执行"
        for end in sorted({int(founder[left]), int(founder[right])}):
            yield Suspicion(end, "clerk_contradiction", left, right, explanation)


def _borders(founder: np.ndarray, cut: Edges) -> list[Suspicion]:
    """One a pair of clusters, told at both: the strongest tie that a contradiction forbade between them."""
    order = np.lexsort((cut.right, cut.left, cut.tier))
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for place in order.tolist():
        left, right = int(cut.left[place]), int(cut.right[place])
        ends = sorted((int(founder[left]), int(founder[right])))
        # Cut early, joined later over another way: no border is left.
        if ends[0] != ends[1]:
            found.setdefault((ends[0], ends[1]), (left, right))
    return [
        Suspicion(end, "border", left, right)
        for ends, (left, right) in found.items()
        for end in ends
    ]


class _Confirmed:
    """What clerks confirmed, asked by cluster and kind of oddity."""

    def __init__(self, pairs: set[tuple[int, str]]) -> None:
        self._pairs = pairs

    def __contains__(self, told: tuple[int, str]) -> bool:
        return told in self._pairs or (told[0], "") in self._pairs


def _confirmed_founders(founder: np.ndarray, word: ClerkWord) -> _Confirmed:
    """The clusters of which a clerk confirmed an oddity ("" for any), and that hold no record but those confirmed."""
    if not word.confirmed:
        return _Confirmed(set())
    size = np.bincount(founder)
    pairs = set()
    for known, kind in word.confirmed:
        clusters = Counter(founder[sorted(known)].tolist())
        pairs |= {(cluster, kind) for cluster, seen in clusters.items() if seen == size[cluster]}
    return _Confirmed(pairs)


def _is_answered(one: Suspicion, word: ClerkWord, said: np.ndarray) -> bool:
    """`said`: the components that clerks' own ties make, one label a record."""
    if one.right is None or one.kind == "clerk_contradiction" or not len(word.same):
        return False
    return bool(said[one.left] == said[one.right])


class _Forest:
    """Of each suspicious cluster the strongest tree of its ties."""

    def __init__(self, founder: np.ndarray, kept: Edges, founders: set[int]) -> None:
        is_wanted = np.zeros(len(founder), dtype=bool)
        is_wanted[sorted(founders)] = True
        inside = kept.where(is_wanted[founder[kept.left]])
        order = np.lexsort((inside.right, inside.left, inside.tier))
        self._ties: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._tree_of: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        parent: dict[int, int] = {}

        def root(node: int) -> int:
            while parent.setdefault(node, node) != node:
                parent[node] = parent[parent[node]]
                node = parent[node]
            return node

        ordered = inside.where(order)
        for left, right, tier in zip(
            ordered.left.tolist(), ordered.right.tolist(), ordered.tier.tolist(), strict=True
        ):
            if root(left) != root(right):
                parent[root(right)] = root(left)
                self._ties[left].append((right, tier))
                self._ties[right].append((left, tier))
                self._tree_of[int(founder[left])].append((tier, left, right))

    def weakest_between(self, start: int, end: int) -> tuple[int, int] | None:
        """The weakest tie on the way, of equal ones the one nearest to `end`; its first end on `start`'s side."""
        came_from: dict[int, tuple[int, int]] = {start: (start, -1)}
        waiting = [start]
        while waiting and end not in came_from:
            node = waiting.pop()
            for other, tier in self._ties[node]:
                if other not in came_from:
                    came_from[other] = (node, tier)
                    waiting.append(other)
        if end not in came_from or start == end:
            return None
        node, weakest, at = end, -1, (start, end)
        while node != start:
            before, tier = came_from[node]
            if tier > weakest:
                weakest, at = tier, (before, node)
            node = before
        return at

    def weakest_of(self, founder: int) -> tuple[int, int] | None:
        ties = self._tree_of[founder]
        if not ties:
            return None
        _, left, right = max(ties)
        return left, right


def _with_edge(one: Suspicion, walked: _Forest) -> Suspicion:
    if one.kind in ("clerk_contradiction", "bridge", "crowded_phone"):
        return one
    if one.right is not None:
        edge = walked.weakest_between(one.left, one.right)
    elif one.left != one.founder:
        edge = walked.weakest_between(one.founder, one.left)
    else:
        edge = walked.weakest_of(one.founder)
    left, right = edge or (one.left, None)
    return Suspicion(one.founder, one.kind, left, right, one.explanation)


def _bridges(founder: np.ndarray, kept: Edges, rule: BridgeRule) -> Iterator[Suspicion]:
    """Weak ties that alone hold two parts of a cluster together. A part is what stronger ties hold."""
    is_crowded = np.zeros(len(kept), dtype=bool)
    is_crowded[rule.crowded] = True
    weak = (kept.tier >= rule.weak_from) | is_crowded
    size = np.bincount(founder, minlength=len(founder))
    between = np.flatnonzero(weak)
    clusters = founder[kept.left[between]]
    is_large = size[clusters] >= 2 * SMALLEST_PART
    between = between[is_large]
    # Only clusters with a weak tie have parts to be told.
    has_weak = np.zeros(len(founder), dtype=bool)
    has_weak[clusters[is_large]] = True
    strong = np.flatnonzero(~weak & has_weak[founder[kept.left]])
    part = component_labels(len(founder), kept.left[strong], kept.right[strong])
    weight = np.bincount(part, minlength=len(founder))
    between = between[part[kept.left[between]] != part[kept.right[between]]]
    by_cluster: dict[int, list[int]] = defaultdict(list)
    for place in between.tolist():
        by_cluster[int(founder[kept.left[place]])].append(place)
    lonely = [
        (cluster, place, parts)
        for cluster, places in sorted(by_cluster.items())
        for place, parts in _lonely_ties(_one_a_family(kept, places, part, rule.family), weight)
    ]
    members: dict[int, list[int]] = defaultdict(list)
    for node in _members_of({cluster for cluster, _, _ in lonely}, founder).tolist():
        members[int(founder[node])].append(node)
    told = rule.contrasts([node for nodes in members.values() for node in nodes])
    for cluster, place, parts in lonely:
        one_side = {node for node in members[cluster] if int(part[node]) in parts}
        rest = set(members[cluster]) - one_side
        if is_crowded[place] or all(_share_nothing(one_side, rest, values) for values in told):
            kind = "crowded_phone" if is_crowded[place] else "bridge"
            ends = sorted((int(kept.left[place]), int(kept.right[place])))
            yield Suspicion(cluster, kind, ends[0], ends[1])


def _share_nothing(part: set[int], rest: set[int], values: Mapping[int, str]) -> bool:
    ones = {values[node] for node in part if node in values}
    others = {values[node] for node in rest if node in values}
    return bool(ones and others and not ones & others)


def _one_a_family(
    kept: Edges, places: Sequence[int], part: np.ndarray, family: np.ndarray
) -> list[tuple[int, int, int]]:
    """(part, part, place): ties that say the same of the same two parts count once, the strongest."""
    found: dict[tuple[int, int, int], int] = {}
    # By the ends and not by the place, because edges come in any order.
    for place in sorted(
        places,
        key=lambda place: (int(kept.tier[place]), int(kept.left[place]), int(kept.right[place])),
    ):
        one, other = sorted((int(part[kept.left[place]]), int(part[kept.right[place]])))
        found.setdefault((one, other, int(family[kept.tier[place]])), place)
    return [(one, other, place) for (one, other, _), place in found.items()]


def _lonely_ties(
    ties: Sequence[tuple[int, int, int]], weight: np.ndarray
) -> Iterator[tuple[int, set[int]]]:
    """Places of ties without which there are two sides of SMALLEST_PART records or more, with the parts of the one
    side (Tarjan's bridges: one walk over the ties)."""
    around: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for left, right, place in ties:
        around[left].append((right, place))
        around[right].append((left, place))
    size = sum(int(weight[node]) for node in around)
    start = min(around)
    seen_at = {start: 0}
    lowest = {start: 0}
    walked = [start]
    stack = [(start, -1, iter(around[start]))]
    while stack:
        node, came_by, rest = stack[-1]
        step = next(rest, None)
        if step is None:
            stack.pop()
            if stack:
                before = stack[-1][0]
                lowest[before] = min(lowest[before], lowest[node])
                if lowest[node] > seen_at[before]:
                    # What was walked since this part was reached hangs below it.
                    below = walked[seen_at[node] :]
                    weighs = sum(int(weight[one]) for one in below)
                    if min(weighs, size - weighs) >= SMALLEST_PART:
                        yield came_by, set(below)
            continue
        other, place = step
        if place == came_by:
            continue
        if other in seen_at:
            lowest[node] = min(lowest[node], seen_at[other])
            continue
        seen_at[other] = lowest[other] = len(walked)
        walked.append(other)
        stack.append((other, place, iter(around[other])))
