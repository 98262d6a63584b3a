"""Cells: neighbours joined until each group of persons is empty or at least ten (decision 0028). Pure.

Leaves (buildings) stand in the order of the blocks' path. A cell is a set of leaves; whatever is published of persons
is a sum of whole cells, so that subtracting figures finds nothing smaller than a cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Below ten a count of persons may point at somebody (2-architecture, decided 11; GB/T 37964 practice k >= 10).
SMALLEST_SHOWN_COUNT = 10
# A figure moves by so much at a time from build to build.
STEP = 10


def are_large_enough(figures: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """For each cell (row) whether every category is empty, or large both in what is shown and in the persons behind."""
    is_empty = (figures == 0) & (persons == 0)
    is_large = (figures >= SMALLEST_SHOWN_COUNT) & (persons >= SMALLEST_SHOWN_COUNT)
    return np.asarray((is_empty | is_large).all(axis=1))


class _Runs:
    """Sums over runs of groups, kept as plain numbers because they are asked for one at a time."""

    def __init__(self, figures: np.ndarray, persons: np.ndarray) -> None:
        nothing = np.zeros((1, figures.shape[1]), dtype=np.int64)
        self._sums = [
            (np.cumsum(column).tolist(), np.cumsum(people).tolist())
            for column, people in zip(
                np.vstack([nothing, figures]).T, np.vstack([nothing, persons]).T, strict=True
            )
        ]

    def is_large(self, begin: int, end: int, *, may_be_empty: bool = True) -> bool:
        """Whether groups `begin` to `end` are large enough together."""
        for figures, persons in self._sums:
            figure, people = figures[end] - figures[begin], persons[end] - persons[begin]
            if (figure < SMALLEST_SHOWN_COUNT or people < SMALLEST_SHOWN_COUNT) and (
                figure or people or not may_be_empty
            ):
                return False
        return True

    def is_empty(self, begin: int, end: int) -> bool:
        """Whether nothing and nobody is in groups `begin` to `end`."""
        return not any(sums[end] - sums[begin] for columns in self._sums for sums in columns)


def join_small(figures: np.ndarray, persons: np.ndarray, above: Sequence[np.ndarray]) -> np.ndarray:
    """Join groups (rows, in order) that are too small with neighbours: within their grid first, then a level up, and
    so on. Returns where each cell begins.

    `above`: for each level from the lowest up, the number of the block each group lies in; the last is the top. What
    stays too small at the top is left as it is: nothing that contains it may be shown. Of a single category a building
    of none is joined like one of one, unless its whole grid has none: how cells are cut must not tell one from the
    other (decision 0034).
    """
    runs = _Runs(figures, persons)
    begins = np.arange(len(figures))
    for level, blocks in enumerate(above):
        if not len(begins):
            break
        may_be_empty = level > 0 or figures.shape[1] > 1
        is_small = ~are_large_enough(
            np.add.reduceat(figures, begins, axis=0), np.add.reduceat(persons, begins, axis=0)
        )
        if not may_be_empty:
            is_small |= np.add.reduceat(figures[:, 0], begins) == 0
        if not is_small.any():
            break
        borders = np.append(begins, len(figures)).tolist()
        own = blocks[begins]
        edges = np.flatnonzero(np.diff(own, prepend=own[0] - 1, append=own[-1] + 1)).tolist()
        smalls = np.add.reduceat(is_small, edges[:-1]).tolist()
        joined: list[int] = []
        for first, last, small in zip(edges[:-1], edges[1:], smalls, strict=True):
            part = borders[first : last + 1]
            if small and not may_be_empty and runs.is_empty(part[0], part[-1]):
                small = 0
            joined += (
                _join_neighbours(part, runs, may_be_empty=may_be_empty) if small else part[:-1]
            )
        begins = np.array(joined, dtype=np.int64)
    return begins


def _join_neighbours(borders: Sequence[int], runs: _Runs, *, may_be_empty: bool) -> list[int]:
    """From the first on: a small cell takes its follower in until it is large; what is left over goes to the last."""
    begins: list[int] = []
    begin = borders[0]
    for end in borders[1:]:
        if runs.is_large(begin, end, may_be_empty=may_be_empty):
            begins.append(begin)
            begin = end
    last = borders[-1]
    if begin == last:
        return begins
    while begins and not runs.is_large(begin, last, may_be_empty=may_be_empty):
        begin = begins.pop()
    return [*begins, begin]


def steps_of(changes: np.ndarray) -> np.ndarray:
    """Tens by which each cell moves, in order: rounded sums from the beginning, so that no run of cells is ten off.

    A cell that has not changed does not move.
    """
    sums = np.cumsum(changes)
    reached = (sums + STEP // 2) // STEP
    return np.diff(reached, prepend=0).astype(np.int64)


def steps_of_parts(changes: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Tens by category (columns) of each cell (rows) that add up to `totals`.

    What a category was owed is carried to the next cell, so that it is not lost over many cells.
    """
    owed = np.zeros(changes.shape[1])
    steps = np.zeros(changes.shape, dtype=np.int64)
    for row, (change, total) in enumerate(zip(changes, totals, strict=True)):
        if not total and not change.any():
            continue
        wanted = change / STEP + owed
        low = np.floor(wanted).astype(np.int64)
        missing = int(total) - int(low.sum())
        order = np.argsort(low - wanted, kind="stable")
        rounds, rest = divmod(missing, len(wanted))
        low += rounds
        low[order[:rest]] += 1
        steps[row] = low
        owed = wanted - low
    return steps


def whole_at(first: np.ndarray, last: np.ndarray, leaves: int) -> np.ndarray:
    """For each place between two leaves (0 before the first): whether no cell reaches across it.

    `first`, `last`: each cell's outermost leaves.
    """
    across = np.zeros(leaves + 2, dtype=np.int64)
    np.add.at(across, first + 1, 1)
    np.add.at(across, last + 1, -1)
    return np.asarray(np.cumsum(across)[: leaves + 1] == 0)
