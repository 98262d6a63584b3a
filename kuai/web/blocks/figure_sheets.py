"""Sheets of blocks and areas, filled from the readers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from kuai.blocks.types import AreaView, BlockView, CounterView
from kuai.web.areas.shapes import AreaShape
from kuai.web.blocks.areas import Areas, read_areas
from kuai.web.blocks.decided import laid_over
from kuai.web.blocks.drawing import point_of, short_name
from kuai.web.blocks.sheets import FigureSheet, SheetRow
from kuai.web.doors import BlockReader, current_store, list_sources


def sheet_of_block(reader: BlockReader, block: BlockView) -> FigureSheet:
    """The block and the blocks one level down; rooms have no figures and are not on it."""
    children = (
        [] if block.level == "building" else laid_over(reader, reader.list_children(block.code))
    )
    areas = read_areas(current_store(), reader)
    return FigureSheet(
        title=short_name(block),
        version=block.version,
        as_of=block.counters[0].as_of,
        whole=_row_of(block, areas),
        parts=tuple(_row_of(child, areas) for child in children if child.level != "room"),
        notes=(*block.notes, _("分区由楼栋位置推画，不是行政界线。")),
        source_titles=_source_titles(),
    )


def sheet_of_area(view: AreaView, *, title: str, shape: AreaShape) -> FigureSheet:
    """A drawn or chosen area, and the cells its residents are counted over."""
    residents = next((c for c in view.counters if c.key == "residents"), None)
    parts = []
    for cell in view.cells:
        name = _("合并计人的 %(count)s 栋楼") % {"count": len(cell.buildings)}
        counters: tuple[CounterView, ...] = ()
        if residents is not None:
            # What a cell shows is shown: at least ten persons or none.
            shown = replace(residents, figure=cell.figure, suppressed=False, asserted_share=None)
            counters = (shown,)
        parts.append(SheetRow(cell.code, "cell", name, counters, cell.hull))
    geometry = dict(shape.content) if shape.kind == "polygon" else None
    return FigureSheet(
        title=title,
        version=view.version,
        as_of=view.counters[0].as_of,
        whole=SheetRow("", "area", title, view.counters, geometry),
        parts=tuple(parts),
        notes=view.notes,
        source_titles=_source_titles(),
    )


def _source_titles() -> dict[str, str]:
    return {line.source: line.title for line in list_sources()}


def _row_of(block: BlockView, areas: Areas) -> SheetRow:
    geometry: dict[str, Any] | None = None
    if block.code in areas:
        geometry = areas[block.code]["geometry"]
    elif (point := point_of(block, areas)) is not None:
        geometry = {"type": "Point", "coordinates": [round(point[0], 6), round(point[1], 6)]}
    return SheetRow(block.code, block.level, short_name(block), block.counters, geometry)
