"""What anything personal may be used for: the purposes of the list, and those that no list can permit.

Joined values carry the intersection of their sources' purposes and the lowest of their statuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from kuai.guard.types import Role, TicketKind, Zone
from kuai.kit.errors import Refusal

# Compiled in, so that no setting, package or agreement can bring them back (1-product, 4-standards 4.7).
DENIED_PURPOSES: Mapping[str, str] = {
    "person_scoring": "不给自然人打分、排名、定色、贴标签",
    "person_tracking": "不形成个人轨迹",
    "speech_monitoring": "不监看言论",
    "crime_prediction": "不预测谁会违法",
    "unrest_prediction": "不预测谁会上访或聚集",
    "health_prediction": "不预测谁会生病",
    "ethnic_profiling": "不以民族作为特征",
    "religious_profiling": "不以宗教信仰作为特征",
    "record_profiling": "不以前科、求助记录作为特征",
    "household_consumption": "不掌握一户人家的用量",
    "staff_tracking": "不跟踪工作人员",
    "enforcement_from_help_calls": "求助不得成为执法线索",
    "enforcement_from_address_upkeep": "地址维护中看到的分隔、加建不得成为执法线索",
    "birth_control": "不管控生育",
}

# From least to most: what stands on several facts is no better than its worst.
STATUSES = ("withdrawn", "ended", "disputed", "asserted", "verified")

PURPOSE_FILE = Path(__file__).resolve().parents[1] / "purposes.yaml"


@dataclass(frozen=True)
class Purpose:
    """A permitted purpose: why, for whom, in which zone, issued by which live work.

    `keeps_list_secret`: to be among those it concerns says something of a person by itself.
    """

    code: str
    title_zh: str
    title_en: str
    legal_basis: str
    zone: Zone
    roles: tuple[Role, ...]
    ticket_kinds: tuple[TicketKind, ...]
    by_right: bool = False
    keeps_list_secret: bool = False


@cache
def permitted_purposes() -> Mapping[str, Purpose]:
    """The purposes of `purposes.yaml`, by code."""
    return read_purposes(yaml.safe_load(PURPOSE_FILE.read_text(encoding="utf-8")))


def read_purposes(document: Mapping[str, Any]) -> Mapping[str, Purpose]:
    """The purposes in `document`; refuses a denied one, one named twice, one without basis or role."""
    purposes: dict[str, Purpose] = {}
    for row in document["purposes"]:
        purpose = _read_purpose(row)
        require_not_denied(purpose.code)
        if purpose.code in purposes:
            raise Refusal("purpose.twice", f"用途“{purpose.code}”写了两次。")
        if not purpose.legal_basis or not purpose.roles:
            raise Refusal("purpose.incomplete", f"用途“{purpose.code}”缺少法律依据或角色。")
        purposes[purpose.code] = purpose
    return purposes


def _read_purpose(row: Mapping[str, Any]) -> Purpose:
    return Purpose(
        code=row["code"],
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        legal_basis=row["legal_basis"],
        zone=Zone(row["zone"]),
        roles=tuple(Role(role) for role in row["roles"]),
        ticket_kinds=tuple(TicketKind(kind) for kind in row["ticket_kinds"]),
        by_right=bool(row.get("by_right", False)),
        keeps_list_secret=bool(row.get("keeps_list_secret", False)),
    )


def require_not_denied(code: str) -> None:
    """Refuse a purpose that nobody may ever permit."""
    if code in DENIED_PURPOSES:
        raise Refusal(
            "purpose.denied",
            f"用途“{code}”被明令禁止：{DENIED_PURPOSES[code]}。",
            next_step="见“块不做什么”页面。",
        )


def require_purpose(code: str) -> Purpose:
    """The purpose `code`; refuses denied and unknown ones."""
    require_not_denied(code)
    purpose = permitted_purposes().get(code)
    if purpose is None:
        known = "、".join(sorted(permitted_purposes()))
        raise Refusal(
            "purpose.unknown", f"没有登记过用途“{code}”。", next_step=f"登记过的用途：{known}。"
        )
    return purpose


def is_list_secret(purpose: str, *, role: str) -> bool:
    """Would naming a person beside this purpose, or this role that works for nothing else, tell who is on its list?"""
    return any(
        purpose == one.code or role in one.roles
        for one in permitted_purposes().values()
        if one.keeps_list_secret
    )


def intersect_purposes(sets: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """What a value joined from several sources may be used for: only what every one of them permits."""
    remaining: set[str] | None = None
    for permitted in sets:
        remaining = set(permitted) if remaining is None else remaining & set(permitted)
    return tuple(sorted((remaining or set()) - set(DENIED_PURPOSES)))


def lowest_status(statuses: Iterable[str]) -> str:
    """How good a value joined from several facts is: as good as the worst of them; of none, withdrawn."""
    ranks = [STATUSES.index(status) for status in statuses]
    return STATUSES[min(ranks, default=0)]
