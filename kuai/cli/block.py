"""`kuai block`: what is in a block or a polygon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.kit.errors import DataFault, Refusal, Where
from kuai.kit.store import Store


def block(
    code: Annotated[str, typer.Argument(help="块的编码：区、街道、社区、网格、楼栋、房屋")] = "",
    polygon: Annotated[Path | None, typer.Option(help="GeoJSON 多边形文件（CGCS2000）")] = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个块里有什么：房屋、楼栋、人口、单位、诉求、检查……"""
    from kuai.blocks.queries import open_blocks

    require_allowed("block")
    if code and polygon is not None:
        raise Refusal(
            "block.which_one",
            "编码和 --polygon 只能写一个。",
            next_step="去掉其中一个。",
        )
    reader = open_blocks(Store(store).current_build())
    if polygon is not None:
        view = reader.count_polygon(_read_geojson(polygon))
    elif code:
        view = reader.get_block(code)
    else:
        raise Refusal(
            "block.which",
            "没有说是哪个块。",
            next_step="给出编码，或用 --polygon 给出 GeoJSON 文件。",
        )
    if as_json:
        write_json_answer(_block_json(view))
        return
    _show_block(view)


def _read_geojson(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as fault:
        raise DataFault("polygon.missing", "找不到这个文件", where=Where(file=str(path))) from fault
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise DataFault(
            "polygon.form",
            "不是有效的 GeoJSON",
            where=Where(file=path.name),
            remedy="请用 UTF-8 的 GeoJSON。",
        ) from fault
    if not isinstance(value, dict):
        raise DataFault("polygon.form", "不是有效的 GeoJSON", where=Where(file=path.name))
    return value


def _block_json(view: Any) -> dict[str, Any]:
    return {
        "code": view.code,
        "level": view.level,
        "name": view.name,
        "standard_text": view.standard_text,
        "path": [{"code": code, "level": level, "name": name} for code, level, name in view.path],
        "longitude": view.longitude,
        "latitude": view.latitude,
        "version": view.version,
        "notes": view.notes,
        "counters": {counter.key: counter.figure for counter in view.counters},
        "details": [
            {
                "key": counter.key,
                "title": counter.title_zh,
                "figure": counter.figure,
                "suppressed": counter.suppressed,
                "asserted_share": counter.asserted_share,
                "sources": counter.sources,
                "as_of": counter.as_of,
                "definition": counter.definition_zh,
            }
            for counter in view.counters
        ],
    }


def _show_block(view: Any) -> None:
    from rich.table import Table

    console.print(
        f"[bold]{view.standard_text or view.name}[/]  {view.level}  {view.code}", highlight=False
    )
    table = Table()
    for heading in ("指标", "数", "来源", "截至"):
        table.add_column(heading, justify="right" if heading == "数" else "left")
    for counter in view.counters:
        figure = "不公布" if counter.suppressed else f"{counter.figure:,}"
        table.add_row(counter.title_zh, figure, "、".join(counter.sources), str(counter.as_of))
    console.print(table)
    for note in view.notes:
        console.print(note)
