"""Reading a published build: one block, its children, a drawn area, a search. Private; see queries."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kuai.blocks.areas import AreaCounter, Points, Snapped, circle_of, polygon_of
from kuai.blocks.engine.counters import all_counters
from kuai.blocks.engine.floors import floor_of, floor_order
from kuai.blocks.engine.search_text import phrase_query
from kuai.blocks.figures import Figures
from kuai.blocks.happenings import Box, Period, count_periods, heat_spots, pick_events
from kuai.blocks.packing import SERVING_FILE
from kuai.blocks.serving_files import ALL_FILES, ServingArrays
from kuai.blocks.types import (
    AreaView,
    BlockView,
    ChoosableBlock,
    CountedCell,
    CounterView,
    FloorPlan,
    HeatSpot,
    PeriodCount,
    PlacedChange,
    RoomFace,
    SearchHit,
)
from kuai.kit.errors import Refusal

# More cells are not outlined one by one: no map shows them apart.
MOST_OUTLINES = 400
MOST_CHOICES = 2_000
MOST_WAYS = 100_000
_ROOM_TAIL = 6


class BlockReader:
    """One published build, opened read-only. Keeps one SQLite connection a thread; never writes."""

    def __init__(self, build: Path) -> None:
        self.core = build / "core"
        self._file = self.core / SERVING_FILE
        if not all((self.core / name).exists() for name in (SERVING_FILE, *ALL_FILES)):
            raise Refusal(
                "blocks.no_serving",
                "这个版本没有可供查询的块数据。",
                next_step="请重新运行 kuai build。",
            )
        self._local = threading.local()
        self._ways: dict[int, tuple[tuple[str, str, str], ...]] = {}
        self._meta = {row["key"]: row["value"] for row in self._rows("select key, value from meta")}
        self.version = self._meta["version"]
        self.as_of = date.fromisoformat(self._meta["as_of"])
        self.series = self._meta["series"]

    def get_block(self, code: str) -> BlockView:
        """The block of `code` with its counters; refuses an unknown code."""
        row = self._known(code)
        return self._view(row, self._path_of(row))

    def top_blocks(self) -> list[BlockView]:
        """The blocks without a parent: the district(s)."""
        return [
            self._view(row, ()) for row in self._rows("select * from block where parent_no is null")
        ]

    def list_children(self, code: str) -> list[BlockView]:
        """The blocks one level down, in order of their path."""
        parent = self._known(code)
        path = (*self._path_of(parent), (parent["code"], parent["level"], parent["name"]))
        rows = self._rows(
            "select * from block where parent_no = ? order by block_no", parent["block_no"]
        )
        return self._views(rows, path)

    def path_of(self, code: str) -> str:
        """The block's way from the top as an area path (codes separated by "/"); "" for an unknown code."""
        row = self._row("select * from block where code = ?", code)
        above = self._path_of(row) if row else ()
        return "/".join([*(one for one, _level, _name in above), code]) if row else ""

    def texts_of(self, codes: Sequence[str]) -> dict[str, str]:
        """The standard addresses of these places, as far as the build has them; for lists of some hundred."""
        marks = ", ".join("?" * len(codes))
        rows = self._rows(f"select code, standard_text from block where code in ({marks})", *codes)
        return {row["code"]: row["standard_text"] for row in rows}

    def leaf_of(self, code: str) -> str:
        """Where a place is counted: a room in its building, everything else in itself; "" for an unknown code."""
        row = self._row("select * from block where code = ?", code)
        if row is None:
            return ""
        above = self._path_of(row) if row["level"] == "room" else ()
        return above[-1][0] if above else code

    def count_polygon(self, geometry: dict[str, Any]) -> BlockView:
        """`count_area` of a GeoJSON geometry or feature (CGCS2000 degrees), as a block without children."""
        polygon = polygon_of(geometry)
        area = self._as_area(*self._snap_shape(polygon), with_outlines=False)
        centre = polygon.centroid
        return BlockView(
            code="polygon",
            level="polygon",
            name="圈选区域",
            standard_text="",
            path=(),
            longitude=float(centre.x),
            latitude=float(centre.y),
            use="",
            counters=area.counters,
            version=self.version,
            children=len(area.buildings),
            notes=area.notes,
        )

    def count_area(
        self,
        *,
        shape: dict[str, Any] | None = None,
        codes: Sequence[str] = (),
        circle: tuple[float, float, float] | None = None,
        with_outlines: bool = True,
    ) -> AreaView:
        """Counters of an area: a GeoJSON shape, a circle (longitude, latitude, metres), or blocks by their codes.

        Things are summed over the buildings whose point lies inside; persons over the cells that lie inside whole, so
        that two areas differ by whole cells. Refuses unknown codes, and rooms.
        """
        if codes:
            return self._as_area(*self._snap_codes(codes), with_outlines=with_outlines)
        if circle is not None:
            polygon = circle_of(*circle)
        elif shape is not None:
            polygon = polygon_of(shape)
        else:
            raise Refusal("area.empty", "没有选定区域。", next_step="请圈一个范围，或选几个块。")
        return self._as_area(*self._snap_shape(polygon), with_outlines=with_outlines)

    def list_for_choosing(
        self, level: str, *, within: str = "", limit: int = MOST_CHOICES
    ) -> list[ChoosableBlock]:
        """Blocks of one level (below `within`) to tick in a list, in order of their path."""
        first, last = 0, 1 << 62
        if within:
            row = self._known(within)
            first, last = row["block_no"], row["last_no"]
        rows = self._rows(
            "select b.code, coalesce(nullif(b.standard_text, ''), b.name, b.code) as name, u.name as above"
            " from block as b left join block as u on u.block_no = b.parent_no"
            " where b.level = ? and b.block_no between ? and ? order by b.block_no limit ?",
            level,
            first,
            last,
            max(0, limit),
        )
        return [ChoosableBlock(row["code"], row["name"], row["above"] or "") for row in rows]

    def count_events(self, code: str, *, kind: str = "", by: Period = "month") -> list[PeriodCount]:
        """Requests, inspections and cases at a block by month, quarter or year; of a building inspections alone,
        because a month's request from a home is its author's."""
        row = self._known(code)
        events = self._figures.arrays.events
        counts = count_periods(events, row["block_no"], row["last_no"], kind=kind, by=by)
        if row["level"] not in ("building", "room"):
            return counts
        return [one for one in counts if one.kind == "inspection"]

    def heat(
        self,
        kind: str = "request",
        *,
        first: date | None = None,
        last: date | None = None,
        box: Box | None = None,
        zoom: int = 14,
        category: str = "",
    ) -> list[HeatSpot]:
        """Events of a kind by square of the zoom, in whole months, within (west, south, east, north). No authors."""
        categories: list[str] = json.loads(self._meta["categories"])
        if category and category not in categories:
            return []
        events = pick_events(
            np.asarray(self._figures.arrays.events),
            kind=kind,
            first=first,
            last=last,
            category=categories.index(category) if category else None,
        )
        points = self._points
        place = np.searchsorted(points.numbers, events[:, 0]).clip(
            0, max(0, len(points.numbers) - 1)
        )
        if not len(points.numbers):
            return []
        is_known = points.numbers[place] == events[:, 0]
        x, y = points.longitudes[place], points.latitudes[place]
        is_known &= ~np.isnan(x)
        x, y = x[is_known], y[is_known]
        spots = heat_spots(x, y, zoom)
        if box is None:
            return spots
        west, south, east, north = box
        return [
            spot
            for spot in spots
            if west <= spot.longitude <= east and south <= spot.latitude <= north
        ]

    def floor_plan(self, code: str, *, with_let: bool = False) -> FloorPlan:
        """The rooms of a building by floor, with premises facts alone; refuses what is no building.

        `with_let` tells which rooms have a filing of letting: for whoever works on those, as the caller must know.
        """
        building = self._known(code)
        if building["level"] != "building":
            raise Refusal(
                "floor_plan.no_building", "只有楼栋才有楼层图。", next_step="请选一栋楼。"
            )
        rows = self._rows(
            "select b.code, b.name, b.use, f.is_let, f.firms, f.requests, f.failed_inspections from block as b"
            " left join room_face as f on f.room_no = b.block_no"
            " where b.parent_no = ? and b.level = 'room' order by b.name, b.block_no",
            building["block_no"],
        )
        floors: dict[str, list[RoomFace]] = {}
        for row in rows:
            floors.setdefault(floor_of(row["name"] or ""), []).append(
                RoomFace(
                    code=row["code"],
                    name=row["name"] or "",
                    use=row["use"] or "",
                    is_let=bool(row["is_let"]) if with_let else None,
                    firms=row["firms"] or 0,
                    requests=row["requests"] or 0,
                    failed_inspections=row["failed_inspections"] or 0,
                )
            )
        return FloorPlan(
            code=building["code"],
            name=building["standard_text"] or building["name"] or "",
            floors=tuple(
                (floor, tuple(floors[floor])) for floor in sorted(floors, key=floor_order)
            ),
            version=self.version,
            as_of=self.as_of,
        )

    def lay_over(
        self, block: BlockView, changes: Iterable[PlacedChange], *, persons_wait: bool = False
    ) -> BlockView:
        """The block after what was decided since the build: premises to the unit; persons as built, so that no figure
        tells whose fact was decided (`persons_wait` marks them)."""
        moved: dict[str, int] = {}
        above: dict[str, list[str]] = {}
        for change in changes:
            leaf = change.leaf_code
            if leaf not in above:
                above[leaf] = self.path_of(leaf).split("/")
            if block.code in above[leaf]:
                moved[change.counter] = moved.get(change.counter, 0) + change.difference
        counters = _moved(
            block.counters, moved, persons_wait=persons_wait, by_cells=block.level == "building"
        )
        return replace(block, counters=counters)

    def lay_over_area(
        self, view: AreaView, changes: Iterable[PlacedChange], *, persons_wait: bool = False
    ) -> AreaView:
        """`lay_over` of an area with its buildings: what was decided of one of them counts, as in a building."""
        inside = set(view.buildings)
        moved: dict[str, int] = {}
        for change in changes:
            if change.leaf_code in inside:
                moved[change.counter] = moved.get(change.counter, 0) + change.difference
        counters = _moved(view.counters, moved, persons_wait=persons_wait, by_cells=True)
        return replace(view, counters=counters)

    def search_places(self, text: str, *, limit: int = 20) -> list[SearchHit]:
        """Addresses and organisations that contain what was typed; a trailing room number opens the building."""
        # Because to SQLite a negative limit is none.
        limit = max(0, limit)
        hits = self._search(text, limit)
        if hits:
            return hits
        stem = text.strip()
        tail = ""
        while stem and stem[-1].isascii() and stem[-1].isalnum() and len(tail) < _ROOM_TAIL:
            stem, tail = stem[:-1], stem[-1] + tail
        return self._rooms_named(stem, tail, limit) if stem and tail else []

    def building_points(self, code: str) -> dict[str, Any]:
        """The buildings under `code` as a GeoJSON FeatureCollection, each with its count of rooms."""
        parent = self._known(code)
        rows = self._rows(
            "select block_no, code, name, standard_text, longitude, latitude, use from block"
            " where block_no between ? and ? and level = 'building' and longitude is not null"
            " order by block_no",
            parent["block_no"],
            parent["last_no"],
        )
        at = self._figures.rows_of(np.array([row["block_no"] for row in rows], dtype=np.int64))
        rooms = self._figures.arrays.figures[at, self._figures.columns["rooms"]].tolist()
        return {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {
                        "type": "Point",
                        "coordinates": [row["longitude"], row["latitude"]],
                    },
                    "properties": {
                        "code": row["code"],
                        "name": row["name"],
                        "text": row["standard_text"],
                        "use": row["use"],
                        "rooms": count,
                    },
                }
                for row, count in zip(rows, rooms, strict=True)
            ],
        }

    def _known(self, code: str) -> sqlite3.Row:
        row = self._row("select * from block where code = ?", code)
        if row is None:
            raise Refusal(
                "block.unknown",
                f"没有编码为 {code} 的块。",
                next_step="请核对编码，或在搜索框里按地址查找。",
            )
        return row

    def _connection(self) -> sqlite3.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                f"{self._file.resolve().as_uri()}?mode=ro&immutable=1", uri=True
            )
            connection.row_factory = sqlite3.Row
            self._local.connection = connection
        return connection

    def _rows(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        return self._connection().execute(sql, parameters).fetchall()

    def _row(self, sql: str, *parameters: object) -> sqlite3.Row | None:
        return self._connection().execute(sql, parameters).fetchone()

    def _path_of(self, row: sqlite3.Row) -> tuple[tuple[str, str, str], ...]:
        number = row["parent_no"]
        if number is None:
            return ()
        # Kept, because lists ask for the same ways up again and again; a build never changes.
        if number not in self._ways:
            above = self._row("select * from block where block_no = ?", number)
            if above is None:
                return ()
            if len(self._ways) >= MOST_WAYS:
                self._ways.clear()
            step = (above["code"], above["level"], above["name"])
            self._ways[number] = (*self._path_of(above), step)
        return self._ways[number]

    def _view(self, row: sqlite3.Row, path: tuple[tuple[str, str, str], ...]) -> BlockView:
        children = self._row("select count(*) from block where parent_no = ?", row["block_no"])
        return replace(self._views([row], path)[0], children=children[0] if children else 0)

    def _views(
        self, rows: list[sqlite3.Row], path: tuple[tuple[str, str, str], ...]
    ) -> list[BlockView]:
        numbers = np.array([row["block_no"] for row in rows], dtype=np.int64)
        at = self._figures.rows_of(numbers).tolist()
        return [
            BlockView(
                code=row["code"],
                level=row["level"],
                name=row["name"] or "",
                standard_text=row["standard_text"] or "",
                path=path,
                longitude=row["longitude"],
                latitude=row["latitude"],
                use=row["use"] or "",
                counters=self._counters_of(row["level"], place),
                version=self.version,
                notes=self._figures.notes,
            )
            for row, place in zip(rows, at, strict=True)
        ]

    def _counters_of(self, level: str, place: int) -> tuple[CounterView, ...]:
        if level == "room":
            return ()
        return self._figures.views_at(place)

    @cached_property
    def _figures(self) -> Figures:
        # When first asked for: a build of another release still tells its places.
        return Figures(ServingArrays.map(self.core), self._meta)

    @cached_property
    def _points(self) -> Points:
        rows = self._rows(
            "select block_no, longitude, latitude from block where level = 'building' order by block_no"
        )
        table = np.array([tuple(row) for row in rows], dtype=float).reshape(-1, 3)
        return Points(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])

    @cached_property
    def _areas(self) -> AreaCounter:
        return AreaCounter(self._figures, self._points)

    def _snap_shape(self, polygon: Any) -> tuple[np.ndarray, Snapped]:
        buildings = self._areas.inside(polygon)
        return buildings, self._areas.snap_buildings(buildings)

    def _snap_codes(self, codes: Sequence[str]) -> tuple[np.ndarray, Snapped]:
        """Blocks that lie in another one of them are counted once."""
        rows = sorted((self._known(code) for code in set(codes)), key=lambda row: row["block_no"])
        first: list[int] = []
        last: list[int] = []
        for row in rows:
            if row["level"] == "room":
                raise Refusal("area.room", "房屋没有统计数。", next_step="请选楼栋或更大的块。")
            if not last or row["block_no"] > last[-1]:
                first.append(row["block_no"])
                last.append(row["last_no"])
        begin, end = np.array(first, dtype=np.int64), np.array(last, dtype=np.int64)
        numbers = self._points.numbers
        inside = [
            numbers[a:b]
            for a, b in zip(
                np.searchsorted(numbers, begin),
                np.searchsorted(numbers, end, side="right"),
                strict=True,
            )
        ]
        return np.concatenate(inside), self._areas.snap_blocks(begin, end)

    def _as_area(self, buildings: np.ndarray, snapped: Snapped, *, with_outlines: bool) -> AreaView:
        cells: tuple[CountedCell, ...] = ()
        if with_outlines and len(snapped.cells) <= MOST_OUTLINES:
            cells = self._outlined(snapped.cells)
        left_out = self._areas.numbers_of(snapped.left_out)
        return AreaView(
            counters=snapped.counters,
            cells=cells,
            buildings=self._codes(buildings) if with_outlines else ("",) * len(buildings),
            left_out=self._codes(left_out) if with_outlines else (),
            version=self.version,
            notes=(
                f"按落在区域内的 {len(buildings)} 栋楼统计",
                "诉求、案件以相邻的楼合并、按整十件计",
                f"人数只计完整落在区域内的人数单元（{len(snapped.cells)} 个），"
                f"有 {len(left_out)} 栋楼因与区域外的楼合并计数而未计入",
            ),
        )

    def _outlined(self, cells: np.ndarray) -> tuple[CountedCell, ...]:
        groups = self._areas.leaves_of_cells(cells)
        figures = self._areas.residents_of(cells).tolist()
        codes = iter(self._codes(self._areas.numbers_of(np.concatenate(groups))) if groups else ())
        outlined = []
        for cell, leaves, hull, figure in zip(
            cells.tolist(), groups, self._areas.hulls(groups), figures, strict=True
        ):
            members = tuple(next(codes) for _ in leaves)
            outlined.append(CountedCell(f"residents-{cell}", members, hull, figure))
        return tuple(outlined)

    def _codes(self, numbers: np.ndarray) -> tuple[str, ...]:
        codes = self._code_of_leaf
        return tuple(codes[number] for number in numbers.tolist())

    @cached_property
    def _code_of_leaf(self) -> dict[int, str]:
        rows = self._rows("select block_no, code from block where level <> 'room'")
        return {row["block_no"]: row["code"] for row in rows}

    def _search(self, text: str, limit: int) -> list[SearchHit]:
        """Places first, short ones before long; organisations fill what places leave, and have two fifths at least."""
        query = phrase_query(text)
        if not query:
            return []
        found = {kind: self._matches(query, kind, limit) for kind in ("block", "organisation")}
        firms_shown = min(
            len(found["organisation"]), max(limit * 2 // 5, limit - len(found["block"]))
        )
        places = [self._place_hit(row) for row in found["block"][: limit - firms_shown]]
        return places + [self._firm_hit(row) for row in found["organisation"][:firms_shown]]

    def _matches(self, query: str, kind: str, limit: int) -> list[sqlite3.Row]:
        return self._rows(
            "select t.target_no, t.text from search as s join search_target as t on t.search_no = s.rowid"
            " where search match ? and t.kind = ? order by length(t.text), t.search_no limit ?",
            query,
            kind,
            limit,
        )

    def _place_hit(self, row: sqlite3.Row) -> SearchHit:
        (block,) = self._rows("select code, level from block where block_no = ?", row["target_no"])
        return SearchHit(block["code"], block["level"], row["text"], "标准地址包含所输文字")

    def _firm_hit(self, row: sqlite3.Row) -> SearchHit:
        (firm,) = self._rows(
            "select code, place_code from organisation where organisation_no = ?", row["target_no"]
        )
        return SearchHit(
            firm["place_code"] or "",
            "organisation",
            row["text"],
            "单位名称包含所输文字",
            organisation_code=firm["code"],
        )

    def _rooms_named(self, stem: str, tail: str, limit: int) -> list[SearchHit]:
        hits: list[SearchHit] = []
        for building in self._search(stem.rstrip("-－ #"), limit * 2):
            if building.level != "building":
                continue
            rooms = self._rows(
                "select r.code, r.standard_text from block as b join block as r on r.parent_no = b.block_no"
                " where b.code = ? and r.name like ? order by length(r.name), r.block_no limit ?",
                building.code,
                tail + "%",
                limit,
            )
            hits += [
                SearchHit(room["code"], "room", room["standard_text"], f"房号以 {tail} 开头")
                for room in rooms
            ]
        return hits[:limit]


def _moved(
    counters: Iterable[CounterView],
    moved: Mapping[str, int],
    *,
    persons_wait: bool,
    by_cells: bool,
) -> tuple[CounterView, ...]:
    """Premises with what moved since the build, persons as built; what is held back stays so. `by_cells`: so is what
    happened at homes, because of a building or an area it is told in tens."""
    return tuple(
        replace(one, waits_for_build=persons_wait)
        if one.counts_persons or (by_cells and all_counters()[one.key].is_from_homes)
        else one
        if one.suppressed
        else replace(one, figure=(one.figure or 0) + moved.get(one.key, 0))
        for one in counters
    )
