"""Small places on the ground: libraries of a few buildings and areas, villages of generated ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import shapely

from kuai.address.ground.households import GridBuilding

WEST, SOUTH = 114.30, 22.60
DISTRICT, SUBDISTRICT = "440399", "440399001"
COMMUNITY, OTHER_COMMUNITY = "440399001001", "440399001002"
# Degrees for some 100 m in Shenzhen.
EAST_100_M, NORTH_100_M = 0.000973, 0.000903


def entry(
    code: str,
    level: str,
    parent: str,
    point: tuple[float, float] | None = None,
    *,
    name: str = "",
    text: str = "",
    state: str = "in_use",
) -> dict[str, object]:
    """One row of `address_entry`."""
    return {
        "address_code": code,
        "level": level,
        "parent_code": parent,
        "name": name or code,
        "standard_text": text or f"示例市{code}",
        "longitude": None if point is None else float(point[0]),
        "latitude": None if point is None else float(point[1]),
        "use": "住宅",
        "state": state,
    }


def areas_above() -> list[dict[str, object]]:
    """A district, a sub-district and two communities."""
    return [
        entry(DISTRICT, "district", ""),
        entry(SUBDISTRICT, "subdistrict", DISTRICT),
        entry(COMMUNITY, "community", SUBDISTRICT),
        entry(OTHER_COMMUNITY, "community", SUBDISTRICT),
    ]


def entries(rows: list[dict[str, object]]) -> pa.Table:
    """The rows as the build's table."""
    texts = ("address_code", "level", "parent_code", "name", "standard_text")
    types = {**dict.fromkeys(texts, pa.string()), "longitude": pa.float64()}
    types |= {"latitude": pa.float64(), "use": pa.string(), "state": pa.string()}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))


def geometries(shapes: dict[str, shapely.Geometry]) -> pa.Table:
    """`address_geometry` of some codes."""
    return pa.table(
        {
            "address_code": list(shapes),
            "geometry": pa.array([shapely.to_wkb(shape) for shape in shapes.values()], pa.binary()),
            "delivered_datum": ["CGCS2000"] * len(shapes),
        }
    )


def square(column: float, row: float, *, size: float = 1.0) -> shapely.Polygon:
    """A square of `size` times 100 m whose lower left corner is `column`, `row` hundred metres from the origin."""
    west, south = WEST + column * EAST_100_M, SOUTH + row * NORTH_100_M
    return shapely.box(west, south, west + size * EAST_100_M, south + size * NORTH_100_M)


def spot(column: float, row: float) -> tuple[float, float]:
    """The point `column`, `row` hundred metres from the origin."""
    return WEST + column * EAST_100_M, SOUTH + row * NORTH_100_M


def scattered(count: int, *, seed: int, size: float = 10.0) -> np.ndarray:
    """`count` points in a square of `size` hundred metres."""
    draw = np.random.default_rng(seed).uniform(0, size, (count, 2))
    return draw * (EAST_100_M, NORTH_100_M) + (WEST, SOUTH)


def village(
    count: int, *, seed: int, lane_length: int = 8, grid_code: str = "", streets: int = 0
) -> tuple[list[GridBuilding], list[shapely.LineString]]:
    """`count` buildings in lanes of houses side by side, one lane above the other, and straight streets across."""
    draw = np.random.default_rng(seed)
    found = []
    for number in range(count):
        lane, place = divmod(number, lane_length)
        column, row = lane % 4, lane // 4
        x = column * (lane_length + 1) * 0.2 + place * 0.2 + draw.uniform(-0.03, 0.03)
        y = row * 0.35 + draw.uniform(-0.05, 0.05)
        found.append(
            GridBuilding(
                address_code=f"{COMMUNITY}99{number:05d}",
                longitude=spot(x, y)[0],
                latitude=spot(x, y)[1],
                households=int(draw.integers(0, 40)),
                premises=int(draw.integers(0, 6)),
                place=f"望潮村{lane}巷",
                grid_code=grid_code,
            )
        )
    lines = [
        shapely.LineString([spot(-5, y), spot(40, y + 0.3)]) for y in draw.uniform(0, 5, streets)
    ]
    return found, lines
