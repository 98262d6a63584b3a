"""Working days: weekdays, but for the holidays and make-up days a city writes into `holidays.yaml` of its store.

Because the State Council names the days each year by notice, no list is shipped: without the file weekdays count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from kuai.kit.errors import DataFault, Where

FILE = "holidays.yaml"
_SATURDAY = 5


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are working days: `off` are weekdays nobody works, `on` weekend days that are made up for."""

    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    def is_workday(self, day: date) -> bool:
        return day in self.on or (day.weekday() < _SATURDAY and day not in self.off)

    def add_workdays(self, day: date, workdays: int) -> date:
        """The `workdays`-th working day after `day`."""
        found = day
        for _ in range(workdays):
            found += timedelta(days=1)
            while not self.is_workday(found):
                found += timedelta(days=1)
        return found


def read_work_calendar(folder: Path) -> WorkCalendar:
    """The calendar of the store in `folder`; a DataFault names what is wrong in its file.

    `holidays` and `workdays` are lists of days (2026-10-01) or spans (2026-10-01..2026-10-07).
    """
    path = folder / FILE
    if not path.exists():
        return WorkCalendar()
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if not isinstance(value, dict) or set(value) - {"holidays", "workdays"}:
            raise ValueError("not a mapping of holidays and workdays")
        return WorkCalendar(
            off=frozenset(_days(value.get("holidays"))),
            on=frozenset(_days(value.get("workdays"))),
        )
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError) as fault:
        raise DataFault(
            "calendar.file",
            "节假日文件读不懂",
            where=Where(file=FILE),
            remedy="写成 holidays: [2026-10-01..2026-10-07] 和 workdays: [2026-10-10]；每年按国务院办公厅通知更新。",
        ) from fault


def _days(listed: Any) -> Iterable[date]:
    for one in listed or ():
        # YAML reads a plain day as a day already.
        if isinstance(one, date) and not isinstance(one, datetime):
            yield one
            continue
        first, _, last = str(one).partition("..")
        day, end = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
        if not 0 <= (end - day).days <= 366:
            raise ValueError("a span that ends before it begins, or lasts over a year")
        while day <= end:
            yield day
            day += timedelta(days=1)
