"""Relate: what rows state, what the build before it had as stated, what people decided -> relations and base facts.

Private; its door is `actions`. Statements, facts and the two libraries: decision 0022.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from kuai.address.types import ADDRESS_ENTRY, ADDRESS_SUCCESSION
from kuai.kit.engine import (
    path_sql,
    read_sql,
    scan_sql,
    table_at,
    use_table,
    use_tables,
    write_table,
)
from kuai.kit.progress import ProgressTask
from kuai.kit.tables import BulkTable, TableRef
from kuai.registry import types
from kuai.registry.engine.relation_types import RelationType
from kuai.registry.engine.standing import (
    Status,
    close_under_combination,
    mask_of,
    purpose_bits,
    read_purposes,
    write_purposes,
)
from kuai.registry.identifying import (
    BuildFrame,
    drop_steps,
    make_step,
    make_unless_empty,
    make_view,
)
from kuai.sources.types import ROW_LINK

LINKS_OF_A_FILE = 1 << 40
# What a build may do without: the first one has no decisions, a small test no library.
OPTIONAL_INPUTS = (types.DECISION, ADDRESS_ENTRY, ADDRESS_SUCCESSION)
REMEMBERED_TABLES = {
    types.RELATION: "previous_relation",
    types.RESTING_STATEMENT: "previous_resting",
    types.LIFE_EVENT: "previous_life",
    types.ORGANISATION: "previous_organisation",
}
BEFORE_ELEMENTS = (
    "code_now",
    "link",
    "fact_word",
    "contested_attribute",
    "place",
    "linked_place",
    "line_place",
    "known_at",
    "element_standing",
)
AFTER_ELEMENTS = ("element_end", "held", "remembered", "carried", "first_said")
# Steps that have no rows where these have none.
ASKS_FOR = {
    "fact_word": "decision",
    "contested_attribute": "decision",
    "carried": "remembered",
    "first_said": "remembered",
    "fact_dispute": "fact_word",
    "fact_standing": "fact_word",
}
ELEMENTS = (types.PERSON, types.ORGANISATION, types.EVENT, types.CONTACT, types.MENTION_ELEMENT)
RELATIONS = (
    types.RELATION,
    types.RESTING_STATEMENT,
    types.CONFLICT,
    types.BASE_FACT,
    types.LIFE_EVENT,
    types.STRUCTURE,
)
# One more: what speaks against verified facts.
RELATE_STEPS = len(BEFORE_ELEMENTS) + len(AFTER_ELEMENTS) + 1 + len(ELEMENTS) + len(RELATIONS)


@dataclass(frozen=True)
class SourceDelivery:
    """One delivery of a source. `kind`: full, delta or append if it is in the build; shredded if nothing of it may be
    carried on from an earlier one. `retention_days` 0: nobody said.

    Given in the order in which they came; only a full delivery ends what it leaves out.
    """

    source: str
    period: str
    kind: str
    as_of: date
    retention_days: int = 0


def read_remembered(connection: duckdb.DuckDBPyConnection, core: Path) -> dict[BulkTable, TableRef]:
    """What an earlier build's core folder has of the tables that this one follows on from.

    A table that was written before it had its columns of today is left out: that build knew no statements by key.
    """
    found = {}
    for table in REMEMBERED_TABLES:
        path = core / f"{table.name}.parquet"
        if path.exists() and set(table.column_names) <= _columns_of(connection, path):
            found[table] = table_at(connection, table, core)
    return found


def _columns_of(connection: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    described = connection.execute(f"describe select * from {scan_sql([path])}").fetchall()
    return {str(row[0]) for row in described}


def open_relating(
    connection: duckdb.DuckDBPyConnection,
    *,
    given: frozenset[str],
    remembered: Mapping[BulkTable, TableRef],
    catalogue: Sequence[RelationType],
    purposes_by_source: Mapping[str, tuple[str, ...]],
    deliveries: Sequence[SourceDelivery],
) -> None:
    """Make readable what relating needs beside the inputs `given`."""
    for table in OPTIONAL_INPUTS:
        if table.name not in given:
            use_tables(connection, table, [])
    for table, name in REMEMBERED_TABLES.items():
        refs = [remembered[table]] if table in remembered else []
        use_tables(connection, table, refs, name=name)
    _register_types(connection, catalogue)
    _register_deliveries(connection, deliveries)
    _register_standings(connection, purposes_by_source)
    _register(
        connection,
        "status_rank",
        {
            "status": (pa.string(), [one.word for one in Status]),
            "standing": (pa.int32(), [int(one) for one in Status]),
        },
    )


def open_links(connection: duckdb.DuckDBPyConnection, refs: Sequence[TableRef]) -> None:
    """View `row_link` with each link's number, `link_no`: its file's place and its own in the file.

    Files are sorted by row, relation and both ends, so that links of one row are numbered in that order.
    """
    files = [path for ref in refs for path in ref.paths]
    if not files:
        empty = ", ".join(f'null::{one.type} as "{one.name}"' for one in ROW_LINK.columns)
        connection.execute(
            f"create or replace temp view row_link as select {empty}, null::bigint as link_no where false"
        )
        return
    columns = ", ".join(f'"{name}"' for name in ROW_LINK.column_names)
    union = " union all ".join(
        f"select {columns}, {place * LINKS_OF_A_FILE} + file_row_number as link_no"
        f" from read_parquet({path_sql(path)}, file_row_number = true)"
        for place, path in enumerate(files)
    )
    connection.execute(f"create or replace temp view row_link as {union}")


def relate(
    connection: duckdb.DuckDBPyConnection, frame: BuildFrame, *, line: ProgressTask
) -> dict[str, TableRef]:
    """Write the element tables and everything said of them. Needs `identified` and the ledger of this build."""
    made: dict[str, TableRef] = {}
    for step in BEFORE_ELEMENTS:
        _make(connection, step, frame)
        line.advance()
    make_view(connection, "statement_end")
    for table in ELEMENTS:
        if table is types.MENTION_ELEMENT:
            _join_mentions(connection, frame)
        made[table.name] = _write(connection, table, frame)
        line.advance()
    drop_steps(connection, "address_line", "mention_place")
    for step in ("element_end", "held"):
        _make(connection, step, frame)
    drop_steps(connection, "link")
    make_view(connection, "stated")
    for step in ("remembered", "carried", "first_said"):
        _make(connection, step, frame)
    drop_steps(connection, "remembered")
    line.advance(len(AFTER_ELEMENTS))
    _number_statements(connection, frame)
    _make_said(connection, frame)
    _make(connection, "fact_dispute", frame)
    line.advance()
    for table in RELATIONS:
        if table is types.BASE_FACT:
            _make(connection, "fact_standing", frame)
        made[table.name] = _write(connection, table, frame)
        line.advance()
        if table is types.RELATION:
            drop_steps(connection, "held", "statement_number")
    return made


def _number_statements(connection: duckdb.DuckDBPyConnection, frame: BuildFrame) -> None:
    """From here on `held` has numbers. They are joined before the rows' own words are, lest those be held in memory."""
    make_step(connection, "statement_number", frame)
    make_step(connection, "numbered", frame)
    drop_steps(connection, "first_said")
    drop_steps(connection, "held")
    connection.execute("alter table numbered rename to held")


def _join_mentions(connection: duckdb.DuckDBPyConnection, frame: BuildFrame) -> None:
    """The joins of the widest table beforehand, one at a time, because all at once they leave no memory to sort in."""
    drop_steps(connection, "known_at", "element_standing", "all_code")
    make_step(connection, "address_line", frame)
    make_step(connection, "mention_place", frame)
    drop_steps(connection, "linked_place", "line_place")


def _make(connection: duckdb.DuckDBPyConnection, step: str, frame: BuildFrame) -> None:
    if step in ASKS_FOR:
        make_unless_empty(connection, step, frame, where_from=ASKS_FOR[step])
    else:
        make_step(connection, step, frame)


def count_fates(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """What became of the statements that no row of this build makes, by what became of them."""
    rows = connection.execute("select fate, count(*) from carried group by fate").fetchall()
    return {str(fate): int(count) for fate, count in sorted(rows)}


def _write(connection: duckdb.DuckDBPyConnection, table: BulkTable, frame: BuildFrame) -> TableRef:
    step = read_sql(__file__, table.name)
    parameters = {"as_of": frame.as_of} if "$as_of" in step else None
    ref = write_table(connection, table, step, frame.folder, parameters=parameters)
    use_table(connection, ref)
    return ref


def _make_said(connection: duckdb.DuckDBPyConnection, frame: BuildFrame) -> None:
    """All statements as a view: read once by the relations, they need not be kept twice."""
    # A view takes no parameters.
    sql = read_sql(__file__, "said").replace("$as_of", f"'{frame.as_of.isoformat()}'")
    connection.execute(f"create or replace temp view said as {sql}")


# --- what is registered --------------------------------------------------------------------------


def _register_types(
    connection: duckdb.DuckDBPyConnection, catalogue: Sequence[RelationType]
) -> None:
    _register(
        connection,
        "relation_type",
        {
            "code": (pa.string(), [one.code for one in catalogue]),
            "from_element": (pa.string(), [one.from_element for one in catalogue]),
            "to_element": (pa.string(), [one.to_element for one in catalogue]),
            "at_most": (pa.int32(), [one.at_most for one in catalogue]),
            "to_at_most": (pa.int32(), [one.to_at_most for one in catalogue]),
            "most_at_once": (
                pa.int32(),
                [1 if one.has_one_primary else one.at_most for one in catalogue],
            ),
            "levels": (pa.int32(), [len(one.verified_by) for one in catalogue]),
            "conflict": (pa.string(), [one.conflict for one in catalogue]),
            "conflict_zh": (pa.string(), [one.conflict_zh for one in catalogue]),
        },
    )


def _register_deliveries(
    connection: duckdb.DuckDBPyConnection, deliveries: Sequence[SourceDelivery]
) -> None:
    _register(
        connection,
        "source_delivery",
        {
            "source": (pa.string(), [one.source for one in deliveries]),
            "period": (pa.string(), [one.period for one in deliveries]),
            "kind": (pa.string(), [one.kind for one in deliveries]),
            "place": (pa.int32(), list(range(len(deliveries)))),
            "as_of": (pa.date32(), [one.as_of for one in deliveries]),
            "retention_days": (pa.int32(), [one.retention_days for one in deliveries]),
        },
    )


def _register_standings(
    connection: duckdb.DuckDBPyConnection, purposes_by_source: Mapping[str, tuple[str, ...]]
) -> None:
    """Purposes as numbers: of each source, of each text an earlier build wrote, and back for what may be derived."""
    of_sources = {source: frozenset(given) for source, given in purposes_by_source.items()}
    sets = close_under_combination({*of_sources.values(), *_written_purposes(connection)})
    bits = purpose_bits(purpose for one in sets for purpose in one)
    masks = sorted((mask_of(one, bits), write_purposes(one)) for one in sets)
    numbers, texts = [mask for mask, _ in masks], [text for _, text in masks]
    for name in ("purpose_mask", "purpose_set"):
        _register(
            connection, name, {"mask": (pa.int64(), numbers), "purposes": (pa.string(), texts)}
        )
    names = sorted(of_sources)
    _register(
        connection,
        "source_standing",
        {
            "source": (pa.string(), names),
            "mask": (pa.int64(), [mask_of(of_sources[name], bits) for name in names]),
        },
    )


def _written_purposes(connection: duckdb.DuckDBPyConnection) -> set[frozenset[str]]:
    rows = connection.execute(
        " union ".join(f"select purposes from {name}" for name in REMEMBERED_TABLES.values())
    ).fetchall()
    return {read_purposes(str(row[0])) for row in rows}


def _register(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, tuple[pa.DataType, list[Any]]],
) -> None:
    schema = pa.schema([(column, kind) for column, (kind, _) in columns.items()])
    arrow = pa.table({column: values for column, (_, values) in columns.items()}, schema=schema)
    connection.register("incoming", arrow)
    connection.execute(f"create or replace temp table {name} as select * from incoming")
    connection.unregister("incoming")
