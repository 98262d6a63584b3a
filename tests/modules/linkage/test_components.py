"""Clusters from edges against an independent, slow judge; vetoes as properties."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.linkage.engine.components import (
    UNKNOWN,
    Edges,
    Traits,
    component_labels,
    keep_consistent_edges,
    strongest_paths,
)

COUNT = 14
NODES = st.integers(0, COUNT - 1)
EDGE_LISTS = st.lists(st.tuples(NODES, NODES, st.integers(0, 4)), max_size=40)
TRAITS = st.lists(st.sampled_from([None, 1, 2, 3]), min_size=COUNT, max_size=COUNT)


def edges_from(listed: list[tuple[int, int, int]]) -> Edges:
    left, right, tier = (np.array([edge[i] for edge in listed], dtype=np.int64) for i in range(3))
    return Edges(left, right, tier.astype(np.int16))


def reached(count: int, listed: list[tuple[int, int]], start: int) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        for a, b in listed:
            for x, y in ((a, b), (b, a)):
                if x == node and y not in found:
                    found.add(y)
                    waiting.append(y)
    return found


@given(EDGE_LISTS)
def test_a_component_is_what_can_be_reached(listed: list[tuple[int, int, int]]) -> None:
    edges = edges_from(listed)
    labels = component_labels(COUNT, edges.left, edges.right)
    pairs = [(a, b) for a, b, _ in listed]
    for node in range(COUNT):
        assert labels[node] == min(reached(COUNT, pairs, node))


@given(EDGE_LISTS, TRAITS)
@settings(max_examples=200)
def test_no_cluster_ever_holds_two_values_of_a_trait(
    listed: list[tuple[int, int, int]], values: list[int | None]
) -> None:
    column = np.array([UNKNOWN if value is None else value for value in values], dtype=np.int64)
    edges = edges_from(listed)
    merging = keep_consistent_edges(COUNT, edges, Traits((column,)))
    labels = component_labels(COUNT, merging.kept.left, merging.kept.right)
    for label in set(labels.tolist()):
        inside = {
            value for value, where in zip(values, labels, strict=True) if where == label and value
        }
        assert len(inside) <= 1
    assert len(merging.kept) + len(merging.cut) == len(edges)


@given(EDGE_LISTS, TRAITS)
def test_a_cut_edge_would_have_brought_a_contradiction(
    listed: list[tuple[int, int, int]], values: list[int | None]
) -> None:
    column = np.array([UNKNOWN if value is None else value for value in values], dtype=np.int64)
    merging = keep_consistent_edges(COUNT, edges_from(listed), Traits((column,)))
    labels = component_labels(COUNT, merging.kept.left, merging.kept.right)
    for a, b in zip(merging.cut.left, merging.cut.right, strict=True):
        told = {
            v
            for v, where in zip(values, labels, strict=True)
            if where in (labels[a], labels[b]) and v
        }
        assert labels[a] != labels[b]
        assert len(told) > 1


@given(EDGE_LISTS, TRAITS, st.randoms(use_true_random=False))
def test_the_order_of_edges_does_not_matter(
    listed: list[tuple[int, int, int]], values: list[int | None], rng: object
) -> None:
    column = np.array([UNKNOWN if value is None else value for value in values], dtype=np.int64)
    first = keep_consistent_edges(COUNT, edges_from(listed), Traits((column,)))
    shuffled = list(listed)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    second = keep_consistent_edges(COUNT, edges_from(shuffled), Traits((column,)))
    one = component_labels(COUNT, first.kept.left, first.kept.right)
    assert one.tolist() == component_labels(COUNT, second.kept.left, second.kept.right).tolist()


@given(EDGE_LISTS)
def test_the_path_tier_is_the_bottleneck_of_the_strongest_path(
    listed: list[tuple[int, int, int]],
) -> None:
    membership = strongest_paths(COUNT, edges_from(listed))
    for node in range(COUNT):
        founder = int(membership.founder[node])
        if founder == node:
            assert membership.path_tier[node] == -1
            continue
        tiers = sorted({tier for _, _, tier in listed})
        wanted = next(
            t
            for t in tiers
            if node in reached(COUNT, [(a, b) for a, b, x in listed if x <= t], founder)
        )
        assert membership.path_tier[node] == wanted
