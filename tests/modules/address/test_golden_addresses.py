"""Invented addresses, each with the reason it is hard. Grade and standard text are both part of the belief."""

from __future__ import annotations

import pytest

from tests.modules.address.builders import invented_library, wash

STONE = "松涛街道石桥社区"
REED = "坪湖街道芦荻社区"
WORKS = "坪湖街道沙咀社区"
VILLAGE = f"{STONE}石桥村三巷5号"
ESTATE = f"{REED}望潮二路220号锦澜花园"

CASES = [
    # text, grade, standard text, why it is hard
    ("广东省深圳市青湾区松涛街道石桥社区石桥村三巷5号302房", "A", f"{VILLAGE}302房", "nothing is"),
    (
        "青湾区松涛街道石桥社区石桥村三巷5号302",
        "A",
        f"{VILLAGE}302房",
        "province, city and 房 left out",
    ),
    (
        "深圳青湾区松涛街道办事处石桥社区石桥村3巷5号302室",
        "A",
        f"{VILLAGE}302房",
        "室 for 房, 3 for 三",
    ),
    (
        "青湾区松涛街道办石桥居委会石桥村三巷五号三〇二",
        "A",
        f"{VILLAGE}302房",
        "Chinese numerals everywhere",
    ),
    ("青湾区松涛街石桥社区石桥村三巷5号3楼302", "A", f"{VILLAGE}302房", "floor before the room"),
    ("青湾区松涛街道石桥社区石桥村三巷5号三层302号", "A", f"{VILLAGE}302房", "号 behind the room"),
    ("青湾区松涛街道石桥社区石桥村三巷5号(302房)", "A", f"{VILLAGE}302房", "room in brackets"),
    ("青湾区松涛街道石桥社区石桥村三巷5号302房(近学校)电话联系", "A", f"{VILLAGE}302房", "remarks"),
    ("青灣區松濤街道石橋社區石橋村三巷5號302", "B", f"{VILLAGE}302房", "traditional characters"),
    ("石桥村三巷5号302", "B", f"{VILLAGE}302房", "all divisions left out, name is unique"),
    ("松涛街道石桥村三巷5号302", "B", f"{VILLAGE}302房", "community left out"),
    ("松涛石桥村三巷5号302", "B", f"{VILLAGE}302房", "sub-district without its kind"),
    (
        "青湾区坪湖街道石桥村三巷5号302",
        "B",
        f"{VILLAGE}302房",
        "wrong sub-district, name is unique",
    ),
    ("青弯区石桥村三巷5号302", "B", f"{VILLAGE}302房", "district by a homophone"),
    ("青湾区石乔村三巷5号302", "B", f"{VILLAGE}302房", "locality by a homophone"),
    (
        "青湾区松涛街道石桥社区石村三巷5号302",
        "B",
        f"{VILLAGE}302房",
        "a character lost in the name",
    ),
    ("松涛街道石桥三巷5号302", "B", f"{VILLAGE}302房", "村 dropped, only one kind has a number 5"),
    ("石桥村三5号302", "B", f"{VILLAGE}302房", "巷 lost, so lane and house number touch"),
    ("石桥村三巷5号302A", "B", f"{VILLAGE}302房", "a subdivided flat is not in the library"),
    ("石桥村三巷5号302之二", "B", f"{VILLAGE}302房", "part of a flat"),
    ("石桥村三巷5号3楼2号", "B", f"{VILLAGE}302房", "floor and number make the room"),
    ("石桥村三巷5号4302", "B", VILLAGE, "no such room: its building"),
    ("石桥村三巷5号709房", "B", VILLAGE, "no such floor: its building"),
    ("青湾区松涛街道石桥社区石桥村三巷5号", "A", VILLAGE, "a building only"),
    (
        "青湾区松涛街道石桥社区石桥村三巷5号302、303房",
        "B",
        f"{VILLAGE}302房",
        "two rooms: said, not hidden",
    ),
    ("青湾区松涛街道石桥社区石桥村三巷5号302-304", "B", f"{VILLAGE}302房", "a range of rooms"),
    ("青湾区松涛街道石桥社区石桥村三巷5号1-3楼", "B", VILLAGE, "a range of floors: the building"),
    ("石桥村三巷5号整栋", "B", VILLAGE, "the whole building"),
    ("石桥村三巷5号二楼", "B", VILLAGE, "a floor only: its building"),
    ("石桥老村三巷7号101", "B", f"{STONE}石桥老村三巷7号101房", "its twin is 新村"),
    ("石桥三巷7号101", "C", None, "老村 or 新村? both have a 7"),
    ("石桥村三巷7号101", "C", None, "村 has no 7, its neighbours have: never more than candidates"),
    ("石桥村138402", "B", f"{STONE}石桥村138号402房", "号 lost: 138+402, for 13 has no 8402"),
    ("芦荻村十坊8号101", "C", f"{REED}芦荻村十五坊8号101房", "五 lost: 十坊 may be another place"),
    ("芦荻村坊8号101", "D", "", "the number is lost: no guess"),
    (
        "坪湖街道芦荻社区望潮二路220号锦澜花园1栋1202",
        "A",
        f"{ESTATE}1栋1202",
        "doorplate and estate",
    ),
    ("坪湖街道芦荻社区望潮二路220号锦澜花园1座1202", "A", f"{ESTATE}1栋1202", "座 for 栋"),
    ("坪湖街道芦荻社区望潮二路220号锦澜花园1#1202", "A", f"{ESTATE}1栋1202", "# for 栋"),
    ("坪湖街道芦荻社区望潮二路220号锦澜花园1号楼1202", "A", f"{ESTATE}1栋1202", "号楼 for 栋"),
    ("坪湖街道芦荻社区望潮二路220号锦澜花园一幢1202室", "A", f"{ESTATE}1栋1202", "幢 for 栋"),
    (
        "坪湖街道芦荻社区锦澜花园(望潮二路220号)1-1202",
        "A",
        f"{ESTATE}1栋1202",
        "estate first, doorplate aside",
    ),
    ("锦澜花园1栋1202", "B", f"{ESTATE}1栋1202", "doorplate left out"),
    ("望潮二路220号1栋1202", "B", f"{ESTATE}1栋1202", "estate left out"),
    ("锦澜1栋1202", "B", f"{ESTATE}1栋1202", "花园 left out"),
    ("锦斓花园1栋1202", "B", f"{ESTATE}1栋1202", "estate by a homophone"),
    ("锦澜花园一期1栋1202", "B", f"{ESTATE}1栋1202", "a phase the library does not know"),
    ("锦澜花园小区1栋1202", "B", f"{ESTATE}1栋1202", "小区 added"),
    ("锦澜花园2-1-502", "B", f"{ESTATE}2栋1单元502", "building, stair and room by dashes"),
    ("锦澜花园2栋2单元5楼502室", "B", f"{ESTATE}2栋2单元502", "stair, floor and room"),
    ("锦澜花园2栋502", "C", None, "which stair?"),
    ("锦澜花园A栋302", "B", f"{ESTATE}A座302", "a letter for the building"),
    ("锦澜花园502", "C", None, "which building?"),
    ("望潮二路220号", "C", None, "three buildings behind one doorplate"),
    (
        "望潮二路88号1-2003",
        "B",
        f"{REED}望潮二路88号云帆公馆1栋2003",
        "the only building of a doorplate",
    ),
    ("云帆公馆望潮二路88号1栋2003", "B", f"{REED}望潮二路88号云帆公馆1栋2003", "order swapped"),
    ("白鹭路317号之3", "B", f"{REED}白鹭路317号3号铺", "之3 is a shop"),
    ("白鹭路317号铺位3", "B", f"{REED}白鹭路317号3号铺", "铺位 first"),
    ("白鹭路317号3铺", "B", f"{REED}白鹭路317号3号铺", "号 left out"),
    ("白鹭路317号商铺3", "B", f"{REED}白鹭路317号3号铺", "商铺 first"),
    ("白鹭路3173铺", "B", f"{REED}白鹭路317号3号铺", "号 lost before a shop"),
    ("白鹭路317号9号铺", "B", f"{REED}白鹭路317号", "no such shop: its building"),
    ("沙咀工业区A3栋101", "B", f"{WORKS}沙咀工业区A3栋101房", "A3 is not 3"),
    ("沙咀工业区3栋101", "B", f"{WORKS}沙咀工业区3栋101房", "3 is not A3"),
    (
        "坪湖街道沙咀社区第二工业区十二栋101",
        "A",
        f"{WORKS}第二工业区12栋101房",
        "numerals in the name",
    ),
    (
        "坪湖街六和云庭一期1栋802",
        "B",
        f"{WORKS}望潮二路99号六和云庭1栋802",
        "a numeral that belongs to a name",
    ),
    (
        "青湾区六和云庭(南区)一栋八层802",
        "B",
        f"{WORKS}望潮二路99号六和云庭1栋802",
        "a quarter in brackets",
    ),
    ("启明大厦1503房", "B", f"{WORKS}启明大厦1503房", "known by name alone"),
    ("你好，我住在青湾区石桥村三巷5号302房巷子里路灯坏了", "B", f"{VILLAGE}302房", "in a sentence"),
    (
        "石桥村三巷5号202一楼餐馆油烟直排",
        "B",
        f"{VILLAGE}202房",
        "202 and 一楼 must not melt into 2021",
    ),
    ("石桥村三巷5号302楼顶在加建铁皮房", "B", f"{VILLAGE}302房", "302楼 is no floor"),
    ("青湾区石桥社区", "A", f"{STONE}", "a community only"),
    ("青湾区坪湖街道", "A", "坪湖街道", "a sub-district only"),
    ("石桥村三巷", "B", f"{STONE}", "a lane only: its community"),
    ("青湾区坪湖街道望潮三路9号501", "C", "坪湖街道", "the library has no such road: never a room"),
    ("深圳市宝安区西乡街道石桥村三巷5号302", "D", "", "another district of the city"),
    ("湖南省长沙市岳麓区石桥村三巷5号302", "D", "", "another province"),
    ("东莞市长安镇望潮二路220号锦澜花园1栋1202", "D", "", "another city"),
    ("深圳市西乡街道石桥村三巷5号302", "D", "", "a sub-district of another district"),
    (
        "青湾区石瓷村三巷5号302",
        "B",
        f"{VILLAGE}302房",
        "a strange character in a long name, proved by its room",
    ),
    ("坪湖街道石瓷围12号301", "C", None, "a strange character and the wrong sub-district"),
    ("松石桥村三巷5号302", "C", None, "松石桥 may be another place than 石桥"),
    ("青湾区，松涛街道，石桥村三巷5号，302房", "B", f"{VILLAGE}302房", "commas between the parts"),
    (
        "投诉。我家楼下很吵，地址是石桥村三巷5号302，请处理",
        "B",
        f"{VILLAGE}302房",
        "behind two clauses",
    ),
    ("", "D", "", "empty"),
    ("无", "D", "", "says nothing"),
]


@pytest.mark.parametrize(
    ("text", "grade", "standard", "why"), CASES, ids=[case[3] for case in CASES]
)
def test_the_text_is_washed_to(text: str, grade: str, standard: str | None, why: str) -> None:
    found_grade, found = wash(text)
    explanation = invented_library().wash_text(text).explanation
    assert found_grade == grade, (why, found, explanation)
    if standard is not None:
        assert found == standard, (why, explanation)


def test_ambiguous_texts_offer_all_readings() -> None:
    answer = invented_library().wash_text("石桥三巷7号101")
    texts = {str(candidate["text"])[-12:] for candidate in answer.candidates}
    assert texts == {"石桥老村三巷7号101房"[-12:], "石桥新村三巷7号101房"[-12:]}


def test_a_slip_is_named_in_the_explanation() -> None:
    answer = invented_library().wash_text("青湾区石乔村三巷5号302")
    assert "“乔”疑为“桥”（同音）" in answer.explanation
    assert "缺街道" in answer.explanation
