"""An attacker adds and subtracts everything that is published and finds no group of one to nine persons."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from kuai.blocks.engine import block_matrix, cell_series
from kuai.blocks.engine.cell_series import CellFigures
from kuai.blocks.engine.cells import SMALLEST_SHOWN_COUNT, STEP
from kuai.blocks.engine.counters import all_counters
from kuai.blocks.reading import BlockReader
from tests.modules.blocks.builders import TODAY, TOP, a_library, pack

AGES = {
    "residents_0_5": 2023,
    "residents_6_13": 2016,
    "residents_14_17": 2010,
    "residents_18_59": 1990,
    "residents_60_79": 1955,
    "residents_80": 1940,
    "residents_unknown_age": 0,
}
BANDS = list(AGES)
BUILDINGS = 4
LIBRARY = a_library(communities=2, grids=2, buildings=BUILDINGS, rooms=3)
LEAVES = [row["address_code"] for row in LIBRARY if row["level"] == "building"]
BLOCKS = [row["address_code"] for row in LIBRARY if row["level"] != "room"]


@dataclass(frozen=True)
class Town:
    """Who lives where at two dates, by building and band, and what was published of it."""

    truth: tuple[np.ndarray, np.ndarray]
    builds: tuple[BlockReader, BlockReader]


def people_of(counts: np.ndarray) -> tuple[list[dict], list[dict]]:
    facts, persons = [], []
    for leaf, row in enumerate(counts):
        for band, number in enumerate(row):
            for one in range(number):
                code = f"P-{leaf}-{band}-{one}"
                year = AGES[BANDS[band]]
                born = {"birth_date": f"{year}-06-01"} if year else {}
                persons.append({"person_code": code, **born})
                facts.append(
                    {
                        "type": "PH_RESIDE",
                        "from_code": code,
                        "to_code": f"{LEAVES[leaf]}{one % 3 + 1:06d}",
                        "status": "asserted",
                        "source": "police",
                    }
                )
    return facts, persons


def a_town(folder, seed: int) -> Town:
    """Buildings of very different size, small ones in every grid; a month later a few have moved."""
    chance = random.Random(seed)
    sizes = [chance.choice((0, 3, 7, 12, 25, 60)) for _ in LEAVES]
    weights = (5, 5, 3, 70, 12, 3, 2)
    first = np.zeros((len(LEAVES), len(BANDS)), dtype=int)
    for leaf, size in enumerate(sizes):
        for band in chance.choices(range(len(BANDS)), weights, k=size):
            first[leaf, band] += 1
    second = first.copy()
    for _ in range(40):
        leaf, band = chance.randrange(len(LEAVES)), chance.randrange(len(BANDS))
        second[leaf, band] = max(0, second[leaf, band] + chance.choice((-2, -1, 1, 2, 3)))
    readers: list[BlockReader] = []
    for number, counts in enumerate((first, second)):
        facts, persons = people_of(counts)
        readers.append(
            pack(
                folder / str(number),
                LIBRARY,
                facts,
                persons=persons,
                before=readers[-1] if readers else None,
                version=f"b-2026103{number}-00000000000{number}",
            )
        )
    return Town((first, second), (readers[0], readers[1]))


def offered_areas() -> list[tuple[int, ...]]:
    """Leaves of every block, and of every run of buildings somebody may choose by code or draw around."""
    blocks = {tuple(i for i, leaf in enumerate(LEAVES) if leaf.startswith(code)) for code in BLOCKS}
    runs = {
        tuple(range(begin, end)) for begin, end in itertools.combinations(range(len(LEAVES) + 1), 2)
    }
    return sorted(blocks | runs)


def published(reader: BlockReader, *, areas: bool) -> list[tuple[np.ndarray, int]]:
    """Every figure of residents that is shown: (which building and band it adds up, the figure)."""
    told = []
    for code in BLOCKS:
        leaves = [i for i, leaf in enumerate(LEAVES) if leaf.startswith(code)]
        told += as_rows(leaves, reader.get_block(code).counters)
    for leaves in offered_areas() if areas else ():
        area = reader.count_area(codes=[LEAVES[leaf] for leaf in leaves])
        residents = {one.key: one.figure for one in area.counters}["residents"]
        counted = [LEAVES.index(code) for cell in area.cells for code in cell.buildings]
        assert set(counted) <= set(leaves)
        if residents is not None:
            told += as_rows(counted, [one for one in area.counters if one.key == "residents"])
        for cell in area.cells:
            which = np.zeros((len(LEAVES), len(BANDS)))
            which[[LEAVES.index(code) for code in cell.buildings]] = 1
            told.append((which.ravel(), cell.figure))
    return told


def as_rows(leaves, counters) -> list[tuple[np.ndarray, int]]:
    rows = []
    for one in counters:
        bands = BANDS if one.key == "residents" else [one.key] if one.key in BANDS else []
        if one.figure is not None and bands:
            which = np.zeros((len(LEAVES), len(BANDS)))
            which[np.ix_(leaves, [BANDS.index(band) for band in bands])] = 1
            rows.append((which.ravel(), one.figure))
    return rows


@cache
def targets() -> np.ndarray:
    """Every group that two offered areas differ by, all ages together and band by band."""
    areas = [set(area) for area in offered_areas()]
    groups = {frozenset(a - b) for a, b in itertools.permutations(areas, 2)}
    groups |= {frozenset(area) for area in areas}
    found = []
    for group in groups - {frozenset()}:
        for bands in (range(len(BANDS)), *([band] for band in range(len(BANDS)))):
            which = np.zeros((len(LEAVES), len(BANDS)))
            which[np.ix_(sorted(group), list(bands))] = 1
            found.append(which.ravel())
    return np.array(found)


def recovered_by_adding(told: list[tuple[np.ndarray, int]], truth: np.ndarray) -> set[int]:
    """Sizes of the groups that follow from linear combinations of what is told."""
    rows = np.unique(np.array([which for which, _ in told]), axis=0)
    wanted = targets()
    _, scale, basis = np.linalg.svd(rows, full_matrices=False)
    basis = basis[scale > 1e-9]
    left = wanted - wanted @ basis.T @ basis
    follows = np.abs(left).max(axis=1) < 1e-7
    return {int(round(size)) for size in wanted[follows] @ truth.ravel()}


def recovered_by_bounds(told: list[tuple[np.ndarray, int]], *, slack: int) -> set[int]:
    """Sizes of the single bands of buildings that bounds leave one value for.

    Bounds are carried from figure to figure until nothing moves, over what is told and all differences of what lies
    in one another. `slack`: how far a figure may be off.
    """
    rows, low, high = with_differences(told, slack)
    least, most = np.zeros(rows.shape[1]), np.full(rows.shape[1], np.inf)
    for _ in range(200):
        before = least.copy(), most.copy()
        floor, ceiling = rows @ least, rows @ np.where(np.isinf(most), 1e9, most)
        for row, has_least, has_most, at_least, at_most in zip(
            rows, floor, ceiling, low, high, strict=True
        ):
            inside = row > 0
            most[inside] = np.minimum(most[inside], at_most - has_least + before[0][inside])
            rest = has_most - np.where(np.isinf(before[1]), 1e9, before[1])
            least[inside] = np.maximum(least[inside], at_least - rest[inside])
        if np.array_equal(before[0], least) and np.array_equal(before[1], most):
            break
    assert (least <= most + 1e-9).all(), "what is published must fit together"
    return {int(size) for size in least[most - least < 1]}


def with_differences(
    told: list[tuple[np.ndarray, int]], slack: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    figures = {which.tobytes(): (which, figure) for which, figure in told}
    rows, low, high = [], [], []
    for which, figure in figures.values():
        rows.append(which)
        low.append(figure - slack)
        high.append(figure + slack)
    for (outer, large), (inner, little) in itertools.permutations(list(figures.values()), 2):
        if (inner <= outer).all():
            rows.append(outer - inner)
            low.append(large - little - 2 * slack)
            high.append(large - little + 2 * slack)
    return np.array(rows), np.array(low), np.array(high)


def small(sizes: set[int]) -> set[int]:
    return {size for size in sizes if 0 < abs(size) < SMALLEST_SHOWN_COUNT}


@pytest.fixture(scope="module", params=(1, 2))
def town(request, tmp_path_factory) -> Town:
    return a_town(tmp_path_factory.mktemp("attacked"), request.param)


def test_nothing_small_follows_from_all_figures_areas_levels_and_bands_of_one_date(town):
    told = published(town.builds[0], areas=True)
    assert len(told) > 50
    for which, figure in told:
        assert figure == which @ town.truth[0].ravel(), "the first build of a series is exact"
    assert small(recovered_by_adding(told, town.truth[0])) == set()


def test_sources_do_not_tell_whether_anybody_is_behind_a_figure_held_back(town):
    """A source beside a held-back band would say that somebody of that age lives there, and by whose word."""
    reader = town.builds[1]
    areas = [reader.count_area(codes=[LEAVES[leaf] for leaf in one]) for one in offered_areas()]
    views = [view for code in BLOCKS for view in reader.get_block(code).counters]
    views += [view for area in areas for view in area.counters]
    told = [view for view in views if view.counts_persons]
    assert {(view.sources, view.delivered) for view in told if view.suppressed} == {((), ())}
    for key in BANDS:
        named = {view.sources for view in told if view.key == key and not view.suppressed}
        assert len(named) <= 1, "a shown figure names the sources of the build, not its own"


def test_nothing_small_follows_from_bounds_either(town):
    assert small(recovered_by_bounds(published(town.builds[0], areas=True), slack=0)) == set()


def test_two_dates_differ_by_tens_and_bound_no_small_group(town):
    first, second = (published(build, areas=True) for build in town.builds)
    before = {which.tobytes(): figure for which, figure in first}
    changes = [
        figure - before[which.tobytes()] for which, figure in second if which.tobytes() in before
    ]
    assert len(changes) > 50
    assert {change % STEP for change in changes} == {0}
    totals = [
        abs(figure - which @ town.truth[1].ravel())
        for which, figure in second
        if which.reshape(len(LEAVES), -1).any(axis=1).sum() * len(BANDS) == which.sum()
    ]
    assert max(totals) < STEP, "a figure of residents is never ten off"
    assert small(recovered_by_bounds(second, slack=STEP - 1)) == set()


def test_children_add_up_to_their_parent_and_bands_to_residents_at_both_dates(town):
    for build in town.builds:
        for code in BLOCKS:
            figures = {one.key: one.figure for one in build.get_block(code).counters}
            if None not in [figures[band] for band in BANDS]:
                assert figures["residents"] == sum(figures[band] for band in BANDS)
            below = [
                {one.key: one.figure for one in child.counters}["residents"]
                for child in build.list_children(code)
                if child.level != "room"
            ]
            if below and None not in below:
                assert figures["residents"] == sum(below)


def only_small_ones_held_back(cells: CellFigures, leaves: int, begin, end) -> np.ndarray:
    """What stays when complementary suppression is switched off: whatever is small itself is hidden, nothing else."""
    at_first = np.zeros((leaves, cells.shown.shape[1]), dtype=np.int64)
    at_first[cells.first] = cells.shown
    sums = np.vstack([np.zeros_like(at_first[:1]), np.cumsum(at_first, axis=0)])
    figures = sums[end] - sums[begin]
    is_small = (figures > 0) & (figures < SMALLEST_SHOWN_COUNT)
    return np.where(is_small, block_matrix.SUPPRESSED, figures)


def test_the_attack_succeeds_where_complementary_suppression_is_switched_off(tmp_path, monkeypatch):
    monkeypatch.setattr(cell_series, "join_small", lambda cells, *_: np.arange(len(cells)))
    monkeypatch.setattr(cell_series, "are_large_enough", lambda cells, _: np.full(len(cells), True))
    monkeypatch.setattr(block_matrix, "_shown", only_small_ones_held_back)
    found: set[int] = set()
    for seed in (1, 2):
        broken = a_town(tmp_path / str(seed), seed)
        told = published(broken.builds[0], areas=False)
        assert all(figure == 0 or figure >= SMALLEST_SHOWN_COUNT for _, figure in told)
        found |= small(recovered_by_adding(told, broken.truth[0]))
    assert found, "subtracting sisters from their parent must find a small building again"


def test_every_counter_of_persons_is_in_a_table():
    of_persons = {key for key, counter in all_counters().items() if counter.counts_persons}
    assert of_persons >= {
        "residents",
        "tenants",
        "owners",
        "jobs",
        "households",
        "rooms_let",
        *BANDS,
    }
    assert not {"rooms", "firms", "requests", "inspections"} & of_persons


def test_homes_let_vacant_and_the_rest_are_each_none_or_ten_in_every_shown_block(tmp_path):
    library = a_library(communities=2, grids=3, buildings=5, rooms=6)
    chance = random.Random(4)
    rooms = [row["address_code"] for row in library if row["level"] == "room"]
    facts = []
    for number, room in enumerate(rooms):
        kind = chance.choice(("PH_RENT", "PH_RESIDE", "PH_RESIDE", ""))
        if kind:
            facts.append(
                {
                    "type": kind,
                    "from_code": f"P-{number}",
                    "to_code": room,
                    "status": "asserted",
                    "source": "police",
                }
            )
    reader = pack(tmp_path, library, facts)
    let = {fact["to_code"] for fact in facts if fact["type"] == "PH_RENT"}
    lived = {fact["to_code"] for fact in facts if fact["type"] == "PH_RESIDE"}
    shown = 0
    for code in (row["address_code"] for row in library if row["level"] != "room"):
        figures = {one.key: one.figure for one in reader.get_block(code).counters}
        own = {room for room in rooms if room.startswith(code)}
        if figures["rooms_let"] is not None:
            shown += 1
            assert figures["rooms_let"] == len(own & let)
            assert figures["rooms_vacant"] == len(own - let - lived)
            rest = figures["rooms"] - figures["rooms_let"] - figures["rooms_vacant"]
            assert all(n == 0 or n >= SMALLEST_SHOWN_COUNT for n in (rest, len(own & let)))
    assert shown > 3
    assert reader.get_block(TOP).code == TOP


def test_requests_of_a_building_are_told_in_tens_and_never_as_what_its_grid_leaves(tmp_path):
    """A grid shows its 42: of the building of 2 nothing is told, nor of the one it is counted with."""
    library = a_library(communities=1, grids=1, buildings=3, rooms=1)
    few, beside, many = (row["address_code"] for row in library if row["level"] == "building")
    times_of = ((few, 2), (beside, 12), (many, 28))
    asked = [(f"E-{code}{n}", code) for code, times in times_of for n in range(times)]
    events = [
        {
            "event_code": event,
            "event_no": n,
            "kind": "request",
            "place_code": code,
            "occurred_on": TODAY,
        }
        for n, (event, code) in enumerate(asked)
    ]
    facts = [
        {
            "type": "HE_OCCUR",
            "from_code": event,
            "to_code": code,
            "status": "asserted",
            "source": "calls",
        }
        for event, code in asked
    ]
    reader = pack(tmp_path, library, facts, events=events)
    shown = {
        code: {one.key: one.figure for one in reader.get_block(code).counters}["requests"]
        for code in (few, beside, many, few[:14])
    }
    assert shown == {few: None, beside: None, many: 30, few[:14]: 42}
    alone = {one.key: one for one in reader.count_area(codes=[few]).counters}["requests"]
    assert (alone.figure, alone.suppressed, alone.sources) == (None, True, ())
    assert reader.count_events(many) == []
    assert reader.count_events(few[:14], kind="request")
