"""What an event will change, told before it happens: which codes end, which begin, what else is carried along."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kuai.address.library import Change, Effect, Entry
from kuai.address.types import Level
from kuai.web.addresses.words import STATE_NAMES
from kuai.web.words import LEVEL_NAMES

MOST_LINES = 40
DEPTH = {level: depth for depth, level in enumerate(Level)}


@dataclass(frozen=True)
class ChangeLine:
    """One entry and what becomes of it."""

    code: str
    level: Level
    name: str
    words: str


@dataclass(frozen=True)
class ChangeGroup:
    """All that end, begin or change."""

    key: str
    title: str
    sums: Sequence[tuple[str, int]]
    lines: Sequence[ChangeLine]
    left: int


def tell_effect(effect: Effect) -> list[ChangeGroup]:
    """The groups in the order one asks: what ends, what begins, what is carried along; empty ones left out."""
    followers = _followers(effect)
    titles = {
        "ended": _("停用的编码"),
        "begun": _("新发的编码"),
        "changed": _("编码不变，内容有变"),
    }
    groups = []
    for role, title in titles.items():
        changes = sorted(
            (one for one in effect.changes if one.role == role),
            key=lambda one: (DEPTH[one.after.level], one.after.address_code),
        )
        if changes:
            groups.append(
                ChangeGroup(
                    key=role,
                    title=title,
                    sums=_sums(changes),
                    lines=[_line(one, followers) for one in changes[:MOST_LINES]],
                    left=max(0, len(changes) - MOST_LINES),
                )
            )
    return groups


def fingerprint(effect: Effect) -> str:
    """Tells two effects apart: what was shown beforehand is what will happen, or it is shown again."""
    parts = [
        f"{one.before.address_code if one.before else ''}>{one.after}" for one in effect.changes
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _followers(effect: Effect) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in effect.successions:
        if line.successor_code:
            found.setdefault(line.address_code, []).append(line.successor_code)
    return found


def _sums(changes: Sequence[Change]) -> list[tuple[str, int]]:
    counts: dict[Level, int] = {}
    for one in changes:
        counts[one.after.level] = counts.get(one.after.level, 0) + 1
    return [(str(LEVEL_NAMES[level]), count) for level, count in counts.items()]


def _line(change: Change, followers: Mapping[str, list[str]]) -> ChangeLine:
    after = change.after
    shown = change.before if change.role == "ended" and change.before else after
    return ChangeLine(
        code=after.address_code,
        level=after.level,
        name=shown.standard_text or shown.name or after.address_code,
        words=_words(change, followers),
    )


def _words(change: Change, followers: Mapping[str, list[str]]) -> str:
    if change.role == "ended":
        codes = followers.get(change.after.address_code, [])
        if not codes:
            return _("没有后继")
        return _("由 %(codes)s 接替") % {"codes": "、".join(codes)}
    if change.before is None:
        return str(STATE_NAMES[change.after.state])
    return "；".join(_differences(change.before, change.after))


def _differences(before: Entry, after: Entry) -> list[str]:
    values = {
        _("名称"): (before.name, after.name),
        _("标准地址"): (before.standard_text, after.standard_text),
        _("上级"): (before.parent_code or "", after.parent_code or ""),
        _("用途"): (before.use or "", after.use or ""),
        _("状态"): (str(STATE_NAMES[before.state]), str(STATE_NAMES[after.state])),
    }
    return [
        _("%(what)s：%(before)s → %(after)s")
        % {"what": what, "before": one or "—", "after": other or "—"}
        for what, (one, other) in values.items()
        if one != other
    ]
