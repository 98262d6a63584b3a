"""The attack of `test_attack` on every kind of figure: owners, tenants, jobs, households, signals and requests,
over levels, areas chosen and drawn, and two dates."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from kuai.blocks.engine import block_matrix, cell_series
from kuai.blocks.engine.cells import SMALLEST_SHOWN_COUNT, STEP
from kuai.blocks.reading import BlockReader
from tests.modules.blocks.builders import TODAY, a_library, pack
from tests.modules.blocks.test_attack import only_small_ones_held_back

KINDS = ("owners", "tenants", "jobs", "households", "new_resident_signals", "requests")
ROOMS = 15
LIBRARY = a_library(communities=2, grids=2, buildings=4, rooms=ROOMS)
LEAVES = [row["address_code"] for row in LIBRARY if row["level"] == "building"]
BLOCKS = {row["address_code"]: row["level"] for row in LIBRARY if row["level"] != "room"}
POINTS = {row["address_code"]: (row["longitude"], row["latitude"]) for row in LIBRARY}
Told = list[tuple[np.ndarray, int]]


@dataclass(frozen=True)
class Town:
    truth: tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
    builds: tuple[BlockReader, BlockReader]


def stated(counts: dict[str, np.ndarray]) -> tuple[list[dict], list[dict], list[dict]]:
    facts, events, firms = [], [], []
    for kind, by_leaf in counts.items():
        for leaf, count in enumerate(by_leaf.tolist()):
            for n in range(count):
                code, room = f"{kind}-{leaf}-{n}", f"{LEAVES[leaf]}{n % ROOMS + 1:06d}"
                relation, end = {
                    "owners": ("PH_OWN", room),
                    "tenants": ("PH_RENT", room),
                    "jobs": ("PL_EMPLOY", f"O-{leaf}"),
                    "households": ("PH_RESIDE", room),
                }.get(kind, ("HE_OCCUR", room))
                if relation == "HE_OCCUR":
                    told = "request" if kind == "requests" else "new_resident_signal"
                    events.append(
                        {"event_code": code, "kind": told, "place_code": room, "occurred_on": TODAY}
                    )
                facts.append(a_fact(relation, code, end))
    for leaf, building in enumerate(LEAVES):
        firms.append({"organisation_code": f"O-{leaf}", "kind": "enterprise", "state": "active"})
        facts.append(a_fact("LH_REGISTERED", f"O-{leaf}", building))
    return facts, events, firms


def a_fact(relation: str, start: str, end: str) -> dict:
    return {
        "type": relation,
        "from_code": start,
        "to_code": end,
        "status": "asserted",
        "source": "police",
    }


def a_town(folder, seed: int) -> Town:
    chance = random.Random(seed)
    first = {
        kind: np.array([chance.choice((0, 1, 3, 7, 11, 14)) for _ in LEAVES]) for kind in KINDS
    }
    second = {
        kind: np.clip(counts + [chance.choice((-1, 0, 0, 1)) for _ in LEAVES], 0, ROOMS)
        for kind, counts in first.items()
    }
    readers: list[BlockReader] = []
    for number, counts in enumerate((first, second)):
        facts, events, firms = stated(counts)
        readers.append(
            pack(
                folder / str(number),
                LIBRARY,
                facts,
                organisations=firms,
                events=events,
                before=readers[-1] if readers else None,
                version=f"b-{number}",
            )
        )
    return Town((first, second), (readers[0], readers[1]))


@cache
def offered() -> tuple[tuple[int, ...], ...]:
    blocks = {tuple(i for i, leaf in enumerate(LEAVES) if leaf.startswith(code)) for code in BLOCKS}
    runs = {
        tuple(range(begin, end)) for begin, end in itertools.combinations(range(len(LEAVES) + 1), 2)
    }
    return tuple(sorted(blocks | runs))


@cache
def public_grids() -> frozenset[tuple[int, ...]]:
    """What a grid and larger blocks tell of requests is told on purpose (decision 0028, 7)."""
    return frozenset(
        tuple(i for i, leaf in enumerate(LEAVES) if leaf.startswith(code))
        for code, level in BLOCKS.items()
        if level != "building"
    )


def around(leaves: tuple[int, ...]) -> dict:
    """A shape of one small square a building: whatever somebody may draw."""
    rings = []
    for leaf in leaves:
        x, y = POINTS[LEAVES[leaf]]
        d = 0.0002
        ring = [[x - d, y - d], [x + d, y - d], [x + d, y + d], [x - d, y + d], [x - d, y - d]]
        rings.append([ring])
    return {"type": "MultiPolygon", "coordinates": rings}


def published(reader: BlockReader, kind: str) -> Told:
    """Figures of all blocks, and of areas by whether adding a building changes them: what is drawn differs by it."""
    told = []
    for code in BLOCKS:
        which = np.array([leaf.startswith(code) for leaf in LEAVES], dtype=float)
        (figure,) = (one.figure for one in reader.get_block(code).counters if one.key == kind)
        if figure is not None:
            told.append((which, figure))
    return told


def areas_told(reader: BlockReader, kind: str, *, drawn: bool) -> dict[tuple[int, ...], int]:
    """What each offered area shows, by the buildings somebody chose or drew around."""
    told = {}
    for leaves in offered():
        area = (
            reader.count_area(shape=around(leaves), with_outlines=False)
            if drawn
            else reader.count_area(codes=[LEAVES[leaf] for leaf in leaves], with_outlines=False)
        )
        (figure,) = (one.figure for one in area.counters if one.key == kind)
        if figure is not None:
            told[leaves] = figure
    return told


def recovered(told: Told, truth: np.ndarray, kind: str) -> set[int]:
    """Sizes of the small groups, differences of offered areas, that follow from what blocks show."""
    rows = np.unique(np.array([which for which, _ in told]), axis=0)
    _, scale, basis = np.linalg.svd(rows, full_matrices=False)
    basis = basis[scale > 1e-9]
    sizes = set()
    groups = {tuple(sorted(set(a) - set(b))) for a, b in itertools.permutations(offered(), 2)}
    for group in groups | set(offered()):
        if kind == "requests" and group in public_grids():
            continue
        which = np.zeros(len(LEAVES))
        which[list(group)] = 1
        if np.abs(which - which @ basis.T @ basis).max() < 1e-7:
            sizes.add(int(which @ truth))
    return {size for size in sizes if 0 < size < SMALLEST_SHOWN_COUNT}


@pytest.fixture(scope="module", params=(3, 4))
def town(request, tmp_path_factory) -> Town:
    return a_town(tmp_path_factory.mktemp("kinds"), request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_no_small_group_follows_from_the_figures_of_all_blocks(town, kind):
    for build, truth in zip(town.builds, town.truth, strict=True):
        told = published(build, kind)
        assert len(told) >= 3
        assert recovered(told, truth[kind], kind) == set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("drawn", [False, True], ids=["chosen", "drawn"])
def test_two_areas_differ_by_ten_or_not_at_all(town, kind, drawn):
    """Snapped to cells: whoever moves an outline by a house sees nothing, or ten and more."""
    told = areas_told(town.builds[0], kind, drawn=drawn)
    assert told
    assert not {figure for figure in told.values() if 0 < figure < SMALLEST_SHOWN_COUNT}
    wider = [
        figure - told[inner]
        for outer, figure in told.items()
        for inner in told
        if set(inner) < set(outer)
        and not (kind == "requests" and touches_a_whole_grid(set(outer) - set(inner)))
    ]
    assert wider
    assert not [gap for gap in wider if 0 < abs(gap) < SMALLEST_SHOWN_COUNT]


def touches_a_whole_grid(group: set[int]) -> bool:
    """A grid that is one cell is counted as the grid itself shows it, also below ten."""
    return any(set(grid) <= group for grid in public_grids())


@pytest.mark.parametrize("kind", KINDS)
def test_two_dates_of_a_building_or_an_area_differ_by_tens(town, kind):
    first, second = ({w.tobytes(): f for w, f in published(one, kind)} for one in town.builds)
    if kind == "requests":
        buildings = {w.tobytes() for w in np.eye(len(LEAVES))}
        first = {which: figure for which, figure in first.items() if which in buildings}
    shared = first.keys() & second.keys()
    assert kind == "requests" or shared
    assert {(second[which] - first[which]) % STEP for which in shared} <= {0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_building_with_none_is_told_no_more_of_than_one_with_one(tmp_path, kind):
    """Decision 0034: whether a building stands alone with its 0 must not tell that there is not one."""
    seen = []
    for count in (0, 1):
        counts = {kind: np.array([14, count, 12, 11] * 4)}
        facts, events, firms = stated(counts)
        reader = pack(tmp_path / str(count), LIBRARY, facts, organisations=firms, events=events)
        seen.append(
            [
                {one.key: one.figure for one in reader.get_block(code).counters}[kind] is None
                for code, level in BLOCKS.items()
                if level == "building"
            ]
        )
    assert seen[0] == seen[1]
    assert True in seen[0]
    assert False in seen[0]


def test_the_attack_finds_every_kind_where_the_safeguard_is_off(tmp_path, monkeypatch):
    monkeypatch.setattr(cell_series, "join_small", lambda cells, *_: np.arange(len(cells)))
    monkeypatch.setattr(cell_series, "are_large_enough", lambda cells, _: np.full(len(cells), True))
    monkeypatch.setattr(block_matrix, "_shown", only_small_ones_held_back)
    broken = a_town(tmp_path, 3)
    found = {
        kind: recovered(published(broken.builds[0], kind), broken.truth[0][kind], kind)
        for kind in KINDS
    }
    assert all(found.values()), found
    areas = areas_told(broken.builds[0], "owners", drawn=True)
    gaps = {
        figure - areas[inner]
        for outer, figure in areas.items()
        for inner in areas
        if set(inner) < set(outer)
    }
    assert {gap for gap in gaps if 0 < gap < SMALLEST_SHOWN_COUNT}
