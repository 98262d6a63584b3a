"""Reading a published build: one block, its children, a drawn area, a search. Private; see queries."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from kuai.blocks.engine.counters import counter_catalogue
from kuai.blocks.engine.search_text import phrase_query
from kuai.blocks.packing import SERVING_FILE
from kuai.blocks.types import BlockView, CounterView, SearchHit
from kuai.kit.errors import DataFault, Refusal

LARGEST_POLYGON_POINTS = 20_000
_ROOM_TAIL = 6


class BlockReader:
    """One published build, opened read-only. Keeps one SQLite connection a thread; never writes."""

    def __init__(self, build: Path) -> None:
        self._file = build / "core" / SERVING_FILE
        if not self._file.exists():
            raise Refusal(
                "blocks.no_serving",
                "这个版本没有可供查询的块数据。",
                next_step="请重新运行 kuai build。",
            )
        self._local = threading.local()
        self._lock = threading.Lock()
        self._points: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None
        meta = {row["key"]: row["value"] for row in self._rows("select key, value from meta")}
        self.version = meta["version"]
        self.as_of = date.fromisoformat(meta["as_of"])

    def get_block(self, code: str) -> BlockView:
        """The block of `code` with its counters; refuses an unknown code."""
        row = self._row("select * from block where code = ?", code)
        if row is None:
            raise Refusal(
                "block.unknown",
                f"没有编码为 {code} 的块。",
                next_step="请核对编码，或在搜索框里按地址查找。",
            )
        return self._view(row, self._path_of(row))

    def top_blocks(self) -> list[BlockView]:
        """The blocks without a parent: the district(s)."""
        return [
            self._view(row, ()) for row in self._rows("select * from block where parent_no is null")
        ]

    def list_children(self, code: str) -> list[BlockView]:
        """The blocks one level down, in order of their path."""
        parent = self._row("select * from block where code = ?", code)
        if parent is None:
            raise Refusal("block.unknown", f"没有编码为 {code} 的块。")
        path = (*self._path_of(parent), (parent["code"], parent["level"], parent["name"]))
        rows = self._rows(
            "select * from block where parent_no = ? order by block_no", parent["block_no"]
        )
        return self._views(rows, path)

    def path_of(self, code: str) -> str:
        """The block's way from the top as an area path (codes separated by "/"); "" for an unknown code."""
        row = self._row("select path from block where code = ?", code)
        return str(row["path"]) if row else ""

    def count_polygon(self, geometry: dict[str, Any]) -> BlockView:
        """Counters of a drawn area (GeoJSON geometry or feature, CGCS2000 degrees).

        Things are summed over the buildings whose point lies inside; counts of persons over whole grids that lie
        inside and are not suppressed, so that two areas can't be subtracted to find a few people.
        """
        polygon = _polygon_of(geometry)
        numbers, xs, ys, levels = self._building_points()
        inside = shapely.contains_xy(polygon, xs, ys)
        buildings = numbers[inside & (levels == 1)]
        whole_grids = self._whole_grids(polygon)
        counters = self._summed(buildings, persons=False) + self._summed(whole_grids, persons=True)
        order = list(counter_catalogue())
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
            counters=tuple(sorted(counters, key=lambda counter: order.index(counter.key))),
            version=self.version,
            children=int(buildings.size),
            notes=(
                f"按落在区域内的 {buildings.size} 栋楼统计",
                f"人数只计完整落在区域内、可以公布的网格（完整落在区域内的有 {whole_grids.size} 个）；"
                "同一人在几个网格登记的，各计一次",
            ),
        )

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
        parent = self._row("select * from block where code = ?", code)
        if parent is None:
            raise Refusal("block.unknown", f"没有编码为 {code} 的块。")
        rows = self._rows(
            "select b.code, b.name, b.standard_text, b.longitude, b.latitude, b.use, c.figure from block as b"
            " left join counter as c on c.block_no = b.block_no and c.counter = 'rooms'"
            " where b.block_no between ? and ? and b.level = 'building' and b.longitude is not null"
            " order by b.block_no",
            parent["block_no"],
            parent["last_no"],
        )
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
                        "rooms": row["figure"] or 0,
                    },
                }
                for row in rows
            ],
        }

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
        codes = row["path"].split("/")[:-1]
        marks = ", ".join("?" * len(codes))
        above = self._rows(
            f"select code, level, name from block where code in ({marks}) order by block_no", *codes
        )
        return tuple((one["code"], one["level"], one["name"]) for one in above)

    def _view(self, row: sqlite3.Row, path: tuple[tuple[str, str, str], ...]) -> BlockView:
        children = self._row("select count(*) from block where parent_no = ?", row["block_no"])
        return replace(self._views([row], path)[0], children=children[0] if children else 0)

    def _views(
        self, rows: list[sqlite3.Row], path: tuple[tuple[str, str, str], ...]
    ) -> list[BlockView]:
        figures: dict[int, dict[str, sqlite3.Row]] = {row["block_no"]: {} for row in rows}
        numbers = list(figures)
        for start in range(0, len(numbers), 500):
            part = numbers[start : start + 500]
            marks = ", ".join("?" * len(part))
            for found in self._rows(f"select * from counter where block_no in ({marks})", *part):
                figures[found["block_no"]][found["counter"]] = found
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
                counters=self._counter_views(figures[row["block_no"]])
                if row["level"] != "room"
                else (),
                version=self.version,
            )
            for row in rows
        ]

    def _counter_views(self, figures: dict[str, sqlite3.Row]) -> tuple[CounterView, ...]:
        views = []
        for key, counter in counter_catalogue().items():
            found = figures.get(key)
            views.append(
                CounterView(
                    key=key,
                    title_zh=counter.title_zh,
                    title_en=counter.title_en,
                    definition_zh=counter.definition_zh,
                    figure=found["figure"] if found else 0,
                    suppressed=bool(found["suppressed"]) if found else False,
                    asserted_share=found["asserted_share"] if found else None,
                    sources=tuple(found["sources"].split(","))
                    if found and found["sources"]
                    else (),
                    as_of=self.as_of,
                )
            )
        return tuple(views)

    def _building_points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        with self._lock:
            if self._points is None:
                rows = self._rows(
                    "select block_no, longitude, latitude, level = 'building' from block"
                    " where level in ('building', 'grid') and longitude is not null"
                )
                table = np.array([tuple(row) for row in rows], dtype=float).reshape(-1, 4)
                self._points = (
                    table[:, 0].astype(np.int64),
                    table[:, 1],
                    table[:, 2],
                    table[:, 3].astype(int),
                )
            return self._points

    def _whole_grids(self, polygon: shapely.Geometry) -> np.ndarray:
        """Grids all of whose buildings lie inside."""
        numbers, xs, ys, levels = self._building_points()
        inside = shapely.contains_xy(polygon, xs, ys)
        grids = self._rows("select block_no, last_no from block where level = 'grid'")
        buildings = np.sort(numbers[levels == 1])
        inside_buildings = np.sort(numbers[inside & (levels == 1)])
        whole = [
            row["block_no"]
            for row in grids
            if (total := _between(buildings, row["block_no"], row["last_no"])) > 0
            and _between(inside_buildings, row["block_no"], row["last_no"]) == total
        ]
        return np.array(whole, dtype=np.int64)

    def _summed(self, numbers: np.ndarray, *, persons: bool) -> list[CounterView]:
        self._connection().execute(
            "create temp table if not exists asked (block_no integer primary key)"
        )
        self._connection().execute("delete from asked")
        self._connection().executemany(
            "insert into asked values (?)", [(int(number),) for number in numbers]
        )
        found = {
            row["counter"]: row
            for row in self._rows(
                "select counter, sum(figure) as figure, min(sources) as sources from counter"
                " where block_no in (select block_no from asked) and suppressed = 0 group by counter"
            )
        }
        return [
            CounterView(
                key=key,
                title_zh=counter.title_zh,
                title_en=counter.title_en,
                definition_zh=counter.definition_zh,
                figure=found[key]["figure"] if key in found else (None if persons else 0),
                suppressed=persons and key not in found,
                asserted_share=None,
                sources=tuple(found[key]["sources"].split(",")) if key in found else (),
                as_of=self.as_of,
            )
            for key, counter in counter_catalogue().items()
            if counter.counts_persons is persons
        ]

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
            "select place_code from organisation where organisation_no = ?", row["target_no"]
        )
        return SearchHit(
            firm["place_code"] or "", "organisation", row["text"], "单位名称包含所输文字"
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


def _between(numbers: np.ndarray, first: int, last: int) -> int:
    return int(
        np.searchsorted(numbers, last, side="right") - np.searchsorted(numbers, first, side="left")
    )


def _polygon_of(geometry: dict[str, Any]) -> shapely.Geometry:
    """The polygon in a GeoJSON geometry, feature or collection of one; a clear fault otherwise."""
    inner: Any = geometry
    if inner.get("type") == "FeatureCollection":
        features = inner.get("features")
        inner = features[0] if isinstance(features, list) and features else {}
    if isinstance(inner, dict) and inner.get("type") == "Feature":
        inner = inner.get("geometry")
    try:
        polygon = shapely.from_geojson(json.dumps(inner))
    except (shapely.errors.GEOSException, TypeError, ValueError) as fault:
        raise DataFault(
            "polygon.form", "圈选区域不是有效的 GeoJSON", remedy="请给出 Polygon 或 MultiPolygon。"
        ) from fault
    if polygon is None or polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
        raise DataFault(
            "polygon.type", "圈选区域不是多边形", remedy="请给出 Polygon 或 MultiPolygon。"
        )
    if shapely.get_num_coordinates(polygon) > LARGEST_POLYGON_POINTS:
        raise DataFault(
            "polygon.points",
            f"圈选区域的点超过 {LARGEST_POLYGON_POINTS} 个",
            remedy="请简化边界后再试。",
        )
    polygon = polygon if polygon.is_valid else shapely.make_valid(polygon)
    shapely.prepare(polygon)
    return polygon
