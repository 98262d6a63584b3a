"""One line a rule that unseen noise has taught us: the text, its grade, the place, and why. No place here exists."""

from __future__ import annotations

from functools import cache

import pytest

from kuai.address.queries import OpenLibrary, open_library
from tests.modules.address.builders import CITY, DISTRICT, LibraryBuilder, floors

UPPER = "松涛街道上塘社区"
SHORE = "松涛街道望海社区"
REED = "坪湖街道芦荻社区"
LANE = f"{UPPER}上塘新村二区15巷8号"
PHASE = f"{SHORE}望海路88号望海花园一期"
SHOPS = f"{SHORE}望海路88号望海花园商业裙楼"


@cache
def library() -> OpenLibrary:
    build = LibraryBuilder()
    district = build.district(DISTRICT)
    pine, lake = (build.subdistrict(district, name) for name in ("松涛街道", "坪湖街道"))
    upper = build.community(pine, "上塘社区")
    for own in ("上塘路54号", "上塘路54-1号"):
        build.building(upper, own, floors(4, 3))
    for own in (
        "上塘新村二区15巷8号",
        "上塘旧村三排4号",
        "上塘旧村十三排4号",
        "上塘围十一区7号",
        "上塘村7号",
    ):
        build.building(upper, own, floors(6, 4))
    for own in ("第二工业区B栋", "第二工业区3栋", "上塘第二工业区3栋", "上塘科技园A区2栋"):
        build.building(upper, own, floors(4, 2))
    shore = build.community(pine, "望海社区")
    for own in ("一期A座", "一期揽月阁", "一期听涛阁"):
        build.building(shore, f"望海路88号望海花园{own}", floors(12, 4, ""))
    stairs = [f"{stair}单元{room}" for stair in (1, 2) for room in floors(11, 2, "")]
    build.building(shore, "望海花园二期1栋", [*stairs, "顶层", "夹层", "负一层"])
    build.building(shore, "望海花园二期2栋", floors(11, 3, ""))
    shops = [f"{number}号铺" for number in range(1, 10)]
    build.building(shore, "望海路88号望海花园商业裙楼", [*shops, "B1-23", "B1-24"])
    build.building(shore, "翠竹新村3栋", floors(7, 2))
    reed = build.community(lake, "芦荻社区")
    build.building(reed, "翠竹新村3栋", floors(7, 2))
    build.building(reed, "文昌路128号", floors(5, 2))
    build.building(reed, "文昌中路128号", floors(3, 2))
    build.building(
        reed, "文昌路31号芦荻大厦", [f"{f:02d}{n:02d}室" for f in range(1, 13) for n in (1, 2)]
    )
    return open_library(build.table())


FULL = f"{CITY}{DISTRICT}"
CASES = [
    # text, grade, standard text, why
    (f"{FULL}{LANE}二0一房", "A", f"{LANE}201房", "a nought written as a figure"),
    (f"{FULL}{UPPER}上塘新村二区十五巷8号201", "A", f"{LANE}201房", "a lane in the other numerals"),
    (f"{FULL}{LANE}2F201", "A", f"{LANE}201房", "floor letter before the room"),
    (f"{FULL}{LANE}2/F 201室", "A", f"{LANE}201房", "2/F"),
    (f"{FULL}{LANE}201(二楼)", "A", f"{LANE}201房", "floor behind in brackets"),
    (f"{FULL}{LANE}二楼的201房", "A", f"{LANE}201房", "的 between floor and room"),
    (f"{FULL}{LANE}2 01房", "A", f"{LANE}201房", "a blank inside the number"),
    (f"{FULL}{LANE}201+202房", "B", f"{LANE}201房", "two rooms joined by +"),
    (f"{FULL}{LANE}4402室", "C", None, "4402 or 4层402: the 层 may be lost"),
    (f"{FULL}{LANE}一至三层", "B", LANE, "a range of floors"),
    (f"{FULL}{LANE}全栋", "A", LANE, "the whole building"),
    (f"1.{FULL}{LANE}201房 2.{REED}文昌路128号101", "A|B", f"{LANE}201房", "the first of a numbered list"),
    (f"{FULL}{LANE}201房和{REED}文昌路128号101房", "B", f"{LANE}201房", "the first of two, and said so"),
    (f"({FULL}{UPPER})上塘新村二区15巷8号201", "B", f"{LANE}201房", "divisions in brackets first"),
    (f"{CITY}({DISTRICT})({'松涛街道'})上塘社区上塘新村二区15巷8号201", "A", f"{LANE}201房", "two of them"),
    (f"上塘新村二区15巷8号201({DISTRICT}{UPPER})", "B", f"{LANE}201房", "divisions in brackets last"),
    (f"上塘新村二区15巷8号201，{DISTRICT}{UPPER}", "B", f"{LANE}201房", "divisions behind a comma"),
    (f"{DISTRICT},松涛街道,上塘社区,上塘新村二区15巷,8号,201房", "A", f"{LANE}201房", "a comma after each level"),
    (f"市民来电咨询{DISTRICT}{LANE}201房能否办理居住证", "B", f"{LANE}201房", "words before the district"),
    ("有人在松涛街道上塘新村二区15巷8号201房门口堆垃圾", "B", f"{LANE}201房", "words before the sub-district"),
    (f"小区{DISTRICT}上塘新村二区15巷8号201电梯坏了", "B", f"{LANE}201房", "小区 before the district"),
    (f"{DISTRICT}松涛街街道上塘社社区上塘新村二区15巷8号201", "B", f"{LANE}201房", "doubled kinds of division"),
    (f"{DISTRICT}松涛街道上塘社区上塘塘新村二区15巷8号201", "B", f"{LANE}201房", "a doubled character in the name"),
    (f"{DISTRICT}松涛街道塘社区上塘新村二区15巷8号201", "B", f"{LANE}201房", "a community that lost 上"),
    ("湾区松涛街道上塘社区上塘新村二区15巷8号201", "B", f"{LANE}201房", "a district that lost its first character"),
    (f"{DISTRICT}松涛街道上塘社区上塘新村二15巷8号201", "C", None, "区 lost: 2-15巷 is no number to guess"),
    (f"{DISTRICT}{UPPER}上塘旧村六十八排4号201", "D|C", None, "a lane nobody knows"),
    (f"{DISTRICT}{UPPER}上塘围十一巷7号201", "C", None, "十一巷 is not 十一区"),
    (f"{DISTRICT}{UPPER}上塘村七2号102", "C", None, "七 may be a lane that lost its unit"),
    (f"{DISTRICT}{UPPER}上塘老村7号101", "C", None, "老 is not a character too many"),
    (f"{DISTRICT}{UPPER}赤上塘村7号101", "C", None, "赤上塘 is not 上塘"),
    (f"{DISTRICT}{UPPER}第二工亚区3栋201", "B", f"{UPPER}第二工业区3栋201房", "a look-alike in a long name, proved"),
    (f"{DISTRICT}{UPPER}上搪第二工业区3栋201", "B", f"{UPPER}上塘第二工业区3栋201房", "the longer name with a slip"),
    (f"{DISTRICT}{UPPER}上塘科技园A2栋101", "B", f"{UPPER}上塘科技园A区2栋101房", "区 lost between name and block"),
    (f"{DISTRICT}{UPPER}上塘科技园区2栋101", "C", None, "which 区?"),
    (f"{DISTRICT}{PHASE}揽月阁1203", "A", f"{PHASE}揽月阁1203", "a tower with a name for a number"),
    ("望海花园一期听涛阁1203", "B", f"{PHASE}听涛阁1203", "the tower's name alone"),
    ("望海花园一期听涛楼1203", "C", None, "楼 is not 阁"),
    (f"{SHORE}望海路88号(望海花园一期)A座302", "A", f"{PHASE}A座302", "the estate in brackets"),
    (f"{SHORE}望海花园一期A座302(望海路88号)", "A", f"{PHASE}A座302", "the doorplate in brackets, last"),
    (f"{SHORE}望海花园一期A座302，望海路88号", "A|B", f"{PHASE}A座302", "the doorplate behind a comma"),
    (f"302房，A座，望海花园一期，{DISTRICT}{SHORE}", "B", f"{PHASE}A座302", "from small to large"),
    (f"{SHORE}望海花园一期302房A座", "B", f"{PHASE}A座302", "room before block"),
    ("302@A座", "D", "", "no place at all"),
    (f"{SHORE}望海花园二期2#301", "A|B", f"{SHORE}望海花园二期2栋301", "# for 栋"),
    (f"{SHORE}301@2栋望海花园二期", "D|C", None, "not an order anybody can be sure of"),
    (f"{SHORE}望海花园二期1栋2门301", "A", f"{SHORE}望海花园二期1栋2单元301", "门 for 单元"),
    (f"{SHORE}望海花园二期1栋2单单元301", "A", f"{SHORE}望海花园二期1栋2单元301", "a doubled unit"),
    (f"{SHORE}望海花园二期1栋2单元元301", "A", f"{SHORE}望海花园二期1栋2单元301", "a doubled unit"),
    (f"{SHORE}望海花园二期2楼1103", "B", f"{SHORE}望海花园二期2栋1103", "1103 is not on floor 2: 2楼 is the block"),
    (f"{SHORE}望海花园二期1栋顶层", "A", f"{SHORE}望海花园二期1栋顶层", "a room with a name"),
    (f"{SHORE}望海花园二期1栋(负一层)", "A", f"{SHORE}望海花园二期1栋负一层", "below ground, in brackets"),
    (f"{SHORE}望海花园二期3栋101", "C", None, "a block that does not exist: never a room"),
    (f"{SHOPS}B1-24", "A", f"{SHOPS}B1-24", "B1-24 is not B1-23"),
    (f"{SHOPS}B124", "B", f"{SHOPS}B1-24", "the dash lost"),
    (f"{SHOPS}首层3号铺", "A", f"{SHOPS}3号铺", "首层 is a floor"),
    (f"{SHOPS}2-4号铺", "B", f"{SHOPS}2号铺", "a range of shops"),
    ("翠竹新村3栋201", "C", None, "twins in two communities"),
    ("望海社区翠竹新村3栋201", "B", f"{SHORE}翠竹新村3栋201房", "the community tells the twins apart"),
    (f"{DISTRICT}{REED}文昌路31号芦荻大厦1201室", "A", f"{REED}文昌路31号芦荻大厦1201室", "a tower at a doorplate"),
    ("芦荻大厦902", "B", f"{REED}文昌路31号芦荻大厦0902室", "the nought of a four-digit room left out"),
    ("和平路3号，文昌路128号201", "C", None, "two addresses, the first unknown: never the second"),
    (f"2024年3月5日{DISTRICT}上塘新村二区15巷8号201停电3小时", "B", f"{LANE}201房", "a date before"),
    (f"我叫小王，家住{DISTRICT}，地址上塘新村二区15巷8号201，楼上漏水", "B", f"{LANE}201房", "two clauses before"),
    (f"{DISTRICT}{DISTRICT}松涛街道松涛街道{LANE[4:]}201", "A", f"{LANE}201房", "divisions twice"),
    (f"{DISTRICT}松涛街道上塘管理区{LANE[8:]}201", "B", f"{LANE}201房", "a community's older name"),
    (f"{DISTRICT}松涛街道上塘行政村{LANE[8:]}201", "B", f"{LANE}201房", "another"),
    (f"{DISTRICT}{UPPER}上塘路第54-1号第301室", "A", f"{UPPER}上塘路54-1号301房", "第 before numbers"),
    (f"{SHOPS}屋2", "C", None, "a number behind a stray character is not unread"),
    ("上塘路54号301", "B", f"{UPPER}上塘路54号301房", "54号 beside 54-1号"),
    ("上塘路54-1号301", "B", f"{UPPER}上塘路54-1号301房", "a doorplate with a dash"),
    ("上塘路54-1-301", "B|C", None, "54-1号 or 54号: the dash may belong to either"),
    ("上塘路54-1301", "B", f"{UPPER}上塘路54-1号301房", "only 54-1号 has a room so"),
    ("芦荻大厦第10层", "B", f"{REED}文昌路31号芦荻大厦", "a floor only"),
    (f"{DISTRICT}{REED}文昌路128号101、102房", "A|B", f"{REED}文昌路128号101房", "two rooms"),
    ("香港九龙文昌路128号101", "C|D", None, "another city without its 市"),
    (f"{DISTRICT}坪湖街道芦荻社区文昌路128号101 16912345678", "A", f"{REED}文昌路128号101房", "a telephone behind"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "grades", "standard", "why"), CASES, ids=[c[3] for c in CASES])
def test_noise_is_washed_to(text: str, grades: str, standard: str | None, why: str) -> None:
    answer = library().wash_text(text)
    found = answer.matched_text.removeprefix(f"{CITY}{DISTRICT}")
    assert str(answer.grade) in grades.split("|"), (why, found, answer.explanation)
    if standard is not None:
        assert found == standard, (why, answer.explanation)


@pytest.mark.parametrize("text", [case[0] for case in CASES])
def test_what_is_explained_is_what_is_answered(text: str) -> None:
    reasons = [step.words for step in library().explain_text(text) if step.title == "理由"]
    assert reasons == [library().wash_text(text).explanation]


def test_several_addresses_are_each_washed_where_they_stand() -> None:
    text = "上塘新村二区15巷8号201和文昌路128号101、102房；望海花园二期2栋301"
    found = library().wash_all(text)
    assert [text[span.start : span.end] for span in found] == [span.text for span in found]
    assert [span.answer.matched_text.removeprefix(FULL) for span in found] == [
        f"{LANE}201房",
        f"{REED}文昌路128号101房",
        f"{SHORE}望海花园二期2栋301",
    ]


@pytest.mark.parametrize(
    "text", ["", "无", "市民来电，上塘新村二区15巷8号201楼下很吵，请处理", "；；；", "和" * 300]
)
def test_a_text_that_does_not_come_apart_is_one(text: str) -> None:
    found = library().wash_all(text)
    assert len(found) == 1
    assert found[0].answer == library().wash_text(found[0].text)


@pytest.mark.parametrize(
    ("text", "title", "words"),
    [
        ("翠竹新村3栋201", "怎样能确定", "写上社区即可确定：松涛街道望海社区 或 坪湖街道芦荻社区"),
        ("翠竹新村3栋201", "为何不是第二名", "两处同分"),
        ("望海花园二期1栋301", "怎样能确定", "写上单元即可确定：1单元 或 2单元"),
        ("望海路88号302", "怎样能确定", "A座302 或 揽月阁302"),
        (f"{LANE}709房", "怎样能确定", "若“709”房确实存在，请向地址库申请新增"),
        (f"{LANE}4402室", "怎样能确定", "漏写了楼层"),
        ("上搪新村二区十五巷8号二楼201", "读作", "上搪新村二区十五巷（地名）"),
        ("上塘新村二区15巷8号201", "没有写明", "青湾区、松涛街道、上塘社区"),
        ("湖南省长沙市上塘村7号101", "怎样能确定", "若确在本库范围"),
        ("坪湖街道望潮三路9号501", "怎样能确定", "核对“望潮三路”"),
        ("翠竹新村3栋201", "候选得分", "地名 40/40"),
    ],
)
def test_the_explanation_answers_as_a_colleague_would(text: str, title: str, words: str) -> None:
    steps = [step.words for step in library().explain_text(text) if step.title == title]
    assert any(words in one for one in steps), steps
