"""Every step's SQL carries from DuckDB to Spark: the big city runs the same steps on a cluster it already has."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from tests.house.tracked_files import HOUSE

# Functions that sqlglot carries by name although Spark has none of that name (tried on its function list).
ABSENT_IN_SPARK = frozenset(
    {"JAROWINKLER_SIMILARITY", "JARO_WINKLER_SIMILARITY", "DAMERAU_LEVENSHTEIN", "LIST_AGGREGATE"}
)


def step_files() -> list[Path]:
    return sorted(HOUSE.glob("*/sql/*.sql"))


def faults_of(sql: str) -> list[str]:
    """Why `sql` does not carry to Spark; empty if it does."""
    try:
        statements = [
            one for one in sqlglot.parse(sql, read="duckdb", error_level=ErrorLevel.RAISE) if one
        ]
        carried = [
            one.sql(dialect="spark", unsupported_level=ErrorLevel.RAISE) for one in statements
        ]
        read_again = [
            sqlglot.parse_one(text, read="spark", error_level=ErrorLevel.RAISE) for text in carried
        ]
    except SqlglotError as fault:
        return [str(fault).splitlines()[0]]
    faults = [] if statements else ["holds no statement"]
    for before, after in zip(statements, read_again, strict=True):
        lost = names_of(before) ^ names_of(after)
        faults += [f"table {name} is not the same on both sides" for name in sorted(lost)]
        faults += [f"function {name}: Spark does not know it" for name in strangers_in(after)]
    return faults


def strangers_in(statement: exp.Expression) -> list[str]:
    """Functions that nobody has looked up in Spark: unknown to sqlglot, or known to be missing there."""
    named = {call.name.upper() for call in statement.find_all(exp.Anonymous)}
    known = {call.sql_name() for call in statement.find_all(exp.Func)}
    return sorted(named | (known & ABSENT_IN_SPARK))


def names_of(statement: exp.Expression) -> set[str]:
    return {table.name.lower() for table in statement.find_all(exp.Table) if table.name}


@pytest.fixture(autouse=True)
def _quiet_sqlglot(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="sqlglot")


def test_there_are_steps_to_look_at() -> None:
    assert len(step_files()) > 30


@pytest.mark.parametrize("path", step_files(), ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_a_step_carries_to_spark(path: Path) -> None:
    assert faults_of(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", step_files(), ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_a_step_is_one_statement_that_reads_something(path: Path) -> None:
    statements = sqlglot.parse(path.read_text(encoding="utf-8"), read="duckdb")
    assert len([one for one in statements if one]) == 1
    assert names_of(statements[0]) or list(statements[0].find_all(exp.Values))


@pytest.mark.parametrize(
    "sql",
    [
        "select from where",
        "select list_value_of_ours(written) from row_day",
        "select jaro_winkler_similarity(a, b) from pair",
        "select * from range(10) t(i) asof join prices using (i)",
    ],
)
def test_what_does_not_carry_is_seen(sql: str) -> None:
    assert faults_of(sql) != []


def test_named_parameters_carry() -> None:
    assert faults_of("select name from person_mention where source = $source") == []
