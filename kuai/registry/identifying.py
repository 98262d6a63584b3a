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
from kuai.kit.engine import read_sql, table_at, use_table, use_tables, write_table
from kuai.kit.progress import ProgressTask
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable, TableRef
from kuai.registry import types
from kuai.registry.engine.lineage import GoneCode, HomeCode, settle_lineage
from kuai.registry.imprint import Imprint, read_imprint, require_sound, write_imprint

STEPS_BEFORE_BIRTHS = (
    "element_mention",
    "past_home",
    "verified_mention",
    "cluster",
    "code_vote",
    "code_home",
    "cluster_code",
    "birth",
)
STEPS_AFTER_BIRTHS = ("decided_mention", "code_event", "unsettled_cluster", "identified")
# Two more: the births themselves, and who is found under whom.
IDENTIFY_STEPS = len(STEPS_BEFORE_BIRTHS) + 2 + len(STEPS_AFTER_BIRTHS)
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
    for step in STEPS_BEFORE_BIRTHS:
        make_step(connection, step, frame)
        line.advance()
    _code_births(connection)
    line.advance()
    _settle_codes(connection)
    line.advance()
    for step in STEPS_AFTER_BIRTHS:
        make_step(connection, step, frame)
        line.advance()


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
    connection.execute(
        f"create or replace temp table {step} as {sql}",
        {"as_of": frame.as_of} if "$as_of" in sql else None,
    )


def _code_births(connection: duckdb.DuckDBPyConnection) -> None:
    """Give every newborn cluster its code, and collect the codes of all clusters."""
    connection.execute(
        "create or replace temp table coded_birth"
        " (element varchar, cluster_key varchar, serial bigint, split_from varchar, code varchar)"
    )
    for element in ("person", "organisation", "event", "contact"):
        born: pa.Table = connection.sql(
            "select cluster_key, serial, split_from from birth where element = $element order by serial",
            params={"element": element},
        ).to_arrow_table()
        codes = codes_of(element, born["serial"].to_numpy())
        born = born.append_column("code", pa.array(codes.tolist(), pa.string()))
        connection.register("incoming", born)
        connection.execute(
            "insert into coded_birth select $element, cluster_key, serial, split_from, code from incoming",
            {"element": element},
        )
        connection.unregister("incoming")
    connection.execute(
        "create or replace temp table all_code as"
        " select element, cluster_key, code, serial, founding_mention from cluster_code"
        " union all select element, cluster_key, code, serial, cluster_key from coded_birth"
    )


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
