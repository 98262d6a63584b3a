"""From a published build to the address library's upkeep: what several sources name and the library lacks.

Joins the wash with the registry's mentions, because the address room knows no sources. Only counts leave here. Rows
that speak of an event (a request, an inspection) are no evidence: a call for help must not become a lead. Neither is
a source about persons whose agreement does not permit the upkeep of addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow.parquet as pq

from kuai.address import actions as address
from kuai.address import learning
from kuai.address.queries import OpenLibrary, open_library
from kuai.address.types import ADDRESS_ENTRY, ADDRESS_WASH
from kuai.guard.queries import find_source
from kuai.guard.types import Actor
from kuai.kit.engine import engine, table_at, use_table
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import TableRef
from kuai.registry.types import MENTION_ELEMENT

PURPOSE = "address_upkeep"


@dataclass(frozen=True)
class BuiltLibrary:
    """The published build's library, for whoever confirms a text."""

    library: OpenLibrary
    entries: TableRef

    def find_place(self, code: str) -> learning.Standing:
        """The place of a code; refuses one that the library does not have."""
        with engine() as connection:
            places = learning.read_standings(connection, self.entries, [code])
        if code not in places:
            raise Refusal("address.code_unknown", f"地址库里没有编码 {code}。")
        return places[code]


def open_built_library(store: Store) -> BuiltLibrary:
    """Open it with its other texts and successions; seconds for a city. Refuses before the first build."""
    core = store.current_build() / "core"
    frozen = address.library_of_build(core)
    library = open_library(frozen.entries, aliases=frozen.aliases, successions=frozen.successions)
    with engine() as connection:
        return BuiltLibrary(library, table_at(connection, ADDRESS_ENTRY, core))


def can_refresh_proposals(store: Store) -> bool:
    """Is there a published build, and does its wash say what the library lacks?"""
    if store.current_version() is None:
        return False
    washed = store.current_build() / "core" / f"{ADDRESS_WASH.name}.parquet"
    return washed.exists() and "unknown_place" in pq.read_schema(washed).names


def refresh_address_proposals(store: Store, *, by: Actor, at: datetime) -> Receipt:
    """Bring the address proposals in line with the published build. Repeatable; refuses before the first build."""
    core = store.current_build() / "core"
    if not can_refresh_proposals(store):
        raise Refusal(
            "proposals.old_build",
            "已发布的版本是旧程序建的，没有记下库里缺什么。",
            next_step="重新构建一次（kuai build）。",
        )
    with engine(spill_to=store.scratch / "spill") as connection:
        for table in (ADDRESS_WASH, MENTION_ELEMENT):
            use_table(connection, table_at(connection, table, core))
        namings = _read_namings(connection)
        places = learning.read_standings(
            connection,
            table_at(connection, ADDRESS_ENTRY, core),
            {naming.address_code for naming in namings},
        )
    return learning.refresh_proposals(
        namings, places=places, version=core.parent.name, by=by, at=at
    )


def _read_namings(connection: duckdb.DuckDBPyConnection) -> list[learning.Naming]:
    rows = connection.execute(_NAMINGS).fetchall()
    permitted = {source: _may_count(source) for source in {row[3] for row in rows}}
    return [
        learning.Naming(code, level, unknown, source, rows_named, tuple(periods))
        for code, level, unknown, source, rows_named, periods in rows
        if permitted[source]
    ]


def _may_count(source: str) -> bool:
    """Does what is registered of the source let its rows count for the upkeep of addresses?"""
    registration = find_source(source)
    return registration is not None and (
        registration.synthetic
        or not registration.has_personal_columns
        or PURPOSE in registration.permitted_purposes
    )


# A mention keeps its key from delivery to delivery, so that a register that repeats itself counts once.
_NAMINGS = """
with unknown as (
    select mention_key, address_code, level, unknown_place
    from address_wash
    where unknown_place <> '' and address_code is not null and grade in ('B', 'C')
),
named as (
    select u.address_code, u.level, u.unknown_place, m.mention_key, m.source, m.period, m.row_no
    from unknown as u
    join mention_element as m on m.mention_key = u.mention_key and m.element = 'address'
),
of_events as (
    select distinct source, period, row_no from mention_element where element = 'event'
)
select n.address_code, n.level, n.unknown_place, n.source, count(distinct n.mention_key) as rows_named,
    list(distinct n.period order by n.period) as periods
from named as n
left join of_events as e on e.source = n.source and e.period = n.period and e.row_no = n.row_no
where e.source is null
group by n.address_code, n.level, n.unknown_place, n.source
order by n.address_code, n.level, n.unknown_place, n.source
"""
