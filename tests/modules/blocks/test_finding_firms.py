"""Firms are found as people type them; a sole trader is not found by what may be the owner's name."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kuai.blocks.engine.firm_spelling import (
    Way,
    area_length,
    fold_typed,
    is_personal,
    keys_of,
    reads_as_person,
)
from kuai.blocks.engine.key_table import KeyTable, write_keys
from kuai.blocks.packing import SERVING_FILE, SERVING_SCHEMA
from kuai.blocks.queries import BlockFinder
from kuai.blocks.types import FoundBy
from kuai.kit.errors import Refusal

AREAS = frozenset({"深圳市", "深圳", "坪山区", "坪山"})
FIRMS = (
    ("深圳市坪山昌成生贸易有限公司", "91440399201641939G", "enterprise"),
    ("深圳市坪山隆友凯精密模具厂", "92440399201600001A", "sole_trader"),
    ("深圳市坪山张三小吃店", "92440399201600002A", "sole_trader"),
    ("李小明", "92440399201600003A", "sole_trader"),
    ("张三重型机械（深圳）有限公司", "91440399201600004A", "enterprise"),
    ("长乐88号仓储有限公司", "91440399201600005A", "enterprise"),
    # Of one beginning, longer than a key.
    ("深圳市坪山宏利文塑胶制品有限公司", "91440399201600006A", "enterprise"),
    ("深圳市坪山宏利文塑胶制品有限责任公司", "91440399201600007A", "enterprise"),
)


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> BlockFinder:
    folder = tmp_path_factory.mktemp("finding")
    build = folder / "b-1"
    (build / "core").mkdir(parents=True)
    with sqlite3.connect(build / "core" / SERVING_FILE) as serving:
        serving.executescript(SERVING_SCHEMA)
        serving.execute(
            "insert into block (block_no, code, level, last_no, name, standard_text)"
            " values (1, '440310', 'district', 1, '坪山区', '广东省深圳市坪山区')"
        )
        for number, (name, credit_code, kind) in enumerate(FIRMS, start=1):
            serving.execute(
                "insert into organisation (organisation_no, code, name, credit_code, kind, state, place_code)"
                " values (?, ?, ?, ?, ?, 'active', '440310')",
                (number, f"O-{number:08}-A", name, credit_code, kind),
            )
    return BlockFinder(build, folder)


def names(finder: BlockFinder, text: str, *, near: bool = False) -> list[str]:
    return [hit.name for hit in finder.find_firms(text, limit=5, near=near)]


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        ("昌成生", FoundBy.CHARACTERS),
        ("ＣＨＡＮＧＣＨＥＮＧ", FoundBy.PINYIN),
        ("ccsmy", FoundBy.INITIALS),
        ("昌chengsheng", FoundBy.MIXTURE),
        ("昌cs贸易", FoundBy.MIXTURE),
        ("914403992016", FoundBy.CODE),
        ("坪山 贸易", FoundBy.CHARACTERS),
    ],
)
def test_a_firm_is_found_as_people_type(finder: BlockFinder, typed: str, by: FoundBy) -> None:
    hits = {hit.name: hit.by for hit in finder.find_firms(typed, limit=5)}
    assert hits["深圳市坪山昌成生贸易有限公司"] is by


@pytest.mark.parametrize(
    ("typed", "by"),
    [
        ("昌诚升贸易", FoundBy.SOUND),
        ("昌成山贸易", FoundBy.SLIP),
        ("changchenshengmaoyi", FoundBy.SLIP),
    ],
)
def test_a_firm_is_found_with_a_slip_and_it_is_said(
    finder: BlockFinder, typed: str, by: FoundBy
) -> None:
    assert names(finder, typed) == []
    (hit,) = finder.find_firms(typed, limit=5, near=True)
    assert (hit.name, hit.by) == ("深圳市坪山昌成生贸易有限公司", by)


def test_a_number_is_no_slip(finder: BlockFinder) -> None:
    assert names(finder, "长乐88号仓储")
    assert names(finder, "长乐87号仓储", near=True) == []


def test_a_name_with_two_readings_is_found_by_both(finder: BlockFinder) -> None:
    for typed in ("changle", "zhangle", "cl88"):
        assert "长乐88号仓储有限公司" in names(finder, typed), typed


@pytest.mark.parametrize(
    "typed", ["张", "张三", "zhangsan", "zhang", "深圳市坪山张三", "坪山张三", "三小", "zsx"]
)
def test_a_sole_trader_is_not_found_by_what_may_be_the_owners_name(
    finder: BlockFinder, typed: str
) -> None:
    for near in (False, True):
        assert "深圳市坪山张三小吃店" not in names(finder, typed, near=near)


@pytest.mark.parametrize(
    "typed", ["张三小吃", "zhangsanxiaoch", "坪山张三小吃", "小吃店", "924403992016"]
)
def test_the_trade_typed_too_finds_the_sole_trader(finder: BlockFinder, typed: str) -> None:
    assert "深圳市坪山张三小吃店" in names(finder, typed)


def test_an_enterprise_of_that_name_and_a_sole_trader_of_another_kind_are_found(
    finder: BlockFinder,
) -> None:
    assert names(finder, "张三") == ["张三重型机械(深圳)有限公司"]
    assert names(finder, "隆友凯") == ["深圳市坪山隆友凯精密模具厂"]


def test_a_name_that_is_a_persons_is_nowhere_in_the_index(finder: BlockFinder) -> None:
    (nameless,) = finder.find_firms("92440399201600003A", limit=5)
    assert nameless.name == ""
    for typed in ("李小明", "lixiaoming", "lxm", "李小", "小明"):
        for near in (False, True):
            assert names(finder, typed, near=near) == [], typed


def test_nothing_sounds_like_a_text_that_could_be_a_name(finder: BlockFinder) -> None:
    assert finder.sounds_of("昌成升贸易")
    assert finder.sounds_of("王小明") == []
    assert names(finder, "常成生", near=True) == []


@pytest.mark.parametrize(
    "typed", ["", " ", "，。", "%", "'", '"', "🀄", "a" * 500, "张" * 500, "\x00"]
)
def test_whatever_is_typed_is_no_fault(finder: BlockFinder, typed: str) -> None:
    for near in (False, True):
        assert finder.find_firms(typed, limit=5, near=near) == []
    assert finder.find_codes(typed, limit=5) == finder.find_within(typed, limit=5) == []


def test_a_code_is_found_by_its_beginning(finder: BlockFinder) -> None:
    assert [hit.code for hit in finder.find_codes("440310", limit=5)] == ["440310"]
    assert finder.find_codes("44031", limit=5) == []


def test_a_build_without_blocks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="没有可供查询"):
        BlockFinder(tmp_path / "b-2", tmp_path)


def test_what_reads_as_a_person() -> None:
    assert all(map(reads_as_person, ("张三", "李小明", "欧阳小明")))
    assert not any(map(reads_as_person, ("张", "张三小吃", "福旺", "zhangsan", "")))
    assert is_personal("个体户张三", kind="sole_trader", credit_code="9", areas=AREAS)
    assert is_personal("深圳市坪山区张三", kind="sole_trader", credit_code="9", areas=AREAS)
    assert is_personal("张三", kind="enterprise", credit_code="", areas=AREAS)
    assert not is_personal("张三", kind="enterprise", credit_code="9", areas=AREAS)
    assert area_length("深圳市坪山昌成", AREAS) == 5
    assert fold_typed("（深圳）Ａ-1 号") == "深圳a1号"


def test_keys_are_found_by_their_beginning_alone(tmp_path: Path) -> None:
    rows = [
        (key, 7) for way, key in keys_of("昌成生", is_sole=False, areas=AREAS) if way is Way.PINYIN
    ]
    write_keys(tmp_path, "one", rows)
    table = KeyTable(tmp_path, "one")
    begun, whole = table.beginning_with("changchengsheng")
    assert set(begun) == set(whole) == {7}
    assert not len(table.beginning_with("changchengshengx")[0])
    assert not len(table.beginning_with("hang")[0])


@pytest.mark.parametrize(
    "name", [name for name, _, _ in FIRMS if len(name) > 13 and "（" not in name]
)
def test_a_long_name_typed_whole_finds_its_firm_alone(finder: BlockFinder, name: str) -> None:
    assert [hit.name for hit in finder.find_firms(name, limit=3)] == [name]
    assert finder.find_firms(name + "坪山分公司", limit=3) == []


def test_a_long_name_is_found_by_its_whole_pinyin(finder: BlockFinder) -> None:
    typed = "shenzhenshipingshanhongliwensujiaozhipinyouxianzerengongsi"
    assert names(finder, typed) == ["深圳市坪山宏利文塑胶制品有限责任公司"]
