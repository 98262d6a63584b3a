"""What a day and later decisions make of a stated relation. Pure: the same rule as the build's step `relation`.

Periods are half open; a month or year is kept as its first day, so within it nobody can say (decisions 0004, 0024).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

# Ends that are set to the day, whatever the precision of what was declared.
ENDED_TO_THE_DAY = frozenset({"decision", "full_delivery", "life_cycle"})


class Word(Protocol):
    """What the log says of one fact (`overlay.FactWord`); `status` is empty where no decision is in force any more."""

    @property
    def status(self) -> str: ...

    @property
    def is_contested(self) -> bool: ...

    @property
    def level(self) -> str: ...

    @property
    def ended_on(self) -> date | None: ...

    @property
    def decision(self) -> int | None: ...


def certainty_on(
    day: date,
    *,
    valid_from: date | None,
    valid_to: date | None,
    precision: str,
    ended_by: str = "",
    known_since: date | None = None,
) -> str:
    """'holds', 'may_hold' or '' (it does not).

    It may where the day lies within the month or year of its beginning or end, and where nobody said when it began
    and the day is before `known_since`, the first day anybody spoke of it.
    """
    begins_late = _last_day_of(valid_from, precision) if valid_from else known_since
    exact_end = "day" if ended_by in ENDED_TO_THE_DAY else precision
    ends_late = _after(valid_to, exact_end) if valid_to else None
    if (valid_from and day < valid_from) or (ends_late and day >= ends_late):
        return ""
    if valid_to is not None and valid_from == valid_to and exact_end == "day":
        return ""
    unsure_begin = begins_late is not None and day < begins_late
    unsure_end = valid_to is not None and day >= valid_to
    return "may_hold" if unsure_begin or unsure_end else "holds"


def _last_day_of(first: date, precision: str) -> date:
    """The latest day that a beginning kept as `first` can mean."""
    after = _after(first, precision)
    return first if precision not in ("month", "year") else date.fromordinal(after.toordinal() - 1)


def _after(first: date, precision: str) -> date:
    """The first day after all days that `first` can mean; of an end kept to the day, that day itself."""
    if precision == "month":
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    if precision == "year":
        return date(first.year + 1, 1, 1)
    return first


def lay_over(row: Mapping[str, Any], word: Word, *, as_of: date) -> dict[str, Any]:
    """The relation row as a build of the same day would write it, had it known `word`.

    Of an end that was withdrawn the day stated before it is known to the next build alone: here it is open.
    """
    was_disputed_by_others = row["status"] == "disputed" and not row["is_contested"]
    was_ended_by_decision = row["ended_by"] == "decision"
    decided_to = word.ended_on
    if decided_to is not None and row["valid_from"] is not None and row["valid_from"] >= decided_to:
        # Who came back after the day has begun anew.
        decided_to = None
    days = [decided_to, None if was_ended_by_decision else row["valid_to"]]
    last_day = min((day for day in days if day is not None), default=None)
    end_word = ""
    if last_day is not None and last_day <= as_of:
        stated = "" if was_ended_by_decision else row["ended_by"]
        end_word = "decision" if decided_to == last_day else stated or "declared"
    return {
        **row,
        "valid_to": last_day,
        "ended_by": end_word,
        "level": word.level,
        "is_contested": word.is_contested,
        "status": _status(word, end_word, disputed=was_disputed_by_others and bool(word.level)),
        "decision": row["decision"] if end_word == "life_cycle" else word.decision,
    }


def _status(word: Word, end_word: str, *, disputed: bool) -> str:
    if word.status == "withdrawn":
        return "withdrawn"
    if word.is_contested:
        return "disputed"
    if end_word:
        return "ended"
    if disputed:
        return "disputed"
    return "verified" if word.level else "asserted"


def status_while_it_held(row: Mapping[str, Any]) -> str:
    """The status on a day on which the relation held: what has ended since had not yet."""
    if row["status"] != "ended" or row["valid_to"] is None:
        return str(row["status"])
    return "verified" if row.get("level") else "asserted"
