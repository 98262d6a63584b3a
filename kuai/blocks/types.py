"""What crosses the door of `blocks`: blocks and their counters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity

L1, L2 = Sensitivity.L1, Sensitivity.L2

BLOCK = CATALOGUE.declare(
    BulkTable(
        name="block",
        owner="blocks",
        row="One place of the hierarchy, district to room, with its way up.",
        retention="with the build",
        columns=(
            Column("block_no", "INTEGER", L1, "surrogate key, in order of the path"),
            Column("code", "VARCHAR", L1, "address code"),
            Column(
                "level", "VARCHAR", L1, "district, subdistrict, community, grid, building, room"
            ),
            Column("parent_no", "INTEGER", L1, "surrogate key one level up; null at the top"),
            Column("path", "VARCHAR", L1, "codes from the top, separated by /"),
            Column("name", "VARCHAR", L1, "short name"),
            Column("standard_text", "VARCHAR", L1, "standard address"),
            Column("longitude", "DOUBLE", L1, "CGCS2000"),
            Column("latitude", "DOUBLE", L1, "CGCS2000"),
            Column("use", "VARCHAR", L1, "use as the library says"),
        ),
        order_by=("block_no",),
    )
)

BLOCK_COUNTER = CATALOGUE.declare(
    BulkTable(
        name="block_counter",
        owner="blocks",
        row="One figure of one block (building and above); counts of persons below 10 are suppressed.",
        retention="with the build",
        columns=(
            Column("block_no", "INTEGER", L1, "the block"),
            Column(
                "counter",
                "VARCHAR",
                L1,
                "key of the counter catalogue, e.g. rooms, residents, firms",
            ),
            Column("figure", "BIGINT", L1, "the count; null where suppressed"),
            Column(
                "suppressed",
                "BOOLEAN",
                L1,
                "a count of persons below 10, or held back to protect one",
            ),
            Column(
                "asserted_share",
                "DOUBLE",
                L1,
                "share resting on asserted facts, null if not about facts",
            ),
            Column("sources", "VARCHAR", L1, "names of the sources, comma separated, sorted"),
            Column("as_of", "DATE", L1, "the build's day"),
        ),
        order_by=("block_no", "counter"),
    )
)


@dataclass(frozen=True)
class CounterView:
    """One figure as shown: None where suppressed."""

    key: str
    title_zh: str
    title_en: str
    definition_zh: str
    figure: int | None
    suppressed: bool
    asserted_share: float | None
    sources: tuple[str, ...]
    as_of: date


@dataclass(frozen=True)
class BlockView:
    """One block as shown. `path` is (code, level, name) from the top, without the block itself."""

    code: str
    level: str
    name: str
    standard_text: str
    path: tuple[tuple[str, str, str], ...]
    longitude: float | None
    latitude: float | None
    use: str
    counters: tuple[CounterView, ...]
    version: str
    children: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SearchHit:
    """One answer of the search box: an address or an organisation, and why it was found."""

    code: str
    level: str
    text: str
    why: str
