"""Vector tiles of an invented district: drawing the ground once, fresh and kept tiles by zoom, and their size.

python benchmarks/bench_tiles.py [--buildings 27580] [--rounds 400]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

DENSE_M = 22.0
METRES_A_DEGREE = 111_320.0
CORNER = (114.20, 22.60)
BUILDINGS_A_GRID, GRIDS_A_COMMUNITY, COMMUNITIES_A_SUBDISTRICT = 50, 6, 8
FRESH_BAR_MS, KEPT_BAR_MS, SIZE_BAR_KB = 30.0, 5.0, 200.0
ZOOMS = (9, 10, 11, 12, 13, 14, 15, 16)


def invent(buildings: int) -> tuple[Any, np.ndarray]:
    """A reader of a district whose houses stand as in villages: 22 m apart, villages with fields between."""
    from kuai.blocks.types import BlockView

    grids = -(-buildings // BUILDINGS_A_GRID)
    across = int(np.ceil(np.sqrt(grids)))
    chance = np.random.default_rng(7)
    side = int(np.ceil(np.sqrt(BUILDINGS_A_GRID)))
    points = []
    for grid in range(grids):
        # A grid is a village of 8 x 8 houses with half as much open ground beside it.
        x0, y0 = (grid % across) * side * DENSE_M * 1.5, (grid // across) * side * DENSE_M * 1.5
        for house in range(BUILDINGS_A_GRID):
            jitter = chance.uniform(-5, 5, 2)
            x, y = x0 + house % side * DENSE_M, y0 + house // side * DENSE_M
            points.append((grid, x + jitter[0], y + jitter[1]))
    table = np.array(points[:buildings])
    table[:, 1] = CORNER[0] + table[:, 1] / (METRES_A_DEGREE * np.cos(np.radians(CORNER[1])))
    table[:, 2] = CORNER[1] + table[:, 2] / METRES_A_DEGREE
    plain = BlockView("", "", "", "", (), None, None, "", (), "bench")

    class InventedReader:
        """Only what the drawing of the ground asks for."""

        def top_blocks(self) -> list[BlockView]:
            return [replace(plain, code="D", level="district")]

        def list_children(self, code: str) -> list[BlockView]:
            if code == "D":
                step = GRIDS_A_COMMUNITY * COMMUNITIES_A_SUBDISTRICT
                return [
                    replace(plain, code=f"S{n}", level="subdistrict")
                    for n in range(-(-grids // step))
                ]
            level, number = code[0], int(code[1:])
            if level == "S":
                first = number * COMMUNITIES_A_SUBDISTRICT
                count = min(COMMUNITIES_A_SUBDISTRICT, -(-grids // GRIDS_A_COMMUNITY) - first)
                return [
                    replace(plain, code=f"C{n}", level="community")
                    for n in range(first, first + count)
                ]
            first = number * GRIDS_A_COMMUNITY
            last = min(first + GRIDS_A_COMMUNITY, grids)
            return [replace(plain, code=f"G{n}", level="grid") for n in range(first, last)]

        def building_points(self, code: str) -> dict[str, Any]:
            begin, end = np.searchsorted(table[:, 0], [int(code[1:]), int(code[1:]) + 1])
            return {
                "features": [
                    {
                        "geometry": {"coordinates": (float(x), float(y))},
                        "properties": {"code": f"4403990010010{place:08d}", "text": ""},
                    }
                    for place, (_grid, x, y) in enumerate(table[begin:end], start=int(begin))
                ]
            }

    return InventedReader(), table[:, 1:]


def places_of(points: np.ndarray, zoom: int) -> list[tuple[int, int, int]]:
    """The tiles of a zoom that hold a building."""
    side = 1 << zoom
    sine = np.sin(np.radians(points[:, 1]))
    columns = ((points[:, 0] / 360 + 0.5) * side).astype(int)
    rows = ((0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)) * side).astype(int)
    return [(zoom, int(x), int(y)) for x, y in sorted(set(zip(columns, rows, strict=True)))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buildings", type=int, default=27_580)
    parser.add_argument("--rounds", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KUAI_STORE"] = str(Path(folder) / "store")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuai.web.settings")
        import django

        django.setup()
        return measure(Path(folder) / "store", options.buildings, options.rounds)


def measure(root: Path, buildings: int, rounds: int) -> int:
    from kuai.kit.store import Store
    from kuai.web.blocks.tiles import forget_tiles, read_tile

    store = Store(root).create()
    (store.builds / "bench").mkdir()
    (store.root / "current").write_text("bench\n", encoding="utf-8")
    reader, points = invent(buildings)
    began = time.perf_counter()
    read_tile(store, reader, (9, 0, 0))
    print(
        f"{len(points)} buildings; ground drawn once a build: {time.perf_counter() - began:.1f} s"
    )
    forget_tiles()
    began = time.perf_counter()
    read_tile(store, reader, (9, 0, 0))
    print(f"opened by a new process: {time.perf_counter() - began:.2f} s")
    worst = (0.0, 0.0, 0.0)
    for zoom in ZOOMS:
        worst = tuple(map(max, worst, measure_zoom(store, reader, points, zoom, rounds)))  # type: ignore[assignment]
    fresh, kept, size = worst
    good = fresh <= FRESH_BAR_MS and kept <= KEPT_BAR_MS and size <= SIZE_BAR_KB
    print(
        f"worst p95 fresh {fresh:.1f} ms (<= {FRESH_BAR_MS:.0f}), kept {kept:.3f} ms (<= {KEPT_BAR_MS:.0f}),"
        f" largest {size:.0f} KB (<= {SIZE_BAR_KB:.0f})"
    )
    return 0 if good else 1


def measure_zoom(
    store: Any, reader: Any, points: np.ndarray, zoom: int, rounds: int
) -> tuple[float, float, float]:
    """p95 in ms of fresh and of kept tiles, and the largest in KB as sent."""
    from kuai.web.blocks.tiles import read_tile

    places = places_of(points, zoom)
    random.Random(1).shuffle(places)
    fresh, kept, sizes, processor = [], [], [], []
    for place in places[:rounds]:
        for times in (fresh, kept):
            began, busy = time.perf_counter(), time.process_time()
            tile, _mark = read_tile(store, reader, place)
            times.append((time.perf_counter() - began) * 1e3)
            processor += [(time.process_time() - busy) * 1e3] * (times is fresh)
        sizes.append(len(tile) / 1024)
    first, second = (float(np.percentile(times, 95)) for times in (fresh, kept))
    print(
        f"zoom {zoom:2d}: {len(fresh):4d} tiles, fresh p50 {np.median(fresh):6.1f} p95 {first:6.1f} ms"
        f" (processor p95 {np.percentile(processor, 95):5.1f} ms),"
        f" kept p95 {second:.3f} ms, largest {max(sizes):6.1f} KB"
    )
    return first, second, max(sizes)


if __name__ == "__main__":
    raise SystemExit(main())
