"""Cells: neighbours joined until each group of persons is empty or at least ten (decision 0028). Pure.

Leaves (buildings) stand in the order of the blocks' path. A cell is a set of leaves; whatever is published of persons
is a sum of whole cells, so that subtracting figures finds nothing smaller than a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

# Below ten a count of persons may point at somebody (2-architecture, decided 11; GB/T 37964 practice k >= 10).
SMALLEST_SHOWN_COUNT = 10
# A figure moves by so much at a time from build to build.
STEP = 10

Parts = tuple[int, ...]
Fits = Callable[[Parts, Parts], bool]


@dataclass
class Cell:
    """Leaves that are counted together. `figures` is what would be shown, `persons` how many different people at
    least stand behind it, by category of the table."""

    leaves: list[int]
    figures: Parts
    persons: Parts

    @property
    def first(self) -> int:
        return self.leaves[0]

    def joined(self, other: Cell) -> Cell:
        """Both as one."""
        return Cell(
            sorted(self.leaves + other.leaves),
            tuple(a + b for a, b in zip(self.figures, other.figures, strict=True)),
            tuple(a + b for a, b in zip(self.persons, other.persons, strict=True)),
        )


def is_large_enough(cell: Cell) -> bool:
    """Whether every category is empty, or large both in what is shown and in the persons behind it."""
    return all(
        (figure == 0 and persons == 0)
        or (figure >= SMALLEST_SHOWN_COUNT and persons >= SMALLEST_SHOWN_COUNT)
        for figure, persons in zip(cell.figures, cell.persons, strict=True)
    )


def join_small(cells: Sequence[Cell], above: Sequence[np.ndarray]) -> list[Cell]:
    """Join cells that are too small with neighbours: within their grid first, then a level up, and so on.

    `above`: for each level from the lowest up, the number of the block each leaf lies in; the last is the top. What
    stays too small at the top is left as it is: nothing that contains it may be shown.
    """
    standing = sorted(cells, key=lambda cell: cell.first)
    for blocks in above:
        if all(is_large_enough(cell) for cell in standing):
            break
        standing = _join_within(standing, blocks)
    return standing


def _join_within(cells: Sequence[Cell], blocks: np.ndarray) -> list[Cell]:
    done: list[Cell] = []
    begin = 0
    numbers = [int(blocks[cell.first]) for cell in cells]
    for end in range(1, len(cells) + 1):
        if end == len(cells) or numbers[end] != numbers[begin]:
            done += _join_neighbours(cells[begin:end])
            begin = end
    return done


def _join_neighbours(cells: Sequence[Cell]) -> list[Cell]:
    """From the first on: a small cell takes its follower in until it is large; what is left over goes to the last."""
    done: list[Cell] = []
    growing: Cell | None = None
    for cell in cells:
        grown = cell if growing is None else growing.joined(cell)
        if is_large_enough(grown):
            done.append(grown)
            growing = None
        else:
            growing = grown
    while growing is not None and done and not is_large_enough(growing):
        growing = done.pop().joined(growing)
    return done + ([growing] if growing is not None else [])


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


def whole_at(cells: Sequence[Cell], leaves: int) -> np.ndarray:
    """For each place between two leaves (0 before the first): whether no cell reaches across it."""
    across = np.zeros(leaves + 2, dtype=np.int64)
    for cell in cells:
        if len(cell.leaves) > 1:
            across[cell.leaves[0] + 1] += 1
            across[cell.leaves[-1] + 1] -= 1
    return np.asarray(np.cumsum(across)[: leaves + 1] == 0)
