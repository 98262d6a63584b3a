"""What a day and later decisions make of a relation: half-open periods, precisions, and the build's own rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from kuai.registry.engine.believed import certainty_on, lay_over, status_while_it_held

DAY = date(2026, 10, 31)


@dataclass(frozen=True)
class Said:
    """The word of the log."""

    status: str = ""
    is_contested: bool = False
    level: str = ""
    ended_on: date | None = None
    decision: int | None = None


def certainty(
    day: str, begins: str | None, ends: str | None, precision: str = "day", **more: Any
) -> str:
    return certainty_on(
        date.fromisoformat(day),
        valid_from=date.fromisoformat(begins) if begins else None,
        valid_to=date.fromisoformat(ends) if ends else None,
        precision=precision,
        **more,
    )


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2026-02-28", ""), ("2026-03-01", "holds"), ("2026-03-31", "holds"), ("2026-04-01", "")],
)
def test_the_last_day_is_the_first_on_which_it_no_longer_holds(day: str, holds: str) -> None:
    assert certainty(day, "2026-03-01", "2026-04-01") == holds


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        ("2026-02-28", ""),
        ("2026-03-01", "may_hold"),
        ("2026-03-30", "may_hold"),
        ("2026-03-31", "holds"),
        ("2026-11-30", "holds"),
        ("2026-12-01", "may_hold"),
        ("2026-12-31", "may_hold"),
        ("2027-01-01", ""),
    ],
)
def test_within_the_month_of_a_beginning_or_end_it_may_hold(day: str, holds: str) -> None:
    assert certainty(day, "2026-03-01", "2026-12-01", "month") == holds


def test_within_the_year_too_but_an_end_by_decision_is_to_the_day() -> None:
    assert certainty("2026-06-01", "2026-01-01", None, "year") == "may_hold"
    assert certainty("2027-01-01", "2026-01-01", None, "year") == "holds"
    assert certainty("2026-10-31", "2020-01-01", "2026-10-31", "year", ended_by="decision") == ""
    assert (
        certainty("2026-10-30", "2020-01-01", "2026-10-31", "year", ended_by="decision") == "holds"
    )


def test_before_anybody_spoke_of_it_an_open_beginning_is_no_certainty() -> None:
    assert certainty("2020-01-01", None, None, known_since=DAY) == "may_hold"
    assert certainty("2026-10-31", None, None, known_since=DAY) == "holds"
    assert certainty("2026-10-31", "2026-10-31", "2026-10-31") == ""


def a_row(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "status": "asserted",
        "valid_from": date(2020, 1, 1),
        "valid_to": None,
        "ended_by": "",
        "level": "",
        "is_contested": False,
        "decision": None,
    }
    return row | changes


@pytest.mark.parametrize(
    ("row", "said", "expected"),
    [
        (a_row(), Said("disputed", is_contested=True, decision=7), ("disputed", None, 7)),
        (a_row(), Said("withdrawn", decision=8), ("withdrawn", None, 8)),
        (a_row(), Said("verified", level="community", decision=3), ("verified", None, 3)),
        (
            a_row(),
            Said("ended", ended_on=date(2026, 9, 1), decision=4),
            ("ended", date(2026, 9, 1), 4),
        ),
        # Somebody who came back after that day has begun anew.
        (
            a_row(valid_from=date(2026, 9, 1)),
            Said("ended", ended_on=date(2026, 9, 1), decision=4),
            ("asserted", None, 4),
        ),
        # An end that is still to come ends nothing yet.
        (
            a_row(),
            Said("ended", ended_on=date(2027, 1, 1), decision=4),
            ("asserted", date(2027, 1, 1), 4),
        ),
        # Withdrawn: as the sources say.
        (a_row(status="disputed", is_contested=True, decision=7), Said(), ("asserted", None, None)),
        (
            a_row(status="ended", ended_by="decision", valid_to=date(2026, 9, 1), decision=4),
            Said(),
            ("asserted", None, None),
        ),
        # What the source itself ended stays ended.
        (
            a_row(status="ended", ended_by="declared", valid_to=date(2026, 9, 1)),
            Said("verified", level="community", decision=3),
            ("ended", date(2026, 9, 1), 3),
        ),
    ],
)
def test_a_later_word_is_laid_over_the_row(
    row: dict[str, Any], said: Said, expected: tuple[str, date | None, int | None]
) -> None:
    over = lay_over(row, said, as_of=DAY)
    assert (over["status"], over["valid_to"], over["decision"]) == expected
    assert over["is_contested"] == said.is_contested


def test_while_it_held_what_has_ended_since_had_not_ended() -> None:
    ended = a_row(status="ended", valid_to=date(2026, 9, 1))
    assert status_while_it_held(ended) == "asserted"
    assert status_while_it_held(ended | {"level": "community"}) == "verified"
    assert status_while_it_held(a_row(status="disputed")) == "disputed"
