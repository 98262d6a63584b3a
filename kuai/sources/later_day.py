"""A later day for a delivery that is mapped already: its files are not read again, only who is still a child. Private.

The day decides two things of a mapping: which written births are believed (none of the future, none of 150 years ago)
and who is under 14. The first holds until a day that is known when mapping; the second follows from the birth alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from kuai.kit.engine import read_sql, table_at, use_table, write_table
from kuai.kit.receipt import Receipt
from kuai.kit.store import read_json, write_json
from kuai.kit.tables import TableRef
from kuai.sources.types import PERSON_MENTION, MentionSet

RECEIPT_FILE = "map.json"
# As in the reading of numbers and births.
OLDEST_YEARS = 150


@dataclass(frozen=True)
class MadeMapping:
    """What `map.json` tells of finished mention tables; all days from `day` to before `until` read them the same."""

    lasting: str
    # When the delivery was really read; days that it was moved to since do not change its readings.
    read_on: date
    day: date
    until: date
    has_identity: bool
    receipt: Receipt

    @property
    def mark(self) -> str:
        """Equal marks: equal mentions and sealed values, but for who is a child."""
        return f"{self.lasting}|{self.read_on}"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "input": self.lasting,
            "read_on": self.read_on.isoformat(),
            "as_of": self.day.isoformat(),
            "until": self.until.isoformat(),
            "has_identity": self.has_identity,
            "receipt": self.receipt.as_json(),
        }


def write_made(folder: Path, made: MadeMapping) -> None:
    """Written last: a folder with this file is complete."""
    write_json(folder / RECEIPT_FILE, made.as_json())


def read_made(folder: Path, *, lasting: str, day: date) -> MadeMapping | None:
    """What lies in `folder`, if it was made of the same input and reads the same on `day`."""
    made = _made_in(folder)
    return made if made and made.lasting == lasting and made.day <= day < made.until else None


def readings_mark(mentions: MentionSet) -> str:
    """Equal marks tell that deliveries were read alike, whatever their day; "" of rows that stand apart."""
    made = _made_in(mentions.folder)
    return made.mark if made else ""


def _made_in(folder: Path) -> MadeMapping | None:
    path = folder / RECEIPT_FILE
    if not path.exists():
        return None
    told: Mapping[str, Any] = read_json(path)
    # An earlier release told no days.
    if "read_on" not in told:
        return None
    return MadeMapping(
        lasting=told["input"],
        read_on=date.fromisoformat(told["read_on"]),
        day=date.fromisoformat(told["as_of"]),
        until=date.fromisoformat(told["until"]),
        has_identity=bool(told["has_identity"]),
        receipt=Receipt.from_json(told["receipt"]),
    )


def readings_hold_until(connection: duckdb.DuckDBPyConnection, day: date) -> date:
    """The first day after `day` on which a written birth is believed that was not, or no longer; asks the readings."""
    next_birth, eldest = connection.execute(
        read_sql(__file__, "birth_bound"), {"as_of": day.isoformat()}
    ).fetchall()[0]
    bounds = [date.max]
    if next_birth is not None:
        bounds.append(next_birth)
    if eldest is not None and eldest.year + OLDEST_YEARS < date.max.year:
        bounds.append(date(eldest.year + OLDEST_YEARS + 1, 1, 1))
    return min(bounds)


def write_persons(
    connection: duckdb.DuckDBPyConnection,
    select_sql: str,
    folder: Path,
    parameters: Mapping[str, Any],
) -> TableRef:
    """Write the namings of persons: equal rows as equal bytes, wherever they are read from.

    A build's name is a digest of these bytes. What DuckDB knows of its sources beforehand (a column without nulls)
    shapes a file, and readings know less of theirs than a file does: written without that knowledge.
    """
    connection.execute("set disabled_optimizers = 'statistics_propagation'")
    try:
        return write_table(connection, PERSON_MENTION, select_sql, folder, parameters=parameters)
    finally:
        connection.execute("reset disabled_optimizers")


def move_to_day(
    connection: duckdb.DuckDBPyConnection, folder: Path, made: MadeMapping, day: date
) -> MadeMapping:
    """The mentions in `folder` as they are on the later `day`; written anew only where a child has turned 14."""
    if made.day == day:
        return made
    use_table(connection, table_at(connection, PERSON_MENTION, folder), name="earlier_person")
    moved = read_sql(__file__, "person_on_day")
    on_day = {"as_of": day.isoformat()}
    found = connection.execute(
        f"select count(*) from ({moved}) as moved where is_child_under_14", on_day
    ).fetchall()
    children = int(found[0][0])
    notes = made.receipt.notes
    # Nobody becomes a child again: as many as before are the same.
    if children != notes["children_under_14"]:
        # First of all, because from here on the old receipt would speak of another day.
        (folder / RECEIPT_FILE).unlink()
        write_persons(connection, moved, folder, on_day)
    receipt = replace(made.receipt, notes={**notes, "children_under_14": children})
    later = replace(made, day=day, receipt=receipt)
    write_made(folder, later)
    return later
