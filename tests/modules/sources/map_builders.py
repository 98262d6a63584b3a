"""Builders for the map stage: invented rows (division codes 440380-440399) sealed as a snapshot and mapped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

import duckdb
import pyarrow as pa

from kuai.guard.actions import open_sealed, seal_table
from kuai.guard.types import SourceRegistration, Zone
from kuai.kit.identity_numbers import check_character
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.sources import actions
from kuai.sources.engine.mappings import Mapping
from kuai.sources.engine.suggesting import suggest_mapping
from kuai.sources.types import MentionSet, SnapshotRef

AS_OF = date(2026, 11, 22)
PERIOD = "2026-11"
FIRM_CODE = "91350100M000100Y43"


def an_id(serial: int, *, born: str = "19800101") -> str:
    """A check-valid identity number of the unissued division 440380."""
    first_17 = f"440380{born}{serial:03d}"
    return first_17 + check_character(first_17)


def suggest(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, source: str = "list"
) -> Mapping:
    """The suggestion for a table."""
    return suggest_mapping(
        source, headings, [[row[n] for row in rows] for n in range(len(headings))]
    )


def fields_of(mapping: Mapping) -> dict[str, str]:
    """heading -> field@role, or the reason of the refusal."""
    return {
        column.heading: f"{column.field}@{column.role}"
        if column.is_taken
        else f"× {column.refused}"
        for column in mapping.columns
    }


def a_registration(source: str, *, zone: Zone = Zone.CORE, **changes: object) -> SourceRegistration:
    """A synthetic source's registration."""
    values: dict[str, object] = {
        "source": source,
        "title": source,
        "zone": zone,
        "handler": "街道",
        "legal_basis": "职责清单",
        "agreement": "协议",
        "permitted_purposes": (),
        "notice_version": "1",
        "assessment_id": "",
        "assessment_approved_on": None,
        "retention_days": 365,
        "refresh_days": 31,
        "has_personal_columns": True,
        "synthetic": True,
    }
    return SourceRegistration(**(values | changes))  # type: ignore[arg-type]


def seal_rows(
    store: Store,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    source: str = "list",
    zone: Zone = Zone.CORE,
) -> SnapshotRef:
    """Rows as receive seals them."""
    columns = {
        f"c{n}": pa.array([row[n] for row in rows], pa.string()) for n in range(len(headings))
    }
    table = pa.table({"row_no": pa.array(range(len(rows)), pa.int32()), **columns})
    seal_table(store, zone=zone, source=source, period=PERIOD, name="snapshot", table=table)
    content = hashlib.sha256(
        repr((tuple(headings), [tuple(row) for row in rows])).encode()
    ).hexdigest()
    return SnapshotRef(source, PERIOD, f"{source}.csv", content, tuple(headings), len(rows))


def map_rows(
    store: Store,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    source: str = "list",
    mapping: Mapping | None = None,
    as_of: date = AS_OF,
) -> tuple[MentionSet, Receipt]:
    """Seal, suggest and map."""
    used = mapping or suggest(headings, rows, source=source)
    snapshot = seal_rows(store, headings, rows, source=source, zone=used.zone)
    registration = a_registration(source, zone=used.zone)
    return actions.map_snapshot(store, snapshot, used, registration=registration, as_of=as_of)


def read_rows(mentions: MentionSet, table: str) -> list[dict[str, object]]:
    """The rows of a mention table in file order."""
    path = mentions.tables[table].paths[0]
    return (
        duckdb.connect()
        .execute(f"select * from read_parquet('{path}')")
        .to_arrow_table()
        .to_pylist()
    )


def opened(store: Store, name: str, *, zone: Zone = Zone.CORE, source: str = "list") -> list[dict]:
    """Rows of a sealed table."""
    return open_sealed(store, zone=zone, source=source, period=PERIOD, name=name).to_pylist()
