"""Undoing an event by another one: what it ended lives again, what it began ends and leads back. Codes stay issued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from kuai.address.life.shapes import (
    Change,
    Effect,
    Entry,
    LibraryView,
    SuccessionLine,
)
from kuai.address.types import State
from kuai.kit.errors import Refusal

# What the step back is called, when the step there was called so.
_BACK = {
    State.SPLIT: State.MERGED,
    State.MERGED: State.SPLIT,
    State.RENUMBERED: State.RENUMBERED,
}


def effect_of_undoing(done: Effect, library: LibraryView, *, day: date, reason: str) -> Effect:
    """The compensating effect of `done`; refuses where something later holds on to what it changed."""
    _require_untouched(done, library)
    back = _steps_back(done, day=day, reason=reason)
    changes = tuple(
        Change(one.after, one.before) if one.before else Change(one.after, _ended(one.after, back))
        for one in done.changes
    )
    effect = Effect(
        changes=changes,
        successions=tuple(line for code in sorted(back) for line in back[code]),
        dropped_successions=done.successions,
        aliases=done.dropped_aliases,
        dropped_aliases=done.aliases,
    )
    _require_standing(effect, library)
    return effect


def _steps_back(done: Effect, *, day: date, reason: str) -> dict[str, tuple[SuccessionLine, ...]]:
    """For every code that began by `done`: where it leads from now on."""
    origins: dict[str, list[SuccessionLine]] = {}
    for line in done.successions:
        if line.successor_code:
            origins.setdefault(line.successor_code, []).append(line)
    found = {}
    for change in done.changes:
        if change.before is not None:
            continue
        code = change.after.address_code
        found[code] = tuple(
            SuccessionLine(code, line.address_code, _BACK[line.kind], day, reason)
            for line in origins.get(code, [])
        ) or (SuccessionLine(code, None, State.DEMOLISHED, day, reason),)
    return found


def _ended(entry: Entry, back: Mapping[str, tuple[SuccessionLine, ...]]) -> Entry:
    return replace(entry, state=back[entry.address_code][0].kind)


def _require_untouched(done: Effect, library: LibraryView) -> None:
    for change in done.changes:
        code = change.after.address_code
        if library.entry(code) != change.after:
            raise Refusal(
                "library.undo_too_late",
                f"{code} 后来又变过，不能直接撤销。",
                next_step=f"先撤销后来的事件：kuai library events --code {code}。",
            )
    touched = {one.after.address_code for one in done.changes}
    begun = sorted(one.after.address_code for one in done.changes if one.before is None)
    for child in library.children_of(begun):
        if child.is_living and child.address_code not in touched:
            raise Refusal(
                "library.undo_has_children",
                f"{child.parent_code} 下面后来有了 {child.address_code}，不能直接撤销。",
                next_step="先把它划转或注销。",
            )


def _require_standing(effect: Effect, library: LibraryView) -> None:
    """What lives again stands under something living, and bears no address that somebody else got meanwhile."""
    after = {one.after.address_code: one.after for one in effect.changes}
    restored = [one.after for one in effect.changes if one.after.is_living]
    for entry in restored:
        above = after.get(entry.parent_code or "") or library.entry(entry.parent_code or "")
        if above is not None and not above.is_living:
            raise Refusal(
                "library.undo_parent_ended",
                f"{entry.address_code} 原来的上级 {above.address_code} 已经停用，不能直接撤销。",
                next_step="先撤销停用上级的事件。",
            )
    texts = {(one.parent_code, one.standard_text): one.address_code for one in restored}
    parents = sorted({one.parent_code for one in restored if one.parent_code})
    for other in library.children_of(parents):
        current = after.get(other.address_code, other)
        same = texts.get((current.parent_code, current.standard_text), current.address_code)
        if current.is_living and current.standard_text and same != current.address_code:
            raise Refusal(
                "library.text_taken",
                f"“{current.standard_text}”现在是 {current.address_code}，{same} 不能恢复。",
                next_step="先给其中一个更名。",
            )
