"""Time is given, not taken: the machine's clock is read in kuai/kit/clock.py alone, and in no SQL step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from tests.house.tracked_files import HOUSE

# monotonic and perf_counter are no clocks: they measure how long something took, not when it was.
CLOCK_CALLS = frozenset(
    {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns",
        "time.localtime", "time.gmtime", "time.strftime", "time.ctime", "timezone.now", "timezone.localdate",
        "timezone.localtime",
    }
)  # fmt: skip
CLOCK_ROOM = HOUSE / "kit" / "clock.py"


def clock_readings(source: str) -> Iterator[str]:
    """Calls and references (`default=timezone.now`) that read the clock."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            name = ".".join(ast.unparse(node).split(".")[-2:])
            if name in CLOCK_CALLS:
                yield f"line {node.lineno}: {name}"
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "django.utils.timezone"):
            read = {f"{node.module.split('.')[-1]}.{name.name}" for name in node.names}
            yield from (f"line {node.lineno}: {name}" for name in sorted(read & CLOCK_CALLS))


def clock_readings_of_step(sql: str) -> list[str]:
    kinds = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentDatetime)
    statement = sqlglot.parse_one(sql, read="duckdb")
    calls = [node for node in statement.walk() if isinstance(node, kinds)]
    named = [
        call for call in statement.find_all(exp.Anonymous) if call.name.lower() in ("now", "today")
    ]
    return [node.sql() for node in (*calls, *named)]


def test_nobody_but_the_clock_reads_the_clock() -> None:
    found = [
        f"{path.relative_to(HOUSE)}, {reading}"
        for path in sorted(HOUSE.rglob("*.py"))
        if path != CLOCK_ROOM and "migrations" not in path.parts
        for reading in clock_readings(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted(HOUSE.glob("*/sql/*.sql")), ids=lambda path: path.stem)
def test_no_step_reads_the_clock(path: Path) -> None:
    assert clock_readings_of_step(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "opened = datetime.now(UTC)",
        "day = datetime.date.today()",
        "opened_at = models.DateTimeField(default=timezone.now)",
        "from time import time",
        "import time\nstarted = time.time()",
    ],
)
def test_a_reading_is_seen(source: str) -> None:
    assert list(clock_readings(source))


@pytest.mark.parametrize(
    "source", ["time.monotonic()", "time.perf_counter()", "datetime.fromisoformat(text)"]
)
def test_stop_watches_and_parsers_are_no_readings(source: str) -> None:
    assert not list(clock_readings(source))


@pytest.mark.parametrize(
    "sql", ["select current_date", "select now()", "select * from t where day < current_timestamp"]
)
def test_a_step_that_asks_the_time_is_seen(sql: str) -> None:
    assert clock_readings_of_step(sql)
