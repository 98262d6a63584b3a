"""One table of persons, cell by cell, from build to build: cells are kept or joined, never cut again. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kuai.blocks.engine.cells import (
    STEP,
    are_large_enough,
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
    not `is_shown` is too small even with all its neighbours. `first`, `last`: its outermost leaves.
    """

    cell_of_leaf: np.ndarray
    first: np.ndarray
    last: np.ndarray
    begun_with: np.ndarray
    shown: np.ndarray
    is_shown: np.ndarray

    @property
    def steps(self) -> np.ndarray:
        return np.asarray((self.shown - self.begun_with).sum(axis=1) // STEP)


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
    groups = _group_leaves(len(truth.figures), kept, parts_of)
    count = int(groups.max(initial=-1)) + 1
    figures = _summed(truth.figures, groups, count)
    persons = _summed(truth.persons, groups, count)
    begun = figures if kept is None else _begun_with(kept, groups, count)
    if kept is not None and parts_of is not None:
        begun = _made_whole(begun, figures, groups, parts_of)
    shown = begun if kept is None else begun + STEP * _steps(figures - begun, groups, parts_of)
    first = np.full(count, len(groups), dtype=np.int64)
    np.minimum.at(first, groups, np.arange(len(groups)))
    begins = join_small(shown, persons, [blocks[first] for blocks in above])
    cell_of_group = np.searchsorted(begins, np.arange(count), side="right") - 1
    return _as_figures(
        cell_of_group[groups] if count else groups,
        *(_summed(rows, cell_of_group, len(begins)) for rows in (begun, shown, persons)),
    )


def cells_of_happenings(figures: np.ndarray, grids: np.ndarray) -> CellFigures:
    """Cells of what happened at homes, of one build: neighbours of one grid joined to ten and more, shown in tens, so
    that neither their grid less its buildings nor the next build less this one tells of a few.

    `figures`: by leaf; `grids`: the grid of each leaf. A grid that is one cell shows its own figure, because grids do.
    """
    rows = figures[:, None]
    begins = join_small(rows, rows, [grids])
    cell_of_leaf = np.searchsorted(begins, np.arange(len(figures)), side="right") - 1
    true = _summed(rows, cell_of_leaf, len(begins))
    is_large = are_large_enough(true, true)
    _, grid, cells = np.unique(grids[begins], return_inverse=True, return_counts=True)
    is_grid = cells[grid.ravel()] == 1
    tens = STEP * steps_of(np.where(is_large & ~is_grid, true[:, 0], 0))
    shown = np.where(is_grid, true[:, 0], np.where(is_large, tens, 0))[:, None]
    return CellFigures(
        cell_of_leaf,
        begins,
        np.append(begins[1:], len(figures)) - 1 if len(begins) else begins,
        np.zeros_like(shown),
        shown,
        is_large | is_grid,
    )


def _group_leaves(leaves: int, kept: Kept | None, parts_of: CellFigures | None) -> np.ndarray:
    """The number of each leaf's group from the start, groups in order of their first leaf."""
    labels = np.arange(leaves)
    together = []
    if kept is not None:
        alone = len(kept.begun_with) + np.arange(leaves)
        together.append(np.where(kept.cell_of_leaf >= 0, kept.cell_of_leaf, alone))
    if parts_of is not None:
        together.append(parts_of.cell_of_leaf)
    # Each leaf takes the lowest number of its cells until none is left to take: few rounds, as cells lie in a row.
    while together:
        before = labels
        for cells in together:
            lowest = np.full(int(cells.max(initial=-1)) + 1, leaves, dtype=np.int64)
            np.minimum.at(lowest, cells, labels)
            labels = lowest[cells]
        if np.array_equal(before, labels):
            break
    return np.unique(labels, return_inverse=True)[1].ravel()


def _summed(rows: np.ndarray, owners: np.ndarray, count: int) -> np.ndarray:
    sums = np.zeros((count, rows.shape[1]), dtype=np.int64)
    np.add.at(sums, owners, rows)
    return sums


def _begun_with(kept: Kept, groups: np.ndarray, count: int) -> np.ndarray:
    """What each group's cells began with; what is new begins with nothing, so that it is shown in tens."""
    begun = np.zeros((count, kept.begun_with.shape[1]), dtype=np.int64)
    home = np.full(len(kept.begun_with), -1, dtype=np.int64)
    is_known = kept.cell_of_leaf >= 0
    home[kept.cell_of_leaf[is_known]] = groups[is_known]
    standing = np.flatnonzero(home >= 0)
    if len(standing):
        # A cell all of whose buildings are gone goes on in its neighbour, so that sums over dates differ by tens.
        place = np.searchsorted(standing, np.arange(len(home))).clip(max=len(standing) - 1)
        np.add.at(begun, home[standing[place]], kept.begun_with)
    return begun


def _made_whole(
    begun: np.ndarray, figures: np.ndarray, groups: np.ndarray, parts_of: CellFigures
) -> np.ndarray:
    """Parts that begin with less than their whole did (a counter is new, another no more, a cell was not shown): the
    rest goes to the part that lacks most, so that parts add up. It was published, so it tells nothing."""
    rest = -begun.sum(axis=1)
    np.add.at(rest, groups[parts_of.first], parts_of.begun_with.sum(axis=1))
    whole = begun.copy()
    if rest.any():
        whole[:, np.argmax(figures.sum(axis=0) - begun.sum(axis=0))] += rest
    return whole


def _steps(changes: np.ndarray, groups: np.ndarray, parts_of: CellFigures | None) -> np.ndarray:
    if parts_of is None:
        return np.stack([steps_of(column) for column in changes.T], axis=1)
    totals = np.zeros(len(changes), dtype=np.int64)
    np.add.at(totals, groups[parts_of.first], parts_of.steps)
    return steps_of_parts(changes, totals)


def _as_figures(
    cell_of_leaf: np.ndarray, begun: np.ndarray, shown: np.ndarray, persons: np.ndarray
) -> CellFigures:
    leaves = len(cell_of_leaf)
    first = np.full(len(shown), leaves, dtype=np.int64)
    last = np.full(len(shown), -1, dtype=np.int64)
    np.minimum.at(first, cell_of_leaf, np.arange(leaves))
    np.maximum.at(last, cell_of_leaf, np.arange(leaves))
    is_shown = are_large_enough(shown, persons)
    # What was never shown is not kept either: the table is published.
    return CellFigures(
        cell_of_leaf,
        first,
        last,
        np.where(is_shown[:, None], begun, 0),
        np.where(is_shown[:, None], shown, 0),
        is_shown,
    )
