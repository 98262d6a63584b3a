"""Months of a tiny world: each is related on from the one before, with deliveries, decisions and a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from kuai.address.types import ADDRESS_ENTRY, ADDRESS_SUCCESSION
from kuai.kit.engine import engine
from kuai.registry import actions as registry
from kuai.registry.types import DECISION
from tests.modules.registry.builders import INPUTS, World, read_rows, write_rows

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31)
Rows = dict[str, list[dict[str, Any]]]
PURPOSES = {
    "police": ("grid_visit", "residence_registration"),
    "grid": ("grid_visit", "rental_management"),
}


@dataclass
class Months:
    """The store's memory: the last build's folder, and the decisions in force."""

    folder: Path
    decisions: list[dict[str, Any]] = field(default_factory=list)
    library: list[dict[str, Any]] = field(default_factory=list)
    successions: list[dict[str, Any]] = field(default_factory=list)
    last: Path | None = None
    built: int = 0

    def decide(
        self,
        kind: str,
        subject: str,
        *,
        on: date = NOVEMBER,
        mentions: Sequence[str] = (),
        **more: Any,
    ) -> int:
        """A decision about a fact (stated by `mentions`) or an element; returns its place in the log."""
        usual = {"level": "", "says": "", "evidence_kind": "", "evidence_ref": "", "on_day": None}
        sequence = max((one["sequence"] for one in self.decisions), default=0) + 1
        parts = [("subject", 0, subject)]
        parts += [("mention", place, key) for place, key in enumerate(mentions)]
        self.decisions += [
            {
                **usual,
                "sequence": sequence,
                "kind": kind,
                "place": place,
                "part": part,
                "subject": key,
                "decided_on": on,
                **more,
            }
            for part, place, key in parts
        ]
        return sequence

    def take_back(self, sequence: int) -> None:
        """What is withdrawn is not in the frozen log."""
        self.decisions = [one for one in self.decisions if one["sequence"] != sequence]

    def promote(self, fact: str, *levels: str, on: date = OCTOBER) -> None:
        for level in levels:
            self.decide(
                "verify", fact, level=level, on=on, evidence_kind="visit", evidence_ref="V1"
            )

    def place(self, code: str, level: str, parent: str, *, state: str = "in_use") -> None:
        self.library.append(
            {"address_code": code, "level": level, "parent_code": parent, "state": state}
        )

    def build(
        self,
        world: World,
        *,
        as_of: date,
        deliveries: Sequence[tuple[str, str, str]] | None = None,
        retention_days: int = 0,
    ) -> Rows:
        """Relate `world` on from the last month. `deliveries`: source, period and kind, oldest first."""
        self.built += 1
        folder = self.folder / f"{self.built}"
        given = [(table, world.rows.get(table.name, [])) for table in INPUTS]
        given += [
            (DECISION, self.decisions),
            (ADDRESS_ENTRY, self.library),
            (ADDRESS_SUCCESSION, self.successions),
        ]
        if deliveries is None:
            deliveries = [("police", world.rows["row_link"][0].get("period", "0001"), "full")]
        with engine() as connection:
            inputs = {
                table.name: [write_rows(connection, table, rows, folder / "in")]
                for table, rows in given
            }
            made, receipt = registry.identify_and_relate(
                connection,
                inputs=inputs,
                purposes_by_source=PURPOSES,
                previous=registry.read_previous(connection, self.last) if self.last else None,
                frame=registry.BuildFrame(
                    version=f"b-{as_of:%Y%m%d}-{self.built:012d}",
                    as_of=as_of,
                    folder=folder / "core",
                ),
                catalogue=registry.relation_types(),
                deliveries=tuple(
                    registry.SourceDelivery(source, period, kind, as_of, retention_days)
                    for source, period, kind in deliveries
                ),
            )
            assert receipt.received == receipt.kept + receipt.refused
            self.last = folder / "core"
            return {name: read_rows(connection, ref) for name, ref in made.items()}


def a_month(period: str, *homes: tuple[int, str], **more: Any) -> World:
    """A delivery of the police register: (row, place), one person a row; the row's key is its number."""
    world = World()
    for row, code in homes:
        world.resident(row, code)
        if more:
            world.rows["row_link"][-1].update(more)
    set_period(world, period)
    return world


def set_period(world: World, period: str) -> None:
    """All rows without a delivery belong to this one."""
    for rows in world.rows.values():
        for row in rows:
            row.setdefault("period", period)


def a_firm(world: World, row: int, *, source: str = "police", **more: Any) -> str:
    """An organisation mention, alone in its cluster."""
    key = f"{source}:{row}#subject"
    keys = {"record_key": f"{source}:{row}", "row_no": row, "role": "subject", "source": source}
    world.add("organisation_mention", mention_key=key, **keys, **more)
    world.add("organisation_link", mention_key=key, cluster_key=key)
    return key


def only(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """The one row with these values."""
    (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found
