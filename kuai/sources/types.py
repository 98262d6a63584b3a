"""What crosses the door of `sources`: deliveries, mappings, and the mention tables that the map stage makes.

A mention is one naming of an element in one row: the tenant and the landlord of a filing are two mentions.
`mention_key` = record_key + "#" + role. Identity numbers, phones and account numbers leave the vault only as
tokens keyed for the zone; names leave it only in the sealed `identity` table that the link stage may open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity, TableRef

L1, L2, L3, L4 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3, Sensitivity.L4
MENTION_RETENTION = (
    "source: as registered for the source; tombstones and key loss remove rows from the next build"
)

_KEYS = (
    Column("mention_key", "VARCHAR", L2, "record_key#role: the name of this mention, for ever"),
    Column(
        "record_key",
        "VARCHAR",
        L2,
        "source + own key, or keyed hash of the normalised row within its series",
    ),
    Column("source", "VARCHAR", L1, "name of the source (resource)"),
    Column("period", "VARCHAR", L1, "delivery within the source's series, e.g. 2026-11"),
    Column("row_no", "INTEGER", L1, "data row in the delivery, from 0"),
    Column("role", "VARCHAR", L1, "what this element is in the row: subject, owner, tenant, ..."),
)

PERSON_MENTION = CATALOGUE.declare(
    BulkTable(
        name="person_mention",
        owner="sources",
        row="One naming of a natural person in one delivered row. No name, number or phone: those are in `identity`.",
        retention=MENTION_RETENTION,
        columns=(
            *_KEYS,
            Column(
                "id_kind",
                "VARCHAR",
                L2,
                "resident, hk_macau_taiwan, foreign, legacy15, other, none",
            ),
            Column(
                "id_valid",
                "BOOLEAN",
                L2,
                "form, date and check digit hold (proves typing, not identity)",
            ),
            Column(
                "id_token",
                "VARCHAR",
                L4,
                "keyed token of the identity number for this zone, null if none",
            ),
            Column(
                "phone_token", "VARCHAR", L3, "keyed token of the phone for this zone, null if none"
            ),
            Column(
                "name_token",
                "VARCHAR",
                L3,
                "keyed token of the normalised name for this zone, null if none",
            ),
            Column("birth_date", "DATE", L3, "declared, else read from a valid identity number"),
            Column("birth_precision", "VARCHAR", L2, "day, month, year, unknown"),
            Column("sex", "VARCHAR", L3, "GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 not stated"),
            Column(
                "is_child_under_14",
                "BOOLEAN",
                L3,
                "on the build's day; then every value of the row is L4",
            ),
            Column(
                "recorded_on", "DATE", L2, "the day the office says it recorded this, if it says"
            ),
        ),
        order_by=("source", "period", "row_no", "role"),
    )
)

IDENTITY = CATALOGUE.declare(
    BulkTable(
        name="identity",
        owner="sources",
        row="The raw identifying values of one person mention, sealed in the vault; opened by link and reveal alone.",
        retention=MENTION_RETENTION,
        columns=(
            Column("mention_key", "VARCHAR", L2, "which mention"),
            Column("row_no", "INTEGER", L1, "data row in the delivery, from 0"),
            Column("name", "VARCHAR", L3, "name as written, trimmed, full width folded"),
            Column(
                "id_number", "VARCHAR", L4, "identity number, folded to half width and upper case"
            ),
            Column("phone", "VARCHAR", L3, "phone, digits only"),
        ),
        order_by=("row_no", "mention_key"),
        zone="vault",
    )
)

ORGANISATION_MENTION = CATALOGUE.declare(
    BulkTable(
        name="organisation_mention",
        owner="sources",
        row="One naming of an organisation in one delivered row.",
        retention=MENTION_RETENTION,
        columns=(
            *_KEYS,
            Column(
                "credit_code",
                "VARCHAR",
                L1,
                "unified social credit code as written, folded; null if none",
            ),
            Column(
                "credit_code_valid", "BOOLEAN", L1, "GB 32100 and the GB 11714 part inside it hold"
            ),
            Column("name", "VARCHAR", L2, "name as written, trimmed, full width folded"),
            Column(
                "kind",
                "VARCHAR",
                L1,
                "enterprise, sole_trader, cooperative, institution, other, unknown",
            ),
            Column("state", "VARCHAR", L1, "active, ended, unknown"),
            Column("founded_on", "DATE", L1, "declared"),
            Column("industry", "VARCHAR", L1, "GB/T 4754-2017 code with its letter, else as said"),
            Column("industry_section", "VARCHAR", L1, "A to T; null if what was said is none"),
            Column(
                "recorded_on", "DATE", L2, "the day the office says it recorded this, if it says"
            ),
        ),
        order_by=("source", "period", "row_no", "role"),
    )
)

ADDRESS_MENTION = CATALOGUE.declare(
    BulkTable(
        name="address_mention",
        owner="sources",
        row="One written place in one delivered row; `text` is as written, washed by the address room.",
        retention=MENTION_RETENTION,
        columns=(
            *_KEYS,
            Column("text", "VARCHAR", L3, "as written; for requests the whole sentence"),
            Column(
                "is_sentence",
                "BOOLEAN",
                L1,
                "free text that contains an address, not an address field",
            ),
        ),
        order_by=("source", "period", "row_no", "role"),
    )
)

EVENT_MENTION = CATALOGUE.declare(
    BulkTable(
        name="event_mention",
        owner="sources",
        row="Something that happened at a place on a day: a request, an inspection, a door card. No text, no author.",
        retention=MENTION_RETENTION,
        columns=(
            *_KEYS,
            Column("kind", "VARCHAR", L1, "request, inspection, case, door_card"),
            Column("occurred_on", "DATE", L2, "local day"),
            Column("category", "VARCHAR", L1, "class as written by the office"),
            Column("outcome", "VARCHAR", L2, "result as written (inspections), else null"),
        ),
        order_by=("source", "period", "row_no", "role"),
    )
)

ACCOUNT_MENTION = CATALOGUE.declare(
    BulkTable(
        name="account_mention",
        owner="sources",
        row="A contact point named in a row: a phone or a utility account. Existence only: no reading, no consumption.",
        retention=MENTION_RETENTION,
        columns=(
            *_KEYS,
            Column("kind", "VARCHAR", L1, "phone, water_account, power_account, gas_account"),
            Column("account_token", "VARCHAR", L3, "keyed token for this zone"),
        ),
        order_by=("source", "period", "row_no", "role"),
    )
)

ROW_LINK = CATALOGUE.declare(
    BulkTable(
        name="row_link",
        owner="sources",
        row="What one row says about two of its mentions: this person owns that place. `relation` is a relation code.",
        retention=MENTION_RETENTION,
        columns=(
            Column("record_key", "VARCHAR", L2, "the row"),
            Column("source", "VARCHAR", L1, "name of the source"),
            Column("period", "VARCHAR", L1, "delivery"),
            Column("row_no", "INTEGER", L1, "data row, from 0"),
            Column("relation", "VARCHAR", L1, "code of the relation catalogue, e.g. PH_OWN"),
            Column("from_mention", "VARCHAR", L2, "mention_key of the first element"),
            Column("to_mention", "VARCHAR", L2, "mention_key of the second element"),
            Column("role", "VARCHAR", L1, "finer role, e.g. sub_landlord; empty if none"),
            Column("share", "VARCHAR", L2, "share as written (ownership); empty if none"),
            Column("valid_from", "DATE", L2, "declared beginning"),
            Column("valid_to", "DATE", L2, "declared first day on which it no longer holds"),
            Column("precision", "VARCHAR", L1, "day, month, year, unknown"),
            Column(
                "recorded_on", "DATE", L2, "the day the office says it recorded this, if it says"
            ),
        ),
        order_by=("source", "period", "row_no", "relation", "from_mention", "to_mention"),
    )
)

MENTION_TABLES = (
    PERSON_MENTION,
    ORGANISATION_MENTION,
    ADDRESS_MENTION,
    EVENT_MENTION,
    ACCOUNT_MENTION,
    ROW_LINK,
)

# Deliveries of this beginning are answered sheets of a yes/no source: no rows of a build.
ANSWERED = "answers-"


class DeliveryKind(StrEnum):
    """Only a full delivery lets endings be inferred."""

    FULL = "full"
    DELTA = "delta"
    APPEND = "append"


@dataclass(frozen=True)
class SnapshotRef:
    """One received delivery, sealed in the vault: raw strings, row numbers, content hash."""

    source: str
    period: str
    file_name: str
    content_hash: str
    headings: tuple[str, ...]
    rows: int
    encoding: str = ""
    sheet: str = ""
    heading_row: int = 1


@dataclass(frozen=True)
class MentionSet:
    """The mention tables of one delivery, and where its sealed identity values lie (None if it names no person)."""

    source: str
    period: str
    zone: str
    folder: Path
    tables: dict[str, TableRef] = field(default_factory=dict)
    has_identity: bool = False
    as_of: date | None = None
