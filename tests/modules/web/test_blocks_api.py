"""The JSON API of figures: areas snapped to cells, events by period, freshness; own areas only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from django.conf import LazySettings
from django.test import Client

from kuai.blocks.engine.block_matrix import SUPPRESSED
from kuai.blocks.engine.counters import all_counters
from kuai.blocks.serving_files import ServingArrays
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.api.blocks import AreaOut, BlockOut, CounterOut
from tests.modules.blocks.builders import TOP, a_library, pack, residents

LogIn = Callable[[Role], Client]
BUILDINGS = [f"{TOP}0010010{grid}{number:05d}" for grid in (1, 2) for number in (1, 2)]


@pytest.fixture
def district(portal: Store, settings: LazySettings) -> Store:
    """Four buildings: seventeen people, three, thirty, none; two requests in the first."""
    settings.KUAI_OPEN_BLOCKS = "kuai.blocks.queries.open_blocks"
    library = a_library(communities=1, grids=2, buildings=2, rooms=1)
    room = f"{BUILDINGS[0]}000001"
    people = (
        residents(room, 17)
        + residents(f"{BUILDINGS[1]}000001", 3, first=50)
        + residents(f"{BUILDINGS[2]}000001", 30, first=100)
    )
    events = [
        {
            "event_code": f"E-{n}",
            "kind": "request",
            "place_code": room,
            "occurred_on": f"2026-0{n}-01",
        }
        for n in (2, 5)
    ]
    people += [
        {
            "type": "HE_OCCUR",
            "from_code": one["event_code"],
            "to_code": room,
            "status": "asserted",
            "source": "hotline",
        }
        for one in events
    ]
    pack(portal.current_build(), library, people, events=events)
    return portal


def ask(client: Client, **asked: Any) -> Any:
    return client.post("/api/areas/count", asked, content_type="application/json")


def figures_of(answer: Any) -> dict[str, int | None]:
    return {one["key"]: one["figure"] for one in answer.json()["counters"]}


def test_chosen_buildings_count_people_by_whole_cells(district: Store, log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    alone = ask(client, codes=BUILDINGS[:1])
    assert alone.status_code == 200, alone.content
    assert figures_of(alone)["residents"] is None
    assert (figures_of(alone)["buildings"], alone.json()["left_out"]) == (1, 1)
    both = ask(client, codes=BUILDINGS[:2])
    assert figures_of(both)["residents"] == 20
    assert [cell["figure"] for cell in both.json()["cells"]] == [20]
    assert LedgerEntry.objects.filter(action="viewed_area").count() == 2


def test_a_circle_and_a_drawing_count_the_same(district: Store, log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    ring = [[114.1, 22.0], [114.2, 22.0], [114.2, 22.1], [114.1, 22.1], [114.1, 22.0]]
    drawn = ask(client, shape={"type": "Polygon", "coordinates": [ring]})
    circle = ask(client, circle=[114.116, 22.0015, 2000])
    assert figures_of(drawn) == figures_of(circle)
    assert figures_of(drawn)["residents"] == 50


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"codes": [TOP], "circle": [114, 22, 100]},
        {"shape": {"type": "Point"}},
        {"codes": ["9"]},
    ],
)
def test_an_area_that_is_none_is_refused_with_what_to_do(
    district: Store, log_in: LogIn, asked: dict[str, Any]
) -> None:
    answer = ask(log_in(Role.LEADER), **asked)
    assert answer.status_code in (404, 409, 422)
    assert answer.json()["next_step"]


def test_a_figure_tells_its_definition_its_sources_and_their_newest_delivery(
    district: Store, log_in: LogIn
) -> None:
    told = log_in(Role.LEADER).get(f"/api/blocks/{TOP}").json()["counters"]
    (people,) = [one for one in told if one["key"] == "residents"]
    assert people["delivered"] == {"police": "2026-10-31"}
    assert (people["figure"], people["counts_persons"], people["group"]) == (50, True, "persons")
    assert "rooms_rest" not in {one["key"] for one in told}


def test_answers_keep_to_the_written_interface(district: Store, log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    assert BlockOut(**client.get(f"/api/blocks/{TOP}").json()).code == TOP
    assert AreaOut(**ask(client, codes=[TOP]).json()).buildings == len(BUILDINGS)
    for child in client.get(f"/api/blocks/{TOP}/children").json():
        assert set(child) == set(BlockOut.model_fields)
        assert set(child["counters"][0]) == set(CounterOut.model_fields)


def test_events_are_told_by_quarter(district: Store, log_in: LogIn) -> None:
    answer = log_in(Role.LEADER).get(f"/api/blocks/{TOP}/events", {"by": "quarter"}).json()
    assert [(one["period"], one["figure"]) for one in answer] == [("2026-Q1", 1), ("2026-Q2", 1)]


def test_who_has_no_business_with_places_counts_none(district: Store, log_in: LogIn) -> None:
    assert ask(log_in(Role.RESIDENT), codes=[TOP]).status_code == 403


def test_bulk_table_serving_files_and_api_tell_the_same_of_every_block_and_counter(
    district: Store, log_in: LogIn
) -> None:
    """What is held back on a page is cut at the build: no file beside it tells more."""
    core = district.current_build() / "core"
    rows = duckdb.sql(
        f"select b.code, c.counter, c.figure, c.suppressed from '{core}/block_counter.parquet' as c"
        f" join '{core}/block.parquet' as b using (block_no)"
    ).fetchall()
    bulk = {(code, key): (figure, suppressed) for code, key, figure, suppressed in rows}
    keys = list(all_counters())
    arrays = ServingArrays.map(core)
    blocks = duckdb.sql(
        f"select block_no, code, level from '{core}/block.parquet' where level <> 'room' order by 1"
    ).fetchall()
    assert [number for number, _, _ in blocks] == arrays.numbers.tolist()
    client = log_in(Role.LEADER)
    held_back = 0
    for row, (_, code, level) in enumerate(blocks):
        for one in client.get(f"/api/blocks/{code}").json()["counters"]:
            served = int(arrays.figures[row, keys.index(one["key"])])
            told = (one["figure"], one["suppressed"])
            assert told == bulk.get((code, one["key"]), (0, False)), (code, one["key"])
            assert told == ((None, True) if served == SUPPRESSED else (served, False))
            held_back += one["suppressed"]
            if level == "building" and one["key"] in ("requests", "cases"):
                assert (one["figure"] or 0) == 0 or one["figure"] >= 10
    assert held_back > 10
    assert bulk[BUILDINGS[0], "requests"] == (None, True)
    assert bulk[f"{TOP}00100101", "requests"] == (2, False)
