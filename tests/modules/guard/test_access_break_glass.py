"""Break-glass: a headcount for some hours, reviewed on the next working day, by somebody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError

from kuai.guard import access, break_glass
from kuai.guard.access import Headcount
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import BreakGlassRecord
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from tests.modules.guard.builders import AREA, NOON, an_actor

pytestmark = pytest.mark.django_db
CLERK = an_actor(Role.SUBDISTRICT_CLERK)
AUDITOR = Actor(user_id="audit", role=Role.AUDITOR)


@pytest.fixture(autouse=True)
def _counter():
    access.register_headcounter(lambda area: Headcount(people=37, needs_carrying=area == AREA))
    yield
    break_glass._HEADCOUNTERS.clear()


def open_emergency(**changes):
    arguments = {"incident": "2026-火-17", "area": AREA, "hours": 6, "by": CLERK, "at": NOON}
    return access.break_glass(**arguments | changes)


def test_an_emergency_gives_a_headcount_and_nothing_else() -> None:
    opened = open_emergency()
    assert access.count_in_emergency(opened.break_glass_id, by=CLERK, at=NOON) == Headcount(
        37, True
    )
    assert BreakGlassRecord.objects.get().times_asked == 1
    assert set(Headcount.__dataclass_fields__) == {"people", "needs_carrying"}
    actions = list(LedgerEntry.objects.order_by("id").values_list("action", "ticket"))
    assert actions == [
        ("break_glass.opened", opened.break_glass_id),
        ("break_glass.counted", opened.break_glass_id),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"by": replace(CLERK, role=Role.GRID_WORKER)}, "access.role"),
        ({"by": replace(CLERK, role=Role.SYSTEM_ADMINISTRATOR)}, "access.role"),
        ({"by": replace(CLERK, role=Role.RESIDENT)}, "access.role"),
        ({"incident": " "}, "break_glass.incident"),
        ({"hours": 0}, "break_glass.hours"),
        ({"hours": -1}, "break_glass.hours"),
        ({"hours": 25}, "break_glass.hours"),
        ({"area": ""}, "break_glass.area"),
        ({"area": f"{AREA}/张三家"}, "break_glass.area"),
        ({"area": "440310"}, "access.area"),
        ({"area": "440310/440310002"}, "access.area"),
        ({"by": replace(CLERK, areas=())}, "access.area"),
    ],
)
def test_what_is_no_emergency_of_ones_own_is_refused(changes: dict, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        open_emergency(**changes)
    assert refusal.value.code == code
    assert not BreakGlassRecord.objects.exists()


@pytest.mark.parametrize(
    ("by", "at", "code"),
    [
        (replace(CLERK, user_id="wang"), NOON, "ticket.not_yours"),
        (CLERK, NOON - timedelta(seconds=1), "ticket.expired"),
        (CLERK, NOON + timedelta(hours=6), "ticket.expired"),
    ],
)
def test_nobody_else_and_nobody_later_gets_the_count(by: Actor, at: datetime, code: str) -> None:
    opened = open_emergency()
    with pytest.raises(Refusal) as refusal:
        access.count_in_emergency(opened.break_glass_id, by=by, at=at)
    assert refusal.value.code == code


def test_the_database_too_keeps_it_to_a_day() -> None:
    with pytest.raises(IntegrityError):
        BreakGlassRecord.objects.create(
            break_glass_id="B-1", incident="x", area=AREA, opened_by="li", opened_at=NOON,
            ends_at=NOON + timedelta(hours=24, seconds=1),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "due_on"),
    [
        (datetime(2026, 11, 19, 4, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 20, 4, tzinfo=UTC), date(2026, 11, 23)),
        # 17:00 UTC on Thursday is Friday in Shenzhen.
        (datetime(2026, 11, 19, 17, tzinfo=UTC), date(2026, 11, 23)),
    ],
)
def test_the_review_is_due_on_the_next_working_day(at: datetime, due_on: date) -> None:
    opened = open_emergency(at=at)
    assert opened.review_due_on == due_on
    assert access.list_due_reviews(as_of=due_on - timedelta(days=1)) == ()
    assert access.list_due_reviews(as_of=due_on) == (opened,)


def test_a_review_is_made_once_by_an_auditor() -> None:
    opened = open_emergency()
    access.complete_review(
        opened.break_glass_id, is_justified=False, remark="无火情", by=AUDITOR, at=NOON
    )
    assert access.list_due_reviews(as_of=date(2030, 1, 1)) == ()
    assert LedgerEntry.objects.filter(action="break_glass.unjustified", actor="audit").exists()
    with pytest.raises(Refusal) as refusal:
        access.complete_review(
            opened.break_glass_id, is_justified=True, remark="", by=AUDITOR, at=NOON
        )
    assert refusal.value.code == "break_glass.reviewed"


@pytest.mark.parametrize("by", [CLERK, Actor("x", Role.LEADER), Actor("li", Role.AUDITOR)])
def test_nobody_reviews_their_own_emergency_and_only_auditors_review(by: Actor) -> None:
    opened = open_emergency()
    with pytest.raises(Refusal) as refusal:
        access.complete_review(opened.break_glass_id, is_justified=True, remark="", by=by, at=NOON)
    assert refusal.value.code == "break_glass.reviewer"


def test_that_the_persons_were_told_is_written_down_once() -> None:
    opened = open_emergency()
    for hours in (1, 2):
        access.note_persons_told(opened.break_glass_id, by=CLERK, at=NOON + timedelta(hours=hours))
    assert BreakGlassRecord.objects.get().persons_told_at == NOON + timedelta(hours=1)


def test_without_a_build_there_is_no_count() -> None:
    opened = open_emergency()
    break_glass._HEADCOUNTERS.clear()
    with pytest.raises(Refusal) as refusal:
        access.count_in_emergency(opened.break_glass_id, by=CLERK, at=NOON)
    assert refusal.value.code == "break_glass.no_counter"
