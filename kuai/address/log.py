"""The log of the library in the work database: steps are added, read back, and named by a digest of all before them.

Private: see the door `library`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError

from kuai.address.life.shapes import (
    AliasLine,
    Change,
    Effect,
    Entry,
    IdentifierLine,
    Outline,
    SuccessionLine,
)
from kuai.address.models import LibraryStep, StepSubject
from kuai.address.models.record import IMPORTED
from kuai.address.types import AliasKind, Level, State
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store

# Beyond this many changed entries an effect lies in the store as a file: rows of the work database stay small.
MOST_CHANGES_IN_A_ROW = 1000
BEGINNING = "0" * 64


@dataclass(frozen=True)
class Head:
    """How far the log goes: the library's version as the record knows it."""

    sequence: int = 0
    chain: str = BEGINNING


@dataclass(frozen=True)
class NewStep:
    """What is to be added to the log."""

    kind: str
    happened_on: date | None
    reason: str
    by: str
    intent: Mapping[str, Any]
    effect: Effect = field(default_factory=Effect)
    bulk: str = ""
    undoes: LibraryStep | None = None
    at: datetime | None = None


def head(*, locked: bool = False) -> Head:
    """The newest step; `locked` inside a transaction that will add the next."""
    steps = LibraryStep.objects.order_by("-sequence")
    newest = (steps.select_for_update() if locked else steps).first()
    return Head(newest.sequence, newest.chain) if newest else Head()


def append_step(store: Store, after: Head, new: NewStep) -> LibraryStep:
    """Add the next step; refuses if somebody added one since `after`. Inside a transaction."""
    effect, bulk = encode_effect(new.effect), new.bulk
    if not bulk and len(new.effect.changes) > MOST_CHANGES_IN_A_ROW:
        bulk, effect = _write_effect(store, effect), {}
    step = LibraryStep(
        sequence=after.sequence + 1,
        kind=new.kind,
        happened_on=new.happened_on,
        reason=new.reason,
        recorded_by=new.by,
        intent=dict(new.intent),
        effect=effect,
        bulk=bulk,
        undoes=new.undoes,
        chain=_chain(after, new, effect=effect, bulk=bulk),
    )
    if new.at is not None:
        step.recorded_at = new.at
    try:
        step.save(force_insert=True)
    except IntegrityError as raced:
        raise Refusal(
            "library.raced", "别人刚刚改了地址库。", next_step="请看过最新的库再做一次。"
        ) from raced
    StepSubject.objects.bulk_create(
        StepSubject(step=step, address_code=change.after.address_code, role=change.role)
        for change in new.effect.changes
    )
    return step


def is_bulk(step: LibraryStep) -> bool:
    """An import, or the undoing of one: its rows lie in the store as tables, not as an event's effect."""
    return step.kind == IMPORTED or bool(step.intent.get("undoes_import"))


def effects_between(
    store: Store, *, after: int, until: int
) -> Iterator[tuple[LibraryStep, Effect]]:
    """Steps with their effects, in order; an import's effect is empty here, it lies in the store under `bulk`."""
    steps = LibraryStep.objects.filter(sequence__gt=after, sequence__lte=until)
    for step in steps.order_by("sequence").iterator(chunk_size=500):
        yield step, effect_of_step(store, step)


def effect_of_step(store: Store, step: LibraryStep) -> Effect:
    """What one event changed."""
    if is_bulk(step):
        return Effect()
    return decode_effect(_read_effect(store, step.bulk) if step.bulk else step.effect)


# --- effects as plain data ---------------------------------------------------------------------------
def encode_effect(effect: Effect) -> dict[str, Any]:
    """Plain data for a row or a file."""
    plain: dict[str, Any] = {
        "changes": [
            [_entry_row(one.before) if one.before else None, _entry_row(one.after)]
            for one in effect.changes
        ],
        "successions": [_succession_row(line) for line in effect.successions],
        "dropped_successions": [_succession_row(line) for line in effect.dropped_successions],
        "aliases": [_alias_row(line) for line in effect.aliases],
        "dropped_aliases": [_alias_row(line) for line in effect.dropped_aliases],
        "outlines": [
            [one.address_code, one.geometry.hex(), one.delivered_datum] for one in effect.outlines
        ],
        "identifiers": [[one.address_code, one.scheme, one.value] for one in effect.identifiers],
    }
    return {name: rows for name, rows in plain.items() if rows}


def decode_effect(plain: Mapping[str, Any]) -> Effect:
    """Inverse of `encode_effect`."""
    return Effect(
        changes=tuple(
            Change(_entry(before) if before else None, _entry(after))
            for before, after in plain.get("changes", ())
        ),
        successions=tuple(map(_succession, plain.get("successions", ()))),
        dropped_successions=tuple(map(_succession, plain.get("dropped_successions", ()))),
        aliases=tuple(map(_alias, plain.get("aliases", ()))),
        dropped_aliases=tuple(map(_alias, plain.get("dropped_aliases", ()))),
        outlines=tuple(
            Outline(code, bytes.fromhex(geometry), datum)
            for code, geometry, datum in plain.get("outlines", ())
        ),
        identifiers=tuple(IdentifierLine(*row) for row in plain.get("identifiers", ())),
    )


def _entry_row(entry: Entry) -> list[Any]:
    return [
        entry.address_code,
        entry.level.value,
        entry.parent_code,
        entry.name,
        entry.standard_text,
        entry.longitude,
        entry.latitude,
        entry.use,
        entry.state.value,
    ]


def _entry(row: Sequence[Any]) -> Entry:
    code, level, parent, name, text, longitude, latitude, use, state = row
    return Entry(code, Level(level), parent, name, text, longitude, latitude, use, State(state))


def _succession_row(line: SuccessionLine) -> list[Any]:
    day = line.happened_on.isoformat() if line.happened_on else None
    return [line.address_code, line.successor_code, line.kind.value, day, line.reason]


def _succession(row: Sequence[Any]) -> SuccessionLine:
    code, successor, kind, day, reason = row
    return SuccessionLine(code, successor, State(kind), _day(day), reason)


def _alias_row(line: AliasLine) -> list[Any]:
    days = [day.isoformat() if day else None for day in (line.valid_from, line.valid_to)]
    return [line.address_code, line.text, line.kind.value, line.source, *days]


def _alias(row: Sequence[Any]) -> AliasLine:
    code, text, kind, source, begins, ends = row
    return AliasLine(code, text, AliasKind(kind), source, _day(begins), _day(ends))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _chain(after: Head, new: NewStep, *, effect: Mapping[str, Any], bulk: str) -> str:
    said = [
        after.chain,
        new.kind,
        new.happened_on.isoformat() if new.happened_on else None,
        new.reason,
        effect,
        bulk,
        new.undoes.chain if new.undoes else None,
    ]
    return hashlib.sha256(_plain_bytes(said)).hexdigest()


def _plain_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


# --- effects too large for a row -----------------------------------------------------------------------
def _write_effect(store: Store, plain: Mapping[str, Any]) -> str:
    body = _plain_bytes(plain)
    digest = hashlib.sha256(body).hexdigest()
    folder = store.library / "events"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / f"{digest}.json.gz").exists():
        with replace_when_complete(folder / f"{digest}.json.gz") as scratch:
            scratch.write_bytes(gzip.compress(body, mtime=0))
    return digest


def _read_effect(store: Store, digest: str) -> dict[str, Any]:
    path = store.library / "events" / f"{digest}.json.gz"
    try:
        body = gzip.decompress(path.read_bytes())
    except OSError as cause:
        raise Breakdown(f"the library's event {digest[:12]} is missing from the store") from cause
    if hashlib.sha256(body).hexdigest() != digest:
        raise Breakdown(f"the library's event {digest[:12]} is not what was recorded")
    plain: dict[str, Any] = json.loads(body)
    return plain
