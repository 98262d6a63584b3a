"""What a declaration is asked about, what a form may hold, what a mark is: pure decisions, table by table."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import openpyxl
import pytest

from kuai.kit.errors import DataFault
from kuai.services.residence.engine.doubts import MOST_PERSONS, Seen, find_doubts, years_old
from kuai.services.residence.engine.fields import MOST_TYPED, TYPED
from kuai.services.residence.engine.marks import (
    new_door_code,
    new_number,
    read_door_code,
    read_receipt_mark,
    shown_door_code,
)
from kuai.services.residence.engine.names import name_key
from kuai.services.residence.engine.notice import NOTICE_VERSION, NOTICES
from kuai.services.residence.engine.sheet_form import MOST_ROWS, read_lines, write_template
from kuai.services.residence.types import Act, QuestionKind

ON = date(2026, 11, 22)
DOUBTED = [
    (Seen(Act.LIVE), ()),
    (Seen(Act.LIVE, has_number=True, number_holds=False), (QuestionKind.IMPOSSIBLE_NUMBER,)),
    (Seen(Act.LIVE, has_number=False, number_holds=False), ()),
    (Seen(Act.LIVE, born_on=date(2010, 11, 23)), (QuestionKind.UNDER_AGE_ALONE,)),
    (Seen(Act.LIVE, born_on=date(2010, 11, 22)), ()),
    (Seen(Act.CHILD, born_on=date(2020, 1, 1)), ()),
    (Seen(Act.LIVE, persons=MOST_PERSONS), ()),
    (Seen(Act.LET, persons=MOST_PERSONS + 1), (QuestionKind.OVER_OCCUPANCY,)),
    (Seen(Act.LEAVE, persons=MOST_PERSONS + 1), ()),
    (Seen(Act.LIVE, is_verified_elsewhere=True), (QuestionKind.CONTRADICTS_VERIFIED,)),
    (Seen(Act.LEAVE, is_verified_elsewhere=True), ()),
]


@pytest.mark.parametrize(("seen", "doubts"), DOUBTED)
def test_each_doubt_has_what_triggers_it_what_just_misses_it_and_what_lacks_data(seen, doubts):
    assert find_doubts(seen, on=ON) == doubts


def test_years_are_full_on_the_birthday():
    assert [years_old(date(2010, 11, day), ON) for day in (21, 22, 23)] == [16, 16, 15]


def test_no_act_types_more_than_two_fields_and_every_act_says_which():
    assert set(TYPED) == set(Act)
    assert max(map(len, TYPED.values())) == MOST_TYPED == 2
    assert NOTICE_VERSION in NOTICES


def test_codes_of_neighbours_have_nothing_in_common_and_are_read_as_people_write_them():
    codes = {new_door_code() for _ in range(2_000)}
    assert len(codes) == 2_000
    # Random: at each place all thirty-two characters come up.
    assert all(len({code[place] for code in codes}) == 32 for place in range(10))
    code = codes.pop()
    assert read_door_code(f" {shown_door_code(code).lower()} ") == code
    assert read_door_code("O0I1L12345") == "0011112345"
    assert [read_door_code(text) for text in ("", "4403100010020030001000001", "UUUUUUUUUU")] == [
        ""
    ] * 3
    assert read_receipt_mark("short") == ""
    assert len({new_number()[2:10] for _ in range(500)}) == 500


def test_a_name_is_compared_without_gaps_and_dots():
    assert (
        name_key("买买提·阿 凡提") == name_key("买买提.阿凡提".replace(".", "·")) == "买买提阿凡提"
    )


def filled(change) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(write_template()))
    change(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_cells_far_out_are_not_read_and_gaps_between_rows_are_no_rows():
    def change(sheet):
        sheet["B2"], sheet["B5"] = "租客甲", "租客乙"
        sheet["XFD3"] = "x"

    lines = read_lines(filled(change), file="x")
    assert [(one.sheet_row, one.cells[1]) for one in lines] == [(2, "租客甲"), (5, "租客乙")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sheet: sheet.__setitem__("A1", "房号"), "sheet.heading"),
        (lambda _: None, "sheet.empty"),
        (lambda sheet: [sheet.append(["x", "y"]) for _ in range(MOST_ROWS + 1)], "sheet.long"),
    ],
)
def test_a_form_that_is_none_of_ours_is_refused_as_a_whole(change, code):
    with pytest.raises(DataFault) as refused:
        read_lines(filled(change), file="x")
    assert refused.value.code == code


def test_what_is_no_workbook_or_a_bomb_is_refused_unread():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (60 * 1024 * 1024))
    for content in (b"", b"not a workbook", bomb.getvalue(), b"x" * (2 * 1024 * 1024)):
        with pytest.raises(DataFault):
            read_lines(content, file="x")
