"""What crosses the door of `blocks`: blocks and their counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

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

BLOCK_CELL = CATALOGUE.declare(
    BulkTable(
        name="block_cell",
        owner="blocks",
        row="In which cell of a table of persons a building is counted; cells are kept or joined, never cut.",
        retention="with the build; the next build goes on from it",
        columns=(
            Column("person_table", "VARCHAR", L1, "table of the counter catalogue"),
            Column(
                "leaf_code",
                "VARCHAR",
                L1,
                "building, or the block above where no building is known",
            ),
            Column("cell_no", "INTEGER", L1, "number within the table, in order of the path"),
        ),
        order_by=("person_table", "leaf_code"),
    )
)

CELL_FIGURE = CATALOGUE.declare(
    BulkTable(
        name="cell_figure",
        owner="blocks",
        row="What one cell shows of one counter: at least ten persons, or none.",
        retention="with the build; the next build goes on from it",
        columns=(
            Column("person_table", "VARCHAR", L1, "table of the counter catalogue"),
            Column("cell_no", "INTEGER", L1, "number within the table"),
            Column("counter", "VARCHAR", L1, "key of the counter catalogue"),
            Column(
                "begun_with",
                "BIGINT",
                L1,
                "exact figure of the first build of the series, 0 if the cell is newer",
            ),
            Column("figure", "BIGINT", L1, "what is shown: the first figure and tens since"),
            Column("series", "VARCHAR", L1, "first build of the series"),
        ),
        order_by=("person_table", "cell_no", "counter"),
    )
)


@dataclass(frozen=True)
class PackFrame:
    """What a packing is called and where it goes.

    `before`: core folder of the build whose cells are kept, so that figures of persons move by tens (decision 0028);
    None begins anew. `source_days`: newest delivery day by source.
    """

    version: str
    as_of: date
    library_title: str
    folder: Path
    before: Path | None = None
    source_days: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True)
class CounterView:
    """One figure as shown: None where suppressed.

    `delivered`: newest delivery day of each source behind it. `waits_for_build`: decisions since the build are not in
    it. Of persons `asserted_share` is a tenth, told only of a hundred and more.
    """

    key: str
    title_zh: str
    title_en: str
    definition_zh: str
    figure: int | None
    suppressed: bool
    asserted_share: float | None
    sources: tuple[str, ...]
    as_of: date
    group: str = ""
    counts_persons: bool = False
    delivered: tuple[tuple[str, date], ...] = ()
    waits_for_build: bool = False


@dataclass(frozen=True)
class CountedCell:
    """Buildings whose residents are counted together. `hull` is a GeoJSON outline around their points."""

    code: str
    buildings: tuple[str, ...]
    hull: dict[str, Any]
    figure: int


@dataclass(frozen=True)
class AreaView:
    """A drawn or chosen area, snapped. `left_out`: buildings inside that are counted with others outside."""

    counters: tuple[CounterView, ...]
    cells: tuple[CountedCell, ...]
    buildings: tuple[str, ...]
    left_out: tuple[str, ...]
    version: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparedCounter:
    """One counter of two areas or two dates; `difference` is second minus first, None where either is held back."""

    key: str
    title_zh: str
    title_en: str
    first: int | None
    second: int | None
    difference: int | None


@dataclass(frozen=True)
class ChoosableBlock:
    """A block to tick in a list."""

    code: str
    name: str
    above: str


@dataclass(frozen=True)
class RoomFace:
    """A room as its building's plan shows it: premises facts alone. `is_let` is None where it was not asked for."""

    code: str
    name: str
    use: str
    is_let: bool | None
    firms: int
    requests: int
    failed_inspections: int


@dataclass(frozen=True)
class FloorPlan:
    """A building, top floor first. A room whose name tells no floor stands under floor ""."""

    code: str
    name: str
    floors: tuple[tuple[str, tuple[RoomFace, ...]], ...]
    version: str
    as_of: date


@dataclass(frozen=True)
class HeatSpot:
    """Events in one square of a zoom; of fewer than ten the figure is None."""

    longitude: float
    latitude: float
    figure: int | None


@dataclass(frozen=True)
class PeriodCount:
    """Events of one kind in one month (2026-10), quarter (2026-Q4) or year."""

    kind: str
    period: str
    figure: int


@dataclass(frozen=True)
class PlacedFact:
    """A fact that counts: this firm, event or account (`element`) at this place, in this counter."""

    counter: str
    place_code: str
    element: str


@dataclass(frozen=True)
class PlacedChange:
    """What decisions since the build do to one counter at one building (or the block above): one more or one less."""

    counter: str
    leaf_code: str
    difference: int


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
    organisation_code: str = ""


class FoundBy(StrEnum):
    """By what of its name or code something was found."""

    CHARACTERS = "characters"
    PINYIN = "pinyin"
    INITIALS = "initials"
    MIXTURE = "mixture"
    CODE = "code"
    SOUND = "sound"
    SLIP = "slip"


@dataclass(frozen=True)
class FirmHit:
    """An organisation found. `name` is empty where it may be the name of its owner."""

    code: str
    name: str
    credit_code: str
    place_code: str
    by: FoundBy
