"""What pages and commands ask of a store as a whole: its sources and the receipts of its published build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from kuai.kit.engine import engine, scan_sql
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json
from kuai.registry.types import KEYLESS_MENTION


@dataclass(frozen=True)
class SourceLine:
    """One source as the sources page shows it: where from, on what basis, how fresh, what became of its rows."""

    source: str
    title: str
    handler: str
    legal_basis: str
    zone: str
    template: str
    refused_reason: str
    period: str
    file_name: str
    encoding: str
    delivery: str
    right_to_build: str
    refresh_days: int
    receive: Receipt
    map: Receipt | None
    grades: dict[str, int]
    as_of: date

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["receive"] = self.receive.as_json()
        plain["map"] = self.map.as_json() if self.map else None
        plain["as_of"] = self.as_of.isoformat()
        return plain


def list_sources(store: Store) -> list[SourceLine]:
    """The sources of the published build, in the package's order; empty before the first build."""
    if store.current_version() is None:
        return []
    summary = read_json(store.current_build() / "receipts.json")
    return [_line(entry, date.fromisoformat(summary["as_of"])) for entry in summary["sources"]]


def list_stage_receipts(store: Store) -> list[Receipt]:
    """The receipts of the published build's stages, in order; empty before the first build."""
    if store.current_version() is None:
        return []
    return [
        Receipt.from_json(entry)
        for entry in read_json(store.current_build() / "receipts.json")["stages"]
    ]


@dataclass(frozen=True)
class KeylessRow:
    """One row that names somebody by nothing they could be told by again; no value of it."""

    source: str
    period: str
    row_no: int
    element: str
    role: str
    has_name: bool


def list_keyless_rows(store: Store, source: str = "") -> list[KeylessRow]:
    """The rows of the published build without any key, of one source or of all; empty before the first build."""
    if store.current_version() is None:
        return []
    path = store.current_build() / "core" / f"{KEYLESS_MENTION.name}.parquet"
    if not path.exists():
        return []
    names = ", ".join(KeylessRow.__dataclass_fields__)
    with engine() as connection:
        rows = connection.execute(
            f"select {names} from {scan_sql([path])} where $source in ('', source)"
            " order by source, period, row_no, element, role",
            {"source": source},
        ).fetchall()
    return [KeylessRow(*row) for row in rows]


def is_synthetic(store: Store) -> bool:
    """Whether every package ever built into this store said its people are invented."""
    card = store.root / "tenant.json"
    return bool(card.exists() and read_json(card)["synthetic"])


def _line(entry: dict[str, Any], as_of: date) -> SourceLine:
    known = (
        "source",
        "title",
        "handler",
        "legal_basis",
        "zone",
        "template",
        "refused_reason",
        "period",
        "file_name",
    )
    return SourceLine(
        **{name: entry[name] for name in known},
        encoding=entry["encoding"],
        delivery=entry["delivery"],
        right_to_build=entry["right_to_build"],
        refresh_days=entry["refresh_days"],
        receive=Receipt.from_json(entry["receive"]),
        map=Receipt.from_json(entry["map"]) if entry["map"] else None,
        grades=entry["grades"],
        as_of=as_of,
    )
