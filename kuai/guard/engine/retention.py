"""What is kept longer than it was said to be. Lists; never deletes: erasing is a decision somebody signs."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

YEARS = range(1900, 2200)
_PERIOD = re.compile(r"^(\d{4})(?:-?(\d{2}))?(?:-?(\d{2}))?$")


@dataclass(frozen=True)
class KeptThing:
    """Rows of one table, or one delivery of a source, of which the oldest is from `since`."""

    kind: str
    name: str
    period: str
    rows: int
    since: date
    retention_days: int


@dataclass(frozen=True)
class OverdueThing:
    """A kept thing whose time was over on `due_on`."""

    thing: KeptThing
    due_on: date
    days_over: int


def list_overdue(kept: Iterable[KeptThing], *, as_of: date) -> tuple[OverdueThing, ...]:
    """What should have gone by `as_of`, longest overdue first."""
    overdue = []
    for thing in kept:
        due_on = thing.since + timedelta(days=thing.retention_days)
        if thing.retention_days > 0 and due_on < as_of:
            overdue.append(
                OverdueThing(thing=thing, due_on=due_on, days_over=(as_of - due_on).days)
            )
    return tuple(
        sorted(overdue, key=lambda item: (-item.days_over, item.thing.kind, item.thing.name))
    )


def last_day_of_period(period: str) -> date | None:
    """The last day that a delivery named 2026, 2026-11 or 2026-11-30 speaks of; None for another name or a number."""
    match = _PERIOD.match(period)
    # Packages number their deliveries: 0001 is the first one, no year.
    if not match or int(match[1]) not in YEARS:
        return None
    year, month, day = int(match[1]), int(match[2] or 12), match[3]
    try:
        return date(year, month, int(day) if day else calendar.monthrange(year, month)[1])
    except (ValueError, calendar.IllegalMonthError):
        return None
