"""What must hold for any text: conventions never matter, rooms are never invented, nothing raises."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.address.types import Grade
from tests.modules.address.builders import CITY, invented_library, invented_table

ENTRIES = invented_table().to_pylist()
ROOMS = [row for row in ENTRIES if row["级别"] == "房屋"]
BUILDINGS = [row for row in ENTRIES if row["级别"] == "楼栋"]
TO_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ()-#"}

entries = st.sampled_from(ROOMS + BUILDINGS)


@settings(max_examples=150, deadline=None)
@given(entries)
def test_every_standard_text_is_washed_to_itself_with_grade_a(entry: dict[str, str]) -> None:
    answer = invented_library().wash_text(entry["标准地址"])
    assert (answer.address_code, answer.grade) == (entry["地址编码"], Grade.A), answer


@settings(max_examples=150, deadline=None)
@given(entries, st.randoms(use_true_random=False))
def test_width_and_spaces_between_words_never_change_the_answer(
    entry: dict[str, str], chance: random.Random
) -> None:
    text = entry["标准地址"].removeprefix(CITY)
    spaced = "".join(
        character + ("　" if not character.isascii() and chance.random() < 0.3 else "")
        for character in text
    )
    plain = invented_library().wash_text(text)
    assert invented_library().wash_text(spaced.translate(TO_FULL_WIDTH)) == plain


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BUILDINGS), st.integers(2100, 99999))
def test_a_room_the_library_lacks_never_yields_a_room(
    building: dict[str, str], number: int
) -> None:
    answer = invented_library().wash_text(f"{building['标准地址']}{number}房")
    rooms = {row["名称"] for row in ROOMS if row["上级编码"] == building["地址编码"]}
    if str(number) in rooms:
        return
    assert answer.grade in (Grade.B, Grade.C)
    assert answer.address_code == building["地址编码"]
    assert answer.level == "building"


@pytest.mark.parametrize(
    "place",
    [
        "湖南省长沙市岳麓区",
        "广东省东莞市长安镇",
        "深圳市宝安区西乡街道",
        "惠州市惠城区",
        "上海市浦东新区",
    ],
)
@settings(max_examples=40, deadline=None)
@given(entry=entries)
def test_a_place_written_elsewhere_is_never_ours(place: str, entry: dict[str, str]) -> None:
    own = entry["标准地址"].split("社区")[1]
    answer = invented_library().wash_text(place + own)
    assert answer.grade is Grade.D, answer


@settings(max_examples=150, deadline=None)
@given(entries, st.data())
def test_one_lost_character_never_leads_to_a_wrong_sure_answer(
    entry: dict[str, str], data: st.DataObject
) -> None:
    """A and B may lose depth (a building for its room) but never name another building or another room number."""
    text = entry["标准地址"].removeprefix(CITY)
    names = [
        i
        for i, character in enumerate(text)
        if not character.isascii() and character not in "一二三四五六七八九十"
    ]
    lost = data.draw(st.sampled_from(names))
    answer = invented_library().wash_text(text[:lost] + text[lost + 1 :])
    if answer.grade in (Grade.A, Grade.B):
        assert answer.address_code is not None
        assert entry["地址编码"].startswith(answer.address_code[:19]), (text, lost, answer)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gets_an_answer(text: str) -> None:
    assert invented_library().wash_text(text).grade in Grade


@pytest.mark.parametrize(
    "text",
    [
        "石" * 10_000,
        "😀🏠" * 50,
        "\x00\x07",
        "'; drop table rooms; --",
        "<script>alert(1)</script>",
        "(" * 500,
        "1" * 5_000,
    ],
    ids=["long", "emoji", "control", "sql", "html", "brackets", "digits"],
)
def test_bad_texts_are_grade_d_with_a_reason(text: str) -> None:
    answer = invented_library().wash_text(text)
    assert answer.grade is Grade.D
    assert answer.explanation


@settings(max_examples=200, deadline=None)
@given(entries, st.integers(0, 12), st.sampled_from(["房", "室", "号", ""]))
def test_the_short_way_gives_what_the_long_way_gives(
    entry: dict[str, str], cut: int, ending: str
) -> None:
    text = entry["标准地址"].removesuffix("房")[cut:] + ending
    library = invented_library()
    reasons = [step.words for step in library.explain_text(text) if step.title == "理由"]
    assert [library.wash_text(text).explanation] == reasons


def test_the_answer_does_not_depend_on_what_was_washed_before() -> None:
    texts = [row["标准地址"] for row in ROOMS[:300]]
    forwards = [invented_library().wash_text(text) for text in texts]
    backwards = [invented_library().wash_text(text) for text in reversed(texts)]
    assert forwards == backwards[::-1]
