"""How offices write a place: from the library's room to the text in an extract, with what that text still supports.

Every text is made together with its truth: the room, the building where no existing room is named, `-` outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.pieces import choose, digits, draw, glue, pick, repeat, rewrite
from kuai.demo_city.engine.places import (
    BLOCK_DASH,
    HEAD_OPEN,
    HEAD_SECOND,
    SHOPS,
    VILLAGE,
    Places,
)

ROOM, GHOST_ROOM, WHOLE_BUILDING, FLOOR_ONLY, NOTHING_MORE, OUTSIDE = range(6)
# Measured on the sample: 93 % of texts support a room, 6 % a building, 0.8 % lie outside.
DEPTH_WEIGHTS = (0.0, 0.019, 0.009, 0.018, 0.013, 0.008)
GHOST_STEP = 4000  # no floor is above 39, so 4000 + a number is no room
SLIP_RATE, REMARK_RATE, FULL_WIDTH_RATE, WRONG_PART_RATE = 0.010, 0.014, 0.006, 0.008
CHINESE_HOUSE_RATE, GAP_RATE = 0.004, 0.03
# How much of the standard way is lost for each noise above 1 (the hard profile).
ROUGHNESS = 0.4

DISTRICT_WAYS = (
    *(
        "广东省深圳市坪山区",
        "广东深圳坪山区",
        "深圳市坪山区",
        "广东省坪山区",
        "深圳坪山区",
        "坪山区",
    ),
    *("深圳市", "", "深圳", "深圳市坪山新区", "广东省深圳市平山区"),
)
SUBDISTRICT_ENDINGS = ("街道", "街", "办事处", "镇", "")
COMMUNITY_ENDINGS = ("社区", "")
ROOM_ENDINGS = ("", "房", "室", "号", "之二", "-1")
SHOP_FRAMES = (("", "号铺"), ("铺位", ""), ("", "铺"), ("之", ""))
FULL_WIDTH = str.maketrans("0123456789-()#", "０１２３４５６７８９－（）＃")


@dataclass(frozen=True)
class Habit:
    """How carefully a department writes: weights of the ways above."""

    district: Sequence[float]
    subdistrict: Sequence[float]
    community: Sequence[float]
    head: Sequence[float]
    block: Sequence[float]
    floor: Sequence[float]
    ending: Sequence[float]


REGISTER_HABIT = Habit(
    district=(0.68, 0.14, 0.08, 0.02, 0.015, 0.01, 0.004, 0.001, 0.001, 0.02, 0.006),
    subdistrict=(0.66, 0.09, 0.08, 0.05, 0.12),
    community=(0.72, 0.28),
    head=(0.80, 0.10, 0.07, 0.03),
    block=(0.62, 0.08, 0.08, 0.05, 0.06, 0.03, 0.08),
    floor=(0.84, 0.06, 0.05, 0.03, 0.02),
    ending=(0.70, 0.13, 0.08, 0.06, 0.015, 0.015),
)
LOOSE_HABIT = Habit(
    district=(0.16, 0.05, 0.29, 0.08, 0.08, 0.26, 0.02, 0.02, 0.01, 0.02, 0.01),
    subdistrict=(0.42, 0.07, 0.06, 0.04, 0.41),
    community=(0.42, 0.58),
    head=(0.66, 0.17, 0.11, 0.06),
    block=(0.45, 0.09, 0.10, 0.08, 0.09, 0.05, 0.14),
    floor=(0.76, 0.08, 0.08, 0.05, 0.03),
    ending=(0.62, 0.15, 0.12, 0.07, 0.02, 0.02),
)
# An easy city's offices keep mostly to the standard form: weights are mixed with this one.
CLEAN_HABIT = Habit(
    district=(1.0, *([0.0] * 10)),
    subdistrict=(1.0, 0.0, 0.0, 0.0, 0.0),
    community=(1.0, 0.0),
    head=(1.0, 0.0, 0.0, 0.0),
    block=(1.0, *([0.0] * 6)),
    floor=(1.0, 0.0, 0.0, 0.0, 0.0),
    ending=(0.6, 0.4, 0.0, 0.0, 0.0, 0.0),
)


@dataclass(frozen=True)
class WrittenPlaces:
    """Texts with their truth. `room` and `building` are -1 where the text does not support one."""

    texts: pa.Array
    codes: pa.Array
    room: np.ndarray
    building: np.ndarray


def write_places(
    places: Places, room: np.ndarray, *, habit: Habit, noise: float, random: np.random.Generator
) -> WrittenPlaces:
    """The text of each room (index) as an office would write it."""
    rows = len(room)
    depth = _depths(rows, noise, random)
    way = _mixed(habit, noise)
    building = places.room_building[room]
    tail, building_text = _building_and_tail(places, room, depth, way, noise, random)
    district = pick(DISTRICT_WAYS, draw(random, way["district"], rows))
    gap = pick(["", " "], (random.random(rows) < GAP_RATE * noise).astype(np.int8))
    texts = glue(
        district, gap, _divisions(places, building, way, noise, random), building_text, tail
    )
    texts = _touch_up(texts, noise, random)
    outside = depth == OUTSIDE
    texts = rewrite(texts, np.flatnonzero(outside), _outside_writer(random))
    in_room = np.where(depth == ROOM, room, -1)
    return WrittenPlaces(
        texts=texts,
        codes=_codes(places, room, depth),
        room=in_room,
        building=np.where(outside, -1, building),
    )


def _depths(rows: int, noise: float, random: np.random.Generator) -> np.ndarray:
    weights = np.array(DEPTH_WEIGHTS) * noise
    weights[ROOM] = 1 - weights.sum()
    return draw(random, list(weights), rows)


def _mixed(habit: Habit, noise: float) -> dict[str, list[float]]:
    """The habit's weights, pulled to the clean form below noise 1 and away from its first way above."""
    part = min(noise, 1.0)
    first = 1.0 - ROUGHNESS * max(noise - 1.0, 0.0)
    return {
        name: [
            (part * own + (1 - part) * clean) * (first if place == 0 else 1.0)
            for place, (own, clean) in enumerate(zip(ways, getattr(CLEAN_HABIT, name), strict=True))
        ]
        for name, ways in vars(habit).items()
    }


def _divisions(
    places: Places,
    building: np.ndarray,
    way: dict[str, list[float]],
    noise: float,
    random: np.random.Generator,
) -> pa.Array:
    rows = len(building)
    community = places.building_community[building]
    subdistrict = places.community_subdistrict[community]
    wrong = random.random(rows) < WRONG_PART_RATE * noise / 2
    subdistrict = np.where(wrong, (subdistrict + 1) % len(places.subdistrict_names), subdistrict)
    wrong = random.random(rows) < WRONG_PART_RATE * noise / 2
    community = np.where(wrong, (community + 3) % len(places.community_stems), community)
    stems = [name.removesuffix("街道") for name in places.subdistrict_names]
    endings = len(SUBDISTRICT_ENDINGS)
    street_texts = [stem + end if end else "" for stem in stems for end in SUBDISTRICT_ENDINGS]
    street = pick(street_texts, subdistrict * endings + draw(random, way["subdistrict"], rows))
    community_texts = [
        s + end if end else "" for s in places.community_stems for end in COMMUNITY_ENDINGS
    ]
    return glue(street, pick(community_texts, community * 2 + draw(random, way["community"], rows)))


def _building_and_tail(
    places: Places,
    room: np.ndarray,
    depth: np.ndarray,
    way: dict[str, list[float]],
    noise: float,
    random: np.random.Generator,
) -> tuple[pa.Array, pa.Array]:
    rows = len(room)
    building = places.room_building[room]
    kind = places.building_kind[building]
    head = draw(random, way["head"], rows)
    # 村15-301: the open head needs a room to close it.
    closed = (kind == VILLAGE) & (head == HEAD_OPEN) & ~np.isin(depth, (ROOM, GHOST_ROOM))
    head = np.where(closed, HEAD_SECOND, head)
    slip = random.random(rows) < SLIP_RATE * noise
    head = np.where(slip, 4, head)
    style = draw(random, way["block"], rows)
    dashed = (style == BLOCK_DASH) & np.isin(depth, (ROOM, GHOST_ROOM)) & (kind != VILLAGE)
    style = np.where((style == BLOCK_DASH) & ~dashed, 0, style)
    block = places.block_text(style, building)
    village_dash = (kind == VILLAGE) & (head == HEAD_OPEN)
    building_text = glue(
        places.head_text(head, building), block, pick(["", "-"], village_dash.astype(np.int8))
    )
    return _tail(places, room, depth, dashed | village_dash, way, random), building_text


def _tail(
    places: Places,
    room: np.ndarray,
    depth: np.ndarray,
    dashed: np.ndarray,
    way: dict[str, list[float]],
    random: np.random.Generator,
) -> pa.Array:
    """Staircase, floor and room number."""
    rows = len(room)
    shop = places.room_kind[room] == SHOPS
    floor_way = draw(random, way["floor"], rows)
    named = np.isin(depth, (ROOM, GHOST_ROOM))
    floor_way = np.where(
        (depth == FLOOR_ONLY) & (floor_way == 0), 1 + random.integers(0, 4, rows), floor_way
    )
    with_floor = ((named & ~dashed & (depth == ROOM)) | (depth == FLOOR_ONLY)) & ~shop
    number = places.room_number[room] + np.where((depth == GHOST_ROOM) & ~shop, GHOST_STEP, 0)
    number = number + np.where((depth == GHOST_ROOM) & shop, 90, 0)
    ending = np.where(dashed, 0, draw(random, way["ending"], rows))
    frame = draw(random, [0.55, 0.18, 0.17, 0.10], rows)
    before = pick([f[0] for f in SHOP_FRAMES] + [""], np.where(shop, frame, 4))
    after = pick(
        [f[1] for f in SHOP_FRAMES] + list(ROOM_ENDINGS), np.where(shop, frame, 4 + ending)
    )
    written = glue(before, digits(number), after)
    whole = pick(["", "整栋"], (depth == WHOLE_BUILDING).astype(np.int8))
    return glue(
        _staircase(places, room, np.where(dashed, 2, random.integers(0, 2, rows)), named),
        _floor(places.room_floor[room], np.where(with_floor, floor_way, 0)),
        choose(named, written, repeat("", rows)),
        whole,
    )


def _staircase(places: Places, room: np.ndarray, style: np.ndarray, named: np.ndarray) -> pa.Array:
    """2单元, 二单元 or 2- ; empty where the building has one staircase."""
    texts = ["", "", ""]
    for unit in range(1, 6):
        texts += [f"{unit}单元", f"{words.chinese_number(unit)}单元", f"{unit}-"]
    return pick(texts, np.where(named, places.room_unit[room], 0) * 3 + style)


def _floor(floor: np.ndarray, way: np.ndarray) -> pa.Array:
    texts = []
    for number in range(41):
        chinese = words.chinese_number(number)
        texts += ["", f"{number}层", f"{number}楼", f"{chinese}楼", f"{chinese}层"]
    return pick(texts, np.minimum(floor, 40) * 5 + way)


def _touch_up(texts: pa.Array, noise: float, random: np.random.Generator) -> pa.Array:
    rows = len(texts)
    remark_rows = np.flatnonzero(random.random(rows) < REMARK_RATE * noise)
    which = random.integers(0, len(words.REMARKS), rows)
    texts = rewrite(texts, remark_rows, lambda text, row: text + words.REMARKS[which[row]])
    wide_rows = np.flatnonzero(random.random(rows) < FULL_WIDTH_RATE * noise)
    texts = rewrite(texts, wide_rows, lambda text, _: text.translate(FULL_WIDTH))
    house_rows = np.flatnonzero(random.random(rows) < CHINESE_HOUSE_RATE * noise)
    return rewrite(texts, house_rows, lambda text, _: _chinese_house(text))


def _chinese_house(text: str) -> str:
    """坪背村15号301 -> 坪背村十五号301."""
    end = text.find("号")
    start = end
    while start > 0 and text[start - 1].isascii() and text[start - 1].isdigit():
        start -= 1
    if end <= 0 or start == end or end - start > 2 or text[start] == "0":
        return text
    return text[:start] + words.chinese_number(int(text[start:end])) + text[end:]


def _outside_writer(random: np.random.Generator):  # noqa: ANN202 - a closure for rewrite
    def write(_: str, __: int) -> str:
        town = words.OUTSIDE_PLACES[int(random.integers(len(words.OUTSIDE_PLACES)))]
        road = words.OUTSIDE_ROADS[int(random.integers(len(words.OUTSIDE_ROADS)))]
        return f"{town}{road}{int(random.integers(1, 300))}号{int(random.integers(101, 905))}房"

    return write


def _codes(places: Places, room: np.ndarray, depth: np.ndarray) -> pa.Array:
    building = digits(places.building_code[places.room_building[room]])
    serial = choose(depth == ROOM, digits(places.room_serial[room], width=6), repeat("", len(room)))
    return choose(depth == OUTSIDE, repeat("-", len(room)), glue(building, serial))
