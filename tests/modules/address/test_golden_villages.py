"""Old towns, villages and names that only look like divisions, against the packaged gazetteer. One line a rule."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from kuai.address.actions import read_division_library
from kuai.address.queries import OpenLibrary, open_library

CITY = "广东省深圳市"


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> OpenLibrary:
    folder: Path = tmp_path_factory.mktemp("divisions")
    with duckdb.connect() as connection:
        divisions, _ = read_division_library(connection, folder)
    return open_library(divisions)


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("深圳市宝安区光明街道光翠路9号", "光明区光明街道", "光明 left 宝安"),
        ("深圳市宝安区光明新区公明街道长春路9号", "光明区公明街道", "the new district written too"),
        ("深圳市宝安区玉塘街道田寮路9号", "光明区玉塘街道", "a sub-district younger than the change"),
        ("深圳市宝安区龙华街道9号", "龙华区龙华街道", "龙华 left 宝安"),
        ("深圳市龙岗区坪山街道六联社区9号", "坪山区坪山街道六联社区", "坪山 left 龙岗"),
        ("深圳市龙岗区碧岭街道9号", "坪山区碧岭街道", "碧岭 too"),
        ("坪山新区9号", "坪山区", "the functional district's name"),
        ("深圳市南山区松坪山社区9号", "南山区西丽街道松坪山社区", "松坪山 is not 坪山"),
        ("宝安区福永镇桥头村9号", "宝安区福海街道桥头社区", "a village in the town's younger sister"),
        ("布吉镇坂田村9号", "龙岗区坂田街道", "a sister that is a sub-district today"),
        ("松岗东方村9号", "宝安区松岗街道东方社区", "nothing above is written"),
        ("横岗墟镇9号", "龙岗区横岗街道", "the market of the old town"),
        ("龙岗区平湖新厦工业城9号", "龙岗区平湖街道", "a sub-district without its word"),
        ("南山区南山法院", "南山区", "a court bears the district's name"),
        ("福田区莲花支路9号", "福田区", "a road bears the sub-district's name"),
        ("福田区莲花北路9号", "福田区", "and so does another"),
        ("罗湖区东门街道东门立新路9号", "罗湖区东门街道", "the quarter, not the community"),
        ("观澜镇新塘村9号", "龙华区观澜街道", "新塘 lies in 民治, which 观澜 never held"),
        ("西乡臣田工业村9号", "宝安区西乡街道臣田社区", "乡 of 西乡 is no township"),
    ],
)  # fmt: skip
def test_the_gazetteer_reads(gazetteer: OpenLibrary, text: str, place: str, why: str) -> None:
    answer = gazetteer.wash_text(text)
    assert answer.matched_text == CITY + place, (why, answer.explanation)
    assert answer.grade in ("A", "B")
