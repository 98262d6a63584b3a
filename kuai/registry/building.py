"""Identify and relate: mentions and clusters -> codes for ever, elements, dated relations, conflicts. Private.

The codes come from `identifying`. Everything written here is sorted, so equal input gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from kuai.kit.engine import read_sql, use_table, use_tables, write_table
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.receipt import Receipt
from kuai.kit.tables import CATALOGUE, BulkTable, TableRef
from kuai.registry import types
from kuai.registry.engine.relation_types import RelationType, read_relation_types
from kuai.registry.identifying import (
    IDENTIFY_STEPS,
    BuildFrame,
    PreviousIdentity,
    identify,
    make_step,
    open_identity,
    read_identity,
)

SHIPPED_RELATIONS = Path(__file__).parent / "relations.yaml"
RELATE_STEPS = ("place", "row_place", "known_at")


@dataclass(frozen=True)
class PreviousBuild:
    """What an earlier build knew: whom each mention was, under which codes."""

    identity: PreviousIdentity


def read_previous(connection: duckdb.DuckDBPyConnection, core: Path) -> PreviousBuild:
    """The tables of an earlier build's core folder that this one follows on from."""
    return PreviousBuild(identity=read_identity(connection, core))


def relation_types(store_root: Path | None = None) -> tuple[RelationType, ...]:
    """The city's own catalogue if it keeps one at STORE/relations.yaml, else the shipped one."""
    own = store_root / "relations.yaml" if store_root else None
    return read_relation_types(own if own and own.exists() else SHIPPED_RELATIONS)


def identify_and_relate(
    connection: duckdb.DuckDBPyConnection,
    *,
    inputs: Mapping[str, Sequence[TableRef]],
    purposes_by_source: Mapping[str, tuple[str, ...]],
    previous: PreviousBuild | None,
    frame: BuildFrame,
    catalogue: Sequence[RelationType],
    progress: Progress = SILENT,
) -> tuple[dict[str, TableRef], Receipt]:
    """Write the element tables, relations, conflicts and the identity ledger into `frame.folder`.

    `inputs` holds, by table name, the mention tables, washes and links of all sources. Safe to repeat.
    """
    _open_inputs(connection, inputs, previous, catalogue, purposes_by_source)
    with progress_line(
        progress,
        "认定代码",
        total=IDENTIFY_STEPS + len(RELATE_STEPS),
        measure="步",
    ) as line:
        identify(connection, frame, line=line)
        for step in RELATE_STEPS:
            make_step(connection, step, frame)
            line.advance()
    made = _write_all(connection, frame, progress=progress)
    return made, _receipt(connection, made)


def _open_inputs(
    connection: duckdb.DuckDBPyConnection,
    inputs: Mapping[str, Sequence[TableRef]],
    previous: PreviousBuild | None,
    catalogue: Sequence[RelationType],
    purposes_by_source: Mapping[str, tuple[str, ...]],
) -> None:
    for name, refs in inputs.items():
        use_tables(connection, CATALOGUE.tables[name], refs)
    open_identity(connection, previous.identity if previous else None)
    _register(
        connection,
        "relation_type",
        {
            "code": [entry.code for entry in catalogue],
            "from_element": [entry.from_element for entry in catalogue],
            "to_element": [entry.to_element for entry in catalogue],
        },
    )
    sources = sorted(purposes_by_source)
    _register(
        connection,
        "source_purpose",
        {
            "source": sources,
            "purposes": [",".join(sorted(purposes_by_source[name])) for name in sources],
        },
    )


def _register(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, list[str]]
) -> None:
    schema = pa.schema([(column, pa.string()) for column in columns])
    arrow = pa.table(columns, schema=schema)
    connection.register("incoming", arrow)
    connection.execute(f"create or replace temp table {name} as select * from incoming")
    connection.unregister("incoming")


def _write_all(
    connection: duckdb.DuckDBPyConnection, frame: BuildFrame, *, progress: Progress
) -> dict[str, TableRef]:
    parameters: dict[BulkTable, dict[str, object]] = {
        types.PERSON: {"as_of": frame.as_of},
        types.RELATION: {"as_of": frame.as_of},
        types.IDENTITY_LEDGER: {"build": frame.version},
    }
    order = (
        types.IDENTITY_LEDGER,
        types.PERSON,
        types.ORGANISATION,
        types.EVENT,
        types.CONTACT,
        types.MENTION_ELEMENT,
        types.RELATION,
        types.CONFLICT,
    )
    made: dict[str, TableRef] = {}
    with progress_line(progress, "写关系", total=len(order), measure="表") as line:
        for table in order:
            step = read_sql(__file__, table.name)
            made[table.name] = write_table(
                connection, table, step, frame.folder, parameters=parameters.get(table)
            )
            use_table(connection, made[table.name])
            line.advance()
    return made


def _receipt(connection: duckdb.DuckDBPyConnection, made: Mapping[str, TableRef]) -> Receipt:
    """Every mention is identified or it is an event kept back (a card of a known resident); statements likewise."""
    mentions = _count(connection, "select count(*) from element_mention")
    kept_back = _count(
        connection,
        "select count(*) from identified as i left join event as e on e.event_code = i.code"
        " where i.element = 'event' and e.event_code is null",
    )
    stated = _count(connection, "select count(*) from row_link")
    related = made["relation"].rows
    return Receipt.total(
        "identify_and_relate",
        (
            Receipt("identify", mentions, mentions - kept_back, refused=kept_back, what="mentions"),
            Receipt(
                "relate",
                stated,
                related,
                refused=stated - related,
                what="statements",
                notes={"conflicts": made["conflict"].rows},
            ),
        ),
        what="mentions and statements",
        **{name: ref.rows for name, ref in made.items()},
    )


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
