"""The next working day, for reviews that are due then. Public holidays come with the orders' calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

SATURDAY = 5


def is_weekday(day: date) -> bool:
    """Monday to Friday: the calendar used as long as nobody gives a better one."""
    return day.weekday() < SATURDAY


def next_workday(day: date, *, is_workday: Callable[[date], bool] = is_weekday) -> date:
    """The first working day after `day`."""
    following = day + timedelta(days=1)
    while not is_workday(following):
        following += timedelta(days=1)
    return following
