"""For the demo: outlines of one community as a surveyor hands them in, with a gap, an overlap and a row to send back.

They wait as a plan: a steward looks at it and applies it, and the map then shows what does not fit. The record and
the build stay as they are, so that a second `kuai run-demo` finds everything built.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shapely

from kuai.address import drawing, library
from kuai.address.library import Entry
from kuai.address.types import Level
from kuai.kit.store import Store

FEWEST_GRIDS = 2
# Some sixty metres are bitten out of one grid; another reaches some twenty metres into its neighbours.
BITE_DEGREES, REACH_DEGREES = 0.0006, 0.0002
LEVEL_WORDS = {Level.COMMUNITY: "社区", Level.GRID: "网格"}
STRANGE_PARENT = "440399999999"


def hand_in_outlines(store: Store, *, by: str) -> str:
    """The plan's number; empty where the record has gone on since the build, or holds no fit community."""
    record = library.open_record(store)
    if record.sequence != 1 or library.list_plans(open_only=True):
        return ""
    chosen = _find_community(record)
    if chosen is None:
        return ""
    with tempfile.TemporaryDirectory(dir=store.scratch) as folder:
        path = Path(folder) / f"{chosen[0].name}网格边界.geojson"
        path.write_text(json.dumps(_outlines(*chosen), ensure_ascii=False), encoding="utf-8")
        return library.plan_import(store, path, by=by).plan_id


def _find_community(
    record: library.LibraryRecord,
) -> tuple[Entry, Mapping[str, Entry], Mapping[str, Any]] | None:
    """A community with its grids and the ground of each, drawn from their buildings."""
    for district in record.roots():
        for subdistrict in record.children(district.address_code):
            for community in record.children(subdistrict.address_code):
                around = drawing.area_under(record, community.address_code)
                grids = {one.address_code: one for one in around.entries if one.level is Level.GRID}
                cells = {
                    one["properties"]["code"]: shapely.from_geojson(json.dumps(one["geometry"]))
                    for one in drawing.draw_area(around, ())["features"]
                    if one["properties"]["kind"] == "cell"
                }
                if len(cells) >= FEWEST_GRIDS:
                    return community, grids, cells
    return None


def _outlines(
    community: Entry, grids: Mapping[str, Entry], cells: Mapping[str, Any]
) -> dict[str, Any]:
    whole = shapely.make_valid(shapely.union_all(list(cells.values())))
    features = [_feature(community, whole)]
    first, last = min(cells), max(cells)
    west, south, _east, north = cells[first].bounds
    bite = shapely.buffer(shapely.Point(west, (south + north) / 2), BITE_DEGREES)
    drawn = {
        **cells,
        first: shapely.difference(cells[first], bite),
        last: shapely.intersection(shapely.buffer(cells[last], REACH_DEGREES), whole),
    }
    features += [_feature(grids[code], drawn[code]) for code in sorted(drawn)]
    stray = _feature(grids[min(grids)], whole)
    stray["properties"] |= {"地址编码": f"{STRANGE_PARENT}01", "上级编码": STRANGE_PARENT}
    return {"type": "FeatureCollection", "features": [*features, stray]}


def _feature(entry: Entry, shape: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": json.loads(shapely.to_geojson(shape)),
        "properties": {
            "地址编码": entry.address_code,
            "级别": LEVEL_WORDS[entry.level],
            "上级编码": entry.parent_code,
            "名称": entry.name,
            "标准地址": entry.standard_text,
        },
    }
