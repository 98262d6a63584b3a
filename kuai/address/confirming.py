"""A steward says what a text means: kept as an alias, effective at the next build, taken back by undo. See `learning`.

What is kept is the part that says where, never the whole text. An alias never contradicts the library's own exact
reading: where that is wrong, the library is (rename, renumber), not the text. Needs Django.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import transaction

from kuai.address.engine.normalising import to_one_spelling
from kuai.address.engine.place_part import require_place_text
from kuai.address.given_aliases import AliasView, list_aliases, revoke_alias
from kuai.address.library import add_alias
from kuai.address.phantoms.standing import Standing
from kuai.address.types import AliasKind, Grade, Level, WashedAddress
from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

CONFIRMERS = (Role.DATA_STEWARD,)
PURPOSE = "address_upkeep"
_SOURCE = "steward"
# 缺“0” and 缺“-” mend a number; these mend nothing. 栋 written 座 is a convention.
_LEFT_OUT = re.compile(r"缺街道|缺社区|缺单元|缺“[^”]{2,}”|“栋”写作“[^”]+”")


class WashingLibrary(Protocol):
    """What of an `OpenLibrary` is asked here."""

    def wash_text(self, text: str) -> WashedAddress: ...

    def place_part(self, text: str) -> str: ...


@dataclass(frozen=True)
class Pair:
    """What a steward confirms: of `text` the part `kept` means `place`, because of `reason`."""

    text: str
    kept: str
    place: Standing
    reason: str


def confirm_pair(
    pair: Pair, *, store: Store, library: WashingLibrary, by: Actor, at: datetime
) -> AliasView:
    """Keep the pair as an alias. The same again is the same one. `library`: as published, `store`: with its record.

    Refuses other roles, a text that is not cut from the original, one about people, an ended place, one that the
    library already reads exactly, and one that is another place's alias.
    """
    _require_confirmer(by)
    kept = require_place_text(pair.kept, within=pair.text)
    if not pair.place.is_living:
        raise Refusal(
            "alias.ended_place",
            "这个地点已经停用，不能作为别名的指向。",
            next_step="请指到接替它的地点。",
        )
    _require_specific(kept, pair.place)
    _require_not_exact(kept, pair.place, library)
    _require_no_conflict(kept, pair.place)
    washed = library.wash_text(pair.text)
    with transaction.atomic():
        alias = add_alias(
            store,
            text=kept,
            address_code=pair.place.address_code,
            kind=AliasKind.CONFIRMED,
            source=f"{_SOURCE}:{washed.grade.value}",
            by=by.user_id,
            reason=pair.reason,
        )
        _enter("address.alias_confirmed", pair.place.address_code, by=by, at=at)
    return alias


def revoke_pair(number: int, *, reason: str, by: Actor, at: datetime) -> AliasView:
    """Take an alias back; it leaves the next build. Refuses what is unknown or taken back already."""
    _require_confirmer(by)
    with transaction.atomic():
        alias = revoke_alias(number, by=by.user_id, reason=reason)
        _enter("address.alias_revoked", alias.address_code, by=by, at=at)
    return alias


def restore_pair(number: int, *, store: Store, reason: str, by: Actor, at: datetime) -> AliasView:
    """Undo a revocation: the pair is kept anew, under a new number. Refuses one that was not taken back."""
    _require_confirmer(by)
    former = next((alias for alias in list_aliases() if alias.number == number), None)
    if former is None:
        raise Refusal("alias.unknown", f"没有别名 {number}。", next_step="别名编号见别名清单。")
    if not former.is_revoked:
        raise Refusal("alias.not_revoked", f"别名 {number} 没有撤回，不用恢复。")
    other = find_alias(former.text)
    if other is not None and other.address_code != former.address_code:
        raise Refusal(
            "alias.conflict",
            f"“{former.text}”现在是 {other.address_code} 的别名（编号 {other.number}）。",
            next_step="先撤回那一条。",
        )
    with transaction.atomic():
        alias = add_alias(
            store,
            text=former.text,
            address_code=former.address_code,
            kind=former.kind,
            source=former.source,
            by=by.user_id,
            reason=reason,
        )
        _enter("address.alias_restored", alias.address_code, by=by, at=at)
    return alias


def find_alias(text: str) -> AliasView | None:
    """The living alias that says `text`, whatever its spelling; None where nobody confirmed it."""
    spelling = to_one_spelling(text)
    live = (alias for alias in list_aliases(live_only=True))
    return next((alias for alias in live if to_one_spelling(alias.text) == spelling), None)


def _require_confirmer(by: Actor) -> None:
    if by.role not in CONFIRMERS:
        raise Refusal("alias.not_yours", "别名由数据管理员确认和撤回。")


def _require_specific(kept: str, place: Standing) -> None:
    """A bare name must not come to mean one room: it would draw every other text with that name."""
    has_number = any(character.isdigit() for character in kept)
    if place.level is Level.ROOM and not has_number:
        raise Refusal(
            "alias.too_wide",
            "要保存的文字里没有号码，不能指到一间房。",
            next_step="指到楼栋，或保留原文里的号码。",
        )


def _require_not_exact(kept: str, place: Standing, library: WashingLibrary) -> None:
    washed = library.wash_text(kept)
    if washed.grade is not Grade.A and not is_only_shorter(washed):
        return
    if washed.address_code == place.address_code:
        if washed.grade is Grade.A:
            raise Refusal("alias.not_needed", "这段文字不用别名就能准确认出。")
        return
    if washed.grade is Grade.B:
        raise Refusal(
            "alias.against_library",
            f"地址库里只有一处叫“{kept}”：{washed.matched_text}（{washed.address_code}），文字只是写得短"
            f"（{washed.explanation}），别名会把所有这样写的人带到另一处。",
            next_step="如果库里错了或缺了一处，请登记事件（新增、改名或改号）；否则请保留更多原文。",
        )
    raise Refusal(
        "alias.against_library",
        f"地址库里“{kept}”就是 {washed.matched_text}（{washed.address_code}），别名不能改变它。",
        next_step="如果库里错了，请登记改名或改号；如果文字截得太短，请保留更多。",
    )


def is_only_shorter(washed: WashedAddress) -> bool:
    """Grade B with nothing corrected: name and number are the library's own, levels of the standard address are left
    out. What the wash says is all there is to tell it by; a test holds it to the words."""
    notes = washed.explanation.split("；")
    return washed.grade is Grade.B and all(_LEFT_OUT.fullmatch(note) for note in notes)


def _require_no_conflict(kept: str, place: Standing) -> None:
    other = find_alias(kept)
    if other is not None and other.address_code != place.address_code:
        raise Refusal(
            "alias.conflict",
            f"“{kept}”已由 {other.recorded_by} 确认为 {other.address_code}（编号 {other.number}），"
            f"不能又是 {place.standard_text}（{place.address_code}）。",
            next_step="两处只能有一处对：先撤回那一条，或改选它的地点。",
        )


def _enter(action: str, address_code: str, *, by: Actor, at: datetime) -> None:
    access.record_entry(
        actor=by,
        action=action,
        object_kind="address",
        object_refs=(address_code,),
        purpose=PURPOSE,
        count=1,
        at=at,
    )
