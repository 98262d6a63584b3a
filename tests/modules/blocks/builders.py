"""A small district for blocks: library entries and relations as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from kuai.address.types import ADDRESS_ENTRY
from kuai.blocks.actions import pack_blocks
from kuai.blocks.reading import BlockReader
from kuai.blocks.types import PackFrame
from kuai.kit.engine import engine
from kuai.registry.types import EVENT, ORGANISATION, PERSON, RELATION
from tests.modules.registry.builders import write_rows

TODAY = date(2026, 10, 31)
VERSION = "b-20261031-000000000001"
TOP = "440399"


def a_library(
    *,
    subdistricts: int = 1,
    communities: int = 2,
    grids: int = 2,
    buildings: int = 3,
    rooms: int = 4,
) -> list[dict[str, Any]]:
    """A regular district 440399: every level has the given number of children; buildings 0.001 degrees apart."""
    rows = [_entry(TOP, "district", "4403", "示范区")]
    for s in range(1, subdistricts + 1):
        street = f"{TOP}{s:03d}"
        rows.append(_entry(street, "subdistrict", TOP, f"第{s}街道"))
        for c in range(1, communities + 1):
            community = f"{street}{c:03d}"
            rows.append(_entry(community, "community", street, f"第{c}社区"))
            for g in range(1, grids + 1):
                grid = f"{community}{g:02d}"
                rows.append(_entry(grid, "grid", community, f"第{g}网格"))
                for b in range(1, buildings + 1):
                    building = f"{grid}{b:05d}"
                    x, y = 114 + s * 0.1 + c * 0.01 + g * 0.004, 22 + b * 0.001
                    rows.append(
                        _entry(
                            building,
                            "building",
                            grid,
                            f"甲{s}{c}{g}村",
                            x=x,
                            y=y,
                            text=f"示范区甲{s}{c}{g}村{b}号",
                        )
                    )
                    for r in range(1, rooms + 1):
                        text = f"示范区甲{s}{c}{g}村{b}号{r}01房"
                        rows.append(
                            _entry(f"{building}{r:06d}", "room", building, f"{r}01", text=text)
                        )
    return rows


def _entry(
    code: str,
    level: str,
    parent: str,
    name: str,
    *,
    x: float | None = None,
    y: float | None = None,
    text: str = "",
) -> dict[str, Any]:
    return {
        "address_code": code,
        "level": level,
        "parent_code": parent,
        "name": name,
        "standard_text": text or name,
        "longitude": x,
        "latitude": y,
        "use": "住宅" if level in ("building", "room") else None,
        "state": "in_use",
    }


def residents(place: str, count: int, *, first: int = 0) -> list[dict[str, Any]]:
    """`count` different people registered at `place`."""
    return [
        {
            "type": "PH_RESIDE",
            "from_code": f"P-{first + n}",
            "to_code": place,
            "status": "asserted",
            "source": "police",
        }
        for n in range(count)
    ]


def pack(
    folder: Path,
    library: Sequence[dict[str, Any]],
    relations: Sequence[dict[str, Any]] = (),
    *,
    organisations: Sequence[dict[str, Any]] = (),
    events: Sequence[dict[str, Any]] = (),
    persons: Sequence[dict[str, Any]] = (),
    before: BlockReader | None = None,
    version: str = VERSION,
) -> BlockReader:
    """Pack and open. `before`: the build whose cells are kept."""
    core = folder / "core"
    with engine() as connection:
        given = (
            (ADDRESS_ENTRY, library),
            (RELATION, relations),
            (ORGANISATION, organisations),
            (EVENT, events),
            (PERSON, persons),
        )
        inputs = {table.name: write_rows(connection, table, rows, core) for table, rows in given}
        _, receipt = pack_blocks(
            connection,
            inputs=inputs,
            frame=PackFrame(
                version=version,
                as_of=TODAY,
                library_title="统一地址库",
                folder=core,
                before=before.core if before else None,
                source_days={"police": TODAY},
            ),
        )
    assert receipt.received == receipt.kept + receipt.refused
    return BlockReader(folder)


def figure(reader: BlockReader, code: str, counter: str) -> int | None:
    return next(one.figure for one in reader.get_block(code).counters if one.key == counter)


def is_suppressed(reader: BlockReader, code: str, counter: str) -> bool:
    return next(one.suppressed for one in reader.get_block(code).counters if one.key == counter)
