"""The door to the living address library: imports with a plan first, life-cycle events, other texts, frozen versions.

The record is imports and events (decisions 0005, 0017); a library is a fold of them, a build freezes one. Needs Django.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from kuai.address import given_aliases
from kuai.address.exporting import export_library
from kuai.address.freezing import FROZEN_TABLES, FrozenLibrary, freeze_library
from kuai.address.given_aliases import AliasView, list_aliases, revoke_alias
from kuai.address.importing import (
    PLAN_LISTS,
    Conflict,
    ImportPlan,
    PlannedChange,
    PlannedEntry,
    apply_plan,
    delivery_of_rows,
    drop_plan,
    list_plan_lines,
    list_plans,
    open_plan,
    plan_import,
    take_delivery,
)
from kuai.address.life.events import effect_of
from kuai.address.life.moves import EVENT_WORDS, LEVEL_WORDS, MOVES, STATE_WORDS
from kuai.address.life.shapes import (
    AliasLine,
    Change,
    Effect,
    Entry,
    NewEntry,
    NewEvent,
    Outline,
    SuccessionLine,
)
from kuai.address.life.succession import Resolution
from kuai.address.life.undoing import effect_of_undoing
from kuai.address.log import NewStep, append_step, effect_of_step, head
from kuai.address.models import LibraryStep
from kuai.address.models.record import IMPORTED, UNDONE
from kuai.address.record import LibraryRecord, open_record
from kuai.address.types import AliasKind, EventKind
from kuai.address.undoing_imports import effect_of_undoing_import
from kuai.guard.free_text import require_reason
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

__all__ = [
    "EVENT_WORDS",
    "FROZEN_TABLES",
    "LEVEL_WORDS",
    "MOVES",
    "PLAN_LISTS",
    "STATE_WORDS",
    "AliasLine",
    "AliasView",
    "Change",
    "Conflict",
    "Effect",
    "Entry",
    "EventView",
    "FrozenLibrary",
    "ImportPlan",
    "LibraryRecord",
    "NewEntry",
    "NewEvent",
    "Outline",
    "PlannedChange",
    "PlannedEntry",
    "Resolution",
    "SuccessionLine",
    "add_alias",
    "apply_plan",
    "delivery_of_rows",
    "drop_plan",
    "export_library",
    "freeze_library",
    "get_event",
    "list_aliases",
    "list_events",
    "list_plan_lines",
    "list_plans",
    "open_plan",
    "open_record",
    "plan_import",
    "preview_event",
    "record_event",
    "revoke_alias",
    "take_delivery",
    "undo_event",
]

MOST_LISTED = 1000


@dataclass(frozen=True)
class EventView:
    """One step of the log as pages show it: an import, an event, or the undoing of one."""

    number: int
    kind: str
    day: date | None
    reason: str
    by: str
    at: datetime
    ended: tuple[str, ...]
    begun: tuple[str, ...]
    changed: tuple[str, ...]
    intent: Mapping[str, Any]
    undoes: int | None = None
    undone_by: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.__dict__.items()
        }


def record_event(
    store: Store, event: NewEvent, *, by: str, at: datetime | None = None
) -> EventView:
    """Let `event` happen to the library; effective for readers at once, for blocks at the next build.

    Refuses what the rules of life do not allow (state, level, orphans, doubles). Not repeatable: it happens once.
    """
    with transaction.atomic():
        now = head(locked=True)
        effect = effect_of(event, open_record(store).state)
        step = append_step(
            store,
            now,
            NewStep(
                kind=event.kind.value,
                happened_on=event.day,
                reason=event.reason.strip(),
                by=by,
                intent=_intent(event),
                effect=effect,
                at=at,
            ),
        )
    return get_event(step.sequence)


def preview_event(store: Store, event: NewEvent) -> Effect:
    """What `event` would change, nothing recorded; refuses as `record_event` does."""
    return effect_of(event, open_record(store).state)


def undo_event(
    store: Store,
    number: int,
    *,
    by: str,
    reason: str,
    day: date | None = None,
    at: datetime | None = None,
) -> EventView:
    """Undo step `number` by a compensating one: what ended lives again, what began ends and leads back.

    Imports too: what one added ends, its codes stay issued. Refuses what is undone already and what later steps build
    upon. `day` is when it was noticed.
    """
    reason = require_reason(reason, what="撤销", area="library")
    with transaction.atomic():
        now = head(locked=True)
        done = _undoable(number)
        noticed = day or done.happened_on
        if noticed is None:
            raise Refusal("library.day", "撤销要写明日期。")
        record, why = open_record(store), f"撤销第 {number} 步：{reason}"
        effect, bulk = Effect(), ""
        if done.kind == IMPORTED:
            bulk = effect_of_undoing_import(store, done, record, day=noticed, reason=why)
        else:
            effect = effect_of_undoing(
                effect_of_step(store, done), record.state, day=noticed, reason=why
            )
        step = append_step(
            store,
            now,
            NewStep(
                kind=UNDONE,
                happened_on=noticed,
                reason=reason,
                by=by,
                intent={"undoes": number} | ({"undoes_import": True} if bulk else {}),
                effect=effect,
                bulk=bulk,
                undoes=done,
                at=at,
            ),
        )
    return get_event(step.sequence)


def list_events(*, code: str | None = None, limit: int = 50) -> tuple[EventView, ...]:
    """The newest steps of the log (that touched `code`), the newest first."""
    steps = LibraryStep.objects.order_by("-sequence").select_related("undone_by", "undoes")
    if code is not None:
        steps = steps.filter(subjects__address_code=code).distinct()
    return tuple(_event(step) for step in steps[: max(1, min(limit, MOST_LISTED))])


def get_event(number: int) -> EventView:
    """One step of the log; refuses an unknown number."""
    return _event(_step(number))


def add_alias(
    store: Store,
    *,
    text: str,
    address_code: str,
    kind: AliasKind,
    source: str,
    by: str,
    reason: str,
    valid_from: date | None = None,
) -> AliasView:
    """Give the place `address_code` another text, effective at the next build; the same again is the same one.

    Refuses an unknown or ended code (once there is a record), the place's own address, an empty or overlong text, one
    that holds a phone or identity number, and no reason.
    """
    record = open_record(store)
    if not record.is_empty:
        _require_nameable(record, address_code, text)
    return given_aliases.add_given_alias(
        text=text,
        address_code=address_code,
        kind=kind,
        source=source,
        by=by,
        reason=reason,
        valid_from=valid_from,
    )


def _require_nameable(record: LibraryRecord, code: str, text: str) -> None:
    entry = record.entry(code)
    if not entry.is_living:
        raise Refusal(
            "alias.code_ended",
            f"{code} {STATE_WORDS[entry.state]}，不能再加别名。",
            next_step=f"用 kuai library resolve {code} 找到现在的编码。",
        )
    if text.strip() == entry.standard_text:
        raise Refusal("alias.own_text", "这就是它的标准地址，不必再加别名。")


def _step(number: int) -> LibraryStep:
    steps = LibraryStep.objects.select_related("undone_by", "undoes")
    found = steps.filter(sequence=number).first()
    if found is None:
        raise Refusal(
            "library.event_unknown", f"没有第 {number} 步。", next_step="kuai library events"
        )
    return found


def _undoable(number: int) -> LibraryStep:
    done = _step(number)
    if done.kind == UNDONE:
        raise Refusal("library.undo_stays", "撤销不能再撤销。", next_step="重新登记这个事件。")
    if hasattr(done, "undone_by"):
        raise Refusal(
            "library.undone_already",
            f"第 {number} 步已经由第 {done.undone_by.sequence} 步撤销。",
        )
    return done


def _intent(event: NewEvent) -> dict[str, Any]:
    """What was asked, for whoever reads the log: what it changed is in the effect."""
    return {
        "codes": list(event.codes),
        "begins": [one.name for one in event.begins],
        "into": event.into,
        "new_name": event.new_name,
        "new_text": event.new_text,
    }


def _event(step: LibraryStep) -> EventView:
    subjects: dict[str, list[str]] = {"ended": [], "begun": [], "changed": []}
    for code, role in step.subjects.order_by("address_code").values_list("address_code", "role"):
        subjects[role].append(code)
    undone = getattr(step, "undone_by", None)
    return EventView(
        number=step.sequence,
        kind=step.kind,
        day=step.happened_on,
        reason=step.reason,
        by=step.recorded_by,
        at=step.recorded_at,
        ended=tuple(subjects["ended"]),
        begun=tuple(subjects["begun"]),
        changed=tuple(subjects["changed"]),
        intent=step.intent,
        undoes=step.undoes.sequence if step.undoes else None,
        undone_by=undone.sequence if undone else None,
    )


assert set(EVENT_WORDS) == set(EventKind)
