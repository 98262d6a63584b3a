"""What crosses the door of `address`: library entries, washed addresses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity

L1, L2, L3 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3


class Grade(StrEnum):
    """A exact but for spelling conventions; B sure, variations named; C candidates; D none."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Level(StrEnum):
    """Levels of the library, top down, with the length of their code in Shenzhen's scheme."""

    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"
    BUILDING = "building"
    ROOM = "room"


class State(StrEnum):
    """Where an entry is in its life; only PLANNED and IN_USE are offered as answers of the wash."""

    PLANNED = "planned"
    IN_USE = "in_use"
    SPLIT = "split"
    MERGED = "merged"
    RENUMBERED = "renumbered"
    DEMOLISHED = "demolished"


class EventKind(StrEnum):
    """What may happen to an entry of the library. A closed set; each leaves a line in the life-cycle log."""

    PLANNED = "planned"
    TAKEN_INTO_USE = "taken_into_use"
    SPLIT = "split"
    MERGED = "merged"
    RENUMBERED = "renumbered"
    RENAMED = "renamed"
    MOVED = "moved"
    DEMOLISHED = "demolished"


class AliasKind(StrEnum):
    """Why a place is also known by another text."""

    VERNACULAR = "vernacular"
    OLD_NAME = "old_name"
    DOORPLATE = "doorplate"
    ESTATE = "estate"
    SECONDARY = "secondary"
    CONFIRMED = "confirmed"


ADDRESS_ENTRY = CATALOGUE.declare(
    BulkTable(
        name="address_entry",
        owner="address",
        row="One entry of the address library as frozen by a build: a district, ... a building, a room.",
        retention="permanent: an address code is never deleted, only ended",
        columns=(
            Column("address_code", "VARCHAR", L1, "code, 6 to 25 digits"),
            Column(
                "level", "VARCHAR", L1, "district, subdistrict, community, grid, building, room"
            ),
            Column(
                "parent_code",
                "VARCHAR",
                L1,
                "code one level up in this version; never found by cutting",
            ),
            Column("name", "VARCHAR", L1, "short name: room number, estate, community"),
            Column("standard_text", "VARCHAR", L1, "standard address; empty for grids"),
            Column("longitude", "DOUBLE", L1, "CGCS2000, degrees east; null if unknown"),
            Column("latitude", "DOUBLE", L1, "CGCS2000, degrees north; null if unknown"),
            Column("use", "VARCHAR", L1, "住宅, 商铺, 厂房, ... as the library says"),
            Column(
                "state",
                "VARCHAR",
                L1,
                "planned, in_use, split, merged, renumbered, demolished",
            ),
        ),
        order_by=("address_code",),
    )
)

ADDRESS_ALIAS = CATALOGUE.declare(
    BulkTable(
        name="address_alias",
        owner="address",
        row="Another text under which a place of the library is known, as frozen by a build.",
        retention="as the entry it belongs to; a revoked alias leaves the next build",
        columns=(
            Column("address_code", "VARCHAR", L1, "the entry meant"),
            Column("text", "VARCHAR", L2, "the other text: a name, a doorplate, a whole address"),
            Column(
                "kind",
                "VARCHAR",
                L1,
                "vernacular, old_name, doorplate, estate, secondary, confirmed",
            ),
            Column("source", "VARCHAR", L1, "import, life-cycle event or steward's decision"),
            Column("valid_from", "DATE", L1, "first day; null if unknown"),
            Column("valid_to", "DATE", L1, "day after the last; null while it lasts"),
        ),
        order_by=("address_code", "text", "kind"),
    )
)

ADDRESS_SUCCESSION = CATALOGUE.declare(
    BulkTable(
        name="address_succession",
        owner="address",
        row="One step from a code that is no longer answered to a code that took its place.",
        retention="permanent: every code ever issued resolves",
        columns=(
            Column("address_code", "VARCHAR", L1, "the code that ended"),
            Column("successor_code", "VARCHAR", L1, "the code that follows; null if nothing does"),
            Column("kind", "VARCHAR", L1, "split, merged, renumbered, demolished"),
            Column("happened_on", "DATE", L1, "day of the event"),
            Column("reason", "VARCHAR", L1, "why, in the steward's words"),
        ),
        order_by=("address_code", "successor_code"),
    )
)

ADDRESS_GEOMETRY = CATALOGUE.declare(
    BulkTable(
        name="address_geometry",
        owner="address",
        row="The outline or line of an entry: a grid's or community's area, a building's footprint, a road.",
        retention="as the entry it belongs to",
        columns=(
            Column("address_code", "VARCHAR", L1, "the entry"),
            Column("geometry", "BLOB", L1, "WKB, CGCS2000 (EPSG:4490), degrees, longitude first"),
            Column(
                "delivered_datum", "VARCHAR", L1, "CGCS2000, WGS84, GCJ-02 or BD-09, as declared"
            ),
        ),
        order_by=("address_code",),
    )
)

ADDRESS_IDENTIFIER = CATALOGUE.declare(
    BulkTable(
        name="address_identifier",
        owner="address",
        row="The same place in another coding scheme (GB/T 39609, JGJ/T 246, a department's own).",
        retention="as the entry it belongs to",
        columns=(
            Column("address_code", "VARCHAR", L1, "the entry"),
            Column("scheme", "VARCHAR", L1, "the scheme's name"),
            Column("value", "VARCHAR", L1, "the code in that scheme"),
        ),
        order_by=("address_code", "scheme", "value"),
    )
)

ADDRESS_WASH = CATALOGUE.declare(
    BulkTable(
        name="address_wash",
        owner="address",
        row="What one written place was understood as.",
        retention="as the mention it belongs to",
        columns=(
            Column("mention_key", "VARCHAR", L2, "the address mention"),
            Column(
                "address_code",
                "VARCHAR",
                L2,
                "code found; for grade C the best candidate; null for D",
            ),
            Column("level", "VARCHAR", L1, "level of the code"),
            Column("grade", "VARCHAR", L1, "A, B, C, D"),
            Column("matched_text", "VARCHAR", L2, "standard text of the entry found"),
            Column(
                "explanation",
                "VARCHAR",
                L2,
                "why, in Chinese; names variations, never more of the text than the place",
            ),
            Column("candidates", "VARCHAR", L2, "JSON list for grade C, else empty"),
            Column(
                "unknown_place",
                "VARCHAR",
                L2,
                "what the text names below the code and the library lacks: a room's key (601A), below a division"
                " name|number; else empty",
            ),
        ),
        order_by=("mention_key",),
    )
)


@dataclass(frozen=True)
class WashedAddress:
    """The answer of the wash for one text."""

    address_code: str | None
    level: Level | None
    grade: Grade
    matched_text: str
    explanation: str
    candidates: tuple[dict[str, object], ...] = ()
    # What the text names below the code and the library lacks, as in ADDRESS_WASH.
    unknown_place: str = ""


@dataclass(frozen=True)
class ExplainStep:
    """One line of `kuai explain address`: what a step of the wash saw."""

    title: str
    words: str


@dataclass(frozen=True)
class EarlierWash:
    """An `address_wash` made of the same library by the same steps, and the mentions it answered.

    `mentions`: by source the address mentions of its deliveries as they were then, oldest first.
    """

    answers: Path
    mentions: tuple[tuple[Path, ...], ...]
