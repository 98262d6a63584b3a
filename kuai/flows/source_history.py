"""A source over time: every delivery that came, its sums, what was sent back and why, what the build made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from kuai.flows.delivery_series import list_series
from kuai.guard.actions import is_shredded
from kuai.guard.types import Zone
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store, read_json, write_json
from kuai.sources import actions as sources

GRADES = ("A", "B", "C", "D")
# Whom a row names is linked where another source names them too.
_LINKED_ELEMENTS = ("person", "organisation")


@dataclass(frozen=True)
class BuildShare:
    """What the published build made of one delivery: washed addresses by grade, persons and firms, and how many of
    those another source names too."""

    grades: Mapping[str, int]
    named: int
    linked: int

    @property
    def linked_share(self) -> float | None:
        """None where nobody is named."""
        return self.linked / self.named if self.named else None


@dataclass(frozen=True)
class DeliveryLine:
    """One delivery. `mends` is the delivery it mends; `together` its sums with the rows mended since;
    `late_days` how much later it came than the refresh cycle says."""

    period: str
    received_on: date
    kind: str
    receipt: Receipt
    together: Receipt
    reasons: tuple[tuple[str, int], ...]
    mends: str = ""
    is_shredded: bool = False
    late_days: int = 0
    share: BuildShare | None = field(default=None)


def list_deliveries(store: Store, source: str, *, refresh_days: int = 0) -> list[DeliveryLine]:
    """Every delivery of the source that lies in the vault, oldest first. No value of any row."""
    shares = build_shares(store)
    lines: list[DeliveryLine] = []
    last_full: date | None = None
    for entry in list_series(store, source):
        for zone in Zone:
            card = store.vault / zone.value / source / entry.period / "snapshot.json"
            if not card.exists():
                continue
            came = _day_of(card)
            mends = sources.mended_period(entry.period)
            late = 0
            # Mended rows are no new delivery, and the first one is not late.
            if not mends:
                late = _late(last_full, came, refresh_days)
                last_full = came
            gone = is_shredded(store, zone=zone, source=source, period=entry.period)
            receipt = Receipt.from_json(read_json(card)["receipt"])
            together = receipt
            if not gone and not mends:
                together = sources.read_receipt_together(
                    store, zone=zone, source=source, period=entry.period
                )
            lines.append(
                DeliveryLine(
                    period=entry.period,
                    received_on=came,
                    kind=entry.delivery,
                    receipt=receipt,
                    together=together,
                    reasons=_reasons(receipt),
                    mends=mends[0] if mends else "",
                    is_shredded=gone,
                    late_days=late,
                    share=shares.get((source, entry.period)),
                )
            )
    return lines


def next_expected(lines: list[DeliveryLine], *, refresh_days: int) -> date | None:
    """The day by which the next delivery is due; None without a cycle or a delivery."""
    ordinary = [line.received_on for line in lines if not line.mends]
    return max(ordinary) + timedelta(days=refresh_days) if ordinary and refresh_days else None


def build_shares(store: Store) -> dict[tuple[str, str], BuildShare]:
    """By source and delivery, of the published build; counted once a build and kept in scratch."""
    if store.current_version() is None:
        return {}
    return _shares_of(store.current_build(), store.scratch)


@lru_cache(maxsize=2)
def _shares_of(build: Path, scratch: Path) -> dict[tuple[str, str], BuildShare]:
    kept = scratch / f"{build.name}-delivery-shares.json"
    if not kept.exists():
        scratch.mkdir(parents=True, exist_ok=True)
        write_json(kept, {"deliveries": _count_shares(build / "core" / "mention_element.parquet")})
    return {
        (one["source"], one["period"]): BuildShare(one["grades"], one["named"], one["linked"])
        for one in read_json(kept)["deliveries"]
    }


def _count_shares(mentions: Path) -> list[dict[str, Any]]:
    if not mentions.exists():
        return []
    scan = scan_sql([mentions])
    counted: dict[tuple[str, str], dict[str, Any]] = defaultdict(
        lambda: {"grades": dict.fromkeys(GRADES, 0), "named": 0, "linked": 0}
    )
    with engine() as connection:
        graded = connection.execute(
            f"select source, period, grade, count(*) from {scan} where grade is not null group by all order by all"
        ).fetchall()
        linked = connection.execute(
            f"with named as (select source, period, code from {scan} where element in (select unnest($elements))),"
            " shared as (select code from named group by code having min(source) <> max(source))"
            " select source, period, count(*), count(shared.code) from named left join shared using (code)"
            " group by all order by all",
            {"elements": list(_LINKED_ELEMENTS)},
        ).fetchall()
    for source, period, grade, count in graded:
        if grade in GRADES:
            counted[source, period]["grades"][grade] += count
    for source, period, named, shared in linked:
        counted[source, period] |= {"named": named, "linked": shared}
    return [
        {"source": source, "period": period, **found}
        for (source, period), found in sorted(counted.items())
    ]


def _day_of(card: Path) -> date:
    return local_day(datetime.fromtimestamp(card.stat().st_mtime, tz=UTC))


def _late(before: date | None, came: date, refresh_days: int) -> int:
    if before is None or not refresh_days:
        return 0
    return max(0, (came - before).days - refresh_days)


def _reasons(receipt: Receipt) -> tuple[tuple[str, int], ...]:
    found = receipt.notes.get("reasons", {})
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))
