"""The index: aliases, entries that ended, small libraries; the same answers by any way, order and number of workers."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.address.batch import index_of, index_of_files, open_wash
from kuai.address.engine.normalising import to_one_spelling
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.washing import Washer
from kuai.address.queries import open_library
from kuai.address.reading import library_table, read_delivered_library
from kuai.address.types import Grade, WashedAddress
from tests.modules.address.builders import CITY, DISTRICT, invented_table

ENTRIES = library_table(read_delivered_library(invented_table()))
CODE_OF = dict(
    zip(ENTRIES["standard_text"].to_pylist(), ENTRIES["address_code"].to_pylist(), strict=True)
)
ABOVE = f"{CITY}{DISTRICT}"
STONE = f"{ABOVE}松涛街道石桥社区"
REED = f"{ABOVE}坪湖街道芦荻社区"
WORKS = f"{ABOVE}坪湖街道沙咀社区"
FIVE = f"{STONE}石桥村三巷5号"
SEVEN = f"{STONE}石桥老村三巷7号"


def aliases(*rows: tuple[str, str, str]) -> pa.Table:
    """(standard text, other text, kind)."""
    return pa.table(
        {
            "address_code": [CODE_OF[text] for text, _, _ in rows],
            "text": [other for _, other, _ in rows],
            "kind": [kind for _, _, kind in rows],
        }
    )


def successions(*rows: tuple[str, str | None, str]) -> pa.Table:
    """(standard text that ended, standard text that follows, kind)."""
    return pa.table(
        {
            "address_code": [CODE_OF[text] for text, _, _ in rows],
            "successor_code": [after and CODE_OF[after] for _, after, _ in rows],
            "kind": [kind for _, _, kind in rows],
        }
    )


def ended(**state_of: str) -> pa.Table:
    """The invented library with some entries ended, by standard text."""
    states = [state_of.get(text, "in_use") for text in ENTRIES["standard_text"].to_pylist()]
    return ENTRIES.set_column(ENTRIES.column_names.index("state"), "state", [states])


def wash(text: str, entries: pa.Table = ENTRIES, **others: pa.Table) -> WashedAddress:
    return open_library(entries, **others).wash_text(text)


def place(answer: WashedAddress) -> tuple[str, str]:
    return str(answer.grade), answer.matched_text


# Aliases


@pytest.mark.parametrize(
    ("other", "kind", "written", "words"),
    [
        ("大榕树楼", "vernacular", "青湾区大榕树楼", "俗称“大榕树楼”"),
        ("老石桥十八号", "old_name", "老石桥18号", "旧名“老石桥十八号”"),
        ("望江路9号", "secondary", "青湾区松涛街道望江路9号", "次要地址“望江路9号”"),
        ("望江雅苑3栋", "estate", "松涛街道望江雅苑3座", "小区名“望江雅苑3栋”"),
    ],
)
def test_a_building_is_found_by_its_alias_and_the_alias_is_named(
    other: str, kind: str, written: str, words: str
) -> None:
    answer = wash(written, aliases=aliases((FIVE, other, kind)))
    assert place(answer) == ("B", FIVE)
    assert words in answer.explanation


def test_a_room_is_found_behind_its_buildings_alias() -> None:
    answer = wash("青湾区大榕树楼302房", aliases=aliases((FIVE, "大榕树楼", "vernacular")))
    assert place(answer) == ("B", f"{FIVE}302房")
    assert "俗称“大榕树楼”" in answer.explanation


def test_a_confirmed_text_beats_what_the_wash_would_have_said() -> None:
    text = "石桥老村三巷15号301"
    assert wash(text).matched_text == f"{STONE}石桥老村三巷15号301房"
    answer = wash(text, aliases=aliases((f"{SEVEN}301房", text, "confirmed")))
    assert place(answer) == ("B", f"{SEVEN}301房")
    assert answer.explanation == f"确认过的写法“{text}”"


def test_a_confirmed_text_is_known_in_any_convention_and_with_the_city_before_it() -> None:
    known = aliases((f"{SEVEN}301房", "祠堂边上三楼301", "confirmed"))
    assert place(wash("广东省深圳市祠堂边上三楼３０１", aliases=known)) == ("B", f"{SEVEN}301房")


def test_a_text_confirmed_for_two_places_is_ambiguous() -> None:
    known = aliases((FIVE, "村口那栋", "confirmed"), (SEVEN, "村口那栋", "confirmed"))
    answer = wash("村口那栋", aliases=known)
    assert answer.grade is Grade.C
    assert {one["address_code"] for one in answer.candidates} == {CODE_OF[FIVE], CODE_OF[SEVEN]}


def test_an_alias_does_not_take_a_name_from_the_building_that_bears_it() -> None:
    known = aliases((SEVEN, "石桥村三巷5号", "vernacular"))
    answer = wash(FIVE, aliases=known)
    assert (answer.grade, answer.matched_text) == (Grade.A, FIVE)


def test_an_old_name_of_a_division_leads_to_today_and_is_named() -> None:
    known = aliases((f"{ABOVE}松涛街道", "竹影街道", "old_name"))
    answer = wash("青湾区竹影街道石桥村三巷5号302", aliases=known)
    assert place(answer) == ("B", f"{FIVE}302房")
    assert "旧名“竹影街道”" in answer.explanation


def test_an_old_name_that_another_division_bears_today_means_that_one() -> None:
    known = aliases((f"{ABOVE}松涛街道", "坪湖街道", "old_name"))
    answer = wash("青湾区坪湖街道", aliases=known)
    assert answer.matched_text == f"{ABOVE}坪湖街道"


# Entries that ended


def test_a_renumbered_building_leads_to_its_successor_and_its_room() -> None:
    library = ended(**{FIVE: "renumbered"} | {f"{FIVE}{n}房": "renumbered" for n in (301, 302)})
    steps = successions(
        (FIVE, SEVEN, "renumbered"), (f"{FIVE}302房", f"{SEVEN}302房", "renumbered")
    )
    building = wash(FIVE, library, successions=steps)
    assert place(building) == ("B", SEVEN)
    assert f"已改号为“{SEVEN}”" in building.explanation
    room = wash(f"{FIVE}302房", library, successions=steps)
    assert place(room) == ("B", f"{SEVEN}302房")


def test_a_room_that_was_split_gives_its_parts_as_candidates() -> None:
    library = ended(**{f"{FIVE}302房": "split"})
    steps = successions(
        (f"{FIVE}302房", f"{FIVE}303房", "split"), (f"{FIVE}302房", f"{FIVE}304房", "split")
    )
    answer = wash(f"{FIVE}302房", library, successions=steps)
    assert answer.grade is Grade.C
    assert [one["text"] for one in answer.candidates] == [f"{FIVE}303房", f"{FIVE}304房"]


def test_a_chain_of_successions_is_followed_to_its_end() -> None:
    library = ended(**{f"{FIVE}302房": "merged", f"{FIVE}303房": "renumbered"})
    steps = successions(
        (f"{FIVE}302房", f"{FIVE}303房", "merged"), (f"{FIVE}303房", f"{FIVE}304房", "renumbered")
    )
    assert place(wash(f"{FIVE}302房", library, successions=steps)) == ("B", f"{FIVE}304房")


def test_a_ring_of_successions_ends() -> None:
    library = ended(**{f"{FIVE}302房": "merged", f"{FIVE}303房": "merged"})
    steps = successions(
        (f"{FIVE}302房", f"{FIVE}303房", "merged"), (f"{FIVE}303房", f"{FIVE}302房", "merged")
    )
    assert wash(f"{FIVE}302房", library, successions=steps).matched_text == FIVE


def test_a_room_that_is_gone_is_its_building_and_never_a_room() -> None:
    library = ended(**{f"{FIVE}302房": "demolished"})
    steps = successions((f"{FIVE}302房", None, "demolished"))
    answer = wash(f"{FIVE}302房", library, successions=steps)
    assert place(answer) == ("B", FIVE)
    assert "已拆除" in answer.explanation


def test_a_building_that_is_gone_is_grade_d_with_the_reason() -> None:
    rooms = {text: "demolished" for text in CODE_OF if text.startswith(FIVE)}
    steps = successions((FIVE, None, "demolished"))
    for text in (FIVE, f"{FIVE}302房"):
        answer = wash(text, ended(**rooms), successions=steps)
        assert answer.grade is Grade.D
        assert "已拆除" in answer.explanation


def test_the_living_building_of_a_number_wins_over_the_one_that_ended() -> None:
    rows = ENTRIES.to_pylist()
    old = next(row for row in rows if row["standard_text"] == FIVE)
    gone = old | {"address_code": "4403010010010199999", "state": "demolished"}
    library = pa.Table.from_pylist([gone, *rows], schema=ENTRIES.schema)
    assert place(wash(FIVE, library)) == ("A", FIVE)


# Small libraries


def test_an_empty_library_answers_every_text_with_d() -> None:
    assert wash(FIVE, ENTRIES.slice(0, 0)).grade is Grade.D


def test_a_library_of_buildings_alone_answers_without_divisions() -> None:
    rows = [
        row | {"standard_text": row["name"], "parent_code": None}
        for row in ENTRIES.to_pylist()
        if row["level"] == "building"
    ]
    library = pa.Table.from_pylist(rows, schema=ENTRIES.schema)
    assert wash("白鹭路317号", library).matched_text == "白鹭路317号"


# One answer, whatever the way


@cache
def washer() -> Washer:
    return Washer(index_of(ENTRIES))


CITY_WAYS = ("", "广东省深圳市", "深圳市", "广东深圳")
DISTRICT_WAYS = ("", DISTRICT, "青湾", "清湾区")
ENDINGS = (
    "",
    "房",
    "室",
    "号",
    "之2",
    "-1",
    "楼顶漏水",
    "(旧门牌)",
    "整栋",
    "、303",
    ",联系房东",
    "A",
)
STRAY = "新老村3一号栋,( )巷室之单元层楼铺A路中-#座幢"


@st.composite
def written_texts(draw: st.DrawFn) -> str:
    """Standard texts with parts left out, other units, remarks, and a character too few, too many or doubled."""
    text = (
        draw(st.sampled_from(sorted(filter(None, CODE_OF)))).removeprefix(ABOVE).removesuffix("房")
    )
    if draw(st.booleans()):
        text = text[text.find("街道") + 2 :] if draw(st.booleans()) else text.split("社区")[-1]
    text = draw(st.sampled_from(CITY_WAYS)) + draw(st.sampled_from(DISTRICT_WAYS)) + text
    for before, after in draw(st.lists(st.sampled_from(UNITS), max_size=2)):
        text = text.replace(before, after)
    text += draw(st.sampled_from(ENDINGS))
    place = draw(st.integers(0, max(0, len(text) - 1)))
    return draw(
        st.sampled_from(
            [
                text,
                text,
                text[:place] + text[place + 1 :],
                text[:place] + draw(st.sampled_from(STRAY)) + text[place:],
                text[:place] + text[place : place + 1] + text[place:],
            ]
        )
    )


UNITS = [
    ("栋", "座"),
    ("栋", "-"),
    ("栋", "号楼"),
    ("栋", "#"),
    ("号", "号院"),
    ("单元", "-"),
    ("号", "号1层"),
]


@settings(max_examples=700, deadline=None)
@given(written_texts())
def test_the_short_way_answers_what_the_long_way_answers(text: str) -> None:
    spelling = to_one_spelling(text)
    short = washer()._short_way.take(spelling)
    if short is not None:
        code, level, grade, matched, words, candidates, unknown = short
        long = washer()._follow_spelling(spelling).answer
        assert (long.address_code or "", str(long.level or ""), str(long.grade)) == (
            code,
            level,
            grade,
        )
        assert (long.matched_text, long.explanation) == (matched, words)
        assert (long.candidates, long.unknown_place) == (candidates, unknown)


def beside(entries: pa.Table) -> pa.Table:
    """The library with a second district that has the same streets, villages and numbers."""
    rows = entries.to_pylist()
    second = [
        row
        | {
            "address_code": "440399" + row["address_code"][6:],
            "parent_code": "440399" + row["parent_code"][6:]
            if len(row["parent_code"]) > 4
            else "4403",
            "name": row["name"].replace(DISTRICT, "碧澜区"),
            "standard_text": row["standard_text"].replace(DISTRICT, "碧澜区"),
        }
        for row in rows
    ]
    return pa.Table.from_pylist([*rows, *second], schema=entries.schema)


@cache
def washer_of_two() -> Washer:
    return Washer(index_of(beside(ENTRIES)))


@settings(max_examples=300, deadline=None)
@given(written_texts(), st.booleans())
def test_the_short_way_chooses_among_districts_as_the_long_way_does(
    text: str, second: bool
) -> None:
    spelling = to_one_spelling(text.replace(DISTRICT, "碧澜区") if second else text)
    short = washer_of_two()._short_way.take(spelling)
    if short is not None:
        long = washer_of_two()._follow_spelling(spelling).answer
        assert (long.address_code or "", str(long.grade)) == (short[0], short[2])
        assert (long.matched_text, long.explanation) == (short[3], short[4])


def test_a_number_that_two_districts_have_is_decided_by_the_district_written() -> None:
    spelling = to_one_spelling("碧澜区松涛街道石桥村三巷5号302")
    short = washer_of_two()._short_way.take(spelling)
    assert short is not None
    assert short[3] == f"{FIVE}302房".replace(DISTRICT, "碧澜区")


def mutated_texts(many: int) -> list[str]:
    chance = random.Random(20261122)
    texts = []
    for text in chance.choices(sorted(filter(None, CODE_OF)), k=many):
        start = chance.randrange(len(text) - 2)
        texts.append(
            chance.choice(
                [text, text[start:], text[:start] + text[start + 1 :], text + text[start:]]
            )
        )
    return texts


def test_one_worker_and_four_in_any_order_give_the_same_answers() -> None:
    texts = list(dict.fromkeys(mutated_texts(3_000)))
    index = index_of(ENTRIES)
    with open_wash(index, workers=1) as one, open_wash(index, workers=4) as four:
        answers = one.wash(texts)
        assert four.wash(texts) == answers
        assert four.wash(texts[::-1]) == answers[::-1]


def test_the_rows_of_a_library_may_come_in_any_order() -> None:
    shuffled = ENTRIES.take(random.Random(3).sample(range(len(ENTRIES)), len(ENTRIES)))
    ours, other = washer(), Washer(index_of(shuffled))
    for text in mutated_texts(600):
        assert other.wash(text) == ours.wash(text)


def test_a_room_whose_building_is_missing_is_counted_and_stops_nothing() -> None:
    building = CODE_OF[FIVE]
    codes = ENTRIES["address_code"].to_pylist()
    kept = [place for place, code in enumerate(codes) if code != building]
    room = CODE_OF[f"{FIVE}302房"]
    known = aliases((f"{FIVE}302房", "老榕树302", "vernacular"))
    index = index_of(ENTRIES.take(kept), aliases=known)
    rooms = sum(parent == building for parent in ENTRIES["parent_code"].to_pylist())
    assert index.meta.lost_rooms == rooms > 0
    assert Washer(index).wash(f"{SEVEN}301房").matched_text == f"{SEVEN}301房"
    assert Washer(index).wash(f"{FIVE}302房").address_code != room


def test_an_index_from_files_and_one_that_was_saved_answer_alike(tmp_path: Path) -> None:
    half = len(ENTRIES) // 2
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, part in zip(paths, (ENTRIES.slice(half), ENTRIES.slice(0, half)), strict=True):
        pq.write_table(part, path)
    (tmp_path / "saved").mkdir()
    index_of_files(paths).save(tmp_path / "saved")
    other = Washer(PlaceIndex.load(tmp_path / "saved"))
    for text in mutated_texts(300):
        assert other.wash(text) == washer().wash(text)
