"""Doors that do not exist: no household from a door card, no life from a water meter, no movement from a gate."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.stories import towns

CARDS, WATER = "access_cards", "water_usage"


def test_a_door_card_makes_no_relation_of_its_holder(built: Path) -> None:
    relations = [row for row in towns.read_core(built, "relation") if row["source"] == CARDS]
    homes = {"PH_RESIDE", "PT_USES", "PH_RENT", "PH_OWN", "PH_LET", "PH_HUKOU"}
    assert {row["type"] for row in relations} <= {"HE_OCCUR"}
    assert not any(row["from_code"].startswith("P-") for row in relations)
    assert homes & {row["type"] for row in towns.read_core(built, "relation")}


def test_signals_of_new_residents_name_nobody(built: Path, town: Path) -> None:
    signals = signals_of(built)
    holders = {row["code"] for row in mentions_of(built, CARDS, "person")} - {None}
    assert len(holders) > 50
    assert 0 < len(signals) < len(towns.read_extract(town, CARDS))
    for signal in signals:
        assert not any(str(value).startswith("P-") for value in signal.values())
    codes = {signal["event_code"] for signal in signals}
    tied = [
        row
        for row in towns.read_core(built, "relation")
        if {row["from_code"], row["to_code"]} & codes
    ]
    assert tied
    assert {row["type"] for row in tied} == {"HE_OCCUR"}


def test_a_holder_who_is_known_at_the_room_gives_no_signal(built: Path) -> None:
    known_at: dict[str, set[str]] = {}
    for row in towns.read_core(built, "relation"):
        if row["type"] in ("PH_RESIDE", "PH_RENT", "PH_OWN") and row["status"] != "ended":
            known_at.setdefault(row["from_code"], set()).add(row["to_code"])
    holders = {row["row_no"]: row["code"] for row in mentions_of(built, CARDS, "person")}
    signalled = {signal["event_code"] for signal in signals_of(built)}
    cards = {
        row["row_no"]: (row["code"], row["address_code"])
        for row in mentions_of(built, CARDS, "event")
    }
    at_home = [
        row
        for row, (_, place) in cards.items()
        if place and place in known_at.get(holders.get(row) or "", set())
    ]
    assert len(at_home) > 20
    assert [row for row in at_home if cards[row][0] in signalled] == []


def signals_of(store: Path) -> list[dict]:
    return [row for row in towns.read_core(store, "event") if row["kind"] == "new_resident_signal"]


def mentions_of(store: Path, source: str, element: str) -> list[dict]:
    return [
        row
        for row in towns.read_core(store, "mention_element")
        if row["source"] == source and row["element"] == element
    ]


def mapped_columns(store: Path, source: str) -> Iterator[dict]:
    mapping = yaml.safe_load((store / "mappings" / f"{source}.yaml").read_text(encoding="utf-8"))
    yield from mapping["columns"]


def test_every_column_of_water_consumption_is_refused_with_the_reason(
    built: Path, town: Path
) -> None:
    months = {name for name in towns.read_extract(town, WATER)[0] if name.startswith("2026-")}
    assert len(months) == 6
    refused = {
        str(column["heading"]): column
        for column in mapped_columns(built, WATER)
        if column.get("refused")
    }
    assert set(refused) == months
    for column in refused.values():
        assert "用量" in column["refused"]
        assert "field" not in column


def test_no_reading_of_a_meter_gets_past_the_vault(town: Path, tmp_path: Path) -> None:
    """Readings as nobody else writes them: seven digits that can be found again wherever they went."""
    marked = towns.copy_town(town, tmp_path / "marked")
    rows = towns.read_extract(marked, WATER)
    for number, row in enumerate(rows):
        for month in [name for name in row if name.startswith("2026-")]:
            row[month] = f"8{number:04d}.71"
    towns.write_extract(marked, WATER, rows)
    store = tmp_path / "store"
    towns.build(marked, store)
    files = [
        path
        for folder in (store / "builds", store / "extracts")
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert len(files) > 50
    readings = [f"8{number:04d}.71".encode() for number in range(len(rows))]
    for path in files:
        text = towns.readable_text(path)
        assert b".71" not in text or not any(one in text for one in readings), path.name
    accounts = store / "extracts" / WATER / "0001" / "account_mention.parquet"
    assert set(pq.read_table(accounts)["kind"].to_pylist()) == {"water_account"}


@pytest.fixture(scope="module")
def gate_logs(town: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The town with a gate's log of passages added, and the store built from it."""
    folder = tmp_path_factory.mktemp("gates")
    package = towns.copy_town(town, folder / "package")
    cards = towns.read_extract(town, CARDS)
    with (package / "extracts" / "gate.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["通行时间", "门禁点", "卡号", "姓名"])
        for number, row in enumerate(cards):
            writer.writerow(
                [
                    f"2026-10-{1 + number % 28:02d} 07:{number % 60:02d}:00",
                    "枫湾围3号单元门",
                    f"K{70000000 + number}",
                    row["持卡人"],
                ]
            )
    resource = {
        "name": "gate_passages",
        "title": "门禁通行记录",
        "path": "extracts/gate.csv",
        "format": "csv",
        "encoding": "utf-8",
        "department": "物业公司",
    }
    towns.describe(package, lambda text: text["resources"].append(resource))
    towns.build(package, folder / "store")
    return package, folder / "store"


def test_a_gates_log_is_refused_as_a_whole_with_the_reason(gate_logs: tuple[Path, Path]) -> None:
    _, store = gate_logs
    lines = towns.run_well("sources", "list", "--store", store, "--json").json()
    (line,) = [line for line in lines if line["source"] == "gate_passages"]
    assert "通行" in line["refused_reason"]
    assert line["map"] is None or line["map"]["kept"] == 0
    mapping = yaml.safe_load((store / "mappings" / "gate_passages.yaml").read_text("utf-8"))
    assert mapping["refused"] == line["refused_reason"]


def test_nothing_of_a_gates_log_is_in_the_build(gate_logs: tuple[Path, Path]) -> None:
    _, store = gate_logs
    for table in ("mention_element", "relation"):
        assert not any(row["source"] == "gate_passages" for row in towns.read_core(store, table))
    for folder in (store / "builds", store / "extracts"):
        for path in folder.rglob("*"):
            if path.is_file():
                assert b"K7000000" not in towns.readable_text(path), path.name


def test_the_core_is_the_same_with_and_without_a_refused_source(
    gate_logs: tuple[Path, Path], town: Path, tmp_path: Path
) -> None:
    _, with_log = gate_logs
    plain = towns.same_keys(with_log, tmp_path / "plain")
    towns.build(town, plain)
    assert towns.bytes_by_file(towns.core_of(plain)) == towns.bytes_by_file(towns.core_of(with_log))
