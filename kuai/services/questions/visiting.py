"""Visits: a grid's doors of a week, as many as it can walk; sheets back by row code. Private: see the doors.

Counts are of grids and doors; who walked is written nowhere, so that nobody's rounds can be counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from kuai.blocks.queries import open_blocks
from kuai.guard import access
from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.services.questions import asking, settling
from kuai.services.questions.engine.choosing import (
    Waiting,
    choose_doors,
    floor_of,
    walking_order,
)
from kuai.services.questions.engine.texts import new_number, new_row_code, read_row_code
from kuai.services.questions.models import Question, VisitLine, VisitRound
from kuai.services.questions.types import (
    By,
    ReturnFault,
    Said,
    State,
    VisitDoor,
    VisitSheet,
)

MOST_LINES = 2_000


def draw_sheet(store: Store, grid_code: str, *, on: date, by: Actor, at: datetime) -> VisitSheet:
    """The grid's sheet of the week of `on`. A second time in a week takes up what still fits, or shows the last again.

    Refuses grids outside the actor's areas and a grid where nothing waits.
    """
    week = on - timedelta(days=on.weekday())
    with transaction.atomic():
        waiting = _waiting(grid_code, by)
        rows = {one.number: one for one in waiting}
        used = _doors_of(grid_code, week)
        doors, left = choose_doors(
            (Waiting(one.number, one.place_code, one.usefulness, one.asked_at) for one in waiting),
            room_for=settings.KUAI_VISITS_PER_WEEK - used,
        )
        if not doors:
            return _last_sheet(store, grid_code, week, by=by, waiting=left)
        drawn = VisitRound.objects.create(
            number=new_number("V"), grid_code=grid_code, week=week, waiting=left, drawn_at=at
        )
        for one in (line for door in doors for line in door):
            row = rows[one.number]
            VisitLine.objects.create(round=drawn, question=row, row_code=_free_row_code())
            asking.move(row, State.CHECK, by=by.user_id, at=at, because="visit")
        access.record_entry(
            actor=by,
            action="question.sheet_drawn",
            object_kind="visit_sheet",
            object_refs=(drawn.number,),
            purpose="fact_upkeep",
            count=len(doors),
            at=at,
        )
    return _sheet(store, drawn)


def get_sheet(store: Store, number: str, *, by: Actor) -> VisitSheet:
    """A sheet again, without what was answered since. Refuses sheets of other areas."""
    drawn = VisitRound.objects.filter(number=number).first()
    rows = list(Question.objects.filter(visit_lines__round=drawn)) if drawn else []
    # Whose area is a part of the grid sees no door beyond it.
    if drawn is None or not rows or len(asking.in_areas(rows, by)) < len(rows):
        raise Refusal("sheet.none", "辖区里没有这张核对表。")
    return _sheet(store, drawn)


def list_waiting_grids(*, by: Actor) -> tuple[tuple[str, int, int], ...]:
    """(grid, doors that wait, doors on this and earlier sheets still out) of the actor's areas."""
    states = (State.LAPSED.value, State.OPEN.value, State.CHECK.value)
    rows = asking.in_areas(Question.objects.filter(state__in=states).exclude(grid_code=""), by)
    paused = asking.paused_numbers(rows)
    waiting: dict[str, set[str]] = {}
    out: dict[str, set[str]] = {}
    for row in rows:
        if row.state == State.CHECK.value:
            out.setdefault(row.grid_code, set()).add(row.place_code)
        elif _may_be_visited(row) and row.number not in paused:
            waiting.setdefault(row.grid_code, set()).add(row.place_code)
    return tuple(
        (grid, len(waiting.get(grid, ())), len(out.get(grid, ())))
        for grid in sorted({*waiting, *out})
    )


def take_in_returns(
    store: Store,
    lines: Sequence[tuple[int, str, str, str]],
    *,
    by: Actor,
    at: datetime,
) -> tuple[Receipt, tuple[ReturnFault, ...]]:
    """What came back: (line, row code, word, day). received = kept + refused; the same sheet again changes nothing.

    Each line stands alone: a bad one says why and the others go in.
    """
    asking.require_asking_role(by)
    if len(lines) > MOST_LINES:
        raise Refusal("sheet.long", f"一次最多 {MOST_LINES:,} 行。")
    faults = []
    for number, code, word, day in lines:
        try:
            _take_in(store, code, word, day, by=by, at=at)
        except Refusal as refusal:
            faults.append(ReturnFault(number, read_row_code(code), refusal.sentence))
    receipt = Receipt(
        stage="visits_returned",
        received=len(lines),
        kept=len(lines) - len(faults),
        refused=len(faults),
    )
    return receipt, tuple(faults)


def find_question_of_row(code: str, *, by: Actor) -> str:
    """The number of the question behind a row code, for the ticket that its visit needs."""
    line = VisitLine.objects.filter(row_code=read_row_code(code)).first()
    if line is None or not asking.in_areas([line.question], by):
        raise Refusal("row.none", "没有这个行码。")
    return line.question.number


WORDS = {
    "属实": Said.HOLDS,
    "已经不是": Said.ENDED,
    "从来不是": Said.WRONG,
    "说不清": Said.UNKNOWN,
    "不愿说": Said.REFUSED,
    "没见到人": Said.NOT_MET,
}
# What a hand types beside a row code.
DIGITS = {str(place): word for place, word in enumerate(WORDS, start=1)}


def _take_in(store: Store, code: str, word: str, day: str, *, by: Actor, at: datetime) -> None:
    line = VisitLine.objects.select_related("question").filter(row_code=read_row_code(code)).first()
    if line is None or not asking.in_areas([line.question], by):
        raise Refusal("row.none", "没有这个行码。")
    said = WORDS.get(DIGITS.get(word.strip(), word.strip()))
    if said is None:
        raise Refusal("row.word", "结果要写属实、已经不是、从来不是、说不清、不愿说或没见到人。")
    if line.said == said.value:
        return
    if line.said:
        raise Refusal("row.returned", "这一行交过别的结果，不改；要改请撤回那个决定。")
    settling.settle(
        store,
        line.question.number,
        said,
        way=By.VISIT,
        by=by,
        at=at,
        ends_on=_day(day) if said is Said.ENDED else None,
    )
    line.said, line.returned_at = said.value, at
    line.save()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10]) if text.strip() else None
    except ValueError as fault:
        raise Refusal("row.day", "终止日期要写 2026-11-01 这样的样子，或者不写。") from fault


def _waiting(grid_code: str, by: Actor) -> list[Question]:
    """What a visit may settle: lapsed, or asked for by a rule as a look; not what stands still."""
    states = (State.LAPSED.value, State.OPEN.value)
    # Locked, so that two who draw at once do not exceed the week between them.
    rows = (
        Question.objects.select_for_update()
        .filter(grid_code=grid_code, state__in=states)
        .exclude(place_code="")
    )
    found = [one for one in asking.in_areas(rows, by) if _may_be_visited(one)]
    paused = asking.paused_numbers(found)
    return [one for one in found if one.number not in paused]


def _may_be_visited(row: Question) -> bool:
    if not row.ends_as_check:
        return False
    return row.state == State.LAPSED.value or row.is_check


def _doors_of(grid_code: str, week: date) -> int:
    doors = VisitLine.objects.filter(round__grid_code=grid_code, round__week=week)
    return doors.values_list("round", "question__place_code").distinct().count()


def _last_sheet(store: Store, grid_code: str, week: date, *, by: Actor, waiting: int) -> VisitSheet:
    drawn = VisitRound.objects.filter(grid_code=grid_code, week=week).last()
    if drawn is None:
        # Whoever lost last week's paper finds the doors that are still out.
        rounds = VisitRound.objects.filter(
            grid_code=grid_code, lines__question__state=State.CHECK.value
        )
        drawn = rounds.last()
    if drawn is None:
        raise Refusal("sheet.nothing", "这个网格没有等着上门核对的事。")
    VisitRound.objects.filter(pk=drawn.pk).update(waiting=waiting)
    return get_sheet(store, drawn.number, by=by)


def _sheet(store: Store, drawn: VisitRound) -> VisitSheet:
    lines = list(drawn.lines.filter(question__state=State.CHECK.value).select_related("question"))
    # What is contested since the sheet was drawn is not printed: nobody knocks for it.
    paused = asking.paused_numbers(one.question for one in lines)
    lines = [one for one in lines if one.question.number not in paused]
    reader = open_blocks(store.current_build())
    places = {one.question.place_code for one in lines}
    names = {code: _name(reader.get_block, code) for code in places}
    return VisitSheet(
        number=drawn.number,
        grid_code=drawn.grid_code,
        grid_name=_name(reader.get_block, drawn.grid_code),
        week=drawn.week,
        doors=tuple(_doors(lines, names)),
        waiting=VisitRound.objects.get(pk=drawn.pk).waiting,
    )


def _doors(lines: Iterable[VisitLine], names: dict[str, str]) -> list[VisitDoor]:
    by_place: dict[str, list[VisitLine]] = {}
    for one in lines:
        by_place.setdefault(one.question.place_code, []).append(one)
    ordered = sorted(
        by_place.values(),
        key=lambda door: walking_order(
            door[0].question.place_text, names[door[0].question.place_code]
        ),
    )
    return [
        VisitDoor(
            place_code=door[0].question.place_code,
            place_text=door[0].question.place_text,
            floor=floor_of(names[door[0].question.place_code]),
            lines=tuple(
                (
                    one.row_code,
                    one.question.text,
                    f"{one.question.reason}（{one.question.basis}）",
                    f"{one.question.responsible}；有异议：{one.question.channel}",
                    one.question.due_on,
                )
                for one in door
            ),
        )
        for door in ordered
    ]


def _name(get_block: object, code: str) -> str:
    try:
        return str(get_block(code).name)  # type: ignore[operator]
    except Refusal:
        return code


def _free_row_code() -> str:
    while VisitLine.objects.filter(row_code=(code := new_row_code())).exists():
        continue
    return code
