"""Non-interference: what the core build knows is the same, byte for byte, with and without care and callers."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kuai.kit.store import read_json
from tests.stories import towns

CARE, REQUESTS, CALLER = "disability_cards", "hotline_requests", "来电号码"
CARE_WORDS = ("残疾", "肢体", "视力", "听力", "言语", "智力", CARE)

# Every table that says something of people or what was decided of them takes part in the comparison.
WITHOUT_CARE = (
    "person",
    "relation",
    "conflict",
    "decision",
    "mention_home",
    "identity_ledger",
    "identity_event",
    "base_fact",
    "fact_line",
    "life_event",
    "person_suspicion",
    "person_tie",
    "organisation_suspicion",
    "organisation_tie",
)


# A build's time goes by its sources: enough of them for people with addresses, for requests and for care.
FEW = ("address_library", "police_residents", "rental_filings", CARE, REQUESTS)


def with_few_sources(town: Path, target: Path) -> Path:
    copy = towns.copy_town(town, target)
    towns.describe(
        copy,
        lambda text: text.update(
            resources=[one for one in text["resources"] if one["name"] in FEW]
        ),
    )
    assert len(read_json(copy / "datapackage.json")["resources"]) == len(FEW)
    return copy


def without_care(town: Path, target: Path) -> Path:
    copy = towns.copy_town(town, target)
    (copy / towns.resource_of(copy, CARE)["path"]).unlink()
    towns.describe(
        copy,
        lambda text: text.update(
            resources=[one for one in text["resources"] if one["name"] != CARE]
        ),
    )
    return copy


def with_callers(town: Path, numbers: list[str]) -> Path:
    """Replace the callers of the requests, in turn, by `numbers`."""
    rows = towns.read_extract(town, REQUESTS)
    for place, row in enumerate(rows):
        row[CALLER] = numbers[place % len(numbers)]
    towns.write_extract(town, REQUESTS, rows)
    return town


@pytest.fixture(scope="module")
def core_of_whole(built: Path) -> dict[str, bytes]:
    core = towns.bytes_by_file(towns.core_of(built))
    assert {"serving.sqlite3", *(f"{name}.parquet" for name in WITHOUT_CARE)} <= set(core)
    return core


def core_built_from(town: Path, *, like: Path, store: Path) -> dict[str, bytes]:
    towns.same_keys(like, store)
    towns.build(town, store)
    assert len(list((store / "builds").iterdir())) == 1
    return towns.bytes_by_file(towns.core_of(store))


def assert_same_core(core: dict[str, bytes], whole: dict[str, bytes]) -> None:
    assert sorted(core) == sorted(whole)
    assert [name for name in whole if core[name] != whole[name]] == []


def test_the_core_is_the_same_whoever_called(
    town: Path, built: Path, core_of_whole: dict[str, bytes], tmp_path: Path
) -> None:
    numbers = ["16100000017", "16100000025", ""]
    anonymous = with_callers(towns.copy_town(town, tmp_path / "anonymous"), numbers)
    core = core_built_from(anonymous, like=built, store=tmp_path / "store")
    assert_same_core(core, core_of_whole)


def test_the_core_is_the_same_without_care_and_callers(
    town: Path, built: Path, core_of_whole: dict[str, bytes], tmp_path: Path
) -> None:
    """The care source never came and no caller left a number: whatever either told would be missing."""
    stripped = with_callers(without_care(town, tmp_path / "stripped"), [""])
    core = core_built_from(stripped, like=built, store=tmp_path / "store")
    assert_same_core(core, core_of_whole)


def test_requests_without_a_number_of_their_own_are_not_known_by_who_called(
    town: Path, tmp_path: Path
) -> None:
    """Without a number a row is known by what it says; what it says of its caller must not count."""

    def unnumbered(target: Path, name: str, numbers: list[str]) -> Path:
        package = with_few_sources(town, target)
        rows = [
            {**row, "来电人": f"{name}{place}"}
            for place, row in enumerate(towns.read_extract(package, REQUESTS))
        ]
        towns.write_extract(package, REQUESTS, [without(row, "工单号") for row in rows])
        return with_callers(package, numbers)

    first, second = tmp_path / "first", tmp_path / "second"
    towns.build(unnumbered(tmp_path / "one", "测试甲", ["16100000017"]), first)
    other = unnumbered(tmp_path / "two", "某某乙", ["16100000025", "16400000013"])
    core = core_built_from(other, like=first, store=second)
    assert_same_core(core, towns.bytes_by_file(towns.core_of(first)))
    requests = [
        row for row in towns.read_core(first, "mention_element") if row["source"] == REQUESTS
    ]
    assert len({row["code"] for row in requests if row["element"] == "event"}) > 30


def without(row: dict[str, str], heading: str) -> dict[str, str]:
    return {name: value for name, value in row.items() if name != heading}


def test_a_care_source_does_not_tell_the_day_of_the_build(town: Path, tmp_path: Path) -> None:
    """Without a day in the package the newest date counts; a care source's must not."""
    undated = with_few_sources(town, tmp_path / "undated")
    towns.describe(undated, lambda text: text.pop("as_of"))
    rows = [{**row, "登记日期": "2026-12-24"} for row in towns.read_extract(undated, CARE)]
    towns.write_extract(undated, CARE, rows)
    with_care = towns.build(undated, tmp_path / "with_care")
    plain = without_care(undated, tmp_path / "plain")
    without = towns.build(plain, tmp_path / "without")
    assert with_care["as_of"] == without["as_of"] < "2026-12-01"


def test_no_care_fact_and_no_caller_is_written_in_any_core_file(town: Path, built: Path) -> None:
    callers = {row[CALLER] for row in towns.read_extract(town, REQUESTS)} - {""}
    others = {
        value
        for name in ("police_residents", "rental_filings", "access_cards")
        for row in towns.read_extract(town, name)
        for value in row.values()
    }
    cared_for = {row["证件号"] for row in towns.read_extract(town, CARE)}
    assert callers
    assert cared_for
    secrets = [*CARE_WORDS, *cared_for, *callers, *(callers - others)]
    for path in towns.core_of(built).rglob("*"):
        if path.is_file():
            written = towns.readable_text(path)
            assert [word for word in secrets if word.encode() in written] == [], path.name


def test_the_core_serves_no_mention_of_the_care_source(built: Path) -> None:
    sources = {row["source"] for row in towns.read_core(built, "mention_element")}
    assert "police_residents" in sources
    assert CARE not in sources
    with sqlite3.connect(
        f"file:{towns.core_of(built) / 'serving.sqlite3'}?mode=ro", uri=True
    ) as db:
        tables = [
            name for (name,) in db.execute("select name from sqlite_master where type = 'table'")
        ]
        dumped = "\n".join(
            str(row)
            for name in tables
            if not name.startswith("sqlite_")
            for row in db.execute(f'select * from "{name}"')
        )
    assert tables
    assert not any(word in dumped for word in CARE_WORDS)
