"""Identify: clusters of mentions -> codes for ever, and the ledger of their lives. Private; its door is `actions`.

Which cluster keeps which code: decisions 0003 and 0021. Every step is a query over all mentions but one: who is found
under whom is settled in memory, because only codes that were ever merged take part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from kuai.kit.element_codes import codes_of
from kuai.kit.engine import (
    read_sql,
    run_within_memory,
    table_at,
    use_table,
    use_tables,
    write_table,
)
from kuai.kit.errors import Breakdown
from kuai.kit.progress import ProgressTask
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable, TableRef
from kuai.registry import types
from kuai.registry.engine.lineage import GoneCode, HomeCode, settle_lineage
from kuai.registry.imprint import Imprint, read_imprint, require_sound, write_imprint

# What earlier builds knew, and what people decided, is held by key against what is here: left out where there is none.
STEPS_OF_THE_PAST = {
    "past_home": "previous_ledger",
    "verified_mention": "decision",
    "code_vote": "previous_ledger",
    "code_home": "previous_ledger",
    "cluster_code": "previous_ledger",
}
STEPS_AFTER_BIRTHS = {
    "decided_mention": "decision",
    "code_event": "previous_ledger",
    "unsettled_cluster": "previous_ledger",
}
# Six more: numbers, clusters, the births, their codes, who is found under whom, and every mention with its code.
IDENTIFY_STEPS = len(STEPS_OF_THE_PAST) + len(STEPS_AFTER_BIRTHS) + 6
NUMBERED = {
    "person": "person_mention",
    "organisation": "organisation_mention",
    "event": "event_mention",
    "account": "account_mention",
    "address": "address_mention",
}
# A mention's number is its delivery's, its row's and its role's: rows have at most 2^31 of them, roles fit a byte.
MOST_ROLES = 255
_NUMBERED_VIEW = (
    "select m.*, n.delivery_no, (n.delivery_no * 2147483648 + m.row_no) * 256 + r.role_no as mention_no"
    " from {table} as m"
    " join delivery_number as n on n.source = m.source and n.period = m.period"
    " join role_number as r on r.role = m.role"
)
IDENTITY_TABLES = (types.IDENTITY_LEDGER, types.IDENTITY_EVENT, types.MENTION_HOME)


@dataclass(frozen=True)
class BuildFrame:
    """What one build fixes for all its steps: version, day, where its files go."""

    version: str
    as_of: date
    folder: Path


@dataclass(frozen=True)
class PreviousIdentity:
    """What an earlier build knew of codes and mentions. Builds of an older release have no homes and no events."""

    identity_ledger: TableRef
    mention_element: TableRef
    mention_home: TableRef | None = None
    identity_event: TableRef | None = None
    imprint: Imprint | None = None


def read_identity(connection: duckdb.DuckDBPyConnection, core: Path) -> PreviousIdentity:
    """The tables of an earlier build's core folder that identify needs; a damaged one is a DataFault."""
    imprint = require_sound(connection, core)
    return PreviousIdentity(
        identity_ledger=table_at(connection, types.IDENTITY_LEDGER, core),
        mention_element=table_at(connection, types.MENTION_ELEMENT, core),
        mention_home=table_at(connection, types.MENTION_HOME, core) if imprint else None,
        identity_event=table_at(connection, types.IDENTITY_EVENT, core) if imprint else None,
        imprint=imprint,
    )


def open_identity(connection: duckdb.DuckDBPyConnection, previous: PreviousIdentity | None) -> None:
    """Make what the earlier build knew readable; nothing before the first build."""
    known = previous or PreviousIdentity(_none(types.IDENTITY_LEDGER), _none(types.MENTION_ELEMENT))
    use_tables(connection, types.IDENTITY_LEDGER, [known.identity_ledger], name="previous_ledger")
    use_tables(connection, types.MENTION_ELEMENT, [known.mention_element], name="previous_mention")
    _register_codes(connection, "gone_before", settle_lineage(_gone_codes(connection)).living)
    if known.imprint or previous is None:
        home = known.mention_home or _none(types.MENTION_HOME)
        event = known.identity_event or _none(types.IDENTITY_EVENT)
        use_tables(connection, types.MENTION_HOME, [home], name="previous_home")
        use_tables(connection, types.IDENTITY_EVENT, [event], name="previous_event")
        return
    for step, name in (("founder_home", "previous_home"), ("past_event", "previous_event")):
        connection.execute(f"create or replace temp table {step} as {read_sql(__file__, step)}")
        connection.execute(f"create or replace temp view {name} as select * from {step}")


def newest_build(connection: duckdb.DuckDBPyConnection, store: Store) -> Path | None:
    """The folder of the build that knows most codes, None before the first build; a DataFault if it is damaged.

    Not simply the published one: after going back to an earlier build, codes born later are still given away. Of equals
    the one with most builds before it counts, then the published one.
    """
    imprints = {path: read_imprint(path / "core") for path in sorted(store.builds.glob("b-*"))}
    # Because every build with an imprint follows on from those without.
    known = [path for path, imprint in imprints.items() if imprint] or list(imprints)

    def rank(path: Path) -> tuple[int, int, bool, str]:
        imprint = imprints[path]
        rows = imprint.codes if imprint else _ledger_rows(connection, path / "core")
        depth = imprint.depth if imprint else 0
        return rows, depth, path.name == store.current_version(), path.name

    newest = max(known, key=rank, default=None)
    if newest is not None:
        require_sound(connection, newest / "core")
    return newest


def identify(
    connection: duckdb.DuckDBPyConnection, frame: BuildFrame, *, line: ProgressTask
) -> None:
    """Make the step tables up to `identified` (every mention of the build with its code) and `gone_code`.

    `gone_code`: every code ever merged away, with the living one it is found under now.
    """
    number_mentions(connection, frame)
    line.advance()
    for step in ("reason_number", "linked", "same_account", "cluster", "mention_cluster"):
        make_step(connection, step, frame)
    drop_steps(connection, "linked", "same_account")
    make_view(connection, "element_mention")
    line.advance()
    for step, where_from in STEPS_OF_THE_PAST.items():
        make_unless_empty(connection, step, frame, where_from=where_from)
        line.advance()
    make_step(connection, "birth", frame)
    line.advance()
    _code_births(connection)
    make_step(connection, "all_code", frame)
    line.advance()
    _settle_codes(connection)
    line.advance()
    for step, where_from in STEPS_AFTER_BIRTHS.items():
        make_unless_empty(connection, step, frame, where_from=where_from)
        line.advance()
    make_step(connection, "identified", frame)
    line.advance()


def number_mentions(connection: duckdb.DuckDBPyConnection, frame: BuildFrame) -> None:
    """Views `numbered_person` and so on: mentions with their numbers, by which all later steps join them.

    Joined by key, the mentions of a district of 551,600 rooms filled 9 GB; by number they fit into two.
    """
    for step in ("delivery_number", "role_number"):
        make_step(connection, step, frame)
    roles = connection.execute("select count(*) from role_number").fetchall()[0][0]
    if roles > MOST_ROLES:
        raise Breakdown(f"more than {MOST_ROLES} roles of mentions in one build: {roles}")
    for name, table in NUMBERED.items():
        connection.execute(
            f"create or replace temp view numbered_{name} as {_NUMBERED_VIEW.format(table=table)}"
        )


def write_identity(connection: duckdb.DuckDBPyConnection, frame: BuildFrame) -> dict[str, TableRef]:
    """Write the ledger, the events and the homes; the ledger can be read from then on."""
    made: dict[str, TableRef] = {}
    for table in IDENTITY_TABLES:
        step = read_sql(__file__, table.name)
        parameters = {"build": frame.version} if "$build" in step else None
        made[table.name] = write_table(connection, table, step, frame.folder, parameters=parameters)
    use_table(connection, made[types.IDENTITY_LEDGER.name])
    return made


def mark_identity(
    frame: BuildFrame, made: Mapping[str, TableRef], *, previous: PreviousIdentity | None
) -> None:
    """Leave the imprint of the identity tables beside them: by it the next build knows them again."""
    write_imprint(
        frame.folder,
        build=frame.version,
        made=made,
        previous=previous.imprint if previous else None,
    )


def make_step(connection: duckdb.DuckDBPyConnection, step: str, frame: BuildFrame) -> None:
    """One step of `sql/` as a temporary table of its name."""
    sql = read_sql(__file__, step)
    run_within_memory(
        connection,
        f"create or replace temp table {step} as {sql}",
        {"as_of": frame.as_of} if "$as_of" in sql else None,
    )


def make_view(connection: duckdb.DuckDBPyConnection, step: str) -> None:
    """One step of `sql/` as a temporary view: read where it is asked for, kept nowhere."""
    connection.execute(f"create or replace temp view {step} as {read_sql(__file__, step)}")


def make_unless_empty(
    connection: duckdb.DuckDBPyConnection, step: str, frame: BuildFrame, *, where_from: str
) -> None:
    """Make `step`, which has no rows without `where_from`: then its large tables need not be read."""
    sql = read_sql(__file__, step)
    found = connection.execute(f"select 1 from {where_from} limit 1").fetchall()
    body = sql if found else f"select * from ({sql}) as nothing limit 0"
    run_within_memory(
        connection,
        f"create or replace temp table {step} as {body}",
        {"as_of": frame.as_of} if "$as_of" in sql else None,
    )


def drop_steps(connection: duckdb.DuckDBPyConnection, *steps: str) -> None:
    """Give back the memory of step tables that nothing reads any more."""
    for step in steps:
        connection.execute(f"drop table if exists {step}")


def _code_births(connection: duckdb.DuckDBPyConnection) -> None:
    """Give every newborn cluster its code."""
    connection.execute(
        "create or replace temp table coded_birth"
        " (element varchar, cluster_no bigint, serial bigint, split_from varchar, code varchar)"
    )
    for element in ("person", "organisation", "event", "contact"):
        born: pa.Table = connection.sql(
            "select cluster_no, serial, split_from from birth where element = $element order by serial",
            params={"element": element},
        ).to_arrow_table()
        if born.num_rows == 0:
            continue
        codes = codes_of(element, born["serial"].to_numpy()).astype("S12")
        # As bytes and not one by one: a city has millions.
        written = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(12), len(codes), [None, pa.py_buffer(codes.tobytes())]
        )
        born = born.append_column("code", written.cast(pa.binary()).cast(pa.string()))
        connection.register("incoming", born)
        connection.execute(
            "insert into coded_birth select $element, cluster_no, serial, split_from, code from incoming",
            {"element": element},
        )
        connection.unregister("incoming")
    drop_steps(connection, "birth")


def _settle_codes(connection: duckdb.DuckDBPyConnection) -> None:
    """Who is merged into whom after this build: `code_change` (code, merged_into) and `gone_code`."""
    # A code by proxy is not at home: its own mentions are away, and absence merges and revives nobody.
    rows = connection.execute(
        "select code, serial, continues_as from code_home"
        " where not is_proxy and (merged_into is not null or code <> continues_as)"
    ).fetchall()
    lineage = settle_lineage(_gone_codes(connection), [HomeCode(*row) for row in rows])
    _register_codes(connection, "gone_code", lineage.living)
    _register_codes(connection, "code_change", lineage.changes, second="merged_into")


def _gone_codes(connection: duckdb.DuckDBPyConnection) -> list[GoneCode]:
    rows = connection.execute(
        "select code, serial, merged_into from previous_ledger where merged_into is not null"
    ).fetchall()
    return [GoneCode(*row) for row in rows]


def _register_codes(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    pairs: Mapping[str, str | None],
    *,
    second: str = "living_code",
) -> None:
    schema = pa.schema([("code", pa.string()), (second, pa.string())])
    arrow = pa.table({"code": list(pairs), second: list(pairs.values())}, schema=schema)
    connection.register("incoming", arrow)
    connection.execute(f"create or replace temp table {name} as select * from incoming")
    connection.unregister("incoming")


def _none(table: BulkTable) -> TableRef:
    return TableRef(table=table, paths=(), rows=0)


def _ledger_rows(connection: duckdb.DuckDBPyConnection, core: Path) -> int:
    require_sound(connection, core)
    return table_at(connection, types.IDENTITY_LEDGER, core).rows
