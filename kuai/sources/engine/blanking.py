"""Blanks what no purpose asks for before anything is sealed: the places of cells stay, their contents do not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc

# Shared by all blanked columns of all batches; its length is that of the longest batches we write.
_BLANKS = pa.repeat("", 65_536)
# Rows whose cells cannot be told apart: a reading may stand where a name should, so no cell of them is kept.
UNALIGNED = ("cells.too_few", "cells.too_many", "cells.unpaired_quote")


def blank_snapshot(batch: pa.RecordBatch, *, taken: Collection[int]) -> pa.RecordBatch:
    """Rows of a snapshot with '' in every column that is not taken."""
    arrays = [
        batch.column(name) if _is_kept(name, taken) else _blanks(batch.num_rows)
        for name in batch.schema.names
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def blank_quarantine(batch: pa.RecordBatch, *, taken: Collection[int]) -> pa.RecordBatch:
    """Quarantined rows likewise; cells beyond the heading and cells that cannot be told apart go altogether."""
    blanked = blank_snapshot(batch, taken=taken)
    if _takes_all(batch.schema.names, taken):
        return blanked
    unaligned = pc.is_in(batch.column("code"), value_set=pa.array(UNALIGNED))
    arrays = []
    for name in batch.schema.names:
        column = blanked.column(name)
        if name == "extra":
            column = pa.nulls(batch.num_rows, pa.string())
        elif _cell_number(name) is not None:
            column = pc.if_else(unaligned, "", column)
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _blanks(rows: int) -> pa.Array:
    return _BLANKS.slice(0, rows) if rows <= len(_BLANKS) else pa.repeat("", rows)


def _cell_number(name: str) -> int | None:
    return int(name[1:]) if name[:1] == "c" and name[1:].isdigit() else None


def _is_kept(name: str, taken: Collection[int]) -> bool:
    number = _cell_number(name)
    return number is None or number in taken


def _takes_all(names: Sequence[str], taken: Collection[int]) -> bool:
    return all(_is_kept(name, taken) for name in names)
