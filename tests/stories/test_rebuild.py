"""What was handed in through the portal is in the next build, without a package."""

from __future__ import annotations

from pathlib import Path

from kuai.address.places import SIDE_FILE, open_places
from kuai.blocks.queries import open_blocks
from kuai.flows.queries import list_sources
from kuai.guard.types import Zone
from kuai.kit.store import Store
from kuai.sources import actions as sources
from tests.stories import towns

REGISTER = "inspections"


def test_a_rebuild_without_anything_new_is_the_build_that_is_there(own_store: Path) -> None:
    before = Store(own_store).current_version()
    answer = towns.run_well("build", "--store", own_store, "--json").json()
    assert answer["already_published"]
    assert answer["version"] == before


def test_a_delivery_handed_in_later_is_in_the_next_rebuild(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    store = Store(own_store)
    district = open_blocks(store.current_build()).top_blocks()[0].code
    before = towns.run_well("block", district, "--store", own_store, "--json").json()["counters"]
    copy = tmp_path / "package"
    towns.copy_town(town, copy)
    rows = towns.read_extract(copy, REGISTER)
    towns.write_extract(copy, REGISTER, rows[: len(rows) // 2])
    handed_in = copy / towns.resource_of(copy, REGISTER)["path"]
    sources.receive_file(
        store,
        handed_in,
        source=REGISTER,
        period="2026-11",
        zone=Zone.CORE,
        columns=sources.column_choice(store, REGISTER),
    )
    assert not towns.run_well("build", "--store", own_store, "--json").json()["already_published"]
    after = towns.run_well("block", district, "--store", own_store, "--json").json()["counters"]
    assert after["inspections"] < before["inspections"]
    assert after["residents"] == before["residents"]
    line = next(one for one in list_sources(store) if one.source == REGISTER)
    assert (line.period, line.title) == ("2026-11", towns.resource_of(town, REGISTER)["title"])


def test_a_build_brings_the_side_file_of_type_ahead_and_sweeps_those_of_gone_builds(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    store = Store(own_store)
    build = store.current_build()
    assert (build / "core" / SIDE_FILE).stat().st_size > 10_000
    found = open_places(build / "core", store.scratch).suggest("社区", limit=3)
    assert found
    gone, pages = (store.scratch / f"{name}-{SIDE_FILE}" for name in ("b-20200101-gone", "b-x"))
    (store.builds / "b-x" / "core").mkdir(parents=True)
    gone.touch()
    pages.touch()
    copy = towns.copy_town(town, tmp_path / "package")
    towns.write_extract(copy, REGISTER, towns.read_extract(copy, REGISTER)[:-1])
    assert not towns.build(copy, own_store)["already_published"]
    assert (gone.exists(), pages.exists()) == (False, True)


def test_a_store_that_received_nothing_says_what_to_do(tmp_path: Path) -> None:
    answer = towns.run_kuai("build", "--store", tmp_path / "store")
    assert answer.exit_code == towns.BUILD_EXIT_REFUSED
    assert "kuai build PACKAGE" in answer.sentences
