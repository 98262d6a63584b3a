"""Count: facts -> raw figures of leaves -> cells and figures of blocks, as tables and as arrays for readers. Private.

Raw figures live in memory only; what is written has been through the cells (decision 0028).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from kuai.blocks.engine.block_matrix import (
    SUPPRESSED,
    BlockFigures,
    Leaves,
    count_cells,
    count_happenings,
    figures_of_blocks,
)
from kuai.blocks.engine.cell_series import CellFigures, Kept
from kuai.blocks.engine.counters import PersonTable, all_counters, cell_tables, person_tables
from kuai.blocks.serving_files import EVENT_KINDS, ServingArrays
from kuai.blocks.types import BLOCK_CELL, BLOCK_COUNTER, CELL_FIGURE, PackFrame
from kuai.kit.engine import read_sql, scan_sql, write_table
from kuai.kit.errors import DataFault
from kuai.kit.tables import BulkTable, TableRef

Engine = duckdb.DuckDBPyConnection
Tables = dict[str, tuple[PersonTable, CellFigures]]
# A source is a bit of a 64-bit number.
MOST_SOURCES = 62
_RANKS = {"grid": 1, "community": 2, "subdistrict": 3, "district": 4}
# What is read once only is not kept between.
_STEPS = {
    "place_leaf": "table",
    "holding": "table",
    "home": "table",
    "person_unit": "view",
    "premises_unit": "view",
    "leaf_figure": "table",
}


@dataclass(frozen=True)
class Counted:
    """Tables written, and what readers must know besides."""

    tables: dict[str, TableRef]
    series: str
    begun_in_tens: tuple[str, ...]
    sources: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True)
class BlockTree:
    """Blocks above the room in order of their number, with their last number; `up` is the row one level up or -1."""

    numbers: np.ndarray
    last: np.ndarray
    up: np.ndarray
    levels: np.ndarray
    codes: np.ndarray


def count_blocks(connection: Engine, frame: PackFrame, tree: BlockTree) -> Counted:
    """Write `block_counter`, `block_cell`, `cell_figure` and the serving arrays.

    Needs block, relation, organisation, event and person to be readable. May be repeated.
    """
    sources = _number_sources(connection, frame.library_title)
    connection.execute(
        "create or replace temp table build_day as select $day as as_of", {"day": frame.as_of}
    )
    for step, kind in _STEPS.items():
        connection.execute(f"create or replace temp {kind} {step} as {read_sql(__file__, step)}")
    leaves = _read_leaves(connection, tree)
    kept, series = _read_kept(connection, frame.before, tree, leaves.numbers)
    cells = count_cells(leaves, kept)
    happenings = count_happenings(leaves)
    blocks = figures_of_blocks(
        leaves,
        cells,
        first=tree.numbers,
        last=tree.last,
        levels={
            level: np.flatnonzero(tree.levels == level)
            for level in sorted(set(tree.levels.tolist()))
        },
        happenings=happenings,
    )
    events, categories = _read_events(connection)
    series = series or frame.version
    _arrays(tree, leaves, cells | happenings, blocks, events).write(frame.folder)
    tables = {
        "block_counter": _write_counters(connection, frame, tree, blocks, sources),
        **_write_cells(connection, frame.folder, tree, leaves, cells, series),
    }
    return Counted(tables, series, _begun_in_tens(cells), sources, categories)


def _begun_in_tens(cells: Tables) -> tuple[str, ...]:
    """Counters whose series began after others were published, from 0: readers are told why they are tens."""
    return tuple(
        key
        for table, found in cells.values()
        for column, key in enumerate(table.keys)
        if found.shown[:, column].any() and not found.begun_with[:, column].any()
    )


def read_tree(connection: Engine) -> tuple[BlockTree, pa.Table]:
    """The blocks above the room; and of every block the last number below it (`block_no`, `last_no`)."""
    found = connection.execute(
        "select block_no, coalesce(parent_no, 0) as parent_no, level <> 'room' as is_above from block order by block_no"
    ).fetchnumpy()
    numbers, parents = (
        np.asarray(found[name], dtype=np.int64) for name in ("block_no", "parent_no")
    )
    last = np.concatenate([[0], numbers])
    # Children come after their parents, so one sweep a level carries the last number up.
    while True:
        raised = last.copy()
        np.maximum.at(raised, parents, last[1:])
        raised[0] = 0
        if np.array_equal(raised, last):
            break
        last = raised
    named = connection.execute(
        "select level, code from block where level <> 'room' order by block_no"
    ).fetchnumpy()
    is_above = np.asarray(found["is_above"], dtype=bool)
    rows, parent = numbers[is_above], parents[is_above]
    tree = BlockTree(
        numbers=rows,
        last=last[1:][is_above],
        up=np.where(parent > 0, np.searchsorted(rows, parent), -1),
        levels=np.asarray(named["level"], dtype=object),
        codes=np.asarray(named["code"], dtype=object),
    )
    return tree, pa.table({"block_no": numbers, "last_no": last[1:]})


def _number_sources(connection: Engine, library_title: str) -> tuple[str, ...]:
    """Sources in order of their name, the library first; their place is their bit."""
    found = connection.execute("select distinct source from relation order by source").fetchall()
    names = [str(source) for (source,) in found]
    if len(names) > MOST_SOURCES:
        raise DataFault(
            "blocks.sources", f"来源超过 {MOST_SOURCES} 个", remedy="请把同类来源合成一个再建库。"
        )
    table = pa.table(
        {
            "source_no": pa.array(range(1, len(names) + 1), pa.int32()),
            "source": pa.array(names, pa.string()),
        }
    )
    connection.register("incoming", table)
    connection.execute("create or replace temp table source_number as select * from incoming")
    connection.unregister("incoming")
    return (library_title, *names)


def _read_leaves(connection: Engine, tree: BlockTree) -> Leaves:
    keys = list(all_counters())
    found = connection.execute("select * from leaf_figure").fetchnumpy()
    numbers = np.asarray(found["leaf_no"], dtype=np.int64)
    is_building = tree.levels == "building"
    leaves = np.union1d(np.unique(numbers), tree.numbers[is_building])
    row = np.searchsorted(leaves, numbers)
    place = {key: column for column, key in enumerate(keys)}
    column = np.array([place[key] for key in found["counter"]], dtype=np.int64)

    def spread(name: str) -> np.ndarray:
        filled = np.zeros((len(leaves), len(keys)), dtype=np.int64)
        filled[row, column] = np.asarray(found[name], dtype=np.int64)
        return filled

    return Leaves(
        numbers=leaves,
        above=_above(tree, leaves),
        figures=spread("figure"),
        persons=spread("persons"),
        asserted=spread("asserted"),
        stated=spread("stated"),
        sources=spread("source_mask"),
    )


def _above(tree: BlockTree, leaves: np.ndarray) -> tuple[np.ndarray, ...]:
    """For each level from the grid up, the block each leaf lies in; where a level is missing, the next above it."""
    ranks = np.array([_RANKS.get(level, 0) for level in tree.levels], dtype=np.int64)
    at = np.searchsorted(tree.numbers, leaves)
    above = []
    for rank in sorted(set(_RANKS.values())):
        while True:
            must_climb = (ranks[at] < rank) & (tree.up[at] >= 0)
            if not must_climb.any():
                break
            at = np.where(must_climb, tree.up[at], at)
        above.append(tree.numbers[at])
    return (*above, np.zeros(len(leaves), dtype=np.int64))


def _read_kept(
    connection: Engine, before: Path | None, tree: BlockTree, leaves: np.ndarray
) -> tuple[dict[str, Kept] | None, str]:
    """The cells of the build before, and its series. (None, "") only where nothing was ever published.

    What the build before did not publish (a counter that is new, or all of them if its cells are lost) begins at 0 and
    so is shown in tens: an exact figure beside the one published before would tell what lies between (decision 0034).
    """
    if before is None:
        return None, ""
    files = [before / f"{table.name}.parquet" for table in (BLOCK_CELL, CELL_FIGURE)]
    count = len(leaves)
    if not all(file.exists() for file in files):
        return {table.name: _nothing_kept(table, count) for table in person_tables()}, ""
    cells, figures = (_read_arrow(connection, file) for file in files)
    codes = tree.codes[np.searchsorted(tree.numbers, leaves)]
    at = dict(zip(codes, range(count), strict=True))
    kept = {table.name: _kept_of(table, cells, figures, at) for table in person_tables()}
    series = figures["series"][0].as_py() if figures.num_rows else ""
    return kept, str(series)


def _nothing_kept(table: PersonTable, leaves: int) -> Kept:
    return Kept(np.full(leaves, -1, dtype=np.int64), np.zeros((0, len(table.keys)), np.int64))


def _kept_of(table: PersonTable, cells: pa.Table, figures: pa.Table, at: Mapping[str, int]) -> Kept:
    """One table's cells and what they began with."""
    own = cells.filter(pa.compute.equal(cells["person_table"], table.name))
    cell_of_leaf = np.full(len(at), -1, dtype=np.int64)
    for code, cell in zip(own["leaf_code"].to_pylist(), own["cell_no"].to_pylist(), strict=True):
        if code in at:
            cell_of_leaf[at[code]] = cell
    # Counters that are no more are left out: what they began with goes on in the parts of what they add up to.
    is_own = pa.compute.is_in(figures["counter"], pa.array(table.keys))
    is_own = pa.compute.and_(is_own, pa.compute.equal(figures["person_table"], table.name))
    rows = figures.filter(is_own)
    numbers = rows["cell_no"].to_numpy()
    place = {key: column for column, key in enumerate(table.keys)}
    columns = np.array([place[key] for key in rows["counter"].to_pylist()], dtype=np.int64)
    count = max(int(numbers.max(initial=-1)), int(cell_of_leaf.max(initial=-1))) + 1
    begun = np.zeros((count, len(table.keys)), dtype=np.int64)
    begun[numbers, columns] = rows["begun_with"].to_numpy()
    return Kept(cell_of_leaf, begun)


def _read_events(connection: Engine) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows (leaf, kind, month, category, failed) in a fixed order, and the categories by their place."""
    connection.execute(f"create or replace temp table event_at as {read_sql(__file__, 'event_at')}")
    names = [
        str(name)
        for (name,) in connection.execute(
            "select distinct category from event_at order by 1"
        ).fetchall()
    ]
    found = connection.execute(
        "select leaf_no, kind, coalesce(month, 0) as month, category, has_failed from event_at"
        " order by leaf_no, kind, month, category, has_failed"
    ).fetchnumpy()
    category = {name: place for place, name in enumerate(names)}
    columns = (
        found["leaf_no"],
        [EVENT_KINDS.index(kind) for kind in found["kind"]],
        found["month"],
        [category[name] for name in found["category"]],
        found["has_failed"],
    )
    rows = np.stack([np.asarray(column, dtype=np.int32) for column in columns], axis=1)
    return rows.reshape(-1, len(columns)), tuple(names)


def _arrays(
    tree: BlockTree, leaves: Leaves, cells: Tables, blocks: BlockFigures, events: np.ndarray
) -> ServingArrays:
    place = {key: column for column, key in enumerate(all_counters())}
    of_leaf, of_cell = [], []
    for number, table in enumerate(cell_tables()):
        found = cells[table.name][1]
        may_show = np.append(found.is_shown, False)
        own = found.cell_of_leaf
        of_leaf.append(np.where(may_show[own], own, -1))
        for column, key in enumerate(table.keys):
            rows = np.flatnonzero(found.is_shown)
            of_cell.append(
                np.stack(
                    [
                        np.full(len(rows), number),
                        rows,
                        np.full(len(rows), place[key]),
                        found.shown[rows, column],
                    ],
                    axis=1,
                )
            )
    return ServingArrays(
        numbers=tree.numbers.astype(np.int32),
        figures=blocks.figures.astype(np.int32),
        shares=blocks.share.astype(np.float32),
        sources=blocks.sources,
        leaves=leaves.numbers.astype(np.int32),
        cells=np.stack(of_leaf, axis=1).astype(np.int32),
        cell_figures=np.concatenate(of_cell).astype(np.int32),
        events=events,
    )


def _write_counters(
    connection: Engine,
    frame: PackFrame,
    tree: BlockTree,
    blocks: BlockFigures,
    sources: Sequence[str],
) -> TableRef:
    counters = all_counters()
    keys = np.array(list(counters))
    is_told = np.array([not counter.is_hidden for counter in counters.values()])
    row, column = np.nonzero((blocks.figures != 0) & is_told)
    figures = blocks.figures[row, column]
    shares = blocks.share[row, column]
    masks, number = np.unique(blocks.sources[row, column], return_inverse=True)
    named = np.array([",".join(sorted(_names(mask, sources))) for mask in masks], dtype=object)
    table = pa.table(
        {
            "block_no": tree.numbers[row],
            "counter": pa.array(keys[column]),
            "figure": pa.array(figures, mask=figures == SUPPRESSED),
            "suppressed": figures == SUPPRESSED,
            "asserted_share": pa.array(shares, mask=np.isnan(shares)),
            "sources": pa.DictionaryArray.from_arrays(number.ravel(), pa.array(named, pa.string())),
            "as_of": pa.array([frame.as_of] * len(row), pa.date32()),
        }
    )
    return _write_arrow(connection, BLOCK_COUNTER, table, frame.folder)


def _names(mask: int, sources: Sequence[str]) -> list[str]:
    return [name for bit, name in enumerate(sources) if mask >> bit & 1]


def _write_cells(
    connection: Engine, folder: Path, tree: BlockTree, leaves: Leaves, cells: Tables, series: str
) -> dict[str, TableRef]:
    codes = tree.codes[np.searchsorted(tree.numbers, leaves.numbers)]
    of_leaf, of_cell = [], []
    for table, found in cells.values():
        own = found.cell_of_leaf
        of_leaf.append(
            pa.table(
                {
                    "person_table": pa.array([table.name] * len(codes), pa.string()),
                    "leaf_code": pa.array(codes, pa.string()),
                    "cell_no": own,
                }
            )
        )
        for column, key in enumerate(table.keys):
            count = len(found.shown)
            of_cell.append(
                pa.table(
                    {
                        "person_table": pa.array([table.name] * count, pa.string()),
                        "cell_no": np.arange(count),
                        "counter": pa.array([key] * count, pa.string()),
                        "begun_with": found.begun_with[:, column],
                        "figure": found.shown[:, column],
                        "series": pa.array([series] * count, pa.string()),
                    }
                )
            )
    return {
        BLOCK_CELL.name: _write_arrow(connection, BLOCK_CELL, pa.concat_tables(of_leaf), folder),
        CELL_FIGURE.name: _write_arrow(connection, CELL_FIGURE, pa.concat_tables(of_cell), folder),
    }


def _write_arrow(connection: Engine, table: BulkTable, rows: pa.Table, folder: Path) -> TableRef:
    connection.register("to_write", rows)
    try:
        return write_table(connection, table, "select * from to_write", folder)
    finally:
        connection.unregister("to_write")


def _read_arrow(connection: Engine, file: Path) -> pa.Table:
    table: pa.Table = connection.sql(f"select * from {scan_sql([file])}").to_arrow_table()
    return table
