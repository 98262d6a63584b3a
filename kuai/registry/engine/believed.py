"""What a day and later decisions make of a stated relation. Pure: the same rule as the build's step `relation`.

Periods are half open; a month or year is kept as its first day, so within it nobody can say (decisions 0004, 0024).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

# Ends that are set to the day, whatever the precision of what was declared.
ENDED_TO_THE_DAY = frozenset({"decision", "full_delivery", "life_cycle"})


@dataclass(frozen=True)
class FactWord:
    """What people decided of one fact, as far as the log was read; numbers are places in the log."""

    objected: int | None = None
    retracted: int | None = None
    ended: int | None = None
    ended_on: date | None = None
    level: str = ""
    verified: int | None = None


UNDECIDED = FactWord()


def certainty_on(
    day: date,
    *,
    valid_from: date | None,
    valid_to: date | None,
    precision: str,
    ended_by: str = "",
) -> str:
    """'holds', 'may_hold' (the day lies within the month or year of its beginning or end) or '' (it does not)."""
    begins_late = _last_day_of(valid_from, precision) if valid_from else None
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


def lay_over(row: dict[str, Any], word: FactWord, *, as_of: date) -> dict[str, Any]:
    """The relation row as a build of the same day would write it, had it known `word`."""
    was_disputed_by_others = row["status"] == "disputed" and not row["is_contested"]
    # What a decision had ended and nobody ends now: the day stated before it is known to the next build.
    stated_to = None if row["ended_by"] == "decision" else row["valid_to"]
    stated_end = "" if row["ended_by"] == "decision" else row["ended_by"]
    begins = row["valid_from"]
    decided_to = word.ended_on if begins is None or _is_before(begins, word.ended_on) else None
    days = [day for day in (stated_to, decided_to) if day is not None]
    last_day = min(days, default=None)
    end_word = ""
    if last_day is not None and last_day <= as_of:
        end_word = "decision" if decided_to == last_day else stated_end or "declared"
    return {
        **row,
        "valid_to": last_day,
        "ended_by": end_word,
        "level": word.level,
        "is_contested": word.objected is not None,
        "status": _status(word, end_word, disputed=was_disputed_by_others and bool(word.level)),
        "decision": _ruling(row, word, end_word),
    }


def _is_before(begins: date, ended_on: date | None) -> bool:
    return ended_on is not None and begins < ended_on


def _status(word: FactWord, end_word: str, *, disputed: bool) -> str:
    if word.retracted is not None:
        return "withdrawn"
    if word.objected is not None:
        return "disputed"
    if end_word:
        return "ended"
    if disputed:
        return "disputed"
    return "verified" if word.level else "asserted"


def _ruling(row: dict[str, Any], word: FactWord, end_word: str) -> int | None:
    if word.retracted is not None:
        return word.retracted
    if word.objected is not None:
        return word.objected
    if end_word == "decision":
        return word.ended
    if end_word == "life_cycle":
        ruling: int | None = row["decision"]
        return ruling
    return word.verified


def status_while_it_held(row: dict[str, Any]) -> str:
    """The status on a day on which the relation held: what has ended since had not yet."""
    if row["status"] != "ended" or row["valid_to"] is None:
        return str(row["status"])
    return "verified" if row.get("level") else "asserted"
