"""Every move of an application and every forbidden one; what an accepted one means for the library."""

from __future__ import annotations

import io
from datetime import date
from itertools import product

import openpyxl
import pytest

from kuai.address.applying.events import Answer, Asked, events_of, require_parts_fit, room_name
from kuai.address.applying.forms import FormLine, read_answers, write_form
from kuai.address.applying.moves import (
    FILERS,
    MOVES,
    OWNERS,
    ApplicationKind,
    ApplicationState,
    is_overdue,
    require_move,
)
from kuai.address.types import EventKind, Level
from kuai.guard.types import Role
from kuai.kit.errors import DataFault, Refusal

DRAFT, FILED, RETURNED, ACCEPTED, WITHDRAWN = ApplicationState
ALLOWED = {
    (DRAFT, FILED): FILERS,
    (DRAFT, WITHDRAWN): FILERS,
    (FILED, WITHDRAWN): FILERS,
    (FILED, ACCEPTED): OWNERS,
    (FILED, RETURNED): OWNERS,
    (RETURNED, FILED): FILERS,
    (RETURNED, WITHDRAWN): FILERS,
}
BUILDING, ROOM = "4403010010010100001", "4403010010010100001000001"
DAY = date(2026, 11, 20)


@pytest.mark.parametrize(("start", "end"), list(product(ApplicationState, repeat=2)))
@pytest.mark.parametrize("role", list(Role))
def test_a_move_is_in_the_table_or_refused(
    start: ApplicationState, end: ApplicationState, role: Role
) -> None:
    if role in ALLOWED.get((start, end), ()):
        assert require_move(start, end, role=role, is_filer=False, reason="因为").end is end
        return
    with pytest.raises(Refusal) as refusal:
        require_move(start, end, role=role, is_filer=False, reason="因为")
    expected = "not_yours" if (start, end) in ALLOWED else "no_such_move"
    assert refusal.value.code == f"application.{expected}"


def test_the_filer_never_answers_themselves() -> None:
    for end in (ACCEPTED, RETURNED):
        with pytest.raises(Refusal) as refusal:
            require_move(FILED, end, role=Role.DATA_STEWARD, is_filer=True, reason="因为")
        assert refusal.value.code == "application.four_eyes"


def test_returning_and_withdrawing_need_a_reason() -> None:
    for move in MOVES:
        asked = {"role": move.roles[0], "is_filer": False, "reason": " "}
        if move.end in (RETURNED, WITHDRAWN):
            with pytest.raises(Refusal, match="理由"):
                require_move(move.start, move.end, **asked)
        else:
            assert require_move(move.start, move.end, **asked) is move


def test_only_a_filed_application_can_be_late() -> None:
    late = [state for state in ApplicationState if is_overdue(state, DAY, today=date(2026, 11, 21))]
    assert late == [FILED]
    assert not is_overdue(FILED, DAY, today=DAY)


def asked(kind: ApplicationKind, *parts: str, code: str = BUILDING) -> Asked:
    return Asked("DZ-2026-000001", kind, code, parts, "广东省深圳市青湾区石桥社区")


def test_new_rooms_begin_under_their_building_with_the_codes_given() -> None:
    answer = Answer(codes={"1-701": "4403010010010100001000099"})
    (event,) = events_of(asked(ApplicationKind.NEW_ROOMS, "1-701", "铺9"), answer, on=DAY)
    assert event.kind is EventKind.TAKEN_INTO_USE
    assert [(one.name, one.code, one.parent_code, one.level) for one in event.begins] == [
        ("1单元701", "4403010010010100001000099", BUILDING, Level.ROOM),
        ("9号铺", "", BUILDING, Level.ROOM),
    ]


def test_a_divided_room_is_split_and_one_part_alone_is_a_neighbour() -> None:
    (split,) = events_of(
        asked(ApplicationKind.DIVIDED, "601A", "601B", code=ROOM), Answer(), on=DAY
    )
    assert (split.kind, split.codes) == (EventKind.SPLIT, (ROOM,))
    assert [one.name for one in split.begins] == ["601A", "601B"]
    alone = asked(ApplicationKind.DIVIDED, "601A", code=ROOM)
    with pytest.raises(Refusal, match="楼栋编码"):
        events_of(alone, Answer(), on=DAY)
    (beside,) = events_of(alone, Answer(parent_code=BUILDING), on=DAY)
    assert (beside.kind, beside.begins[0].parent_code) == (EventKind.TAKEN_INTO_USE, BUILDING)


def test_a_new_building_needs_its_grid_from_the_owner() -> None:
    wish = asked(ApplicationKind.NEW_BUILDING, "海印新园|7", code="440301001001")
    with pytest.raises(Refusal, match="网格"):
        events_of(wish, Answer(), on=DAY)
    (event,) = events_of(wish, Answer(parent_code="44030100100101"), on=DAY)
    assert event.begins[0].standard_text == "广东省深圳市青湾区石桥社区海印新园7号"
    assert event.begins[0].level is Level.BUILDING


def test_cancelling_demolishes_and_renaming_renames() -> None:
    (gone,) = events_of(asked(ApplicationKind.CANCEL), Answer(), on=DAY)
    assert (gone.kind, gone.codes) == (EventKind.DEMOLISHED, (BUILDING,))
    (renamed,) = events_of(asked(ApplicationKind.CHANGE, "石桥新村3号"), Answer(), on=DAY)
    assert (renamed.kind, renamed.new_name) == (EventKind.RENAMED, "石桥新村3号")
    assert events_of(asked(ApplicationKind.CHANGE), Answer(), on=DAY) == ()


def test_codes_for_parts_nobody_asked_for_are_refused() -> None:
    with pytest.raises(Refusal, match="不在申请单上"):
        events_of(asked(ApplicationKind.NEW_ROOMS, "701"), Answer(codes={"702": "1"}), on=DAY)


@pytest.mark.parametrize(
    ("kind", "level", "parts"),
    [
        (ApplicationKind.NEW_ROOMS, Level.ROOM, ("701",)),
        (ApplicationKind.NEW_ROOMS, Level.BUILDING, ()),
        (ApplicationKind.NEW_ROOMS, Level.BUILDING, ("701", "701")),
        (ApplicationKind.DIVIDED, Level.BUILDING, ("601A",)),
        (ApplicationKind.CANCEL, Level.ROOM, ("601A",)),
        (ApplicationKind.NEW_BUILDING, Level.BUILDING, ("海印新园|7",)),
        (ApplicationKind.NEW_ROOMS, Level.BUILDING, ("=cmd()",)),
        (ApplicationKind.NEW_ROOMS, Level.BUILDING, ("7" * 61,)),
    ],
)
def test_parts_that_do_not_fit_the_kind_are_refused(
    kind: ApplicationKind, level: Level, parts: tuple[str, ...]
) -> None:
    with pytest.raises(Refusal):
        require_parts_fit(kind, level, parts)


def test_keys_become_names_of_rooms() -> None:
    assert [room_name(key) for key in ("701", "1-701", "铺9", "1-铺9", "铺")] == [
        "701",
        "1单元701",
        "9号铺",
        "1单元9号铺",
        "铺",
    ]


def a_form(*answers: tuple[object, ...]) -> bytes:
    """A form of two rooms and one cancellation, its answer cells filled in."""
    target = io.BytesIO()
    seen = {"sources": 3, "at_least_rows": 10, "first_period": "2026-08", "last_period": "2026-10"}
    lines = [
        FormLine(
            "DZ-2026-000001",
            ApplicationKind.NEW_ROOMS,
            BUILDING,
            "石桥村3号",
            ("701", "702"),
            "",
            seen,
            DAY,
        ),
        FormLine("DZ-2026-000002", ApplicationKind.CANCEL, ROOM, "=1+1", (), "已拆", {}, None),
    ]
    assert write_form(lines, target) == 3
    book = openpyxl.load_workbook(io.BytesIO(target.getvalue()))
    for row, answer in enumerate(answers, start=2):
        for column, value in enumerate(answer, start=12):
            book["申请单"].cell(row, column).value = value
    filled = io.BytesIO()
    book.save(filled)
    return filled.getvalue()


def test_a_form_comes_back_with_its_answers() -> None:
    code = "4403010010010100001000099"
    form = a_form(("采纳", code, "", ""), ("采纳", "", "", ""), ("退回", "", "", "照片不清"))
    first, second = read_answers(form)
    assert (first.number, first.is_accepted, dict(first.answer.codes)) == (
        "DZ-2026-000001",
        True,
        {"701": code},
    )
    assert (second.number, second.is_accepted, second.answer.reason) == (
        "DZ-2026-000002",
        False,
        "照片不清",
    )


def test_a_cell_is_never_a_formula_and_the_form_says_what_it_is_not_for() -> None:
    book = openpyxl.load_workbook(io.BytesIO(a_form()))
    cell = book["申请单"].cell(4, 4)
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    said = "".join(str(row[0].value) for row in book["说明"].iter_rows())
    assert "不代表产权" in said
    assert "不是执法线索" in said


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((("采纳", "", "", ""), ("退回", "", "", "不清")), "application.verdict"),
        ((("也许", "", "", ""),), "application.verdict"),
        ((("退回", "", "", ""),), "application.reason"),
        ((("采纳", 4403010010010100001000099.0, "", ""),), "application.code_as_number"),
    ],
)
def test_answers_that_contradict_themselves_are_refused(answers: tuple, code: str) -> None:
    with pytest.raises(DataFault) as fault:
        read_answers(a_form(*answers))
    assert fault.value.code == code


def test_a_form_without_answers_and_a_file_that_is_none() -> None:
    assert read_answers(a_form()) == []
    with pytest.raises(DataFault, match="不是可读的申请单"):
        read_answers(b"no workbook", file="x.xlsx")
    other = io.BytesIO()
    openpyxl.Workbook().save(other)
    with pytest.raises(DataFault):
        read_answers(other.getvalue())
