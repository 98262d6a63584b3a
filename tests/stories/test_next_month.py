"""The same package again changes nothing; next month's package leaves everybody the code they have."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kuai.blocks.queries import open_blocks
from kuai.kit.store import Store
from tests.stories import towns

REGISTER = "police_residents"
NEXT_MONTH = "2026-11-30"
GONE = range(0, 40)


def test_the_same_package_again_is_already_built(town: Path, own_store: Path) -> None:
    before = Store(own_store).current_version()
    builds = towns.tree_of(own_store / "builds")
    answer = towns.run_well("build", town, "--store", own_store)
    assert "已经建过" in answer.stdout
    assert before in answer.stdout
    again = towns.build(town, own_store)
    assert again["already_published"]
    assert again["version"] == before
    assert towns.tree_of(own_store / "builds") == builds
    assert towns.leftovers(own_store) == []


@pytest.fixture(scope="module")
def next_town(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The register a month later: 40 rows gone, 25 persons new, the order turned, the file under another name."""
    package = tmp_path_factory.mktemp("next") / "package"
    towns.copy_town(town, package, as_of=NEXT_MONTH)
    rows = towns.read_extract(package, REGISTER)
    newcomers = towns.make_town(package.with_name("elsewhere"), rooms=200, seed=99)
    added = towns.read_extract(newcomers, REGISTER)[:25]
    kept = [row for place, row in enumerate(rows) if place not in GONE]
    towns.write_extract(package, REGISTER, [*added, *reversed(kept)])
    old = package / towns.resource_of(package, REGISTER)["path"]
    old.rename(old.with_name("实有人口登记 11月.csv"))
    towns.describe(package, rename_register)
    return package


def rename_register(description: dict) -> None:
    for one in description["resources"]:
        if one["name"] == REGISTER:
            one["path"] = "extracts/实有人口登记 11月.csv"


@pytest.fixture(scope="module")
def two_months(
    built: Path, next_town: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A store that was built in October and again in November, and October's version."""
    store = tmp_path_factory.mktemp("two_months") / "store"
    shutil.copytree(built, store)
    shutil.copytree(Store(built).keys, Store(store).keys)
    october = Store(store).current_version()
    answer = towns.build(next_town, store)
    assert not answer["already_published"]
    assert answer["version"] != october
    return store, october


def codes_of_both(two_months: tuple[Path, str], element: str) -> tuple[dict[str, str], ...]:
    """Who each mention was, in October and in November."""
    store, october = two_months
    versions = (october, Store(store).current_version() or "")
    return tuple(codes_by_mention(store, version, element) for version in versions)


def mentions_by_code(codes: dict[str, str]) -> dict[str, set[str]]:
    grouped: dict[str, set[str]] = {}
    for key, code in codes.items():
        grouped.setdefault(code, set()).add(key)
    return grouped


def codes_by_mention(store: Path, version: str, element: str) -> dict[str, str]:
    path = Store(store).builds / version / "core" / "mention_element.parquet"
    return {
        row["mention_key"]: row["code"]
        for row in pq.read_table(path).to_pylist()
        if row["element"] == element and row["code"]
    }


@pytest.mark.parametrize("element", ["organisation", "event", "contact"])
def test_what_is_named_again_keeps_its_code(two_months: tuple[Path, str], element: str) -> None:
    before, after = codes_of_both(two_months, element)
    surviving = before.keys() & after.keys()
    assert len(surviving) > 0.9 * len(before)
    assert {key: (before[key], after[key]) for key in surviving if before[key] != after[key]} == {}


def test_whoever_is_named_again_in_all_rows_keeps_the_code(two_months: tuple[Path, str]) -> None:
    before, after = codes_of_both(two_months, "person")
    assert before.keys() - after.keys()
    assert after.keys() - before.keys()
    untouched = {
        code: keys for code, keys in mentions_by_code(before).items() if keys <= after.keys()
    }
    assert len(untouched) > 700
    moved = {code: [after[key] for key in keys] for code, keys in untouched.items()}
    assert {code: now for code, now in moved.items() if set(now) != {code}} == {}


def test_whoever_lost_a_row_keeps_the_code_or_is_split_with_a_trace(
    two_months: tuple[Path, str],
) -> None:
    """The row that left may be what joined a door card to an insured person: then one of the two is new, by ledger."""
    store, _ = two_months
    before, after = codes_of_both(two_months, "person")
    origin = {row["code"]: row["split_from"] for row in towns.read_core(store, "identity_ledger")}
    moved = {key: code for key, code in before.items() if key in after and after[key] != code}
    assert len(moved) < 0.01 * len(before)
    for key, code in moved.items():
        assert origin[after[key]] == code
        assert code in after.values(), "somebody else must go on under the old code"


def test_no_code_is_given_to_somebody_else_or_forgotten(two_months: tuple[Path, str]) -> None:
    store, october = two_months

    def births(version: str) -> dict[str, tuple[str, str]]:
        path = Store(store).builds / version / "core" / "identity_ledger.parquet"
        return {
            row["code"]: (row["founding_mention"], row["born_build"])
            for row in pq.read_table(path).to_pylist()
        }

    before, after = births(october), births(Store(store).current_version())
    assert {code: after.get(code) for code in before} == before
    assert len(after) > len(before)
    assert all(born != october for code, (_, born) in after.items() if code not in before)


def test_the_rows_that_left_the_register_are_gone_and_the_new_ones_are_there(
    two_months: tuple[Path, str], next_town: Path
) -> None:
    store, _ = two_months
    rows = [
        row
        for row in towns.read_core(store, "mention_element")
        if row["source"] == REGISTER and row["element"] == "person"
    ]
    assert sorted(row["row_no"] for row in rows) == list(
        range(len(towns.read_extract(next_town, REGISTER)))
    )
    assert len({row["code"] for row in rows[:25]}) > 15


def test_the_old_build_is_still_there_and_can_be_read(two_months: tuple[Path, str]) -> None:
    store, october = two_months
    old = open_blocks(Store(store).builds / october)
    new = open_blocks(Store(store).current_build())
    figures = [
        {counter.key: counter.figure for counter in reader.get_block("440310").counters}
        for reader in (old, new)
    ]
    assert figures[0]["rooms"] == figures[1]["rooms"] == 400
    assert figures[0]["residents"] != figures[1]["residents"]
