"""Dividing a neighbourhood graph into connected parts of nearly equal weight with short borders.

Recursive bisection (each half grows along an axis of the part), then moves and swaps along the borders that lower one
cost, never breaking a part in two (after Kernighan and Lin 1970, Fiduccia and Mattheyses 1982). No randomness.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

# One part that is off by a tenth of its share costs as much as a border longer by a tenth of a part's usual side.
BALANCE = 10.0
# What lies beyond the limits weighs so much more: a crooked border is better than a worker with too many doors.
BEYOND_LIMITS = 200.0
# A half that fills its side of the street to this much of its share stops there.
NEARLY_FULL = 0.8
_MOST_ROUNDS = 30
_LEAST_GAIN = 1e-9
# Above so many nodes two axes are tried instead of four: the halves of a large part are cut again anyway.
_MANY_NODES = 1200


@dataclass(frozen=True)
class Graph:
    """Nodes with a weight and a place (metres); `neighbours[a][b]` is what a border between a and b costs (metres).
    `across` holds the pairs (lower number first) that touch over a street only."""

    weights: np.ndarray
    places: np.ndarray
    neighbours: tuple[dict[int, float], ...]
    area_m2: float = 1.0
    across: frozenset[tuple[int, int]] = frozenset()

    @property
    def nodes(self) -> int:
        return len(self.weights)


def join_islands(graph: Graph) -> Graph:
    """The graph with a free edge from each separate piece to the nearest node of the others: parts of a community
    beyond another's ground must go with somebody."""
    neighbours = tuple(dict(row) for row in graph.neighbours)
    pieces = components(range(graph.nodes), neighbours)
    while len(pieces) > 1:
        small = min(pieces, key=lambda piece: (len(piece), piece[0]))
        inside = np.array(small)
        outside = np.setdiff1d(np.arange(graph.nodes), inside)
        gaps = graph.places[inside][:, None] - graph.places[outside][None]
        one, other = np.unravel_index(np.argmin((gaps**2).sum(axis=2)), gaps.shape[:2])
        a, b = int(inside[one]), int(outside[other])
        neighbours[a][b] = neighbours[b][a] = 0.0
        pieces = components(range(graph.nodes), neighbours)
    return replace(graph, neighbours=neighbours)


def divide(
    graph: Graph, parts: int, *, limits: tuple[float, float] = (0.0, float("inf"))
) -> np.ndarray:
    """The part (0 .. parts-1) of each node; every part is connected where the graph is. Deterministic.

    Parts lighter or heavier than `limits` are avoided where moving nodes over the borders can.
    """
    labels = np.zeros(graph.nodes, dtype=np.int64)
    waiting = [(list(range(graph.nodes)), min(parts, graph.nodes), 0)]
    while waiting:
        nodes, count, first = waiting.pop()
        if count <= 1:
            labels[nodes] = first
            continue
        low, high, share = _bisect(graph, nodes, count)
        waiting.append((low, share, first))
        waiting.append((high, count - share, first + share))
    return _Borders(graph, labels, min(parts, graph.nodes), limits).improved()


def components(nodes: Iterable[int], neighbours: Sequence[dict[int, float]]) -> list[list[int]]:
    """The connected pieces of `nodes`, each sorted, in the order of their first node."""
    left = set(nodes)
    found = []
    for start in sorted(left):
        if start not in left:
            continue
        left.discard(start)
        piece, waiting = [start], [start]
        while waiting:
            for other in neighbours[waiting.pop()]:
                if other in left:
                    left.discard(other)
                    piece.append(other)
                    waiting.append(other)
        found.append(sorted(piece))
    return found


def _bisect(graph: Graph, nodes: list[int], count: int) -> tuple[list[int], list[int], int]:
    """The best of several ways to cut `nodes` in two, and how many of the `count` parts the first half holds."""
    places = graph.places[nodes]
    middle = places - places.mean(axis=0)
    total = float(graph.weights[nodes].sum())
    best: tuple[float, list[int], list[int], int] | None = None
    for direction in _directions(middle):
        order = dict(zip(nodes, (middle @ direction).tolist(), strict=True))
        for share in sorted({count // 2, count - count // 2}):
            growth = _Growth(total * share / count, share, len(nodes) - (count - share))
            for low in _grown(graph, order, growth):
                low, high = _whole(graph, nodes, low)
                cost = _cut_cost(graph, low, growth.wanted, count)
                if best is None or cost < best[0] - _LEAST_GAIN:
                    # Making both sides whole may leave one with fewer nodes than parts.
                    fitting = max(count - len(high), min(share, len(low)))
                    best = cost, low, high, fitting
    assert best is not None
    return best[1:]


def _directions(middle: np.ndarray) -> list[np.ndarray]:
    """The axes of a cloud of places and, while it is small, those between them."""
    x, y = middle[:, 0], middle[:, 1]
    angle = 0.5 * math.atan2(2 * float(x @ y), float(x @ x) - float(y @ y))
    turns = (0, 2, 1, 3) if len(middle) <= _MANY_NODES else (0, 2)
    angles = [angle + turn * math.pi / 4 for turn in turns]
    return [np.array([math.cos(one), math.sin(one)]) for one in angles]


@dataclass(frozen=True)
class _Growth:
    """When a growing half is full: its weight, and how few and how many nodes it may have."""

    wanted: float
    least: int
    most: int


def _grown(graph: Graph, order: dict[int, float], growth: _Growth) -> Iterable[list[int]]:
    yield _grow(graph, order, growth, streets=False)
    if graph.across:
        yield _grow(graph, order, growth, streets=True)


def _grow(graph: Graph, order: dict[int, float], growth: _Growth, *, streets: bool) -> list[int]:
    """A connected set from the far end of the axis inwards, until its weight is nearest to the one wanted.

    With `streets` it fills the ground on its side of a street before it crosses, and stops there when nearly full.
    """
    start = min(order, key=lambda node: (order[node], node))
    taken: dict[int, None] = {}
    weight = 0.0
    front = [(False, order[start], start)]
    while front and len(taken) < growth.most:
        crosses, _, node = heapq.heappop(front)
        if node in taken:
            continue
        after = weight + graph.weights[node]
        if len(taken) >= growth.least:
            if after - growth.wanted > growth.wanted - weight:
                break
            if crosses and weight >= NEARLY_FULL * growth.wanted:
                break
        taken[node] = None
        weight = after
        for other in graph.neighbours[node]:
            if other in order and other not in taken:
                pair = (node, other) if node < other else (other, node)
                heapq.heappush(front, (streets and pair in graph.across, order[other], other))
    return list(taken)


def _whole(graph: Graph, nodes: list[int], low: list[int]) -> tuple[list[int], list[int]]:
    """Both sides connected: pieces the growing cut off go to the side that surrounds them."""
    rest = sorted(set(nodes) - set(low))
    pieces = components(rest, graph.neighbours)
    if not pieces:
        return low, rest
    heaviest = max(pieces, key=lambda piece: (graph.weights[piece].sum(), -piece[0]))
    return sorted(set(nodes) - set(heaviest)), heaviest


def _cut_cost(graph: Graph, low: list[int], wanted: float, count: int) -> float:
    inside = set(low)
    border = sum(
        cost
        for node in low
        for other, cost in graph.neighbours[node].items()
        if other not in inside
    )
    # The border of a bisection crosses the whole part: its usual length is the side of a square of the whole.
    usual = (graph.area_m2 * len(low) / max(graph.nodes, 1)) ** 0.5 or 1.0
    off = (graph.weights[low].sum() - wanted) / max(wanted, _LEAST_GAIN)
    return border / usual + BALANCE * off * off * count


@dataclass
class _Borders:
    """A division under improvement: labels, weights and sizes of the parts."""

    graph: Graph
    labels: np.ndarray
    parts: int
    limits: tuple[float, float]
    weights: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.label: list[int] = self.labels.tolist()
        self.node_weight: list[float] = self.graph.weights.tolist()
        self.weights = np.bincount(
            self.labels, weights=self.graph.weights, minlength=self.parts
        ).tolist()
        self.sizes = np.bincount(self.labels, minlength=self.parts).tolist()
        self.share = max(sum(self.node_weight) / max(self.parts, 1), _LEAST_GAIN)
        self.usual_m = (self.graph.area_m2 / max(self.parts, 1)) ** 0.5 or 1.0

    def improved(self) -> np.ndarray:
        """Moves and swaps along the borders until none lowers the cost."""
        for _ in range(_MOST_ROUNDS):
            if not (self._move_round() + self._swap_round()):
                break
        return np.array(self.label, dtype=np.int64)

    def _move_round(self) -> int:
        moved = 0
        for node in range(self.graph.nodes):
            here = self.label[node]
            if self.sizes[here] == 1:
                continue
            gain, there = self._best_move(node)
            if there >= 0 and gain > _LEAST_GAIN and self._stays_whole(node, here):
                self._move(node, there)
                moved += 1
        return moved

    def _best_move(self, node: int) -> tuple[float, int]:
        here, best, where = self.label[node], 0.0, -1
        ties = self._ties(node)
        for there in sorted(ties):
            if there == here:
                continue
            gain = (ties[there] - ties.get(here, 0.0)) / self.usual_m
            gain += self._balance_gain(here, there, self.node_weight[node])
            if gain > best + _LEAST_GAIN:
                best, where = gain, there
        return best, where

    def _swap_round(self) -> int:
        """Pairs of neighbours change sides where a move alone would weigh too much."""
        swapped = 0
        for node in range(self.graph.nodes):
            for other in sorted(self.graph.neighbours[node]):
                if other > node and self.label[node] != self.label[other]:
                    swapped += self._swap(node, other)
        return swapped

    def _swap(self, one: int, other: int) -> int:
        here, there = self.label[one], self.label[other]
        if self.sizes[here] == 1 or self.sizes[there] == 1:
            return 0
        difference = self.node_weight[one] - self.node_weight[other]
        gain = self._balance_gain(here, there, difference)
        if gain <= 0:
            return 0
        ties_one, ties_other = self._ties(one), self._ties(other)
        between = self.graph.neighbours[one][other]
        gain += (ties_one.get(there, 0.0) - ties_one.get(here, 0.0)) / self.usual_m
        gain += (ties_other.get(here, 0.0) - ties_other.get(there, 0.0)) / self.usual_m
        gain -= 2 * between / self.usual_m
        if gain <= _LEAST_GAIN:
            return 0
        self._move(one, there)
        self._move(other, here)
        if self._is_whole_around(one, other, here, there):
            return 1
        self._move(one, here)
        self._move(other, there)
        return 0

    def _is_whole_around(self, one: int, other: int, here: int, there: int) -> bool:
        """After a swap both have a neighbour on their new side, and no side fell in pieces."""
        labels, neighbours = self.label, self.graph.neighbours
        near = {node for node in (*neighbours[one], *neighbours[other], one, other)}
        return all(
            self._reach_each_other([node for node in near if labels[node] == part], part)
            for part in (here, there)
        )

    def _ties(self, node: int) -> dict[int, float]:
        """What the node's borders to each part next to it cost."""
        found: dict[int, float] = {}
        for other, cost in self.graph.neighbours[node].items():
            part = self.label[other]
            found[part] = found.get(part, 0.0) + cost
        return found

    def _balance_gain(self, here: int, there: int, weight: float) -> float:
        """What the balance gains when `weight` goes over."""
        before = self._imbalance(self.weights[here]) + self._imbalance(self.weights[there])
        after = self._imbalance(self.weights[here] - weight)
        return before - after - self._imbalance(self.weights[there] + weight)

    def _imbalance(self, weight: float) -> float:
        low, high = self.limits
        beyond = low - weight if weight < low else weight - high if weight > high else 0.0
        off = weight - self.share
        return (BALANCE * off * off + BEYOND_LIMITS * beyond * beyond) / self.share**2

    def _move(self, node: int, there: int) -> None:
        here = self.label[node]
        self.label[node] = there
        self.weights[here] -= self.node_weight[node]
        self.weights[there] += self.node_weight[node]
        self.sizes[here] -= 1
        self.sizes[there] += 1

    def _stays_whole(self, node: int, part: int) -> bool:
        """Whether `part` holds together without `node`."""
        near = [other for other in self.graph.neighbours[node] if self.label[other] == part]
        self.label[node] = -1
        whole = self._reach_each_other(near, part)
        self.label[node] = part
        return whole

    def _reach_each_other(self, near: list[int], part: int) -> bool:
        if len(near) <= 1:
            return True
        wanted = set(near[1:])
        seen, waiting = {near[0]}, [near[0]]
        while waiting and wanted:
            for other in self.graph.neighbours[waiting.pop()]:
                if other not in seen and self.label[other] == part:
                    seen.add(other)
                    wanted.discard(other)
                    waiting.append(other)
        return not wanted
