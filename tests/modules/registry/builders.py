"""A tiny world for the registry: mentions, links and washes as rows, written as the tables the rooms exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from kuai.address.types import ADDRESS_WASH
from kuai.kit.engine import write_table
from kuai.kit.tables import BulkTable, TableRef
from kuai.linkage.types import ORGANISATION_LINK, PERSON_LINK
from kuai.registry import actions as registry
from kuai.registry.types import DECISION
from kuai.sources.types import MENTION_TABLES, PERSON_MENTION

TODAY = date(2026, 10, 31)
USUAL: dict[str, Any] = {
    "source": "police",
    "period": "0001",
    "id_kind": "resident",
    "id_valid": True,
    "birth_precision": "day",
    "sex": "1",
    "is_child_under_14": False,
    "is_sentence": False,
    "kind": "enterprise",
    "state": "active",
    "credit_code_valid": True,
    "share": "",
    "precision": "day",
    "match_probability": 1.0,
    "reason": "号码相同",
    "quarantined": False,
}


@dataclass
class World:
    """Rows by table name; every helper adds what one statement of an office needs."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def person(
        self,
        row: int,
        *,
        role: str = "subject",
        cluster: str = "",
        source: str = "police",
        **more: Any,
    ) -> str:
        """A person mention, alone in its cluster unless `cluster` names another mention."""
        record = f"{source}:{row}"
        key = f"{record}#{role}"
        keys = {
            "mention_key": key,
            "record_key": record,
            "row_no": row,
            "role": role,
            "source": source,
        }
        self.add("person_mention", **keys, **more)
        self.add("person_link", mention_key=key, cluster_key=cluster or key)
        return key

    def place(
        self,
        row: int,
        code: str | None,
        *,
        role: str = "home",
        grade: str = "A",
        source: str = "police",
        **more: Any,
    ) -> str:
        """An address mention washed to `code`."""
        record = f"{source}:{row}"
        key = f"{record}#{role}"
        self.add(
            "address_mention",
            mention_key=key,
            record_key=record,
            row_no=row,
            role=role,
            source=source,
            text="x",
            **more,
        )
        level = {25: "room", 19: "building", 12: "community"}.get(len(code or ""), "")
        self.add("address_wash", mention_key=key, address_code=code, level=level, grade=grade)
        return key

    def event(self, row: int, kind: str, *, source: str = "events", day: date = TODAY) -> str:
        record = f"{source}:{row}"
        key = f"{record}#event"
        self.add(
            "event_mention",
            mention_key=key,
            record_key=record,
            row_no=row,
            role="event",
            source=source,
            kind=kind,
            occurred_on=day,
        )
        return key

    def link(self, relation: str, from_mention: str, to_mention: str, **more: Any) -> None:
        """What the row of `from_mention` says of the two."""
        record = from_mention.split("#")[0]
        source, row = record.split(":")
        keys = {"record_key": record, "source": source, "row_no": int(row)}
        self.add(
            "row_link",
            relation=relation,
            from_mention=from_mention,
            to_mention=to_mention,
            **keys,
            **more,
        )

    def decide(self, sequence: int, kind: str, *subjects: str, staying: Sequence[str] = ()) -> None:
        """A decision in force on identity; for a split the subjects leave."""
        for part, keys in (("subject", subjects), ("staying", staying)):
            for place, key in enumerate(keys):
                self.add(
                    "decision", sequence=sequence, kind=kind, place=place, part=part, subject=key
                )

    def resident(self, row: int, code: str, **more: Any) -> str:
        """A person registered as living at `code`."""
        person = self.person(row, **more)
        self.link("PH_RESIDE", person, self.place(row, code))
        return person


INPUTS: tuple[BulkTable, ...] = (*MENTION_TABLES, ADDRESS_WASH, PERSON_LINK, ORGANISATION_LINK)


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    table: BulkTable,
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
) -> TableRef:
    """`rows` as the declared table; what a row leaves out is usual or null."""
    columns = {
        column.name: [row.get(column.name, USUAL.get(column.name)) for row in rows]
        for column in table.columns
    }
    connection.register("given", pa.table(columns))
    select = ", ".join(
        f'cast("{column.name}" as {column.type}) as "{column.name}"' for column in table.columns
    )
    ref = write_table(connection, table, f"select {select} from given", folder)
    connection.unregister("given")
    return ref


def relate_world(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    folder: Path,
    *,
    version: str = "b-20261031-000000000001",
    previous: Path | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Identify and relate `world`; every made table as rows by name."""
    inputs = {
        table.name: [write_rows(connection, table, world.rows.get(table.name, []), folder / "in")]
        for table in (*INPUTS, DECISION)
    }
    made, receipt = registry.identify_and_relate(
        connection,
        inputs=inputs,
        purposes_by_source={"police": ("grid_visit", "residence_registration")},
        previous=registry.read_previous(connection, previous) if previous else None,
        frame=registry.BuildFrame(version=version, as_of=TODAY, folder=folder / "core"),
        catalogue=registry.relation_types(),
    )
    assert receipt.received == receipt.kept + receipt.refused
    return {name: read_rows(connection, ref) for name, ref in made.items()}


def read_rows(connection: duckdb.DuckDBPyConnection, ref: TableRef) -> list[dict[str, Any]]:
    table: pa.Table = connection.sql(
        f"select * from read_parquet('{ref.paths[0]}')"
    ).to_arrow_table()
    return table.to_pylist()


assert PERSON_MENTION in INPUTS
