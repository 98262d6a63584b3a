"""The living entries of one area with their outlines, and what is wrong with them on the ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from kuai.address.ground.coverage import GroundFinding, survey_coverage
from kuai.address.life.shapes import DEPTH, Entry, Outline
from kuai.address.record import LibraryRecord
from kuai.address.snapshots import SnapshotBase
from kuai.address.types import ADDRESS_ENTRY, ADDRESS_GEOMETRY, Level
from kuai.kit.tables import BulkTable


@dataclass(frozen=True)
class Drawing:
    """One area: its living entries down to buildings, and their outlines."""

    entries: tuple[Entry, ...]
    shapes: Mapping[str, Any]
    datums: Mapping[str, str]

    @property
    def has_outlines(self) -> bool:
        """Whether any area in it has an outline; without, gaps and overlaps cannot be told."""
        return any(
            one.level is not Level.BUILDING and one.address_code in self.shapes
            for one in self.entries
        )


def area_under(record: LibraryRecord, code: str, *, deepest: Level = Level.BUILDING) -> Drawing:
    """The living entries from `code` (empty: the tops) down to `deepest`, with their outlines."""
    tops = [record.entry(code)] if code else record.roots()
    entries = [*tops, *_living_below(record, tops, deepest=deepest)]
    outlines = _outlines_of(record, [one.address_code for one in entries])
    shapes = shapely.from_wkb(np.array([one.geometry for one in outlines], dtype=object))
    return Drawing(
        entries=tuple(entries),
        shapes={one.address_code: shape for one, shape in zip(outlines, shapes, strict=True)},
        datums={one.address_code: one.delivered_datum for one in outlines},
    )


def _living_below(record: LibraryRecord, tops: Sequence[Entry], *, deepest: Level) -> list[Entry]:
    found: list[Entry] = []
    frontier = [one.address_code for one in tops if DEPTH[one.level] < DEPTH[deepest]]
    while frontier:
        # A house's rooms are never asked for when houses are the deepest: there are twenty times as many.
        below = [
            one
            for one in record.state.children_of(frontier)
            if one.is_living and DEPTH[one.level] <= DEPTH[deepest]
        ]
        found += below
        frontier = [one.address_code for one in below if DEPTH[one.level] < DEPTH[deepest]]
    return found


def _outlines_of(record: LibraryRecord, codes: Sequence[str]) -> list[Outline]:
    """The outlines of many entries in one question."""
    state = record.state
    found = [state.outlines[code] for code in codes if code in state.outlines]
    if isinstance(state.base, SnapshotBase):
        at_rest = state.base.rows(
            "select address_code, geometry, delivered_datum from address_geometry"
            " where address_code in (select unnest(?)) order by address_code",
            [[code for code in codes if code not in state.outlines]],
        )
        found += [Outline(*row) for row in at_rest]
    return found


def label_of(entry: Entry, text_above: str) -> str:
    """What tells an entry from its neighbours: for a building its text after the area's, as estates share names."""
    tail = entry.standard_text.removeprefix(text_above) if text_above else ""
    is_own = entry.level is Level.BUILDING and 0 < len(tail) < len(entry.standard_text)
    return tail if is_own else entry.name or entry.address_code


def survey_area(drawing: Drawing, *, under: str) -> tuple[GroundFinding, ...]:
    """Gaps, overlaps, buildings without a point, points outside their area, in what was gathered."""
    return survey_coverage(entry_table(drawing.entries), geometry_table(drawing), under=under)


def _schema_of(table: BulkTable) -> pa.Schema:
    return pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])


_ARROW = {"VARCHAR": pa.string(), "DOUBLE": pa.float64(), "BLOB": pa.binary()}


def entry_table(entries: Sequence[Entry]) -> pa.Table:
    rows = [
        {
            "address_code": one.address_code,
            "level": one.level.value,
            "parent_code": one.parent_code,
            "name": one.name,
            "standard_text": one.standard_text,
            "longitude": one.longitude,
            "latitude": one.latitude,
            "use": one.use,
            "state": one.state.value,
        }
        for one in entries
    ]
    return pa.Table.from_pylist(rows, schema=_schema_of(ADDRESS_ENTRY))


def geometry_table(drawing: Drawing) -> pa.Table:
    rows = [
        {
            "address_code": code,
            "geometry": shapely.to_wkb(shape),
            "delivered_datum": drawing.datums[code],
        }
        for code, shape in drawing.shapes.items()
    ]
    return pa.Table.from_pylist(rows, schema=_schema_of(ADDRESS_GEOMETRY))
