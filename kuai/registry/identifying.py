"""Identify: clusters of mentions -> codes for ever, and the ledger of their lives. Private; its door is `actions`.

Which cluster keeps which code: decision 0003.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from kuai.kit.element_codes import codes_of
from kuai.kit.engine import read_sql, table_at, use_tables
from kuai.kit.progress import ProgressTask
from kuai.kit.store import Store
from kuai.kit.tables import TableRef
from kuai.registry import types

STEPS_BEFORE_BIRTHS = (
    "element_mention",
    "known_mention",
    "cluster",
    "code_home",
    "cluster_code",
    "birth",
)
STEPS_AFTER_BIRTHS = ("identified",)
# One more: the births themselves.
IDENTIFY_STEPS = len(STEPS_BEFORE_BIRTHS) + 1 + len(STEPS_AFTER_BIRTHS)


@dataclass(frozen=True)
class BuildFrame:
    """What one build fixes for all its steps: version, day, where its files go."""

    version: str
    as_of: date
    folder: Path


@dataclass(frozen=True)
class PreviousIdentity:
    """What an earlier build knew: its ledger and whom each mention was."""

    identity_ledger: TableRef
    mention_element: TableRef


def read_identity(connection: duckdb.DuckDBPyConnection, core: Path) -> PreviousIdentity:
    """The tables of an earlier build's core folder that identify needs."""
    return PreviousIdentity(
        identity_ledger=table_at(connection, types.IDENTITY_LEDGER, core),
        mention_element=table_at(connection, types.MENTION_ELEMENT, core),
    )


def newest_build(connection: duckdb.DuckDBPyConnection, store: Store) -> Path | None:
    """The folder of the build that knows most codes (of equals the published one), None before the first build.

    Not simply the published one: after going back to an earlier build, codes born later are still given away.
    """
    name = types.IDENTITY_LEDGER.name
    known = [
        (
            table_at(connection, types.IDENTITY_LEDGER, path.parent).rows,
            path.parents[1].name == store.current_version(),
            path.parents[1],
        )
        for path in store.builds.glob(f"*/core/{name}.parquet")
    ]
    return max(known)[2] if known else None


def open_identity(connection: duckdb.DuckDBPyConnection, previous: PreviousIdentity | None) -> None:
    """Make what the earlier build knew readable; nothing before the first build."""
    nothing: list[TableRef] = []
    use_tables(
        connection,
        types.IDENTITY_LEDGER,
        [previous.identity_ledger] if previous else nothing,
        name="previous_ledger",
    )
    use_tables(
        connection,
        types.MENTION_ELEMENT,
        [previous.mention_element] if previous else nothing,
        name="previous_mention",
    )


def identify(
    connection: duckdb.DuckDBPyConnection, frame: BuildFrame, *, line: ProgressTask
) -> None:
    """Make the step tables up to `identified`: every mention of the build with its code."""
    for step in STEPS_BEFORE_BIRTHS:
        make_step(connection, step, frame)
        line.advance()
    _code_births(connection)
    line.advance()
    for step in STEPS_AFTER_BIRTHS:
        make_step(connection, step, frame)
        line.advance()


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
        " select k.element, k.cluster_key, k.code, k.serial, p.founding_mention from cluster_code as k"
        " join previous_ledger as p on p.code = k.code"
        " union all select element, cluster_key, code, serial, cluster_key from coded_birth"
    )
