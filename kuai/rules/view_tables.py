"""The logical views over one build, for one purpose: what the sources allow, without what is contested. Private."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from kuai.address.types import ADDRESS_ENTRY, ADDRESS_WASH
from kuai.kit.engine import read_sql, scan_sql
from kuai.kit.store import read_json
from kuai.registry.types import (
    CONFLICT,
    EVENT,
    LIFE_EVENT,
    MENTION_ELEMENT,
    ORGANISATION,
    PERSON,
    RELATION,
)
from kuai.rules.engine.asking_sql import NOT_ASKED
from kuai.rules.engine.views import logical_views
from kuai.rules.interval_table import Interval, read_example, read_intervals
from kuai.rules.types import LogicalView, Overlay

Engine = duckdb.DuckDBPyConnection
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
BUILD_TABLES = (
    PERSON,
    ORGANISATION,
    EVENT,
    RELATION,
    LIFE_EVENT,
    CONFLICT,
    MENTION_ELEMENT,
    ADDRESS_ENTRY,
    ADDRESS_WASH,
)
# Of these templates a row is a place on a list, and nothing else of it is a fact.
LIST_TEMPLATES = ("person_list",)
# What a parent said themselves: at an office's window, or by Kuai's own declaration (flows.declarations names it).
DECLARATION_TEMPLATES = ("parent_declarations",)
DECLARATION_SOURCES = ("declarations_residents",)
# Of a row that somebody hands in, where it says nothing itself.
USUAL_VALUES = {"status": "asserted", "confidence": 1.0, "row_ref": "declared"}
MADE_FIRST = (
    "person_gone", "place_line", "stated", "allowed_person", "allowed_organisation", "usable_event",
)  # fmt: skip


@dataclass(frozen=True)
class BuildSource:
    """What a build says of one of its sources: what it may be used for, whether it is a list of people."""

    name: str
    purposes: tuple[str, ...]
    synthetic: bool
    template: str

    def permits(self, purpose: str) -> bool:
        """Because invented people have no agreement, an invented source permits what any source may."""
        return self.synthetic or purpose in self.purposes


@dataclass
class ViewFrame:
    """One build as rules see it. `declared` are rows that no build holds, by view."""

    core: Path
    overlay: Overlay = field(default_factory=Overlay)
    declared: Rows = field(default_factory=dict)

    def list_sources(self) -> tuple[BuildSource, ...]:
        """The sources of the build with what their agreements permit."""
        inputs = read_json(self.core.parent / "inputs.json")
        return tuple(
            BuildSource(
                one["source"],
                tuple(one["registration"]["permitted_purposes"]),
                bool(one["registration"]["synthetic"]),
                _template_of(one["mapping"]),
            )
            for one in inputs["deliveries"]
            if one.get("registration")
        )

    def list_intervals(self) -> tuple[Interval, ...]:
        """How often firms of a class are inspected: the city's own table; of invented firms the example's."""
        table = read_intervals(self.core.parents[2])
        if table is None:
            return read_example() if all(one.synthetic for one in self.list_sources()) else ()
        return table


def open_views(
    engine: Engine, frame: ViewFrame, *, sources: Sequence[BuildSource], names: Iterable[str]
) -> dict[str, int]:
    """Make the views `names`, of what these sources say, as tables of the session; returns how many rows each has."""
    wanted = [logical_views()[name] for name in sorted(set(names))]
    _open_build(engine, frame, sources)
    return {
        view.name: _make_view(engine, view, frame.declared.get(view.name, ())) for view in wanted
    }


def fill_views(engine: Engine, rows: Rows, names: Iterable[str]) -> None:
    """Make the views `names` of nothing but these rows: for examples."""
    engine.execute(f"create or replace temp table {NOT_ASKED} (code varchar)")
    for name in sorted(set(names)):
        view = logical_views()[name]
        _create_empty(engine, view)
        insert_rows(engine, view, rows.get(name, ()))


def insert_rows(engine: Engine, view: LogicalView, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to the table of a view; what a row does not say is null, its standing asserted."""
    if not rows:
        return
    columns = {
        column.name: pa.array(
            [None if (value := row.get(column.name, USUAL_VALUES.get(column.name))) is None else str(value)
             for row in rows],
            type=pa.string(),
        )
        for column in view.columns
    }  # fmt: skip
    engine.register("handed_in", pa.table(columns))
    casts = ", ".join(f'cast("{one.name}" as {one.type})' for one in view.columns)
    engine.execute(f'insert into "{view.name}" select {casts} from handed_in')
    engine.unregister("handed_in")


def _create_empty(engine: Engine, view: LogicalView) -> None:
    columns = ", ".join(f'"{one.name}" {one.type}' for one in view.columns)
    engine.execute(f'create or replace temp table "{view.name}" ({columns})')


def _make_view(engine: Engine, view: LogicalView, declared: Sequence[Mapping[str, Any]]) -> int:
    if view.sql:
        columns = ", ".join(
            f'cast("{one.name}" as {one.type}) as "{one.name}"' for one in view.columns
        )
        engine.execute(
            f'create or replace temp table "{view.name}" as select {columns} from ({view.sql})'
        )
    else:
        _create_empty(engine, view)
    insert_rows(engine, view, declared)
    return int(engine.execute(f'select count(*) from "{view.name}"').fetchall()[0][0])


def _open_build(engine: Engine, frame: ViewFrame, sources: Sequence[BuildSource]) -> None:
    for table in BUILD_TABLES:
        path = frame.core / f"{table.name}.parquet"
        nothing = ", ".join(f'null::{one.type} as "{one.name}"' for one in table.columns)
        source = scan_sql([path]) if path.exists() else f"(select {nothing} where false)"
        engine.execute(f'create or replace temp view "{table.name}" as select * from {source}')
    lists = [one.name for one in sources if one.template in LIST_TEMPLATES]
    _name_list(engine, "permitted_source", "source", [one.name for one in sources])
    _name_list(engine, "list_source", "source", lists)
    declared = [
        one.name
        for one in sources
        if one.template in DECLARATION_TEMPLATES or one.name in DECLARATION_SOURCES
    ]
    _name_list(engine, "declaration_source", "source", declared)
    _table_intervals(engine, frame.list_intervals())
    _name_list(engine, "out_of_use", "fact_key", frame.overlay.facts)
    _name_list(engine, "contested_birth", "person_code", frame.overlay.birth_dates)
    _name_list(engine, "contested_code", "code", frame.overlay.paused)
    _name_list(engine, "gone_since", "code", frame.overlay.gone)
    for name in MADE_FIRST:
        engine.execute(f"create or replace temp view {name} as {read_sql(__file__, name)}")
    # A table, because every rule asks it.
    engine.execute(f"create or replace temp table {NOT_ASKED} as {read_sql(__file__, NOT_ASKED)}")


def _name_list(engine: Engine, table: str, column: str, values: Iterable[str]) -> None:
    engine.execute(f"create or replace temp table {table} ({column} varchar)")
    listed = pa.table({column: pa.array(sorted(values), type=pa.string())})
    engine.register("handed_in", listed)
    engine.execute(f"insert into {table} select * from handed_in")
    engine.unregister("handed_in")


def _table_intervals(engine: Engine, intervals: Iterable[Interval]) -> None:
    engine.execute(
        "create or replace temp table inspection_interval (category varchar, class varchar, interval_days bigint)"
    )
    for one in intervals:
        engine.execute("insert into inspection_interval values (?, ?, ?)", one)


def _template_of(mapping: str) -> str:
    line = next((one for one in mapping.splitlines() if one.startswith("template:")), "")
    return line.partition(":")[2].strip()
