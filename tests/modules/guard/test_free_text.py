"""What would tell of somebody is kept nowhere in the library; the library's own codes and addresses pass."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.guard.free_text import (
    FIRST_LOOK,
    MAY_TELL,
    NAME,
    PHONE_OR_CARD,
    find_somebody,
    require_nobody,
)
from kuai.kit.errors import Refusal

NUMBERS = (
    "业主13800138000要求",
    "１３８００１３８０００",
    "老王138 0013 8000",
    "138-0013-8000",
    "138.0013.8000",
    "+86 13800138000",
    "8613800138000",
    "1 3 8 0 0 1 3 8 0 0 0",
    "石桥村3巷5号10113800138000",
    "一三八零零一三八零零零",
    "0755-12345678",
    "(0755) 1234 5678",
    "075512345678",
    "440381 19900101 1234",
    "440381199001011234",
    "44038119900101123X",
    "440381-19900101-123x",
    "440381900101123",
    "6222021234567890123"[:16],
)
PERSONS = ("张三丰家的老房子", "李某的出租屋", "王女士报修", "老王家的小楼", "欧阳先生")
PLACES = (
    "4403010010010100001",
    "4403010010010100001000001",
    "440301001001",
    "44030100100101",
    "申请单 DZ-2026-000001",
    "2026-11-22 街道来函",
    "2026.01.02-2026.12.31 整治",
    "石桥村三巷5号1-3-101",
    "1301、1302、1303、1304",
    "张家村12号",
    "王母社区",
    "何屋新村4栋2单元1503",
    "广东省深圳市青湾区松涛街道石桥社区石桥村三巷5号101房",
    "",
)


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_of_people_are_found_however_they_are_written(text: str) -> None:
    assert find_somebody(text) == PHONE_OR_CARD


@pytest.mark.parametrize("text", PERSONS)
def test_the_commonest_forms_of_names_are_found(text: str) -> None:
    assert find_somebody(text) == NAME


@pytest.mark.parametrize("text", PLACES)
def test_codes_dates_and_places_pass(text: str) -> None:
    assert find_somebody(text) == ""


def test_the_first_look_at_many_rows_misses_none_of_them() -> None:
    texts = pa.array([*NUMBERS, *PERSONS])
    assert pc.all(pc.match_substring_regex(texts, MAY_TELL)).as_py()


def test_a_refusal_never_repeats_the_number() -> None:
    with pytest.raises(Refusal) as refusal:
        require_nobody("业主138 0013 8000要求", what="理由", code="library.personal")
    assert refusal.value.code == "library.personal"
    assert "138" not in f"{refusal.value.sentence}{refusal.value.next_step}"


@given(
    st.text(
        st.sampled_from("0123456789０９①〇零一二幺XxＸ .-()·,、张王某先生女士家的号路a\n"),
        max_size=40,
    )
)
def test_the_first_look_at_many_rows_passes_over_nothing(text: str) -> None:
    column = pa.array([text])
    if find_somebody(text):
        assert pc.match_substring_regex(column, MAY_TELL)[0].as_py()
    if pc.match_substring_regex(column, MAY_TELL)[0].as_py():
        assert pc.match_substring_regex(column, FIRST_LOOK)[0].as_py()
