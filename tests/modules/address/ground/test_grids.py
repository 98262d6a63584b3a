"""Drawing grids: what every proposal keeps, whatever the community looks like."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kuai.address.ground.grids import (
    GridSettings,
    Ground,
    draw_grids,
    merge_grids,
    split_grid,
)
from kuai.address.ground.households import GridBuilding, place_of, read_buildings
from kuai.address.ground.outlines import building_cells, hull_around, outline_communities
from kuai.address.ground.plane import square_metres
from kuai.address.ground.proposals import GridProposal, Redraw
from kuai.address.life.events import effect_of
from kuai.address.life.folding import LibraryState
from kuai.address.life.shapes import Entry
from kuai.address.types import EventKind, Level, State
from kuai.kit.errors import Refusal
from tests.modules.address.ground import builders
from tests.modules.address.ground.builders import COMMUNITY, entry, spot, square, village

GRID = COMMUNITY + "01"
SMALL = GridSettings(target=120, fewest=80, most=160)
BOUNDARIES = {
    "none": None,
    "wide": square(-2, -2, size=20),
    "tight": square(0.05, 0.05, size=2.5),
    "concave": shapely.Polygon(
        [spot(*at) for at in [(-1, -1), (9, -1), (9, 9), (4, 0.5), (-1, 9)]]
    ),
    "with a lake": square(-1, -1, size=11).difference(square(2, 0.5)),
}


@st.composite
def communities(draw):
    """Buildings, streets and a boundary; some spots are shared, some buildings are on no map."""
    count = draw(st.integers(1, 70))
    listed, streets = village(
        count,
        seed=draw(st.integers(0, 9999)),
        lane_length=draw(st.integers(1, 9)),
        streets=draw(st.integers(0, 3)),
    )
    for row in draw(st.sets(st.integers(0, count - 1), max_size=4)):
        same = listed[row // 2]
        listed[row] = replace(listed[row], longitude=same.longitude, latitude=same.latitude)
    for row in draw(st.sets(st.integers(1, count - 1), max_size=3)) if count > 1 else ():
        listed[row] = replace(listed[row], longitude=None, latitude=None)
    boundary = BOUNDARIES[draw(st.sampled_from(sorted(BOUNDARIES)))]
    return listed, Ground(COMMUNITY, boundary, streets)


def assert_covers_exactly(proposal: GridProposal) -> None:
    outlines = np.array([grid.outline for grid in proposal.grids], dtype=object)
    whole = square_metres([proposal.boundary])[0]
    assert sum(grid.area_m2 for grid in proposal.grids) == pytest.approx(whole, rel=1e-9)
    assert (
        square_metres(
            [shapely.symmetric_difference(shapely.union_all(outlines), proposal.boundary)]
        )[0]
        < whole * 1e-9
    )
    assert shapely.is_valid(outlines).all()
    assert shapely.coverage_is_valid(outlines)
    one, other = shapely.STRtree(outlines).query(outlines, predicate="overlaps")
    assert not len(one), (one, other)


@settings(max_examples=60, deadline=None)
@given(community=communities())
def test_every_proposal_covers_exactly_is_whole_and_has_each_building_once(community):
    listed, ground = community
    proposal = draw_grids(ground, listed, settings=SMALL)
    assert_covers_exactly(proposal)
    codes = [code for grid in proposal.grids for code in grid.buildings]
    assert sorted(codes) == sorted(one.address_code for one in listed)
    assert [grid.outline.geom_type for grid in proposal.grids] == ["Polygon"] * len(proposal.grids)
    outline_of = {code: grid.outline for grid in proposal.grids for code in grid.buildings}
    for one in listed:
        if one.is_placed and one.address_code not in proposal.outside:
            assert outline_of[one.address_code].covers(shapely.Point(one.longitude, one.latitude))
    assert len({grid.address_code for grid in proposal.grids}) == len(proposal.grids)
    assert [grid.number for grid in proposal.grids] == list(range(1, len(proposal.grids) + 1))


@settings(max_examples=15, deadline=None)
@given(community=communities(), seed=st.integers(0, 99))
def test_the_order_in_which_things_are_listed_changes_nothing(community, seed):
    listed, ground = community
    shuffled, streets = list(listed), list(ground.streets)
    random.Random(seed).shuffle(shuffled)
    random.Random(seed).shuffle(streets)
    assert draw_grids(replace(ground, streets=streets), shuffled, settings=SMALL) == draw_grids(
        ground, listed, settings=SMALL
    )


@settings(max_examples=25, deadline=None)
@given(community=communities(), parts=st.integers(2, 4))
def test_a_grid_that_is_split_and_merged_again_is_the_grid_it_was(community, parts):
    listed, ground = community
    listed = [replace(one, grid_code=GRID) for one in listed]
    outline = ground.boundary or hull_around(
        np.array([(one.longitude, one.latitude) for one in listed if one.is_placed])
    )
    ground = replace(ground, present={GRID: outline}, issued=(GRID,))
    try:
        divided = split_grid(ground, GRID, listed, parts=parts)
    except Refusal:
        # The test below holds when a split may be refused.
        assume(False)
    assert_covers_exactly(divided)
    assert len(divided.grids) == parts
    assert all(grid.buildings for grid in divided.grids)
    assert sum(row.share for row in divided.lineage) == pytest.approx(1.0, abs=1e-3)
    after = [replace(one, grid_code=divided.grid_of_building[one.address_code]) for one in listed]
    outlines = {grid.address_code: grid.outline for grid in divided.grids}
    again = merge_grids(
        replace(ground, present=outlines, issued=(GRID, *outlines)), list(outlines), after
    )
    (merged,) = again.grids
    assert merged.buildings == tuple(one.address_code for one in listed)
    assert (
        square_metres([shapely.symmetric_difference(merged.outline, outline)])[0]
        < 1e-6 * square_metres([outline])[0]
    )
    assert merged.address_code not in (GRID, *outlines)
    assert {(row.old_code, row.share) for row in again.lineage} == {
        (code, 1.0) for code in outlines
    }


def test_a_grid_of_too_few_spots_is_not_split():
    listed = [replace(one, grid_code=GRID) for one in village(3, seed=1)[0]]
    ground = Ground(COMMUNITY, present={GRID: square(-2, -2, size=20)}, issued=[GRID])
    assert len(split_grid(ground, GRID, listed, parts=3).grids) == 3
    with pytest.raises(Refusal, match="3 处"):
        split_grid(ground, GRID, listed, parts=4)


def test_lanes_stay_together_and_grids_keep_their_limits():
    listed, _ = village(320, seed=2)
    proposal = draw_grids(Ground(COMMUNITY), listed)
    figures = proposal.figures
    assert (figures.places_cut, figures.below_target, figures.above_target) == (0, 0, 0)
    assert figures.grids == pytest.approx(sum(map(GridSettings().weight_of, listed)) / 400, abs=1)
    assert figures.balance_ratio < 1.25


def test_an_estate_is_divided_only_when_it_alone_exceeds_the_limit():
    listed, _ = village(40, seed=3, lane_length=20)
    homes = [replace(one, households=20, premises=0) for one in listed]
    whole = draw_grids(Ground(COMMUNITY), homes)
    assert whole.figures.places_cut == 0
    too_large = [replace(one, place="大屋村") for one in homes]
    assert draw_grids(Ground(COMMUNITY), too_large).figures.places_cut == 1


@pytest.mark.parametrize("homes_each", [10, 12])
def test_grids_follow_a_street_that_divides_the_village(homes_each):
    listed, _ = village(160, seed=5)
    homes = [replace(one, households=homes_each, premises=0, place="") for one in listed]
    rows = sorted({round(one.latitude, 4) for one in homes})
    middle = (rows[0] + rows[-1]) / 2
    street = shapely.LineString([(builders.WEST - 0.01, middle), (builders.WEST + 0.05, middle)])
    proposal = draw_grids(Ground(COMMUNITY, streets=[street]), homes)
    # All of it would cost balance: the two sides do not weigh whole grids.
    assert proposal.figures.street_share > 0.8
    assert draw_grids(Ground(COMMUNITY), homes).figures.street_share is None


def test_a_first_drawing_is_numbered_as_one_reads_a_map():
    houses = [
        GridBuilding(f"{COMMUNITY}00{n:05d}", *spot(x, y), households=400, place=f"{n}")
        for n, (x, y) in enumerate([(0, 0), (10, 0), (0, 10), (10, 10)])
    ]
    proposal = draw_grids(Ground(COMMUNITY, square(-5, -5, size=20)), houses)
    north_west, north_east, south_west, south_east = (
        grid.buildings[0][-1] for grid in proposal.grids
    )
    assert (north_west, north_east, south_west, south_east) == ("2", "3", "0", "1")
    assert [grid.address_code for grid in proposal.grids] == [
        f"{COMMUNITY}{n:02d}" for n in range(1, 5)
    ]


def test_codes_once_given_are_never_given_again_and_run_out_with_a_refusal():
    listed, _ = village(80, seed=1)
    proposal = draw_grids(Ground(COMMUNITY, issued=[COMMUNITY + "07", COMMUNITY + "99"]), listed)
    numbers = [grid.address_code[-2:] for grid in proposal.grids]
    assert numbers == [f"{n:02d}" for n in range(1, len(numbers) + 1)]
    used = [f"{COMMUNITY}{n:02d}" for n in range(1, 99)]
    with pytest.raises(Refusal, match="网格编码只剩 1 个"):
        draw_grids(Ground(COMMUNITY, issued=used), listed)
    with pytest.raises(Refusal, match="只够 99 个"):
        draw_grids(Ground(COMMUNITY), [replace(one, households=900) for one in listed])


def test_a_redrawing_that_changes_little_keeps_the_codes():
    listed, _ = village(240, seed=6)
    first = draw_grids(Ground(COMMUNITY), listed)
    living = [replace(one, grid_code=first.grid_of_building[one.address_code]) for one in listed]
    living[0] = replace(living[0], households=living[0].households + 30)
    outlines = {grid.address_code: grid.outline for grid in first.grids}
    again = draw_grids(Ground(COMMUNITY, present=outlines, issued=outlines), living)
    assert sum(grid.is_kept for grid in again.grids) >= len(again.grids) - 2


def test_buildings_on_no_map_join_their_lane_and_are_named():
    listed, _ = village(160, seed=7)
    lost = replace(listed[3], longitude=None, latitude=None)
    proposal = draw_grids(Ground(COMMUNITY), [*listed[:3], lost, *listed[4:]])
    where = proposal.grid_of_building
    assert proposal.without_point == (lost.address_code,)
    assert where[lost.address_code] == where[listed[4].address_code]


def test_what_lies_beyond_the_boundary_is_named_and_islands_go_with_somebody():
    listed, _ = village(30, seed=8)
    far = replace(listed[0], longitude=spot(60, 0)[0])
    island = shapely.union_all([square(-1, -1, size=12), square(30, 0, size=2)])
    proposal = draw_grids(Ground(COMMUNITY, island), [far, *listed[1:]], settings=SMALL)
    assert proposal.outside == (far.address_code,)
    assert sum(grid.area_m2 for grid in proposal.grids) == pytest.approx(
        square_metres([island])[0], rel=1e-9
    )


def test_without_boundary_and_without_a_point_nothing_is_drawn():
    blind = GridBuilding("1", None, None, 10)
    with pytest.raises(Refusal) as refused:
        draw_grids(Ground(COMMUNITY), [blind])
    assert refused.value.next_step
    (only,) = draw_grids(Ground(COMMUNITY, square(0, 0)), [blind]).grids
    assert only.buildings == ("1",)


def test_the_limits_give_way_before_an_estate_does():
    listed, _ = village(60, seed=3, lane_length=20)
    homes = {"0": 24, "1": 24, "2": 10}
    estates = [
        replace(one, households=homes[one.place[3]], premises=0, place=f"花园{one.place[3]}期")
        for one in listed
    ]
    figures = draw_grids(Ground(COMMUNITY), estates).figures
    assert (figures.places_cut, figures.below_target) == (0, 1)


def test_one_tower_heavier_than_several_grids_is_one_grid():
    (only,) = draw_grids(Ground(COMMUNITY), [GridBuilding("1", *spot(0, 0), households=2000)]).grids
    assert only.buildings == ("1",)


@pytest.mark.parametrize(
    "wrong",
    [{"target": 0, "fewest": 0}, {"fewest": 450}, {"most": 350}, {"premises_weight": -1}],
)
def test_sizes_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(Refusal) as refused:
        GridSettings(**wrong)
    assert refused.value.next_step


def test_grids_that_do_not_touch_and_single_grids_are_not_merged():
    corner = {GRID: square(0, 0), COMMUNITY + "02": square(1, 1), COMMUNITY + "03": square(1, 0)}
    ground = Ground(COMMUNITY, present=corner, issued=corner)
    for codes in ([GRID, COMMUNITY + "02"], [GRID]):
        with pytest.raises(Refusal):
            merge_grids(ground, codes, [])
    assert len(merge_grids(ground, [GRID, COMMUNITY + "03"], []).grids) == 1


# --- a proposal becomes events -----------------------------------------------------------------------------
def library_of(listed: list[GridBuilding], grids: list[str]) -> LibraryState:
    library = LibraryState()
    library.put_all(
        [
            Entry(builders.DISTRICT, Level.DISTRICT, "4403", "青湾区", "示例市青湾区"),
            Entry(
                builders.SUBDISTRICT,
                Level.SUBDISTRICT,
                builders.DISTRICT,
                "街道",
                "示例市青湾区街道",
            ),
            Entry(COMMUNITY, Level.COMMUNITY, builders.SUBDISTRICT, "社区", "示例市青湾区街道社区"),
            *(Entry(code, Level.GRID, COMMUNITY, f"第{code[-2:]}网格", "") for code in grids),
            *(
                Entry(
                    one.address_code,
                    Level.BUILDING,
                    one.grid_code or COMMUNITY,
                    one.place,
                    f"示例市青湾区街道社区{one.place}{one.address_code[-5:]}号",
                )
                for one in listed
            ),
        ]
    )
    return library


def record(library: LibraryState, proposal: GridProposal) -> list[EventKind]:
    present = {
        code: library.entry(code).parent_code for grid in proposal.grids for code in grid.buildings
    }
    events = proposal.events(day=date(2026, 11, 1), reason="重新划分", present=present)
    for event in events:
        library.fold(effect_of(event, library))
    return [event.kind for event in events]


def assert_recorded(library: LibraryState, proposal: GridProposal) -> None:
    for grid in proposal.grids:
        assert library.entry(grid.address_code).is_living
        assert {one.address_code for one in library.children_of([grid.address_code])} == set(
            grid.buildings
        )
    for code in proposal.ended:
        assert library.entry(code).state in (State.SPLIT, State.MERGED)
        assert library.successions_of(code)


def test_recording_its_events_makes_the_library_as_proposed():
    listed, _ = village(240, seed=9)
    library = library_of(listed, [])
    first = draw_grids(Ground(COMMUNITY), listed)
    assert set(record(library, first)) == {EventKind.TAKEN_INTO_USE, EventKind.MOVED}
    assert_recorded(library, first)

    living = [replace(one, grid_code=first.grid_of_building[one.address_code]) for one in listed]
    outlines = {grid.address_code: grid.outline for grid in first.grids}
    coarser = GridSettings(target=900, fewest=600, most=1200)
    ground = Ground(COMMUNITY, present=outlines, issued=outlines)
    second = draw_grids(ground, living, settings=coarser)
    record(library, second)
    assert_recorded(library, second)
    assert second.ended


def test_a_split_and_a_merger_are_one_event_each():
    listed = [replace(one, grid_code=GRID) for one in village(30, seed=4)[0]]
    library = library_of(listed, [GRID])
    ground = Ground(COMMUNITY, present={GRID: square(-2, -2, size=20)}, issued=[GRID])
    divided = split_grid(ground, GRID, listed)
    assert record(library, divided) == [EventKind.SPLIT]
    assert_recorded(library, divided)
    outlines = {grid.address_code: grid.outline for grid in divided.grids}
    after = [replace(one, grid_code=divided.grid_of_building[one.address_code]) for one in listed]
    merged = merge_grids(
        Ground(COMMUNITY, present=outlines, issued=[GRID, *outlines]), list(outlines), after
    )
    assert merged.kind is Redraw.MERGED
    assert record(library, merged) == [EventKind.MERGED]
    assert_recorded(library, merged)


# --- what goes in and what the map shows --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "place", "on_road"),
    [
        ("甲社区麻湾村七区3号", "麻湾村七区", False),
        ("甲社区沁云北路8号恒泰工业园7栋", "沁云北路8号恒泰工业园", False),
        ("甲社区翠景中路4号", "翠景中路", True),
        ("甲社区梅洲围三巷2-1号", "梅洲围三巷", False),
        ("甲社区和谐家园", "和谐家园", False),
        ("甲社区12号", "", False),
        ("甲社区" + "9" * 10_000, "9" * 10_000, False),
    ],
)
def test_what_a_building_belongs_to_is_its_text_without_its_own_number(text, place, on_road):
    assert place_of(text, "甲社区") == (place, on_road)


def test_households_and_premises_are_counted_from_the_rooms():
    house, shop = GRID + "00001", GRID + "00002"
    rows = [
        *builders.areas_above(),
        entry(GRID, "grid", COMMUNITY),
        entry(house, "building", GRID, spot(0, 0), text=f"示例市{COMMUNITY}望潮村3号"),
        entry(shop, "building", COMMUNITY, text=f"示例市{COMMUNITY}望潮路4号") | {"use": "厂房"},
        entry(house + "000001", "room", house),
        entry(house + "000002", "room", house) | {"use": "商铺"},
        entry(house + "000003", "room", house, state="merged"),
        entry(GRID + "00009", "building", GRID, state="demolished"),
    ]
    first, second = read_buildings(builders.entries(rows), COMMUNITY)
    assert (first.households, first.premises, first.place, first.grid_code) == (
        1,
        1,
        "望潮村",
        GRID,
    )
    assert (second.households, second.premises) == (0, 1)
    assert (second.on_road, second.is_placed) == (True, False)
    assert second.grid_code == ""


def test_buildings_without_footprints_get_cells_that_fill_their_grid():
    points = dict(zip("abcdef", map(tuple, builders.scattered(6, seed=1).tolist()), strict=True))
    cells = building_cells(square(0, 0, size=10), points)
    assert all(cells[code].covers(shapely.Point(point)) for code, point in points.items())
    assert square_metres(list(cells.values())).sum() == pytest.approx(
        square_metres([square(0, 0, size=10)])[0]
    )


@given(count=st.integers(1, 60), seed=st.integers(0, 999))
def test_a_hull_is_one_area_around_all_its_points(count, seed):
    points = builders.scattered(count, seed=seed)
    hull = hull_around(points, margin_m=10.0)
    assert hull.geom_type == "Polygon"
    assert hull.covers(shapely.points(points)).all()


def test_communities_without_boundary_touch_and_never_overlap():
    left, right = builders.scattered(40, seed=1), builders.scattered(40, seed=2) + (0.02, 0)
    outlines = outline_communities({"a": left, "b": right, "c": np.empty((0, 2))})
    assert sorted(outlines) == ["a", "b"]
    assert outlines["a"].covers(shapely.points(left)).all()
    assert shapely.coverage_is_valid(np.array(list(outlines.values())))
    inside = outline_communities({"a": left, "b": right}, within=square(-10, -10, size=60))
    assert square_metres(list(inside.values())).sum() == pytest.approx(
        square_metres([square(-10, -10, size=60)])[0]
    )
