"""What crosses the door of `address`: library entries, washed addresses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
            Column("state", "VARCHAR", L1, "in_use, planned, demolished, merged"),
        ),
        order_by=("address_code",),
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


@dataclass(frozen=True)
class ExplainStep:
    """One line of `kuai explain address`: what a step of the wash saw."""

    title: str
    words: str
