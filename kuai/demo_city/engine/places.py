"""The demo city's ground: sub-districts, communities, grids, buildings, rooms, and the ways offices write a building.

Pingshan's proportions (12.6 rooms a building). Every building has its own point inside its grid's cell.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.pieces import choose, digits, glue, pick, repeat, rewrite, spread, stream

ROOMS_PER_BUILDING = 12.6
# A grid is walked by one worker: some 450 rooms in a grown city; a small demo keeps several grids a community.
FEWEST_BUILDINGS_PER_GRID, BUILDINGS_PER_GRID = 8, 36
GRIDS_A_COMMUNITY = 60  # with the spread below the two digits of the code's grid part
LANELESS_SHARE = 0.5
VILLAGE, ESTATE, PARK, SHOPS = range(4)
SHARE_ESTATE, SHARE_PARK, SHARE_SHOPS = 0.034, 0.04, 0.06
LATTICE_DEGREES = 0.0004
# South-west corner of the demo district, CGCS2000.
WEST, SOUTH = 114.30, 22.62
USES = ("住宅", "厂房", "宿舍", "商铺")
HOME, WORKSHOP, DORMITORY, SHOP = range(4)

# Ways to write a building's head (HEAD_*) and its block within an estate (BLOCK_*).
HEAD_FULL, HEAD_SHORT, HEAD_SECOND, HEAD_OPEN, HEAD_SLIP = range(5)
BLOCK_STYLES = ("栋", "幢", "座", "#", "号楼", "#楼", "-")
BLOCK_DASH = 6


@dataclass
class Places:
    """Columns by index. `*_text` are Arrow columns; codes are 64-bit integers (rooms: building + serial)."""

    subdistrict_names: list[str] = field(default_factory=list)
    community_stems: list[str] = field(default_factory=list)
    community_subdistrict: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    community_point: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    grid_community: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    grid_number: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    building_grid: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    building_kind: np.ndarray = field(default_factory=lambda: np.empty(0, np.int8))
    building_code: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    building_point: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    # Estates, parks and rows of shops by number; -1 in villages.
    building_compound: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    building_units: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    building_is_dormitory: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    building_name: pa.Array = None
    building_heads: pa.Array = None
    building_blocks: pa.Array = None
    room_building: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    room_serial: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    room_unit: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    room_floor: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    room_number: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))

    @property
    def buildings(self) -> int:
        return len(self.building_code)

    @property
    def rooms(self) -> int:
        return len(self.room_building)

    @property
    def building_community(self) -> np.ndarray:
        return self.grid_community[self.building_grid]

    @property
    def room_kind(self) -> np.ndarray:
        return self.building_kind[self.room_building]

    @property
    def room_use(self) -> np.ndarray:
        """HOME, WORKSHOP, DORMITORY or SHOP."""
        by_kind = np.array([HOME, HOME, WORKSHOP, SHOP], np.int8)[self.building_kind]
        use = np.where(self.building_is_dormitory, DORMITORY, by_kind)
        return use[self.room_building]

    def head_text(self, way: np.ndarray, building: np.ndarray) -> pa.Array:
        """Road, number and estate, or village, lane and number, in the way asked for."""
        return self.building_heads.take(pa.array(way.astype(np.int64) * self.buildings + building))

    def block_text(self, style: np.ndarray, building: np.ndarray) -> pa.Array:
        """The block within an estate; empty elsewhere."""
        return self.building_blocks.take(
            pa.array(style.astype(np.int64) * self.buildings + building)
        )

    def room_codes(self, room: np.ndarray) -> pa.Array:
        """25-digit codes."""
        building = self.building_code[self.room_building[room]]
        return glue(digits(building), digits(self.room_serial[room], width=6))


def lay_out(rooms: int, *, seed: int) -> Places:
    """A district of exactly `rooms` rooms."""
    places = Places()
    _draw_divisions(places, rooms, seed)
    counts, floors_doors = _draw_buildings(places, rooms, seed)
    _name_buildings(places, seed)
    _place_points(places, seed)
    _number_rooms(places, counts, floors_doors)
    return places


def _draw_divisions(places: Places, rooms: int, seed: int) -> None:
    random = stream(seed, "divisions")
    subdistricts, each = (6, 4) if rooms >= 4000 else (3, 2)
    places.subdistrict_names = [f"{s}街道" for s in words.SUBDISTRICT_STEMS[:subdistricts]]
    communities = subdistricts * each
    stems = [a + b for a in words.PLACE_FIRST for b in words.PLACE_SECOND]
    chosen = random.permutation(len(stems))[:communities]
    places.community_stems = [stems[i] for i in chosen]
    places.community_subdistrict = np.repeat(np.arange(subdistricts, dtype=np.int32), each)
    buildings = max(communities * 2, round(rooms / ROOMS_PER_BUILDING))
    per_grid = np.clip(buildings / communities / 3, FEWEST_BUILDINGS_PER_GRID, BUILDINGS_PER_GRID)
    mean_grids = min(buildings / per_grid / communities, GRIDS_A_COMMUNITY)
    grids = np.maximum(1, np.rint(mean_grids * random.uniform(0.7, 1.3, communities)))
    community, position = spread(grids.astype(np.int64))
    places.grid_community, places.grid_number = community, position + 1


def _draw_buildings(
    places: Places, rooms: int, seed: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    random = stream(seed, "buildings")
    grids = len(places.grid_community)
    total = max(grids + 4, round(rooms / ROOMS_PER_BUILDING))
    many = {
        kind: max(1, round(share * total))
        for kind, share in ((ESTATE, SHARE_ESTATE), (PARK, SHARE_PARK), (SHOPS, SHARE_SHOPS))
    }
    kind = np.zeros(total, np.int8)
    kind[: sum(many.values())] = np.repeat(list(many), list(many.values()))
    compound = _group_compounds(kind, random)
    # A compound lies in one grid; the villages fill the grids evenly.
    grid_of_compound = random.integers(0, grids, int(compound.max()) + 1)
    villages = int((kind == VILLAGE).sum())
    grid = np.where(compound >= 0, grid_of_compound[compound], 0)
    grid[kind == VILLAGE] = random.permutation(np.arange(villages) % grids)
    order = np.lexsort((np.arange(total), np.where(compound < 0, 0, compound), kind, grid))
    places.building_kind = kind[order]
    places.building_grid = grid[order].astype(np.int32)
    places.building_compound = compound[order]
    _, serial = spread(np.bincount(places.building_grid, minlength=grids))
    number = (places.grid_number[places.building_grid]).astype(np.int64)
    community_code = community_codes(places)[places.building_community]
    places.building_code = (community_code * 100 + number) * 100_000 + serial + 1
    return _draw_room_counts(places, rooms, random)


def _group_compounds(kind: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Estates and parks come in groups of 2 to 7 blocks; a row of shops stands alone; villages have none."""
    compound = np.full(len(kind), -1, np.int64)
    nxt = 0
    for which in (ESTATE, PARK, SHOPS):
        members = np.flatnonzero(kind == which)
        sizes = np.ones(len(members), np.int64)
        if which != SHOPS:
            sizes = random.integers(2, 8, len(members))
        group, _ = spread(sizes)
        compound[members] = nxt + group[: len(members)]
        nxt = int(compound.max()) + 1
    return compound


def _draw_room_counts(
    places: Places, rooms: int, random: np.random.Generator
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    kind = places.building_kind
    total = len(kind)
    floors = random.integers(3, 8, total)
    doors = random.choice([1, 2, 2, 2, 3, 4], total)
    estate = kind == ESTATE
    floors[estate] = random.integers(6, 31, int(estate.sum()))
    doors[estate] = random.integers(2, 6, int(estate.sum()))
    units = np.where(estate, random.choice([1, 1, 2, 2, 3], total), 1)
    park = kind == PARK
    doors[park] = random.integers(2, 5, int(park.sum()))
    floors[kind == SHOPS] = 1
    doors[kind == SHOPS] = random.integers(4, 13, int((kind == SHOPS).sum()))
    places.building_is_dormitory = park & (random.random(total) < 0.3)
    counts = floors * doors * units
    limit = max(24, rooms // 15)
    # A small city has small estates, or one tower would be the whole town.
    floors = np.where(counts > limit, np.maximum(limit // (doors * units), 1), floors)
    counts = floors * doors * units
    places.building_units = units.astype(np.int32)
    _meet_total(counts, rooms, adjustable=np.flatnonzero(kind == VILLAGE), random=random)
    return counts, (floors, doors)


def _meet_total(
    counts: np.ndarray, rooms: int, *, adjustable: np.ndarray, random: np.random.Generator
) -> None:
    """Add or take single rooms of village buildings until the city has exactly `rooms`."""
    while (gap := rooms - int(counts.sum())) != 0:
        able = adjustable if gap > 0 else adjustable[counts[adjustable] > 1]
        if len(able) == 0:
            able = np.flatnonzero(counts > 1)
        some = random.permutation(able)[: abs(gap)]
        counts[some] += 1 if gap > 0 else -1


def community_codes(places: Places) -> np.ndarray:
    """12-digit codes."""
    subdistrict = places.community_subdistrict.astype(np.int64)
    within = np.arange(len(subdistrict)) - np.searchsorted(subdistrict, subdistrict)
    return (words.DISTRICT_CODE * 1000 + subdistrict + 1) * 1000 + within + 1


def _name_buildings(places: Places, seed: int) -> None:
    random = stream(seed, "names")
    village = _village_heads(places, random)
    compound = _compound_heads(places, random)
    is_village = places.building_kind == VILLAGE
    ways = [
        choose(is_village, village[way], compound[way])
        for way in (HEAD_FULL, HEAD_SHORT, HEAD_SECOND, HEAD_OPEN)
    ]
    ways.append(_slipped(ways[HEAD_FULL], random))
    places.building_heads = pa.concat_arrays([_whole(way) for way in ways])
    _name_blocks(places, random)
    plain = choose(is_village, village["name"], compound["name"])
    blocks = places.block_text(np.zeros(places.buildings, np.int64), np.arange(places.buildings))
    in_compound = np.isin(places.building_kind, (ESTATE, PARK))
    places.building_name = _whole(choose(in_compound, blocks, plain))


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _village_heads(places: Places, random: np.random.Generator) -> dict:
    grid = places.building_grid
    total = places.buildings
    variant = random.integers(0, len(words.VILLAGE_WORDS), total)
    order = np.lexsort((np.arange(total), variant, grid))
    steps = random.integers(1, 4, total)
    group = grid[order].astype(np.int64) * 4 + variant[order]
    run = np.cumsum(steps)
    first = np.r_[True, group[1:] != group[:-1]]
    base = np.maximum.accumulate(np.where(first, run - steps, 0))
    number = np.empty(total, np.int64)
    number[order] = run - base
    lanes = _lanes(places, random)
    stem = pick(places.community_stems, places.building_community)
    lane_texts = [words.chinese_number(n) + kind if n else "" for n, kind in lanes]
    lane = pick(lane_texts, grid)
    lane_digits = pick([f"{n}{kind}" if n else "" for n, kind in lanes], grid)
    word = pick(words.VILLAGE_WORDS, variant)
    house = digits(number)
    is_village = places.building_kind == VILLAGE
    # The village word may only be left out where no sister village has the same lane and number.
    spot = np.where(is_village, grid.astype(np.int64) * 100_000 + number, -np.arange(total) - 1)
    _, inverse, times = np.unique(spot, return_inverse=True, return_counts=True)
    has_lane = np.array([n > 0 for n, _ in lanes])[grid]
    alone = (times[inverse] == 1) & has_lane
    full = glue(stem, word, lane, house, "号")
    return {
        HEAD_FULL: full,
        HEAD_SHORT: choose(alone, glue(stem, lane, house, "号"), full),
        HEAD_SECOND: glue(stem, word, lane_digits, house, "号"),
        HEAD_OPEN: glue(stem, word, lane, house),
        "name": glue(stem, word, lane),
    }


def _lanes(places: Places, random: np.random.Generator) -> list[tuple[int, str]]:
    """A lane for each grid, different within its community; in some the first grid has none."""
    choices = [(n, kind) for kind in words.LANE_KINDS for n in range(1, 31)]
    lanes: list[tuple[int, str]] = []
    for community in range(len(places.community_stems)):
        grids = int((places.grid_community == community).sum())
        own = [choices[i] for i in random.permutation(len(choices))[:grids]]
        if random.random() < LANELESS_SHARE:
            own[0] = (0, "")
        lanes += own
    return lanes


def _compound_heads(places: Places, random: np.random.Generator) -> dict:
    compound = places.building_compound
    count = int(compound.max()) + 1
    first_member = np.zeros(count, np.int64)
    members = np.flatnonzero(compound >= 0)
    first_member[compound[members][::-1]] = members[::-1]
    community = places.building_community[first_member]
    kind = places.building_kind[first_member]
    roads = [a + b for a in words.ROAD_FIRST for b in words.ROAD_SECOND]
    own_roads = random.permutation(len(roads))
    each = len(roads) // len(places.community_stems)
    road = own_roads[community * each + random.integers(0, each, count)]
    order = np.lexsort((np.arange(count), road))
    steps = random.integers(2, 12, count)
    run = np.cumsum(steps)
    sorted_road = road[order]
    first = np.r_[True, sorted_road[1:] != sorted_road[:-1]]
    number = np.empty(count, np.int64)
    number[order] = run - np.maximum.accumulate(np.where(first, run - steps, 0))
    names = _compound_names(kind, random)
    row = np.maximum(compound, 0)
    road_house = glue(pick(roads, road), digits(number), "号").take(pa.array(row))
    name = pa.array(names).take(pa.array(row))
    section = pick(["", "(北区)", "一期", "(南区)"], random.integers(0, 4, count)).take(
        pa.array(row)
    )
    shops = places.building_kind == SHOPS
    return {
        HEAD_FULL: glue(road_house, name),
        HEAD_SHORT: choose(shops, road_house, glue(name, section)),
        HEAD_SECOND: choose(shops, road_house, glue(name, "(", road_house, ")")),
        HEAD_OPEN: road_house,
        "name": glue(digits(number), "号").take(pa.array(row)),
    }


def _compound_names(kind: np.ndarray, random: np.random.Generator) -> list[str]:
    estates = [a + b for a in words.ESTATE_FIRST for b in words.ESTATE_SECOND]
    parks = [a + b for a in words.PARK_FIRST for b in words.PARK_SECOND]
    pools = {
        ESTATE: iter(_longer([estates[i] for i in random.permutation(len(estates))])),
        PARK: iter(_longer([parks[i] for i in random.permutation(len(parks))])),
    }
    return [next(pools[int(k)]) if int(k) in pools else "" for k in kind]


def _longer(names: list[str]) -> list[str]:
    """The names, then the same with 二期 ... so that a big city does not run out of them."""
    return names + [f"{name}{words.chinese_number(n)}期" for n in range(2, 40) for name in names]


def _name_blocks(places: Places, random: np.random.Generator) -> None:
    compound = places.building_compound
    in_compound = np.isin(places.building_kind, (ESTATE, PARK))
    order = np.lexsort((np.arange(len(compound)), compound))
    _, counts = np.unique(compound, return_counts=True)
    _, position = spread(counts)
    block = np.empty(len(compound), np.int64)
    block[order] = position + 1
    lettered_compound = random.random(int(compound.max()) + 1) < 0.15
    lettered = in_compound & (compound >= 0) & lettered_compound[np.maximum(compound, 0)]
    lettered &= places.building_kind == ESTATE
    label = choose(
        lettered, pick(list("ABCDEFGHJK"), np.minimum(block - 1, 9)), digits(np.minimum(block, 99))
    )
    columns = []
    for style in BLOCK_STYLES:
        for_letters = "座" if style in ("栋", "座") else style
        text = choose(lettered, glue(label, for_letters), glue(label, style))
        columns.append(_whole(choose(in_compound, text, repeat("", len(compound)))))
    places.building_blocks = pa.concat_arrays(columns)


def _slipped(column: pa.Array, random: np.random.Generator) -> pa.Array:
    """Each head with a slip: a character mistaken for one that sounds alike, or one left out."""
    places_in_text = random.random(len(column))

    def slip(text: str, row: int) -> str:
        known = [i for i, char in enumerate(text) if char in words.CONFUSABLE]
        if known and places_in_text[row] < 0.6:
            at = known[int(places_in_text[row] / 0.6 * len(known))]
            return text[:at] + words.CONFUSABLE[text[at]] + text[at + 1 :]
        return text[0] + text[2:] if len(text) > 4 else text

    return rewrite(_whole(column), np.arange(len(column)), slip)


def _place_points(places: Places, seed: int) -> None:
    """Sub-districts in rows of three, communities and grids in squares; buildings on a shaken lattice in their cell."""
    random = stream(seed, "points")
    grids = len(places.grid_community)
    per_grid = np.bincount(places.building_grid, minlength=grids)
    side = int(np.ceil(np.sqrt(per_grid.max()))) + 1
    per_community = np.bincount(places.grid_community)
    grid_side = int(np.ceil(np.sqrt(per_community.max())))
    cell = side * LATTICE_DEGREES
    community = np.arange(len(places.community_stems))
    subdistrict = places.community_subdistrict
    within = community - np.searchsorted(subdistrict, subdistrict)
    west = (subdistrict % 3 * 2 + within % 2) * grid_side * cell
    south = (subdistrict // 3 * 2 + within // 2) * grid_side * cell
    half = grid_side * cell / 2
    places.community_point = np.c_[WEST + west + half, SOUTH + south + half].round(6)
    position = places.grid_number - 1
    grid_west = west[places.grid_community] + position % grid_side * cell
    grid_south = south[places.grid_community] + position // grid_side * cell
    _, serial = spread(per_grid)
    shake = random.uniform(-0.3, 0.3, (places.buildings, 2))
    x = (
        WEST
        + grid_west[places.building_grid]
        + (serial % side + 0.5 + shake[:, 0]) * LATTICE_DEGREES
    )
    y = (
        SOUTH
        + grid_south[places.building_grid]
        + (serial // side + 0.5 + shake[:, 1]) * LATTICE_DEGREES
    )
    places.building_point = np.c_[x, y].round(6)


def _number_rooms(
    places: Places, counts: np.ndarray, floors_doors: tuple[np.ndarray, np.ndarray]
) -> None:
    floors, doors = floors_doors
    building, position = spread(counts)
    # Villages may have grown or shrunk by single rooms; their floors follow from the doors.
    per_unit = np.where(places.building_units > 1, floors * doors, np.maximum(counts, 1))
    unit = np.minimum(position // per_unit[building], places.building_units[building] - 1)
    rest = position - unit * per_unit[building]
    floor = rest // doors[building] + 1
    door = rest % doors[building] + 1
    is_shop = places.building_kind[building] == SHOPS
    places.room_building = building
    places.room_serial = position + 1
    places.room_unit = np.where(places.building_units[building] > 1, unit + 1, 0).astype(np.int32)
    places.room_floor = floor.astype(np.int32)
    places.room_number = np.where(is_shop, position + 1, floor * 100 + door).astype(np.int32)
