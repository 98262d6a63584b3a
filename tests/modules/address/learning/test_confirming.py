"""A steward says what a text means: kept as an alias cut to the place, never against the library, undone at will."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kuai.address import learning
from kuai.address.confirming import is_only_shorter
from kuai.address.learning import Pair, Standing
from kuai.address.queries import OpenLibrary
from kuai.address.types import Grade, Level, State, WashedAddress
from kuai.guard import ledger
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from tests.modules.address.learning.conftest import BUILDING, NOW, ROOM, STEWARD

pytestmark = pytest.mark.django_db
TEXT = "石桥怪楼2号101房，联系张女士13800001111"
KEPT = "石桥怪楼2号101房"
OTHER = "4403010010010100002"


@pytest.fixture
def confirm(
    store: Store, library: OpenLibrary, standing_of: Callable[[str], Standing]
) -> Callable[..., learning.AliasView]:
    def keep(
        text: str = TEXT,
        kept: str = KEPT,
        code: str = ROOM,
        *,
        by: Actor = STEWARD,
        reason: str = "现场核过门牌",
        place: Standing | None = None,
    ) -> learning.AliasView:
        pair = Pair(text, kept, place or standing_of(code), reason)
        return learning.confirm_pair(pair, store=store, library=library, by=by, at=NOW)

    return keep


def test_what_is_kept_is_the_place_and_where_it_came_from(
    confirm: Callable[..., learning.AliasView], library: OpenLibrary
) -> None:
    assert library.wash_text(TEXT).grade is Grade.D
    assert library.place_part(TEXT) == KEPT
    alias = confirm()
    assert (alias.text, alias.address_code, alias.source) == (KEPT, ROOM, "steward:D")
    assert (alias.recorded_by, alias.reason) == ("steward", "现场核过门牌")
    assert learning.find_alias("石桥怪楼２号１０１房") == alias
    assert learning.find_alias("石桥怪楼3号101房") is None
    assert confirm() == alias


def test_the_ledger_has_the_act_and_not_the_text(confirm: Callable[..., object]) -> None:
    confirm()
    (entry,) = ledger.list_entries(LedgerFilter(action="address.alias_confirmed")).entries
    assert (entry.actor, entry.objects, entry.purpose) == ("steward", (ROOM,), "address_upkeep")
    assert "怪楼" not in repr(entry)
    assert "1380000" not in repr(entry)


def test_undo_and_undo_of_the_undo(
    confirm: Callable[..., learning.AliasView], store: Store
) -> None:
    alias = confirm()
    revoked = learning.revoke_pair(alias.number, reason="看错了", by=STEWARD, at=NOW)
    assert revoked.is_revoked
    assert learning.find_alias(KEPT) is None
    with pytest.raises(Refusal):
        learning.revoke_pair(alias.number, reason="再来", by=STEWARD, at=NOW)
    again = learning.restore_pair(alias.number, store=store, reason="没看错", by=STEWARD, at=NOW)
    assert again.number != alias.number
    assert learning.find_alias(KEPT) == again
    with pytest.raises(Refusal) as refusal:
        learning.restore_pair(again.number, store=store, reason="再来", by=STEWARD, at=NOW)
    assert refusal.value.code == "alias.not_revoked"


def test_one_text_cannot_mean_two_places_and_both_are_shown(
    confirm: Callable[..., learning.AliasView], store: Store
) -> None:
    first = confirm()
    with pytest.raises(Refusal) as refusal:
        confirm(code=OTHER)
    assert refusal.value.code == "alias.conflict"
    assert ROOM in refusal.value.sentence
    assert OTHER in refusal.value.sentence
    learning.revoke_pair(first.number, reason="看错了", by=STEWARD, at=NOW)
    confirm(code=OTHER)
    with pytest.raises(Refusal) as refusal:
        learning.restore_pair(first.number, store=store, reason="要回来", by=STEWARD, at=NOW)
    assert refusal.value.code == "alias.conflict"


EXACT = "广东省深圳市青湾区松涛街道石桥社区石桥村三巷5号101房"


@pytest.mark.parametrize(
    ("text", "kept", "code", "expected"),
    [
        (EXACT, EXACT, f"{BUILDING}000002", "alias.against_library"),
        (EXACT, EXACT, ROOM, "alias.not_needed"),
        # Read well, only levels left out: every other text written so would be led astray.
        ("石桥村三巷5号", "石桥村三巷5号", OTHER, "alias.against_library"),
        ("石桥村三巷5号101", "石桥村三巷5号101", f"{BUILDING}000002", "alias.against_library"),
        ("石桥社区怪楼", "石桥社区", BUILDING, "alias.against_library"),
        ("大榕树旁边的房子", "大榕树旁边的房子", ROOM, "alias.too_wide"),
        (TEXT, "石桥怪楼3号", ROOM, "alias.not_in_text"),
        (TEXT, "", ROOM, "alias.text"),
        ("张先生家2号101房", "张先生家2号101房", ROOM, "alias.personal"),
    ],
)
def test_what_may_not_become_an_alias(
    confirm: Callable[..., object], text: str, kept: str, code: str, expected: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        confirm(text, kept, code)
    assert refusal.value.code == expected
    assert learning.list_aliases() == ()


def test_an_ended_place_no_reason_and_other_roles_are_refused(
    confirm: Callable[..., object], standing_of: Callable[[str], Standing]
) -> None:
    ended = replace(standing_of(ROOM), state=State.DEMOLISHED)
    with pytest.raises(Refusal, match="停用"):
        confirm(place=ended)
    with pytest.raises(Refusal, match="理由"):
        confirm(reason=" ")
    for role in set(Role) - {Role.DATA_STEWARD}:
        with pytest.raises(Refusal) as refusal:
            confirm(by=Actor("other", role, areas=("",)))
        assert refusal.value.code == "alias.not_yours"
    assert learning.list_aliases() == ()


def test_the_way_from_the_top_begins_at_the_district(
    standing_of: Callable[[str], Standing],
) -> None:
    place = standing_of(ROOM)
    assert place.area_path == (f"440301/440301001/440301001001/44030100100101/{BUILDING}/{ROOM}")
    assert "101" in standing_of(BUILDING).rooms


@pytest.mark.parametrize(
    ("explanation", "expected"),
    [
        ("缺街道；缺社区", True),
        ("缺街道；缺“锦澜花园”", True),
        ("缺单元；缺社区；“栋”写作“座”", True),
        ("缺“0”；缺街道", False),
        ("“石侨村”读作“石桥村”；缺街道", False),
        ("库中该楼无“1-1503”房，归到楼栋；缺街道", False),
    ],
)
def test_only_levels_left_out_are_no_correction(explanation: str, expected: bool) -> None:
    washed = WashedAddress(BUILDING, Level.BUILDING, Grade.B, "", explanation)
    assert is_only_shorter(washed) is expected
    assert not is_only_shorter(replace(washed, grade=Grade.C))


def test_the_refusal_says_which_place_it_is_and_what_to_do(confirm: Callable[..., object]) -> None:
    with pytest.raises(Refusal) as refusal:
        confirm("石桥村三巷5号", "石桥村三巷5号", OTHER)
    assert BUILDING in refusal.value.sentence
    assert "登记事件" in refusal.value.next_step
    assert confirm("石桥村三巷5号", "石桥村三巷5号", BUILDING)


@pytest.mark.parametrize("kept", ["老王138 0013 8000", "张三丰家的老房子"])
def test_a_phone_in_pieces_and_a_persons_house_are_no_place(
    confirm: Callable[..., object], kept: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        confirm(kept, kept, BUILDING)
    assert refusal.value.code == "alias.personal"
