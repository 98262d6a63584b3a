"""What the search box reads holds no person and no request: the whole content of its index is looked through.

The store is built from a town in which people are planted wherever an office might write them (planting.py), one of
them as a sole trader who is called by the own name alone.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kuai.flows.searching import Search, open_search
from kuai.kit.store import Store
from tests.stories import canaries, planting, towns

SOLE_TRADERS = 5


def plant_sole_traders(package: Path) -> list[str]:
    """Sole traders on the register who have no trade name: each is called as its owner is."""
    rows = towns.read_extract(package, "business_registry")
    sole = [row for row in rows if row["统一社会信用代码"].startswith("92")][:SOLE_TRADERS]
    dice = random.Random(7)
    for row in sole:
        row["名称"] = dice.choice("王李张刘陈") + "".join(dice.sample("婞嫘彧旻昶晗", 2))
    towns.write_extract(package, "business_registry", rows)
    return [row["名称"] for row in sole]


@pytest.fixture(scope="module")
def searched(
    town: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Store, Search, list[str]]:
    folder = tmp_path_factory.mktemp("searched")
    package = planting.plant(town, folder / "town")
    names = plant_sole_traders(package)
    towns.build(package, folder / "store")
    store = Store(folder / "store")
    search = open_search(store)
    search.find("深圳")
    return store, search, names


def index_files(store: Store) -> list[Path]:
    """Every file that a search reads."""
    core = store.current_build() / "core"
    made = [path for path in canaries.files_below(store.scratch) if "firms" in str(path)]
    assert made
    return [*made, core / "suggest.sqlite3", core / "serving.sqlite3"]


def test_nobody_and_no_request_is_in_the_index(
    searched: tuple[Store, Search, list[str]], town: Path
) -> None:
    store, _, _ = searched
    people = {value for one in planting.invented_people() for value in one.values}
    requests = {row["诉求内容"] for row in towns.read_extract(town, "hotline_requests")}
    finder = canaries.Finder(people | requests, canaries.ways_of_writing)
    assert len(people) > 1000
    assert len(requests) > 5
    held = {path.name: finder.count(canaries.texts_of(path)) for path in index_files(store)}
    assert not any(held.values()), held


def test_a_sole_traders_own_name_is_not_in_the_index_of_firms(
    searched: tuple[Store, Search, list[str]],
) -> None:
    store, search, names = searched
    assert len(names) == SOLE_TRADERS
    finder = canaries.Finder(names, canaries.ways_of_writing)
    held = {path.name: finder.count(canaries.texts_of(path)) for path in index_files(store)[:-2]}
    assert not any(held.values()), held
    for name in names:
        assert all(name not in hit.text for hit in search.find(name))


def test_the_index_is_not_empty_of_what_it_is_for(
    searched: tuple[Store, Search, list[str]], town: Path
) -> None:
    _, search, names = searched
    firms = [
        row["名称"]
        for row in towns.read_extract(town, "business_registry")
        if row["统一社会信用代码"].startswith("91") and row["名称"] not in names
    ]
    for name in firms[:20]:
        assert name in {hit.text for hit in search.find(name, limit=20)}
    addresses = [row["标准地址"] for row in towns.read_extract(town, "address_library")]
    for address in random.Random(3).sample(addresses, 20):
        assert search.find(address[9:] or address), address
