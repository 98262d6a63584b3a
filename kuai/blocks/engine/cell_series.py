"""One table of persons, cell by cell, from build to build: cells are kept or joined, never cut again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kuai.blocks.engine.cells import (
    STEP,
    Cell,
    is_large_enough,
    join_small,
    steps_of,
    steps_of_parts,
)


@dataclass(frozen=True)
class Truth:
    """What a build counts, leaf by leaf (rows) and category by category (columns). Never leaves the packing.

    `figures`: what is counted; `persons`: how many different people at least, nobody in two leaves.
    """

    figures: np.ndarray
    persons: np.ndarray


@dataclass(frozen=True)
class Kept:
    """What the build before published: the cell of each leaf of today (-1: it did not know the leaf), and by cell what
    the series began with."""

    cell_of_leaf: np.ndarray
    begun_with: np.ndarray


@dataclass(frozen=True)
class CellFigures:
    """Cells of one table in order of their first leaf; rows of the arrays are cells, columns categories.

    `begun_with` is the exact figure of the first build of the series, `shown` that and the tens since; a cell that is
    not `is_shown` is too small even with all its neighbours.
    """

    cells: tuple[Cell, ...]
    begun_with: np.ndarray
    shown: np.ndarray
    is_shown: np.ndarray

    @property
    def steps(self) -> np.ndarray:
        return np.asarray((self.shown - self.begun_with).sum(axis=1) // STEP)

    def cell_of_leaf(self, leaves: int) -> np.ndarray:
        """The number of each leaf's cell."""
        numbers = np.full(leaves, -1, dtype=np.int64)
        for number, cell in enumerate(self.cells):
            numbers[cell.leaves] = number
        return numbers


def next_figures(
    truth: Truth,
    above: Sequence[np.ndarray],
    *,
    kept: Kept | None = None,
    parts_of: CellFigures | None = None,
) -> CellFigures:
    """The cells of this build and what they show.

    `parts_of`: the table these categories add up to; its cells are kept whole and its steps shared out.
    """
    groups = _groups(len(truth.figures), kept, parts_of)
    begun = _begun_with(groups, truth, kept)
    figures = _summed(truth.figures, groups)
    shown = begun if kept is None else _moved(figures - begun, begun, groups, parts_of)
    persons = _summed(truth.persons, groups)
    cells = [
        Cell(leaves, tuple(map(int, row)), tuple(map(int, people)))
        for leaves, row, people in zip(groups, shown, persons, strict=True)
    ]
    joined = join_small(cells, above)
    return _as_figures(joined, groups, begun, shown)


def _groups(leaves: int, kept: Kept | None, parts_of: CellFigures | None) -> list[list[int]]:
    """Leaves that belong together from the start, each group and the groups in order."""
    belongs: list[Iterable[Sequence[int]]] = []
    if kept is not None:
        belongs.append(_leaves_by_cell(kept.cell_of_leaf))
    if parts_of is not None:
        belongs.append(cell.leaves for cell in parts_of.cells)
    root = list(range(leaves))

    def find(leaf: int) -> int:
        while root[leaf] != leaf:
            root[leaf] = root[root[leaf]]
            leaf = root[leaf]
        return leaf

    for sets in belongs:
        for together in sets:
            first = find(together[0])
            for leaf in together[1:]:
                other = find(leaf)
                first, other = min(first, other), max(first, other)
                root[other] = first
    groups: dict[int, list[int]] = {}
    for leaf in range(leaves):
        groups.setdefault(find(leaf), []).append(leaf)
    return [groups[first] for first in sorted(groups)]


def _leaves_by_cell(cell_of_leaf: np.ndarray) -> list[list[int]]:
    by_cell: dict[int, list[int]] = {}
    for leaf, cell in enumerate(cell_of_leaf.tolist()):
        if cell >= 0:
            by_cell.setdefault(cell, []).append(leaf)
    return list(by_cell.values())


def _summed(by_leaf: np.ndarray, groups: Sequence[Sequence[int]]) -> np.ndarray:
    group_of_leaf = np.empty(len(by_leaf), dtype=np.int64)
    for number, leaves in enumerate(groups):
        group_of_leaf[leaves] = number
    sums = np.zeros((len(groups), by_leaf.shape[1]), dtype=np.int64)
    np.add.at(sums, group_of_leaf, by_leaf)
    return sums


def _begun_with(groups: Sequence[Sequence[int]], truth: Truth, kept: Kept | None) -> np.ndarray:
    """What each group's cells began with; what is new begins with nothing, so that it is shown in tens."""
    if kept is None:
        return _summed(truth.figures, groups)
    begun = np.zeros((len(groups), truth.figures.shape[1]), dtype=np.int64)
    home = np.full(len(kept.begun_with), -1, dtype=np.int64)
    for number, leaves in enumerate(groups):
        cells = kept.cell_of_leaf[leaves]
        home[cells[cells >= 0]] = number
    # A cell all of whose buildings are gone goes on in its neighbour, so that sums over dates differ by tens.
    standing = np.flatnonzero(home >= 0)
    for cell, figures in enumerate(kept.begun_with):
        if len(standing) == 0:
            break
        place = min(int(np.searchsorted(standing, cell)), len(standing) - 1)
        begun[home[standing[place]]] += figures
    return begun


def _moved(
    changes: np.ndarray,
    begun: np.ndarray,
    groups: Sequence[Sequence[int]],
    parts_of: CellFigures | None,
) -> np.ndarray:
    if parts_of is None:
        steps = np.stack([steps_of(column) for column in changes.T], axis=1)
    else:
        group_of_leaf = {leaf: number for number, leaves in enumerate(groups) for leaf in leaves}
        totals = np.zeros(len(groups), dtype=np.int64)
        for cell, step in zip(parts_of.cells, parts_of.steps, strict=True):
            totals[group_of_leaf[cell.first]] += step
        steps = steps_of_parts(changes, totals)
    return begun + STEP * steps


def _as_figures(
    joined: Sequence[Cell], groups: Sequence[Sequence[int]], begun: np.ndarray, shown: np.ndarray
) -> CellFigures:
    cell_of_first = {leaf: number for number, cell in enumerate(joined) for leaf in cell.leaves}
    cell_of_group = np.array([cell_of_first[leaves[0]] for leaves in groups], dtype=np.int64)
    is_shown = np.array([is_large_enough(cell) for cell in joined], dtype=bool)
    figures = []
    for by_group in (begun, shown):
        sums = np.zeros((len(joined), by_group.shape[1]), dtype=np.int64)
        np.add.at(sums, cell_of_group, by_group)
        # What was never shown is not kept either: the table is published.
        sums[~is_shown] = 0
        figures.append(sums)
    return CellFigures(tuple(joined), figures[0], figures[1], is_shown)
