"""What people decided of two records, as ties that always hold and pairs that no path may join.

Owns the order of words: a clerk's before any rule or fact, a newer clerk's before an older one's; what contradicts
is told, never dropped in silence. Refuses nothing: a decision about records that are not here waits.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kuai.linkage.engine.components import (
    UNKNOWN,
    Edges,
    Merging,
    Traits,
    component_labels,
    keep_consistent_edges,
)

# The place of the clerk's key in every list of keys: before all others.
CLERK_TIER = 0


@dataclass(frozen=True)
class ClerkRow:
    """One subject of one decision, as the build's table `decision` has it; `says`: what a confirm is about."""

    sequence: int
    kind: str
    part: str
    subject: str
    says: str = ""


@dataclass(frozen=True)
class Contradiction:
    """An older decision that a newer one overrules, at these two records (mention keys, sorted)."""

    older: int
    newer: int
    left: str
    right: str


@dataclass(frozen=True)
class SpokenPairs:
    """Decisions as pairs of mention keys, contradictions settled: groups that are one, and pairs of groups apart."""

    groups: tuple[tuple[str, ...], ...]
    apart: tuple[tuple[str, str], ...]
    confirmed: tuple[tuple[frozenset[str], str], ...]
    contradictions: tuple[Contradiction, ...]


@dataclass(frozen=True)
class ClerkWord:
    """The settled decisions over the nodes of one link."""

    same: Edges
    apart_left: np.ndarray
    apart_right: np.ndarray
    # The records, and the kind of oddity that is true of them ("": whatever is odd).
    confirmed: tuple[tuple[frozenset[int], str], ...] = ()
    contradictions: tuple[tuple[Contradiction, int, int], ...] = ()
    # Decisions that name at least one record which is not among these mentions.
    waiting: int = 0

    @classmethod
    def silent(cls) -> ClerkWord:
        return cls(Edges.empty(), np.zeros(0, np.int64), np.zeros(0, np.int64))

    @property
    def moves_nothing(self) -> bool:
        return not len(self.same) and not len(self.apart_left)


class _Groups:
    """Union by hand over keys: few enough for dictionaries, and a forbidden pair of groups is looked up at once."""

    def __init__(self) -> None:
        self.parent: dict[object, object] = {}
        self.apart: dict[object, dict[object, int]] = defaultdict(dict)
        self.tied: dict[object, list[tuple[object, int]]] = defaultdict(list)

    def root(self, key: object) -> object:
        self.parent.setdefault(key, key)
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def forbidden_by(self, left: object, right: object) -> int | None:
        """The decision that holds the groups of these keys apart, if any."""
        return self.apart[self.root(left)].get(self.root(right))

    def join(self, left: object, right: object, sequence: int) -> None:
        self.tied[left].append((right, sequence))
        self.tied[right].append((left, sequence))
        first, second = self.root(left), self.root(right)
        if first == second:
            return
        self.parent[second] = first
        for other, by in self.apart.pop(second, {}).items():
            self.apart[other].pop(second, None)
            self.part(first, other, by)

    def part(self, left: object, right: object, sequence: int) -> None:
        first, second = self.root(left), self.root(right)
        for one, other in ((first, second), (second, first)):
            self.apart[one][other] = max(sequence, self.apart[one].get(other, sequence))

    def newest_between(self, left: object, right: object) -> int:
        """The newest decision on a path of ties between two keys of one group."""
        newest: dict[object, int] = {left: 0}
        waiting = deque([left])
        while waiting:
            key = waiting.popleft()
            if key == right:
                break
            for other, sequence in self.tied[key]:
                if other not in newest:
                    newest[other] = max(newest[key], sequence)
                    waiting.append(other)
        return newest[right]


def settle(rows: Iterable[ClerkRow]) -> SpokenPairs:
    """Newest first: a word that contradicts what newer ones say together is left out and told."""
    by_sequence: dict[int, list[ClerkRow]] = defaultdict(list)
    for row in rows:
        by_sequence[row.sequence].append(row)
    groups, found = _Groups(), []
    confirmed = []
    for sequence in sorted(by_sequence, reverse=True):
        told = by_sequence[sequence]
        if told[0].kind == "confirm":
            records = frozenset(row.subject for row in told if row.part == "mention")
            confirmed.append((records, told[0].says))
            continue
        together, apart = _pairs_of(told)
        for left, right in together:
            newer = groups.forbidden_by(left, right)
            if newer is None:
                groups.join(left, right, sequence)
            else:
                found.append(Contradiction(sequence, newer, left, right))
        for left, right in apart:
            if groups.root(left) == groups.root(right):
                newer = groups.newest_between(left, right)
                found.append(Contradiction(sequence, newer, left, right))
            else:
                groups.part(left, right, sequence)
    members: dict[object, list[str]] = defaultdict(list)
    for key in sorted(map(str, groups.parent)):
        members[groups.root(key)].append(key)
    apart_roots = {
        tuple(sorted((members[one][0], members[groups.root(other)][0])))
        for one, others in groups.apart.items()
        for other in others
    }
    return SpokenPairs(
        groups=tuple(sorted(tuple(group) for group in members.values())),
        apart=tuple(sorted((left, right) for left, right in apart_roots)),
        confirmed=tuple(confirmed),
        contradictions=tuple(found),
    )


def _pairs_of(told: Sequence[ClerkRow]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What one decision says: pairs that are one, and pairs that are two; in an order that is its keys' alone."""
    subjects = sorted({row.subject for row in told if row.part == "subject"})
    staying = sorted({row.subject for row in told if row.part == "staying"})
    kind = told[0].kind
    if kind == "same":
        return [(subjects[0], other) for other in subjects[1:]], []
    if kind == "different":
        return [], [(subjects[0], other) for other in subjects[1:]]
    if kind == "split":
        together = [(subjects[0], other) for other in subjects[1:]]
        return together, [(leaving, stays) for leaving in subjects for stays in staying]
    return [], []


def word_of(rows: Sequence[ClerkRow], number_of: Mapping[str, int]) -> ClerkWord:
    """The decisions over mention numbers; those that name none of these mentions say nothing here."""
    here = {row.sequence for row in rows if row.subject in number_of}
    concerned = [row for row in rows if row.sequence in here]
    # All are settled together, because a chain of ties may lead over records that are not here.
    spoken = settle(rows)
    left, right = [], []
    first_of: dict[str, int] = {}
    for group in spoken.groups:
        present = sorted(number_of[key] for key in group if key in number_of)
        if present:
            first_of[group[0]] = present[0]
            left += present[1:]
            right += present[:1] * (len(present) - 1)
    apart = sorted(
        tuple(sorted((first_of[one], first_of[other])))
        for one, other in spoken.apart
        if one in first_of and other in first_of
    )
    return ClerkWord(
        same=Edges(
            np.array(left, np.int64),
            np.array(right, np.int64),
            np.full(len(left), CLERK_TIER, np.int16),
        ),
        apart_left=np.array([one for one, _ in apart], np.int64),
        apart_right=np.array([other for _, other in apart], np.int64),
        confirmed=tuple(
            (frozenset(number_of[key] for key in keys if key in number_of), says)
            for keys, says in spoken.confirmed
        ),
        contradictions=tuple(
            (one, number_of[one.left], number_of[one.right])
            for one in spoken.contradictions
            if one.left in number_of and one.right in number_of
        ),
        waiting=len({row.sequence for row in concerned if row.subject not in number_of}),
    )


def keep_edges(
    count: int,
    edges: Edges,
    traits: Traits,
    word: ClerkWord,
    *,
    equal_below: int,
    labels: np.ndarray | None = None,
) -> Merging:
    """`keep_consistent_edges` under the clerk's word. Components no decision touches come out as without any.

    Ties of a tier below `equal_below` are stars of equal values: if the centre has to leave, the rest hold on to
    each other.
    """
    if word.moves_nothing:
        return keep_consistent_edges(count, edges, traits, labels=labels)
    proposed = Edges.joined([word.same, edges.where(edges.tier != CLERK_TIER)])
    labels = component_labels(count, proposed.left, proposed.right)
    torn = labels[word.apart_left] == labels[word.apart_right]
    touched = np.zeros(count, dtype=bool)
    touched[labels[word.same.left]] = True
    touched[labels[word.apart_left[torn]]] = True
    inside = touched[labels[proposed.left]]
    free = keep_consistent_edges(count, proposed.where(~inside), traits)
    spoken = _merge_under_word(proposed.where(inside), traits, word, equal_below)
    return Merging(
        Edges.joined([free.kept, spoken.kept]),
        Edges.joined([free.cut, spoken.cut]),
        spoken.parted,
    )


def _merge_under_word(edges: Edges, traits: Traits, word: ClerkWord, equal_below: int) -> Merging:
    order = np.lexsort((edges.right, edges.left, edges.tier))
    edges = edges.where(order)
    joining = _Joining(edges, traits, word)
    holds = np.zeros(len(edges), dtype=bool)
    held_on: list[tuple[int, int, int]] = []
    rests: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, (a, b, tier) in enumerate(
        zip(edges.left.tolist(), edges.right.tolist(), edges.tier.tolist(), strict=True)
    ):
        holds[place] = tier == CLERK_TIER or joining.may_join(a, b)
        if holds[place]:
            joining.join(a, b)
        elif tier < equal_below and joining.is_forbidden(a, b):
            rest = rests[tier, b]
            other = next((one for one in rest if joining.may_join(a, one)), None)
            if other is None:
                rest.append(a)
            else:
                joining.join(a, other)
                held_on.append((a, other, tier))
    refused = edges.where(~holds)
    parted = np.array(
        [
            joining.is_forbidden(a, b)
            for a, b in zip(refused.left.tolist(), refused.right.tolist(), strict=True)
        ],
        dtype=bool,
    )
    added = np.array(held_on, dtype=np.int64).reshape(-1, 3)
    more = Edges(added[:, 0], added[:, 1], added[:, 2].astype(np.int16))
    return Merging(
        Edges.joined([edges.where(holds), more]), refused.where(~parted), refused.where(parted)
    )


class _Joining:
    """Clusters under way: who is with whom, what each cluster is known to carry, and whom it may never meet."""

    def __init__(self, edges: Edges, traits: Traits, word: ClerkWord) -> None:
        nodes = np.unique(np.concatenate([edges.left, edges.right]))
        self._parent = {node: node for node in nodes.tolist()}
        columns = [column[nodes].tolist() for column in traits.columns]
        unknown = int(UNKNOWN)
        self._facts = {
            node: [frozenset() if fact == unknown else frozenset((fact,)) for fact in facts]
            for node, *facts in zip(nodes.tolist(), *columns, strict=True)
        }
        self._apart: dict[int, set[int]] = defaultdict(set)
        for one, other in zip(word.apart_left.tolist(), word.apart_right.tolist(), strict=True):
            if one in self._parent and other in self._parent:
                self._apart[one].add(other)
                self._apart[other].add(one)

    def _root(self, node: int) -> int:
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def is_forbidden(self, left: int, right: int) -> bool:
        return self._root(right) in self._apart[self._root(left)]

    def may_join(self, left: int, right: int) -> bool:
        first, second = self._root(left), self._root(right)
        if first == second:
            return True
        if second in self._apart[first]:
            return False
        # A clerk may have told that two values are one person's; then either of them fits, a third does not.
        pairs = zip(self._facts[first], self._facts[second], strict=True)
        return all(not one or not other or one <= other or other <= one for one, other in pairs)

    def join(self, left: int, right: int) -> None:
        first, second = self._root(left), self._root(right)
        if first == second:
            return
        self._parent[second] = first
        self._facts[first] = [
            one | other for one, other in zip(self._facts[first], self._facts[second], strict=True)
        ]
        for other in self._apart.pop(second, set()):
            self._apart[other].discard(second)
            self._apart[other].add(first)
            self._apart[first].add(other)
