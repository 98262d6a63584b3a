"""What leaves the care zone for the rules: that a reminder somebody asked for is on, and who asked for delivery.

One bit a home or person and a day; no reading, no reason, no row, nothing of anybody who did not ask. It is made when
rules run, lies in no build, and a reminder is over after thirty days (docs/what-kuai-does-not-do.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from kuai.guard import access
from kuai.guard.types import Zone
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.store import Store, read_json
from kuai.registry import queries as registry
from kuai.registry.types import RELATION

SIGNALS, CONSENTS = "care_signals", "care_consents"
# What an agreement must allow: a reminder goes to care staff, who wants things brought leaves as a yes or no.
PURPOSES = {SIGNALS: "home_care", CONSENTS: "home_care"}
DELIVERY_PURPOSE = "home_delivery"
KEPT_FOR = timedelta(days=30)
# Words of the two lists -> the flag of the view, or the wish.
FLAGS = {"漏水": "leak", "平安": "welfare"}
DELIVERY_WORD = "送件"
WISH = "deliver_at_home"

Row = dict[str, Any]


@dataclass(frozen=True)
class _CareLine:
    """One row of a care source at a room: what it says, and since when."""

    record: str
    room_code: str
    word: str
    on: date


@dataclass(frozen=True)
class _CareSource:
    name: str
    period: str
    template: str
    purposes: frozenset[str]
    is_synthetic: bool

    def permits(self, purpose: str) -> bool:
        return self.is_synthetic or purpose in self.purposes


def care_rows(store: Store, *, on: date | None = None, at: datetime) -> dict[str, list[Row]]:
    """Rows of `opted_in_flags` and `declared_wishes` as of the day `on` (of `at` if unsaid), of the published build's
    care deliveries.

    That they were asked for stands in the ledger, without anybody's code. Nothing is kept; may be repeated.
    """
    build = store.current_build()
    sources = _care_sources(build)
    consents = [
        (one, line)
        for one in sources
        if one.template == CONSENTS and one.permits(PURPOSES[CONSENTS])
        for line in _lines(store, build, one)
    ]
    signals = [
        line
        for one in sources
        if one.template == SIGNALS and one.permits(PURPOSES[SIGNALS])
        for line in _lines(store, build, one)
    ]
    if not consents:
        return {}
    today = on or local_day(at)
    flags = _flags([line for _, line in consents], signals, today=today)
    wishes = _wishes(store, build, consents, today=today)
    access.record_entry(
        actor=None,
        action="care.bits_made",
        object_kind="room",
        purpose="home_care",
        count=len(flags) + len(wishes),
        at=at,
        outcome="allowed",
    )
    return {"opted_in_flags": flags, "declared_wishes": wishes}


def _flags(
    consents: Iterable[_CareLine], signals: Iterable[_CareLine], *, today: date
) -> list[Row]:
    asked: dict[tuple[str, str], date] = {}
    for line in consents:
        for flag in _flags_of(line.word):
            key = (line.room_code, flag)
            asked[key] = min(line.on, asked.get(key, line.on))
    raised = {
        (line.room_code, flag, line.on)
        for line in signals
        for flag in _flags_of(line.word)
        if today - KEPT_FOR < line.on <= today
        # Before they asked nobody may have looked.
        and (line.room_code, flag) in asked
        and asked[line.room_code, flag] <= line.on
    }
    return [
        {"room_code": room, "flag": flag, "raised_on": on.isoformat()}
        for room, flag, on in sorted(raised)
    ]


def _flags_of(word: str) -> list[str]:
    return [flag for part, flag in FLAGS.items() if part in word]


def _wishes(
    store: Store, build: Path, consents: Iterable[tuple[_CareSource, _CareLine]], *, today: date
) -> list[Row]:
    by_source: dict[_CareSource, dict[str, _CareLine]] = defaultdict(dict)
    for source, line in consents:
        if DELIVERY_WORD in line.word and line.on <= today and source.permits(DELIVERY_PURPOSE):
            by_source[source][line.record] = line
    wishes: dict[str, Row] = {}
    for source, lines in by_source.items():
        rooms = {line.room_code: line for line in lines.values()}
        living = _living_at(build, rooms)
        subjects = registry.resolve_persons(sorted(living), store=store)
        own = access.whose_care_rows(
            subjects, set(lines), store=store, source=source.name, period=source.period
        )
        for code in sorted(own):
            line = rooms[living[code]]
            wishes[code] = {
                "person_code": code, "place_code": line.room_code, "wish": WISH, "wanted": True,
                "said_on": line.on.isoformat(),
            }  # fmt: skip
    return list(wishes.values())


def _living_at(build: Path, rooms: Iterable[str]) -> dict[str, str]:
    """Who is registered at these rooms, and at which."""
    scan = scan_sql([build / "core" / f"{RELATION.name}.parquet"])
    with engine(memory_limit="1GB") as connection:
        found = connection.execute(
            f"select from_code, min(to_code) from {scan} where type = 'PH_RESIDE'"
            " and status in ('asserted', 'verified') and list_contains($rooms, to_code) group by from_code",
            {"rooms": sorted(rooms)},
        ).fetchall()
    return dict(found)


def _care_sources(build: Path) -> list[_CareSource]:
    inputs = read_json(build / "inputs.json")
    return [
        _CareSource(
            one["source"],
            one["period"],
            str(yaml.safe_load(one["mapping"]).get("template", "")),
            frozenset(one["registration"]["permitted_purposes"]),
            bool(one["registration"]["synthetic"]),
        )
        for one in inputs["deliveries"]
        if one["zone"] == Zone.CARE.value and one.get("registration")
    ]


def _lines(store: Store, build: Path, source: _CareSource) -> list[_CareLine]:
    """What a care source's rows say of rooms; a row whose place is not surely one room says nothing."""
    events = store.extracts / "care" / source.name / source.period / "event_mention.parquet"
    washed = build / "care" / "address_wash.parquet"
    if not events.is_file() or not washed.is_file():
        return []
    with engine(memory_limit="1GB") as connection:
        found = connection.execute(
            "select e.record_key, w.address_code, e.category, e.occurred_on"
            f" from {scan_sql([events])} as e join {scan_sql([washed])} as w"
            " on split_part(w.mention_key, '#', 1) = e.record_key"
            " where w.level = 'room' and w.grade in ('A', 'B') and e.category is not null"
            " and e.occurred_on is not null order by all"
        ).fetchall()
    return [_CareLine(*row) for row in found]
