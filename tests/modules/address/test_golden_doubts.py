"""Texts that once led to a room or house nobody wrote: rows of houses, other cities, telephones, blanks in numbers."""

from __future__ import annotations

import random
from functools import cache

import pytest

from kuai.address.engine.normalising import to_one_spelling
from kuai.address.engine.washing import Washer
from kuai.address.queries import OpenLibrary, open_library
from tests.modules.address.builders import CITY, LibraryBuilder, floors

STONE = "坪山街道石桥社区"
NEW = f"{STONE}石桥新村"
PALACE = f"{STONE}望潮二路5号锦澜翠园"


@cache
def library() -> OpenLibrary:
    """坪山区 with its 坪山街道, which other sub-districts were taken out of; every place in them is invented."""
    build = LibraryBuilder()
    district = build.district("坪山区")
    hill, lane = (build.subdistrict(district, name) for name in ("坪山街道", "碧岭街道"))
    stone = build.community(hill, "石桥社区")
    for number in (1, 2, 3, 10):
        build.building(stone, f"石桥新村{number}号", floors(5, 4))
    stairs = [f"{stair}单元{room}" for stair in (1, 2) for room in floors(26, 4, "")]
    for block in ("1栋", "2栋"):
        build.building(stone, f"望潮二路5号锦澜翠园{block}", stairs)
    build.building(stone, "望潮二路9号云帆公馆3栋", floors(12, 4, ""))
    build.building(stone, "望潮二路11号云帆苑1栋", [*floors(12, 4, ""), "110", "1104"])
    build.community(build.subdistrict(district, "坑梓街道"), "芦荻社区")
    build.building(build.community(lane, "上塘社区"), "上塘围8号", floors(6, 4))
    return open_library(build.table())


FULL = f"{CITY}坪山区"
CASES = [
    # text, grade, standard text, words of the explanation, why
    ("你好，我是惠州市惠阳区望潮二路5号锦澜翠园1栋2单元401附近路灯不亮", "D", "", "惠州市", "greeting"),
    ("地址:广州市，望潮二路5号锦澜翠园1座1单元2104下水道堵了", "D", "", "广州市", "label"),
    ("你好，我是东莞市望潮二路5号锦澜翠园1座-2-1401", "D", "", "东莞市", "a city alone"),
    ("麻烦查一下惠州市惠阳区/望潮二路9号云帆公馆3栋304", "D", "", "惠州市", "a stroke behind it"),
    ("麻烦查一下惠州惠阳区望潮二路9号云帆公馆3栋304", "D", "", "惠阳区", "the city without 市"),
    ("有居民反映宝安区望潮二路9号云帆公馆3栋304漏水", "D", "", "宝安区", "a district of our city"),
    ("我从东莞市搬来，住石桥新村1号102", "D", "", "东莞市", "written before the place"),
    ("石桥新村1号102，户籍惠州市惠阳区", "B", f"{NEW}1号102房", "缺街道", "behind the place"),
    ("市民反映石桥新村1号102漏水", "B", f"{NEW}1号102房", "缺街道", "市民 is no city"),
    ("石桥新村1-3号", "C", f"{NEW}1号", "写了1和3号", "a range of houses"),
    ("石桥新村1号至3号", "C", f"{NEW}1号", "写了1和3号", "a range in words"),
    ("石桥新村1-4号", "C", f"{NEW}1号", "写了1和4号", "only one end exists"),
    ("锦澜翠园1-2栋", "C", f"{PALACE}1栋", "写了1和2栋", "a range of blocks"),
    ("石桥新村1号和2号", "B", f"{NEW}1号", "文中还写有2号，只取前一处", "two houses: the first"),
    ("石桥新村1号、2号", "B", f"{NEW}1号", "文中还写有2号，只取前一处", "and with a comma"),
    ("石桥新村1号，102号", "B", f"{NEW}1号102房", "缺街道", "house and room with a comma"),
    ("石桥新村1-102号", "B", f"{NEW}1号102房", "缺街道", "house and room with a dash"),
    ("102石桥新村1号坪山街道", "B", f"{NEW}1号102房", "由小到大书写", "the room before the place"),
    ("909石桥新村1号坪山街道", "C", f"{NEW}1号", "909", "and a room that is none"),
    ("石桥新村99号", "C", STONE, "库中“石桥新村”没有99号", "no such house"),
    ("锦澜翠园9栋502", "C", STONE, "库中“锦澜翠园”没有9栋", "no such block"),
    ("坪山", "C", "", "不止一级", "district or sub-district?"),
    ("深圳坪山", "C", "", "不止一级", "the city decides nothing"),
    ("坪山坪山", "B", "坪山街道", "", "both are written"),
    ("石桥新村1号13800138000", "B", f"{NEW}1号", "缺街道", "a telephone is no room"),
    ("石桥新村1号102 440383199001010018", "B", f"{NEW}1号102房", "缺街道", "an identity number"),
    (f"{FULL}坪山街道", "A", "坪山街道", "一致", "the library's own text"),
    ("坪山镇", "B", "坪山街道", "后来分出", "the old town was larger"),
    ("坪山街道办事处", "B", "坪山街道", "后来分出", "and so was its office"),
    ("锦澜翠园1栋1单元260 3室", "B", f"{PALACE}1栋1单元2603", "中间有空格", "a blank in the room"),
    ("石桥新村1号10 2", "B", f"{NEW}1号102房", "", "a blank of two digits"),
    ("石桥新村1号30 1号", "B", f"{NEW}1号301房", "中间有空格", "and 号 behind it"),
    ("云帆公馆3栋1F10 2", "B", f"{STONE}望潮二路9号云帆公馆3栋102", "中间有空格", "a floor before"),
    ("云帆公馆3栋110 4", "B", f"{STONE}望潮二路9号云帆公馆3栋1104", "中间有空格", "110 is no room"),
    ("云帆苑1栋110 4", "C", f"{STONE}望潮二路11号云帆苑1栋1104", "", "110 and 1104 are rooms"),
    ("锦澜翠园2栋2 2603", "B", f"{PALACE}2栋2单元2603", "", "stair and room stay apart"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "grade", "standard", "words", "why"), CASES, ids=[case[-1] for case in CASES]
)
def test_the_text_is_washed_to(text: str, grade: str, standard: str, words: str, why: str) -> None:
    answer = library().wash_text(text)
    found = answer.matched_text.removeprefix(FULL)
    assert (answer.grade, found) == (grade, standard), (why, answer)
    assert words in answer.explanation, (why, answer.explanation)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("石桥新村1-3号", {f"{NEW}1号", f"{NEW}3号"}),
        ("石桥新村1-4号", {f"{NEW}1号"}),
        ("坪山", {"", "坪山街道"}),
        ("云帆苑1栋110 4", {f"{STONE}望潮二路11号云帆苑1栋{room}" for room in ("110", "1104")}),
    ],
)
def test_all_that_may_be_meant_is_offered(text: str, ends: set[str]) -> None:
    candidates = library().wash_text(text).candidates
    assert {str(one["text"]).removeprefix(FULL) for one in candidates} == ends


@pytest.mark.parametrize("number", ["13800138000", "440383199001010018", "44038319900101001X"])
def test_no_explanation_repeats_a_number_of_a_person(number: str) -> None:
    text = f"石桥新村1号{number}"
    steps = library().explain_text(text)
    assert not any(number in step.words for step in steps[1:]), steps
    assert any("（号码）" in step.words for step in steps[1:])


def test_short_and_long_way_answer_alike_on_these_and_their_mixtures() -> None:
    washer: Washer = library()._washer
    chance = random.Random(31)
    texts = [case[0] for case in CASES]
    mixed = []
    for _ in range(400):
        one, other = chance.sample(texts, 2)
        cut = chance.randrange(len(one))
        mixed.append(one[:cut] + other[chance.randrange(len(other)) :])
    for text in texts + mixed:
        spelling = to_one_spelling(text)
        short = washer._short_way.take(spelling)
        if short is not None:
            long = washer._follow_spelling(spelling).answer
            found = (long.address_code or "", str(long.grade), long.explanation)
            assert (short[0], short[2], short[4]) == found, text
