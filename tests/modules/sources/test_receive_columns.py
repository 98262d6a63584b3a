"""What no purpose asks for is not sealed: refused columns, logs of passages; and when a file is read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kuai.guard.actions import open_sealed, shred_period
from kuai.guard.types import Zone
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, read_json
from kuai.sources import actions as sources
from kuai.sources.types import SnapshotRef
from tests.modules.sources.deliveries import write_csv

PERIOD = "0001"
WATER = ("户号", "户名", "用水地址", "2026-08", "2026-09")
READINGS = tuple(f"{number}7.31" for number in range(101, 113))
HOUSEHOLDS = [
    (f"61000{n:04d}", "张三", f"甲区乙街道一路{n}号101", READINGS[n], READINGS[n + 6])
    for n in range(6)
]
GATES = ("通行时间", "进出方向", "闸机名称", "姓名", "卡号")
PASSAGES = [
    (f"2026-10-0{n % 5 + 1} 08:1{n % 10}:00", "进", "东门闸机", "张三", f"C77{n % 3}")
    for n in range(12)
]
ODD = ("甲列", "乙列")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store").create()


def receive(store: Store, path: Path, source: str = "list") -> tuple[SnapshotRef, bool]:
    """Receive with the source's choice of columns; whether the same was known already."""
    snapshot, receipt = sources.receive_file(
        store,
        path,
        source=source,
        period=PERIOD,
        zone=Zone.CORE,
        columns=sources.column_choice(store, source),
    )
    return snapshot, bool(receipt.notes["already_received"])


def sealed(store: Store, name: str = "snapshot") -> list[dict[str, Any]]:
    return open_sealed(store, zone=Zone.CORE, source="list", period=PERIOD, name=name).to_pylist()


def beside(store: Store) -> str:
    """All that lies unsealed in the delivery's folder."""
    folder = store.vault / "core" / "list" / PERIOD
    return "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.json")))


def card(store: Store) -> dict[str, Any]:
    return read_json(store.vault / "core" / "list" / PERIOD / "snapshot.json")


def test_monthly_readings_are_not_in_the_vault(store: Store, tmp_path: Path) -> None:
    receive(store, write_csv(tmp_path, [WATER, *HOUSEHOLDS]))
    rows = sealed(store)
    assert [(row["c0"], row["c1"], row["c2"]) for row in rows] == [row[:3] for row in HOUSEHOLDS]
    assert {row["c3"] for row in rows} | {row["c4"] for row in rows} == {""}
    assert card(store)["columns_taken"] == [0, 1, 2]
    profile = sources.read_profile(store, zone=Zone.CORE, source="list", period=PERIOD)
    assert [(one.filled, one.looks_like) for one in profile.columns[3:]] == [(0, {}), (0, {})]


def test_without_a_choice_every_column_is_sealed(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path, [WATER, *HOUSEHOLDS])
    sources.receive_file(store, path, source="list", period=PERIOD, zone=Zone.CORE)
    assert {row["c3"] for row in sealed(store)} == set(READINGS[:6])


def test_quarantined_rows_hold_no_reading_either(store: Store, tmp_path: Path) -> None:
    broken = ("61009999", "李四", "甲区乙街道二路1号", "#REF!", "998.75")
    short = ("61009998", "李四", "997.75", "996.75")
    longer = (*HOUSEHOLDS[0][:4], "995.75", "994.75")
    receive(store, write_csv(tmp_path, [WATER, *HOUSEHOLDS, broken, short, longer]))
    rows = {row["code"]: row for row in sealed(store, "quarantine")}
    assert set(rows) == {"cell.formula_error", "cells.too_few", "cells.too_many"}
    written = json.dumps(list(rows.values()), ensure_ascii=False)
    assert not [value for value in ("998", "997", "996", "995", "994") if f"{value}.75" in written]
    # Where the cells' places are certain, the office finds its row by what may be kept.
    assert rows["cell.formula_error"]["c1"] == "李四"
    assert {row["extra"] for row in rows.values()} == {None}
    assert all(row["reason"] and row["sheet_row"] for row in rows.values())


def test_where_all_columns_are_taken_a_faulty_row_goes_back_whole(
    store: Store, tmp_path: Path
) -> None:
    rows = [WATER[:3], *(row[:3] for row in HOUSEHOLDS), (*HOUSEHOLDS[0][:3], "多出来的")]
    receive(store, write_csv(tmp_path, rows))
    (refused,) = sealed(store, "quarantine")
    assert refused["c2"] == HOUSEHOLDS[0][2]
    assert json.loads(refused["extra"]) == ["多出来的"]


def test_a_log_of_passages_leaves_its_number_of_rows_and_the_reason(
    store: Store, tmp_path: Path
) -> None:
    snapshot, _ = receive(
        store, write_csv(tmp_path, [GATES, *PASSAGES, (*PASSAGES[0], "C999"), ("王五", "C998")])
    )
    assert snapshot.rows == len(PASSAGES)
    kept, refused = sealed(store), sealed(store, "quarantine")
    assert [set(row.values()) - {row["row_no"]} for row in kept] == [{""}] * len(PASSAGES)
    assert len(refused) == 2
    left = json.dumps([kept, refused], ensure_ascii=False) + beside(store)
    assert not [value for row in PASSAGES for value in row[2:] if value in left]
    assert not [value for value in ("王五", "C999", "C998") if value in left]
    mapping = sources.read_mapping(store, "list")
    assert mapping is not None
    assert (mapping.template, card(store)["columns_taken"]) == ("passage_log", [])
    assert "个人行踪" in mapping.refused


def test_a_source_of_unknown_kind_is_sealed_whole_until_a_steward_maps_it(
    store: Store, tmp_path: Path
) -> None:
    path = write_csv(tmp_path, [ODD, ("a1", "b1"), ("a2", "b2")])
    receive(store, path)
    mapping = sources.read_mapping(store, "list")
    assert mapping is not None
    assert mapping.template == "unknown"
    assert [(row["c0"], row["c1"]) for row in sealed(store)] == [("a1", "b1"), ("a2", "b2")]
    first, second = mapping.columns
    named = replace(
        first, field="person.name", role="subject", purpose="block_statistics", refused=""
    )
    named = replace(named, sensitivity="L3")
    sources.save_mapping(
        store,
        replace(mapping, template="person_list", refused="", columns=(named, second)),
    )
    assert receive(store, path)[1] is False
    assert [(row["c0"], row["c1"]) for row in sealed(store)] == [("a1", ""), ("a2", "")]


def test_a_column_given_a_purpose_later_comes_in_with_the_same_file(
    store: Store, tmp_path: Path
) -> None:
    path = write_csv(tmp_path, [WATER, *HOUSEHOLDS])
    receive(store, path)
    suggested = sources.read_mapping(store, "list")
    assert suggested is not None
    name = next(one for one in suggested.columns if one.heading == "户名")
    without = replace(name, field="", role="", purpose="", sensitivity="", refused="暂不需要")
    columns = tuple(without if one is name else one for one in suggested.columns)
    sources.save_mapping(store, replace(suggested, columns=columns))
    assert receive(store, path)[1] is False
    assert {row["c1"] for row in sealed(store)} == {""}
    assert receive(store, path)[1] is True
    sources.save_mapping(store, suggested)
    assert receive(store, path)[1] is False
    assert {row["c1"] for row in sealed(store)} == {"张三"}
    assert receive(store, path)[1] is True


def test_what_was_sealed_before_columns_were_chosen_leaves_with_the_next_delivery(
    store: Store, tmp_path: Path
) -> None:
    path = write_csv(tmp_path, [WATER, *HOUSEHOLDS])
    sources.receive_file(store, path, source="list", period=PERIOD, zone=Zone.CORE)
    assert receive(store, path)[1] is False
    assert {row["c3"] for row in sealed(store)} == {""}


def test_a_new_month_among_the_headings_is_not_taken_in(store: Store, tmp_path: Path) -> None:
    receive(store, write_csv(tmp_path, [WATER, *HOUSEHOLDS]))
    later = [(*WATER, "2026-10"), *((*row, "955.75") for row in HOUSEHOLDS)]
    receive(store, write_csv(tmp_path, later, name="later.csv"))
    assert {row["c5"] for row in sealed(store)} == {""}


def test_a_library_keeps_what_its_reader_needs(store: Store, tmp_path: Path) -> None:
    headings = (
        "地址编码",
        "级别",
        "上级编码",
        "名称",
        "标准地址",
        "经度",
        "纬度",
        "用途",
        "业主姓名",
    )
    row = ("440380", "区", "4403", "甲区", "广东省深圳市甲区", "114.0", "22.6", "", "张三")
    receive(store, write_csv(tmp_path, [headings, row]))
    assert tuple(sealed(store)[0].values())[1:] == (*row[:8], "")


def test_a_shredded_delivery_is_said_to_be_destroyed(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path, [WATER, *HOUSEHOLDS])
    receive(store, path)
    shred_period(store, zone=Zone.CORE, source="list", period=PERIOD)
    names: dict[str, Any] = {"zone": Zone.CORE, "source": "list", "period": PERIOD}
    for ask in (
        lambda: sources.get_snapshot(store, **names),
        lambda: sources.write_refused_sheet(store, target=tmp_path / "refused.xlsx", **names),
        lambda: receive(store, path),
    ):
        with pytest.raises(Refusal, match="已销毁") as refusal:
            ask()
        assert refusal.value.next_step
    with pytest.raises(Refusal, match="还没有收到"):
        sources.get_snapshot(store, zone=Zone.CORE, source="list", period="0002")
    assert not (tmp_path / "refused.xlsx").exists()
