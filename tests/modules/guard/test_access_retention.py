"""What is kept too long is listed; reviews are due on the next working day."""

from __future__ import annotations

from datetime import date

import pytest

from kuai.guard.engine.retention import KeptThing, last_day_of_period, list_overdue
from kuai.guard.engine.workdays import next_workday


def a_delivery(name: str, since: date, retention_days: int = 365) -> KeptThing:
    return KeptThing("source", name, "2025-11", 10, since, retention_days)


def test_a_thing_is_overdue_the_day_after_its_last_day() -> None:
    kept = [a_delivery("rentals", date(2025, 11, 20))]
    assert list_overdue(kept, as_of=date(2026, 11, 20)) == ()
    (overdue,) = list_overdue(kept, as_of=date(2026, 11, 21))
    assert (overdue.due_on, overdue.days_over) == (date(2026, 11, 20), 1)


def test_the_longest_overdue_comes_first_and_what_has_no_term_never() -> None:
    kept = [
        a_delivery("young", date(2025, 6, 1)),
        a_delivery("old", date(2020, 1, 1)),
        a_delivery("termless", date(2000, 1, 1), retention_days=0),
    ]
    assert [o.thing.name for o in list_overdue(kept, as_of=date(2026, 11, 20))] == ["old", "young"]


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ("2026", date(2026, 12, 31)),
        ("2026-02", date(2026, 2, 28)),
        ("202602", date(2026, 2, 28)),
        ("2026-11-30", date(2026, 11, 30)),
        ("2026-13", None),
        ("2026-02-30", None),
        ("first", None),
    ],
)
def test_the_last_day_of_a_delivery_is_read_from_its_period(period: str, day: date | None) -> None:
    assert last_day_of_period(period) == day


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2026, 11, 19), date(2026, 11, 20)),
        (date(2026, 11, 20), date(2026, 11, 23)),
        (date(2026, 11, 22), date(2026, 11, 23)),
    ],
)
def test_the_next_working_day_skips_the_weekend(day: date, following: date) -> None:
    assert next_workday(day) == following


def test_a_calendar_with_holidays_may_be_given() -> None:
    assert next_workday(
        date(2026, 9, 30), is_workday=lambda day: day.month != 10 or day.day > 7
    ) == date(2026, 10, 8)
