"""Clusters from edges: connected components, held apart by what cannot be one person, and how sure each row is.

Pure numpy over node numbers. Because components without a contradiction are the same in whatever order
edges are taken, only the contradictory few are merged edge by edge, strongest first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

UNKNOWN = np.int64(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Edges:
    """Proposals `left[i]` = `right[i]`; `tier` is a place in a list of keys, 0 the strongest."""

    left: np.ndarray
    right: np.ndarray
    tier: np.ndarray

    @classmethod
    def empty(cls) -> Edges:
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int16))

    @classmethod
    def joined(cls, parts: list[Edges]) -> Edges:
        parts = parts or [cls.empty()]
        return cls(
            np.concatenate([part.left for part in parts]),
            np.concatenate([part.right for part in parts]),
            np.concatenate([part.tier for part in parts]),
        )

    def where(self, mask: np.ndarray) -> Edges:
        return Edges(self.left[mask], self.right[mask], self.tier[mask])

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True)
class Traits:
    """Facts a node may carry, as integers (UNKNOWN where absent). One cluster may hold one value of each."""

    columns: tuple[np.ndarray, ...]

    def where(self, nodes: np.ndarray) -> Traits:
        return Traits(tuple(column[nodes] for column in self.columns))


def component_labels(count: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """For each node the smallest node of its component."""
    labels = np.arange(count, dtype=np.int64)
    while len(left):
        left_label, right_label = labels[left], labels[right]
        open_edges = left_label != right_label
        if not open_edges.any():
            break
        left, right = left[open_edges], right[open_edges]
        left_label, right_label = left_label[open_edges], right_label[open_edges]
        smaller = np.minimum(left_label, right_label)
        np.minimum.at(labels, np.maximum(left_label, right_label), smaller)
        while True:
            parents = labels[labels]
            if np.array_equal(parents, labels):
                break
            labels = parents
    return labels


def contradictory_components(labels: np.ndarray, traits: Traits) -> np.ndarray:
    """Labels whose component carries two values of one trait."""
    found = [np.zeros(0, np.int64)]
    for column in traits.columns:
        known = np.flatnonzero(column != UNKNOWN)
        lowest = np.full(len(labels), np.iinfo(np.int64).max)
        highest = np.full(len(labels), UNKNOWN)
        np.minimum.at(lowest, labels[known], column[known])
        np.maximum.at(highest, labels[known], column[known])
        found.append(np.flatnonzero((highest != UNKNOWN) & (lowest != highest)))
    return np.unique(np.concatenate(found))


@dataclass(frozen=True)
class Merging:
    """Which edges hold, the edges a contradiction forbade (`cut`), and those a clerk's word did (`parted`)."""

    kept: Edges
    cut: Edges
    parted: Edges = field(default_factory=Edges.empty)


def keep_consistent_edges(count: int, edges: Edges, traits: Traits) -> Merging:
    """Drop each edge that would bring a contradiction into a cluster, the weakest first to go."""
    labels = component_labels(count, edges.left, edges.right)
    troubled = contradictory_components(labels, traits)
    if not len(troubled):
        return Merging(edges, Edges.empty())
    is_troubled = np.zeros(count, dtype=bool)
    is_troubled[troubled] = True
    inside = is_troubled[labels[edges.left]]
    disputed = edges.where(inside)
    order = np.lexsort((disputed.right, disputed.left, disputed.tier))
    disputed = Edges(disputed.left[order], disputed.right[order], disputed.tier[order])
    holds = _merge_one_by_one(disputed, traits)
    kept = Edges.joined([edges.where(~inside), disputed.where(holds)])
    return Merging(kept, disputed.where(~holds))


def _merge_one_by_one(edges: Edges, traits: Traits) -> np.ndarray:
    nodes, places = np.unique(np.concatenate([edges.left, edges.right]), return_inverse=True)
    left, right = places[: len(edges)].tolist(), places[len(edges) :].tolist()
    facts = np.stack([column[nodes] for column in traits.columns], axis=1).tolist()
    unknown = int(UNKNOWN)
    parent = list(range(len(nodes)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    holds = np.ones(len(edges), dtype=bool)
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        first, second = root(a), root(b)
        if first == second:
            continue
        pairs = list(zip(facts[first], facts[second], strict=True))
        if any(x != y and x != unknown and y != unknown for x, y in pairs):
            holds[place] = False
            continue
        parent[second] = first
        facts[first] = [y if x == unknown else x for x, y in pairs]
    return holds


@dataclass(frozen=True)
class Membership:
    """For each node: its cluster's founder (smallest node), the tier of the weakest edge on the strongest path
    to it (-1 for the founder itself), and the tier of its own strongest edge (-1 if none)."""

    founder: np.ndarray
    path_tier: np.ndarray
    own_tier: np.ndarray


def strongest_paths(count: int, edges: Edges) -> Membership:
    """Because clusters at tier t are what edges of tier <= t connect, a node's weakest link on its strongest
    path is the first tier at which it shares a component with the founder."""
    founder = component_labels(count, edges.left, edges.right)
    path_tier = np.full(count, -1, dtype=np.int16)
    own_tier = np.full(count, np.iinfo(np.int16).max, dtype=np.int16)
    np.minimum.at(own_tier, edges.left, edges.tier)
    np.minimum.at(own_tier, edges.right, edges.tier)
    own_tier[own_tier == np.iinfo(np.int16).max] = -1
    waiting = np.flatnonzero(founder != np.arange(count))
    labels = np.arange(count, dtype=np.int64)
    for tier in np.unique(edges.tier):
        here = edges.tier == tier
        step = component_labels(count, labels[edges.left[here]], labels[edges.right[here]])
        labels = step[labels]
        arrived = labels[waiting] == labels[founder[waiting]]
        path_tier[waiting[arrived]] = tier
        waiting = waiting[~arrived]
    return Membership(founder, path_tier, own_tier)
