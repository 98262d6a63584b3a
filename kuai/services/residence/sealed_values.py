"""Names and numbers of declarations: sealed in the vault under a key of their own, so that one can be shredded.

Laid down as the guard's `identity` tables are, so that `reveal` reads them by ticket like any person's. Private.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from kuai.guard.actions import open_sealed, seal_table, sealed_exists, shred_period
from kuai.guard.types import Zone
from kuai.kit.store import Store

# The source under which declarations wait in the vault; as registered by the guard.
SOURCE = "declared"
TABLE = "identity"
RETURNED = "returned"
FIELDS = ("name", "id_number", "phone", "guardian_phone", "credit_code", "birth_year")
SCHEMA = pa.schema(
    [("mention_key", pa.string()), ("row_no", pa.int32())] + [(one, pa.string()) for one in FIELDS]
)


def seal_values(store: Store, period: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Seal the values of one declaration, or of one sheet's rows in order."""
    columns = {one: [row.get(one, "") for row in rows] for one in FIELDS}
    numbers = list(range(len(rows)))
    keys = [mention_key(period, row) for row in numbers]
    table = pa.table({"mention_key": keys, "row_no": numbers, **columns}, schema=SCHEMA)
    seal_table(store, zone=Zone.CORE, source=SOURCE, period=period, name=TABLE, table=table)


def read_values(store: Store, period: str, row: int) -> dict[str, str]:
    """The values of one row; empty where they were shredded."""
    names = {"zone": Zone.CORE, "source": SOURCE, "period": period, "name": TABLE}
    if not sealed_exists(store, **names):  # type: ignore[arg-type]
        return {}
    table = open_sealed(store, columns=list(FIELDS), rows=(row, row + 1), **names)  # type: ignore[arg-type]
    return {one: str(table[one][0].as_py() or "") for one in FIELDS} if table.num_rows else {}


def seal_returned(store: Store, period: str, content: bytes) -> None:
    """Seal the rows that go back to a landlord, under the key of their sheet."""
    table = pa.table({"content": pa.array([content], pa.binary())})
    seal_table(store, zone=Zone.CORE, source=SOURCE, period=period, name=RETURNED, table=table)


def read_returned(store: Store, period: str) -> bytes:
    """The returned rows of a sheet; empty where there are none."""
    names = {"zone": Zone.CORE, "source": SOURCE, "period": period, "name": RETURNED}
    if not sealed_exists(store, **names):  # type: ignore[arg-type]
        return b""
    found = open_sealed(store, **names)["content"][0].as_py()  # type: ignore[arg-type]
    return bytes(found)


def shred_values(store: Store, period: str) -> None:
    """For ever."""
    shred_period(store, zone=Zone.CORE, source=SOURCE, period=period)


def sealed_periods(store: Store, *, before: datetime) -> set[str]:
    """What lies sealed since before an instant."""
    folder = store.vault / Zone.CORE.value / SOURCE
    return {one.name for one in folder.glob("*") if one.stat().st_mtime <= before.timestamp()}


def mention_key(period: str, row: int) -> str:
    """How the guard names the sealed row."""
    return f"{SOURCE}:{period}-{row}#subject"
