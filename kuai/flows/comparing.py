"""Two makings of one build, held against each other table by table; with what was erased since set aside in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from kuai.kit.engine import engine, hash_rows, scan_sql
from kuai.kit.tables import CATALOGUE, BulkTable, Column
from kuai.registry.types import IDENTITY_LEDGER, MENTION_ELEMENT, RELATION

ZONES = ("core", "care")
# Counted anew from what is left: their rows are of places, not of rows or elements, so nothing can be set aside.
COUNTED_OWNER = "blocks"


@dataclass(frozen=True)
class Erasure:
    """A delivery that was shredded since, and how many rows of each table told of it or of whom it named."""

    source: str
    period: str
    zone: str
    rows: int


@dataclass(frozen=True)
class TableVerdict:
    """One table of both makings. `set_aside`: rows of the old one that concern what was erased."""

    zone: str
    name: str
    is_equal: bool
    rows_then: int
    rows_now: int
    set_aside: int = 0
    note: str = ""


def compare_builds(
    then: Path, now: Path, *, erased: Sequence[Mapping[str, Any]], scratch: Path
) -> tuple[tuple[TableVerdict, ...], tuple[Erasure, ...]]:
    """Every table of either folder. With erasures, rows of whoever an erased delivery named are left out of both."""
    names = sorted(
        {
            (zone, path.stem)
            for build in (then, now)
            for zone in ZONES
            for path in (build / zone).glob("*.parquet")
        }
    )
    with engine(spill_to=scratch / "spill") as connection:
        if erased:
            _mark_touched(connection, then, now, erased)
        verdicts = tuple(
            _compare(connection, then, now, zone=zone, name=name, with_erasures=bool(erased))
            for zone, name in names
        )
    return verdicts, tuple(
        Erasure(one["source"], one["period"], one["zone"], int(one["rows"])) for one in erased
    )


def _compare(
    connection: duckdb.DuckDBPyConnection,
    then: Path,
    now: Path,
    *,
    zone: str,
    name: str,
    with_erasures: bool,
) -> TableVerdict:
    paths = [build / zone / f"{name}.parquet" for build in (then, now)]
    counts = [_count(connection, path) if path.exists() else 0 for path in paths]
    table = CATALOGUE.tables.get(name)

    def verdict(*, is_equal: bool, note: str = "", set_aside: int = 0) -> TableVerdict:
        return TableVerdict(zone, name, is_equal, counts[0], counts[1], set_aside, note)

    if not all(path.exists() for path in paths):
        return verdict(is_equal=False, note="只在一边有")
    if table is None:
        return verdict(is_equal=False, note="这个程序不认识的表")
    if with_erasures and table.owner == COUNTED_OWNER:
        return verdict(is_equal=True, note="由余下的重新计数，不比较")
    try:
        for side, path in zip(("then", "now"), paths, strict=True):
            _open_side(connection, side, path, table, with_erasures=with_erasures)
        columns = _compared_columns(table, with_erasures=with_erasures)
        hashes = [hash_rows(connection, f"side_{side}", columns) for side in ("then", "now")]
    except duckdb.BinderException:
        return verdict(is_equal=False, note="列不同")
    left = _count_of(connection, "side_then")
    return verdict(is_equal=hashes[0] == hashes[1], set_aside=counts[0] - left)


def _open_side(
    connection: duckdb.DuckDBPyConnection,
    side: str,
    path: Path,
    table: BulkTable,
    *,
    with_erasures: bool,
) -> None:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    where = ""
    if with_erasures:
        conditions = [_is_touched(column) for column in table.columns if column.type == "VARCHAR"]
        if {"source", "period"} <= set(table.column_names):
            conditions.append(
                "exists (select 1 from erased_delivery as e"
                " where e.source = t.source and e.period = t.period)"
            )
        where = f" where not ({' or '.join(conditions)})" if conditions else ""
    connection.execute(
        f"create or replace temp table side_{side} as select {columns} from {scan_sql([path])} as t{where}"
    )


def _is_touched(column: Column) -> str:
    """Whether the column names who is touched; a fact key names two codes."""
    if column.name.endswith(("fact_key", "_fact")):
        return (
            f"""(split_part(coalesce(t."{column.name}", ''), '|', 2) in (select name from touched)"""
            f""" or split_part(coalesce(t."{column.name}", ''), '|', 3) in (select name from touched))"""
        )
    return f"""coalesce(t."{column.name}", '') in (select name from touched)"""


def _compared_columns(table: BulkTable, *, with_erasures: bool) -> list[Column]:
    """Without running numbers where rows are missing: they count rows. The row of a delivery is none."""
    if not with_erasures:
        return list(table.columns)
    return [
        column
        for column in table.columns
        if column.name == "row_no" or not column.name.endswith("_no")
    ]


def _mark_touched(
    connection: duckdb.DuckDBPyConnection,
    then: Path,
    now: Path,
    erased: Sequence[Mapping[str, Any]],
) -> None:
    """Table `touched`: keys of erased rows, the elements they named, all namings of those, and who was split off."""
    connection.execute(
        "create or replace temp table erased_delivery (source varchar, period varchar)"
    )
    connection.executemany(
        "insert into erased_delivery values (?, ?)",
        [(one["source"], one["period"]) for one in erased],
    )
    mentions = scan_sql([then / "core" / f"{MENTION_ELEMENT.name}.parquet"])
    ledgers = [
        scan_sql([build / "core" / f"{IDENTITY_LEDGER.name}.parquet"]) for build in (then, now)
    ]
    statements = scan_sql([then / "core" / f"{RELATION.name}.parquet"])
    connection.execute(
        "create or replace temp table touched as"
        f" with gone as (select mention_key, element, code from {mentions} semi join erased_delivery"
        " using (source, period)"
        # What was carried on from a delivery has no mention in the build any more.
        f" union select mention_key, 'carried', from_code from {statements} semi join erased_delivery"
        " using (source, period) where from_code not similar to '[0-9]+'"
        f" union select to_mention, 'carried', to_code from {statements} semi join erased_delivery"
        " using (source, period) where to_code not similar to '[0-9]+'),"
        " named as (select code from gone where element <> 'address' and code is not null"
        f" union select code from {ledgers[1]} where code not in (select code from {ledgers[0]}))"
        " select mention_key as name from gone union select code from named"
        f" union select mention_key from {mentions} where element <> 'address'"
        " and code in (select code from named)"
    )


def _count(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return _count_of(connection, scan_sql([path]))


def _count_of(connection: duckdb.DuckDBPyConnection, item: str) -> int:
    return int(connection.execute(f"select count(*) from {item}").fetchall()[0][0])
