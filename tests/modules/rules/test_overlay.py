"""Who died or departed by a decision of today is asked by no rule, though the build does not know it yet."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kuai.guard.types import Actor, Role
from kuai.kit.element_codes import code_of
from kuai.registry import decisions, queries
from kuai.registry.decisions import DecisionKind

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
STEWARD = Actor("7", Role.DATA_STEWARD, areas=("",))
DEAD, AWAY, BACK = (code_of("person", number) for number in (1, 2, 3))


def decide(code: str, event: str, on: str) -> None:
    decisions.record_decision(
        DecisionKind.LIFE_CYCLE,
        [code],
        detail={"event": event, "on": on},
        reason="见卷宗",
        by=STEWARD,
        at=NOW,
    )


@pytest.mark.django_db
def test_the_dead_and_the_departed_are_gone_and_who_came_back_is_not() -> None:
    decide(DEAD, "death", "2026-11-01")
    decide(DEAD, "arrival", "2026-11-05")
    decide(AWAY, "departure", "2026-11-02")
    decide(BACK, "departure", "2026-11-02")
    decide(BACK, "arrival", "2026-11-09")
    assert queries.persons_gone() == {DEAD: date(2026, 11, 1), AWAY: date(2026, 11, 2)}
