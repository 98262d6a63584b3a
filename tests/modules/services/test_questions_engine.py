"""Moves of a question, words that leave the house, row codes, which doors a week has room for, the sheet as Excel."""

from __future__ import annotations

import io
import itertools
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest

from kuai.guard.free_text import find_somebody
from kuai.kit.errors import DataFault, Refusal
from kuai.services.questions.engine.choosing import Waiting, choose_doors, floor_of, walking_order
from kuai.services.questions.engine.moves import ANSWERABLE, LIVING, MOVES, require_move
from kuai.services.questions.engine.texts import (
    SMS_LONGEST,
    TOKEN_CHARACTERS,
    digest_of,
    new_row_code,
    new_token,
    read_row_code,
    sms_text,
)
from kuai.services.questions.engine.visit_form import HEADING, read_visits, write_visits
from kuai.services.questions.types import State, VisitDoor, VisitSheet

AT = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(("start", "end"), list(itertools.product(State, State)))
def test_every_move_of_the_table_is_taken_and_every_other_refused(start: State, end: State) -> None:
    if (start, end) in MOVES:
        require_move(start, end)
        return
    with pytest.raises(Refusal, match="别的一步"):
        require_move(start, end)


def test_a_closed_question_stays_closed_and_every_living_one_can_be_closed() -> None:
    assert not [end for start, end in MOVES if start is State.CLOSED]
    assert {start for start, end in MOVES if end is State.CLOSED} == set(LIVING)
    assert {start for start, end in MOVES if end is State.ANSWERED} == set(ANSWERABLE)


@pytest.mark.parametrize("count", [1, 9, 60])
@pytest.mark.parametrize("origin", ["", "https://q.example.cn", "https://q.a-town.cn"])
@pytest.mark.parametrize("until", [date(2026, 1, 1), date(2026, 12, 31)])
def test_a_message_fits_and_tells_of_nobody(count: int, origin: str, until: date) -> None:
    link = f"{origin}/q/{new_token()}/" if origin else ""
    text = sms_text(count=count, link=link, number="M-ABCDEFGH", until=until)
    assert len(text) <= SMS_LONGEST
    assert not find_somebody(text.replace(link, ""))
    assert str(count) in text


def test_a_long_address_is_refused_rather_than_cut() -> None:
    with pytest.raises(Refusal, match="KUAI_ANSWER_ORIGIN|超过"):
        sms_text(count=1, link="https://" + "a" * 50, number="M-1", until=date(2026, 1, 1))


def test_of_a_token_only_a_digest_is_kept_and_it_is_read_as_people_type() -> None:
    token = new_token()
    assert len(token) == TOKEN_CHARACTERS
    assert token not in digest_of(token)
    assert digest_of(token.lower()) == digest_of(f"{token[:8]}-{token[8:]}") == digest_of(token)


def test_a_row_code_with_one_wrong_or_two_swapped_characters_is_none() -> None:
    code = new_row_code()
    assert read_row_code(code.lower()) == code
    for at in range(5):
        wrong = "1" if code[at] != "1" else "2"
        assert read_row_code(code[:at] + wrong + code[at + 1 :]) in ("",), (code, at)
    assert read_row_code("") == read_row_code("ABC") == ""


def test_the_useful_come_first_then_the_old_and_a_door_is_one_knock() -> None:
    waiting = [
        Waiting("Q1", "R1", 50, AT),
        Waiting("Q2", "R2", 50, AT - timedelta(days=9)),
        Waiting("Q3", "R3", 90, AT),
        Waiting("Q4", "R1", 10, AT),
    ]
    doors, left = choose_doors(waiting, room_for=2)
    assert [[one.number for one in door] for door in doors] == [["Q3"], ["Q2"]]
    assert left == 1
    doors, left = choose_doors(waiting, room_for=9)
    assert [one.number for one in doors[2]] == ["Q1", "Q4"]
    assert left == 0
    assert choose_doors(waiting, room_for=-3) == ([], 3)


def test_doors_come_floor_by_floor() -> None:
    rooms = ["1203", "301", "1201", "302"]
    ordered = sorted(rooms, key=lambda name: walking_order(f"一号楼{name}", name))
    assert ordered == ["301", "302", "1201", "1203"]
    assert [floor_of(one) for one in ("1203室", "301", "商铺7", "门房")] == ["12", "3", "", ""]


def a_sheet() -> VisitSheet:
    line = ("ABCDE1", "住在这里吗？", "=1+1（依据）", "街道", date(2026, 11, 16))
    return VisitSheet(
        "V-1", "1", "一网格", date(2026, 11, 2), (VisitDoor("R1", "甲", "3", (line,)),), 4
    )


def test_the_sheet_comes_back_by_the_same_excel() -> None:
    content = write_visits(a_sheet(), words=("属实",))
    assert read_visits(content, file="a.xlsx") == [], "a row without a result is no answer"
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book.worksheets[0]
    assert page.cell(2, 5).value == "=1+1（依据）"
    page.cell(2, 8).value, page.cell(2, 9).value = "已经不是", datetime(2026, 11, 1)  # noqa: DTZ001
    out = io.BytesIO()
    book.save(out)
    assert read_visits(out.getvalue(), file="a.xlsx") == [(2, "ABCDE1", "已经不是", "2026-11-01")]


@pytest.mark.parametrize("content", [b"", b"no workbook", b"x" * (1024 * 1024 + 1)])
def test_what_is_no_sheet_of_ours_is_refused(content: bytes) -> None:
    with pytest.raises(DataFault):
        read_visits(content, file="a.xlsx")


def test_another_heading_is_refused() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["姓名", *HEADING[1:]])
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(DataFault, match="标题"):
        read_visits(out.getvalue(), file="a.xlsx")
