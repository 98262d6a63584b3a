"""The newest day a delivery speaks of: a package without `as_of` is built as of the newest day in it. Private."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from kuai.guard.actions import open_sealed
from kuai.kit.engine import engine, read_sql
from kuai.kit.store import Store
from kuai.sources.engine.mappings import ColumnMapping, Mapping, locate_columns
from kuai.sources.types import SnapshotRef

# Days on which the office acted. Birth says nothing of today, and an ending may lie years ahead.
DAYS_OF_ACTING = ("event.occurred_on", "row.recorded_on")
# A register of firms may say no other day: then it is as new as its youngest firm.
DAYS_OF_FOUNDING = ("organisation.founded_on",)


def newest_day(
    store: Store, snapshot: SnapshotRef, mapping: Mapping, *, not_after: date | None = None
) -> date | None:
    """The newest day on which something happened or was recorded, else a firm was founded; None if there is none.

    Days after `not_after` are slips of typing and do not count.
    """
    if mapping.refused:
        return None
    columns = locate_columns(mapping, snapshot.headings)
    places = _places_of(columns, DAYS_OF_ACTING) or _places_of(columns, DAYS_OF_FOUNDING)
    if not places:
        return None
    names = [f"c{number}" for number in places]
    delivered = open_sealed(
        store,
        zone=mapping.zone,
        source=snapshot.source,
        period=snapshot.period,
        name="snapshot",
        columns=names,
    )
    cells = pa.chunked_array(
        [chunk for name in names for chunk in delivered[name].chunks], type=pa.string()
    )
    with engine() as connection:
        connection.register("written", pa.table({"raw": cells.unique()}))
        connection.execute(
            "create temp table written_day as select trim(raw) as raw from written where raw is not null"
        )
        found = connection.execute(
            f"select max(day) from ({read_sql(__file__, 'day_reading')}) as read where day <= $not_after",
            {"not_after": not_after or date.max},
        ).fetchall()
    return found[0][0] if found else None


def _places_of(columns: dict[int, ColumnMapping], fields: tuple[str, ...]) -> list[int]:
    return [number for number, column in columns.items() if column.field in fields]
