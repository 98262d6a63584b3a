"""What only the whole city can tell (over-shared values, bearers of a name, registers), kept from one run to the next,
and the groups of rows that could matter to each other.

A run that keeps a state notes both; an increment takes the figures as they were frozen and finds by the groups which
rows it must look at again. Owns the names of these tables; without a state nothing here does anything.
"""

from __future__ import annotations

from enum import IntEnum

import duckdb
import numpy as np

from kuai.kit.errors import Breakdown
from kuai.linkage.engine.components import component_labels
from kuai.linkage.engine.steps import columns_of

FIGURES = (
    "person_desk",
    "person_shared_phone",
    "person_shared_faulty",
    "person_shared_room",
    "person_shared_birth",
    "person_shared_name",
    "person_common_name",
    "person_name_chance",
    "person_crowd_building_code",
    "person_crowd_organisation_name",
    "person_register",
)


class GroupKind(IntEnum):
    """Why rows may matter to each other; a name key's groups are of kind NAME_KEY and its place among the keys."""

    NUMBER = 0
    REPAIR = 1
    KNOWN_HEAD = 10
    KNOWN_TAIL_SURNAME = 11
    KNOWN_TAIL_REST = 12
    FAULTY_HEAD = 20
    FAULTY_TAIL_SURNAME = 21
    FAULTY_TAIL_REST = 22
    NAME_KEY = 30


# A known number and a faulty one look for each other, and two of a kind do not.
SOUGHT_BY = {10: 20, 11: 21, 12: 22, 20: 10, 21: 11, 22: 12}


def note_groups(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on the run notes its groups in `person_group` and freezes figures that are not frozen yet."""
    connection.execute(
        "create or replace temp table person_group (kind utinyint, group_no ubigint, mention_no integer)"
    )


def is_noting(connection: duckdb.DuckDBPyConnection) -> bool:
    """Does this run keep a state?"""
    return _exists(connection, "person_group")


def note_group(connection: duckdb.DuckDBPyConnection, kind: int, select_sql: str) -> None:
    """Note the rows (group_no, mention_no) of `select_sql`, if the run keeps a state."""
    if is_noting(connection):
        connection.execute(
            f"insert into person_group select {int(kind)}, group_no, mention_no from ({select_sql})"
        )


def take_frozen(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Make the figure `name` as it was frozen; False where the data have to tell it."""
    if not _exists(connection, f"frozen_{name}"):
        return False
    connection.execute(f"create or replace temp table {name} as select * from frozen_{name}")
    return True


def freeze(connection: duckdb.DuckDBPyConnection, *figures: str) -> None:
    """Keep these figures beyond the run, if it keeps a state."""
    unknown = sorted(set(figures) - set(FIGURES))
    if unknown:
        raise Breakdown(f"figures that no state would keep: {', '.join(unknown)}")
    if is_noting(connection):
        for name in figures:
            connection.execute(
                f"create or replace temp table frozen_{name} as select * from {name}"
            )


def frozen_figures(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The figures this session has frozen."""
    return tuple(name for name in FIGURES if _exists(connection, f"frozen_{name}"))


def group_labels(connection: duckdb.DuckDBPyConnection, count: int) -> np.ndarray:
    """For each mention the smallest one it is connected with by groups: nothing outside can change its cluster."""
    sought = ", ".join(str(kind) for kind in SOUGHT_BY)
    edges = columns_of(
        connection,
        "with first as (select kind, group_no, min(mention_no) as first_no from person_group"
        f" where kind not in ({sought}) group by kind, group_no having count(*) > 1)"
        " select g.mention_no, f.first_no from person_group as g"
        " inner join first as f on f.kind = g.kind and f.group_no = g.group_no where g.mention_no <> f.first_no",
    )
    return component_labels(
        count, edges["mention_no"].astype(np.int64), edges["first_no"].astype(np.int64)
    )


def _exists(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where table_name = $name", {"name": name}
    )
    return bool(found.fetchall())
