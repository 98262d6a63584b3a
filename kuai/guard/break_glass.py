"""Break-glass: in an emergency, how many people are in an area, and does anybody need carrying. No names, ever.

Opened by incident, area and hours; reviewed on the next working day by somebody else; the persons are told.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F

from kuai.guard.engine.areas import covers_any, path_segments
from kuai.guard.engine.purposes import require_purpose
from kuai.guard.engine.ticket_terms import LONGEST_BREAK_GLASS
from kuai.guard.engine.workdays import is_weekday, next_workday
from kuai.guard.ledger import record_entry
from kuai.guard.models import BreakGlassRecord, ReviewDuty
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal

PURPOSE = "emergency_response"
AREA_CODE = re.compile(r"^[0-9A-Za-z-]{1,32}$")
REVIEWERS = frozenset({Role.AUDITOR, Role.AUDIT_ADMINISTRATOR})


@dataclass(frozen=True)
class Headcount:
    """All that comes out: how many people are registered in the area, and whether anybody needs carrying."""

    people: int
    needs_carrying: bool


@dataclass(frozen=True)
class BrokenGlass:
    """An opened emergency."""

    break_glass_id: str
    incident: str
    area: str
    opened_by: str
    opened_at: datetime
    ends_at: datetime
    review_due_on: date


_HEADCOUNTERS: list[Callable[[str], Headcount]] = []


def register_headcounter(count: Callable[[str], Headcount]) -> None:
    """Tell how people in an area path are counted (the stairwell joins core and care for this one answer)."""
    _HEADCOUNTERS[:] = [count]


def break_glass(
    *,
    incident: str,
    area: str,
    hours: int,
    by: Actor,
    at: datetime,
    is_workday: Callable[[date], bool] = is_weekday,
) -> BrokenGlass:
    """Open an emergency for 1 to 24 hours and put its review on somebody's list for the next working day.

    Refuses roles that do not answer emergencies, areas outside the actor's, and an emergency without a number.
    """
    _require_may_open(incident=incident, area=area, hours=hours, by=by)
    record = BreakGlassRecord(
        break_glass_id=f"B-{secrets.token_hex(8)}",
        incident=incident.strip(),
        area=area,
        opened_by=by.user_id,
        opened_at=at,
        ends_at=at + timedelta(hours=hours),
    )
    duty = ReviewDuty(break_glass=record, due_on=next_workday(local_day(at), is_workday=is_workday))
    with transaction.atomic():
        record.save(force_insert=True)
        duty.save(force_insert=True)
        _enter(record, action="break_glass.opened", by=by, at=at)
    return _as_broken_glass(duty)


def _require_may_open(*, incident: str, area: str, hours: int, by: Actor) -> None:
    if by.role not in require_purpose(PURPOSE).roles:
        raise Refusal("access.role", "你的角色不处置突发事件。")
    if not incident.strip():
        raise Refusal("break_glass.incident", "要写明突发事件编号。")
    if not timedelta(0) < timedelta(hours=hours) <= LONGEST_BREAK_GLASS:
        raise Refusal("break_glass.hours", "应急查看为 1 到 24 小时。")
    codes = path_segments(area)
    if not codes or not all(AREA_CODE.match(code) for code in codes):
        raise Refusal("break_glass.area", "要写明区域（地址编码），不能是全部。")
    if not covers_any(by.areas, (area,)):
        raise Refusal("access.area", "这个区域不在你负责的范围内。")


def count_in_emergency(break_glass_id: str, *, by: Actor, at: datetime) -> Headcount:
    """The headcount of the emergency's area; refuses anybody but its opener, and after its time."""
    record = BreakGlassRecord.objects.filter(break_glass_id=break_glass_id).first()
    if record is None or record.opened_by != by.user_id:
        raise Refusal("ticket.not_yours", "没有由你打开的这次应急查看。")
    if not record.opened_at <= at < record.ends_at:
        raise Refusal("ticket.expired", "这次应急查看已经结束。")
    if not _HEADCOUNTERS:
        raise Refusal("break_glass.no_counter", "还没有可用的人数。", next_step="先构建一次库。")
    with transaction.atomic(durable=True):
        BreakGlassRecord.objects.filter(pk=record.pk).update(times_asked=F("times_asked") + 1)
        _enter(record, action="break_glass.counted", by=by, at=at)
    return _HEADCOUNTERS[0](record.area)


def complete_review(
    break_glass_id: str, *, is_justified: bool, remark: str, by: Actor, at: datetime
) -> None:
    """Close the review of an emergency; refuses its opener, other roles, and a second review."""
    duty = (
        ReviewDuty.objects.select_related("break_glass")
        .filter(break_glass_id=break_glass_id)
        .first()
    )
    if duty is None:
        raise Refusal("break_glass.unknown", "没有这次应急查看。")
    if by.role not in REVIEWERS or by.user_id == duty.break_glass.opened_by:
        raise Refusal("break_glass.reviewer", "应急查看由审计员复核，本人不能复核自己的。")
    if duty.reviewed_at is not None:
        raise Refusal("break_glass.reviewed", "这次应急查看已经复核过。")
    duty.reviewed_by = by.user_id
    duty.reviewed_at = at
    duty.verdict = "justified" if is_justified else "unjustified"
    duty.remark = remark
    with transaction.atomic():
        duty.save()
        _enter(duty.break_glass, action=f"break_glass.{duty.verdict}", by=by, at=at)


def note_persons_told(break_glass_id: str, *, by: Actor, at: datetime) -> None:
    """Write down that the persons of the area were told of the look. The first time counts."""
    with transaction.atomic():
        told = BreakGlassRecord.objects.filter(
            break_glass_id=break_glass_id, persons_told_at__isnull=True
        ).update(persons_told_at=at)
        if told:
            record = BreakGlassRecord.objects.get(break_glass_id=break_glass_id)
            _enter(record, action="break_glass.persons_told", by=by, at=at)


def list_due_reviews(*, as_of: date) -> tuple[BrokenGlass, ...]:
    """Emergencies whose review is due on or before `as_of` and not done, oldest first."""
    duties = ReviewDuty.objects.select_related("break_glass").filter(
        reviewed_at__isnull=True, due_on__lte=as_of
    )
    return tuple(_as_broken_glass(duty) for duty in duties.order_by("due_on", "id"))


def _as_broken_glass(duty: ReviewDuty) -> BrokenGlass:
    record = duty.break_glass
    return BrokenGlass(
        break_glass_id=record.break_glass_id,
        incident=record.incident,
        area=record.area,
        opened_by=record.opened_by,
        opened_at=record.opened_at,
        ends_at=record.ends_at,
        review_due_on=duty.due_on,
    )


def _enter(record: BreakGlassRecord, *, action: str, by: Actor, at: datetime) -> None:
    record_entry(
        actor=by,
        action=action,
        object_kind="area",
        object_refs=(record.area,),
        purpose=PURPOSE,
        ticket_id=record.break_glass_id,
        at=at,
    )
