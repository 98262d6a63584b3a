"""Identify and relate: mentions and clusters -> codes for ever, elements, dated relations, conflicts. Private.

The codes come from `identifying`, what is said of them from `relating`. Everything written here is sorted, so equal
input gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from kuai.kit.engine import use_tables
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.receipt import Receipt
from kuai.kit.tables import CATALOGUE, BulkTable, TableRef
from kuai.registry.engine.relation_types import RelationType, read_relation_types
from kuai.registry.identifying import (
    IDENTIFY_STEPS,
    BuildFrame,
    PreviousIdentity,
    drop_steps,
    identify,
    mark_identity,
    open_identity,
    read_identity,
    write_identity,
)
from kuai.registry.relating import (
    RELATE_STEPS,
    SourceDelivery,
    count_fates,
    open_links,
    open_relating,
    read_remembered,
    relate,
)
from kuai.sources.types import ROW_LINK

SHIPPED_RELATIONS = Path(__file__).parent / "relations.yaml"


@dataclass(frozen=True)
class PreviousBuild:
    """What an earlier build knew: whom each mention was, under which codes; what was stated, and which lives."""

    identity: PreviousIdentity
    remembered: Mapping[BulkTable, TableRef] = field(default_factory=dict)


def read_previous(connection: duckdb.DuckDBPyConnection, core: Path) -> PreviousBuild:
    """The tables of an earlier build's core folder that this one follows on from."""
    return PreviousBuild(
        identity=read_identity(connection, core), remembered=read_remembered(connection, core)
    )


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
    deliveries: Sequence[SourceDelivery] = (),
    progress: Progress = SILENT,
) -> tuple[dict[str, TableRef], Receipt]:
    """Write the element tables, relations, base facts, conflicts and the identity ledger into `frame.folder`.

    `inputs` holds, by table name, the mention tables, washes and links of all sources, and if there are any the
    decisions in force and the library's entries and successions. A source without a delivery in `deliveries` ends
    nothing, and what it said before rests. Safe to repeat.
    """
    # Step tables need no order, and keeping one costs memory; what is written is sorted.
    connection.execute("set preserve_insertion_order = false")
    for name, refs in inputs.items():
        if name == ROW_LINK.name:
            open_links(connection, refs)
        else:
            use_tables(connection, CATALOGUE.tables[name], refs)
    open_identity(connection, previous.identity if previous else None)
    open_relating(
        connection,
        given=frozenset(inputs),
        remembered=previous.remembered if previous else {},
        catalogue=catalogue,
        purposes_by_source=purposes_by_source,
        deliveries=deliveries,
    )
    with progress_line(progress, "认定代码", total=IDENTIFY_STEPS, measure="步") as line:
        identify(connection, frame, line=line)
    # First of all: codes in decisions and in earlier builds are read through the ledger.
    made = write_identity(connection, frame)
    drop_steps(connection, "mention_cluster", "past_home", "code_vote", "cluster", "coded_birth")
    with progress_line(progress, "写关系", total=RELATE_STEPS, measure="步") as line:
        made |= relate(connection, frame, line=line)
    mark_identity(frame, made, previous=previous.identity if previous else None)
    return made, _receipt(connection, made)


def _receipt(connection: duckdb.DuckDBPyConnection, made: Mapping[str, TableRef]) -> Receipt:
    """Every mention is identified or it is an event kept back (a card of a known resident); statements likewise."""
    mentions = _count(connection, "select count(*) from identified")
    kept_back = _count(
        connection,
        "select count(*) from identified as i left join event as e on e.event_code = i.code"
        " where i.element = 'event' and e.event_code is null",
    )
    stated = _count(connection, "select count(*) from row_link")
    fates = count_fates(connection)
    stated += sum(fates.values())
    related = made["relation"].rows + made["resting_statement"].rows
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
                notes={"conflicts": made["conflict"].rows}
                | {f"carried_{fate}": count for fate, count in fates.items()},
            ),
        ),
        what="mentions and statements",
        **{name: ref.rows for name, ref in made.items()},
    )


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
