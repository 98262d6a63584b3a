"""Figures of all blocks from those of the leaves. Pure: arrays in, arrays out.

Blocks and leaves are known by block number; everything below a block is the numbers from its own to its `last`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kuai.blocks.engine.cell_series import (
    CellFigures,
    Kept,
    Truth,
    cells_of_happenings,
    next_figures,
)
from kuai.blocks.engine.cells import SMALLEST_SHOWN_COUNT, whole_at
from kuai.blocks.engine.counters import (
    PersonTable,
    all_counters,
    happening_tables,
    person_tables,
)

SUPPRESSED = -1
# Of a block with fewer persons no share is told, and of the others a tenth: no exact part can be found from it.
FEWEST_FOR_SHARE = 100


@dataclass(frozen=True)
class Leaves:
    """Raw figures: rows are leaves in order of their number, columns all counters of the catalogue."""

    numbers: np.ndarray
    above: tuple[np.ndarray, ...]
    figures: np.ndarray
    persons: np.ndarray
    asserted: np.ndarray
    stated: np.ndarray
    sources: np.ndarray


@dataclass(frozen=True)
class BlockFigures:
    """Rows are blocks, columns all counters; SUPPRESSED where held back. `share` is NaN where nothing is told."""

    figures: np.ndarray
    share: np.ndarray
    sources: np.ndarray


def count_cells(
    leaves: Leaves, kept: Mapping[str, Kept] | None = None
) -> dict[str, tuple[PersonTable, CellFigures]]:
    """The cells of every table of persons. `kept` has all tables, or the series begins anew."""
    columns = {key: place for place, key in enumerate(all_counters())}
    found: dict[str, tuple[PersonTable, CellFigures]] = {}
    by_counter: dict[str, CellFigures] = {}
    for table in person_tables():
        own = [columns[key] for key in table.keys]
        cells = next_figures(
            Truth(leaves.figures[:, own], leaves.persons[:, own]),
            leaves.above,
            kept=kept[table.name] if kept else None,
            parts_of=by_counter[table.part_of] if table.part_of else None,
        )
        found[table.name] = (table, cells)
        if len(table.keys) == 1:
            by_counter[table.keys[0]] = cells
    return found


def count_happenings(leaves: Leaves) -> dict[str, tuple[PersonTable, CellFigures]]:
    """The cells of what happens at homes."""
    columns = {key: place for place, key in enumerate(all_counters())}
    return {
        table.name: (
            table,
            cells_of_happenings(leaves.figures[:, columns[table.name]], leaves.above[0]),
        )
        for table in happening_tables()
    }


def figures_of_blocks(
    leaves: Leaves,
    cells: Mapping[str, tuple[PersonTable, CellFigures]],
    *,
    first: np.ndarray,
    last: np.ndarray,
    levels: Mapping[str, np.ndarray],
    happenings: Mapping[str, tuple[PersonTable, CellFigures]],
) -> BlockFigures:
    """Premises are summed; a table of persons only where the block is a union of whole cells, and so is what happens
    at homes of a building.

    `levels`: for each level the rows of its blocks, because blocks of one level do not overlap.
    """
    begin = np.searchsorted(leaves.numbers, first, side="left")
    end = np.searchsorted(leaves.numbers, last, side="right")
    figures = _between(leaves.figures, begin, end)
    stated = _between(leaves.stated, begin, end)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(stated > 0, _between(leaves.asserted, begin, end) / stated, np.nan)
    sources = _joined_sources(leaves, begin, end, list(levels.values()))
    buildings = levels.get("building", np.zeros(0, dtype=np.int64))
    columns = {key: place for place, key in enumerate(all_counters())}
    for table, of_table in cells.values():
        own = [columns[key] for key in table.keys]
        shown = _shown(of_table, len(leaves.numbers), begin, end)
        figures[:, own] = shown
        share[:, own] = np.where(shown >= FEWEST_FOR_SHARE, np.round(share[:, own], 1), np.nan)
        # A block's own sources would tell whether anybody is behind a figure held back: the build's stand for all.
        of_build = np.bitwise_or.reduce(leaves.sources[:, own], axis=None)
        sources[:, own] = np.where(shown == SUPPRESSED, 0, of_build)
    for table, of_table in happenings.values():
        column = columns[table.name]
        shown = _shown(of_table, len(leaves.numbers), begin[buildings], end[buildings])[:, 0]
        is_few = (shown > 0) & (shown < SMALLEST_SHOWN_COUNT)
        shown = np.where(is_few, SUPPRESSED, shown)
        figures[buildings, column] = shown
        # A share of a few facts would tell how many they are.
        share[buildings, column] = np.nan
        sources[buildings[shown == SUPPRESSED], column] = 0
    return BlockFigures(figures, np.round(share, 4), sources)


def _between(by_leaf: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    sums = np.zeros((len(by_leaf) + 1, by_leaf.shape[1]), dtype=np.int64)
    np.cumsum(by_leaf, axis=0, out=sums[1:])
    return np.asarray(sums[end] - sums[begin])


def _shown(cells: CellFigures, leaves: int, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The table's figures of leaves `begin` to `end`, SUPPRESSED unless they are whole cells that may be shown."""
    at_first = np.zeros((leaves, cells.shown.shape[1]), dtype=np.int64)
    at_first[cells.first] = cells.shown
    too_small = np.zeros((leaves, 1), dtype=np.int64)
    too_small[cells.first, 0] = ~cells.is_shown
    is_whole = whole_at(cells.first, cells.last, leaves)
    may_show = is_whole[begin] & is_whole[end] & (_between(too_small, begin, end)[:, 0] == 0)
    return np.where(may_show[:, None], _between(at_first, begin, end), SUPPRESSED)


def _joined_sources(
    leaves: Leaves, begin: np.ndarray, end: np.ndarray, levels: Sequence[np.ndarray]
) -> np.ndarray:
    joined = np.zeros((len(begin), leaves.sources.shape[1]), dtype=np.int64)
    for rows in levels:
        filled = rows[end[rows] > begin[rows]]
        if len(filled):
            borders = np.stack([begin[filled], end[filled]], axis=1).ravel()
            # A row of nothing behind the last leaf, because reduceat takes no border there.
            padded = np.vstack([leaves.sources, np.zeros_like(leaves.sources[:1])])
            joined[filled] = np.bitwise_or.reduceat(padded, borders, axis=0)[::2]
    return joined
