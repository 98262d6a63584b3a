"""From clusters to proposals to applications: who sees them, every step and every forbidden one, what is recorded."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import openpyxl
import pytest

from kuai.address import learning
from kuai.address.learning import Answer, ApplicationKind, ApplicationState, Naming, Standing, Wish
from kuai.address.life.shapes import NewEvent
from kuai.address.models import ApplicationMove
from kuai.address.types import EventKind, State
from kuai.guard import ledger
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from tests.modules.address.learning.conftest import (
    BUILDING,
    CLERK,
    COLLEAGUE,
    COMMUNITY,
    NEIGHBOUR,
    NEXT_VERSION,
    NOW,
    ROOM,
    STEWARD,
    namings,
)

pytestmark = pytest.mark.django_db
Refresh = Callable[..., object]
DIVIDED = namings("101A", "101B", code=ROOM, level="room")


class Recorded(list[NewEvent]):
    """A library that takes every event."""

    def __call__(self, event: NewEvent) -> int:
        self.append(event)
        return len(self)


def test_a_build_makes_proposals_and_the_next_one_takes_them_away(refresh: Refresh) -> None:
    refresh(*namings("701", "702"), *DIVIDED)
    rooms, divided = sorted(
        learning.list_proposals(STEWARD), key=lambda one: one.kind, reverse=True
    )
    assert (rooms.parts, rooms.sources, rooms.at_least_rows) == (("701", "702"), 2, 3)
    assert rooms.examples[0].endswith("石桥村三巷5号701")
    assert (divided.address_code, divided.parts) == (ROOM, ("101A", "101B"))
    refresh(*DIVIDED, version=NEXT_VERSION)
    (left,) = learning.list_proposals(STEWARD)
    assert (left.number, left.last_version) == (divided.number, NEXT_VERSION)
    assert left.first_version == divided.first_version
    assert learning.count_proposals(STEWARD) == {"open": 1}
    refresh(*namings("701", "702"), *DIVIDED, version=NEXT_VERSION)
    assert learning.count_proposals(STEWARD) == {"open": 2}


def test_a_proposal_names_no_source_and_no_exact_count(refresh: Refresh) -> None:
    refresh(*[replace(one, rows=4) for one in namings("701")])
    (one,) = learning.list_proposals(STEWARD)
    assert "police" not in repr(one)
    assert "rental" not in repr(one)
    assert one.at_least_rows == 3


def test_clerks_see_their_own_area_and_others_see_nothing(refresh: Refresh) -> None:
    refresh(*DIVIDED)
    assert len(learning.list_proposals(CLERK)) == 1
    assert learning.list_proposals(NEIGHBOUR) == ()
    assert learning.list_proposals(replace(CLERK, areas=())) == ()
    assert learning.list_proposals(replace(CLERK, areas=("440301/44030100",))) == ()
    number = learning.list_proposals(CLERK)[0].number
    with pytest.raises(Refusal) as refusal:
        learning.get_proposal(number, NEIGHBOUR)
    assert refusal.value.code == "proposal.unknown"
    for role in set(Role) - {Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK}:
        with pytest.raises(Refusal):
            learning.list_proposals(Actor("other", role, areas=("",)))


def test_what_was_set_aside_stays_so_until_it_is_taken_up_again(refresh: Refresh) -> None:
    refresh(*DIVIDED)
    number = learning.list_proposals(CLERK)[0].number
    with pytest.raises(Refusal, match="搁置"):
        learning.set_aside(number, reason=" ", by=CLERK, at=NOW)
    learning.set_aside(number, reason="同一套房的两个卧室", by=CLERK, at=NOW)
    refresh(*DIVIDED, version=NEXT_VERSION)
    assert learning.list_proposals(CLERK) == ()
    assert learning.get_proposal(number, CLERK).decided_because == "同一套房的两个卧室"
    with pytest.raises(Refusal):
        learning.set_aside(number, reason="再来", by=CLERK, at=NOW)
    learning.take_up_again(number, by=CLERK, at=NOW)
    assert len(learning.list_proposals(CLERK)) == 1
    with pytest.raises(Refusal):
        learning.take_up_again(number, by=CLERK, at=NOW)


@pytest.fixture
def draft(refresh: Refresh) -> learning.ApplicationView:
    refresh(*DIVIDED)
    number = learning.list_proposals(CLERK)[0].number
    return learning.open_from_proposal(number, by=CLERK, at=NOW)


def test_the_way_from_proposal_to_library(draft: learning.ApplicationView) -> None:
    assert draft.number == "DZ-2026-000001"
    assert draft.evidence["sources"] == 2
    assert learning.count_proposals(CLERK) == {"applied": 1}
    filed = learning.file_application(draft.number, by=CLERK, at=NOW)
    assert (filed.filed_by, filed.due_on) == ("clerk", date(2026, 12, 4))
    assert filed.is_overdue(date(2026, 12, 5))
    returned = learning.return_application(draft.number, reason="没有照片", by=STEWARD, at=NOW)
    assert (returned.state, returned.due_on) == (ApplicationState.RETURNED, None)
    learning.file_application(draft.number, by=CLERK, at=NOW)
    recorded = Recorded()
    code = f"{BUILDING}000098"
    accepted = learning.accept_application(
        draft.number, Answer(codes={"101A": code}), record=recorded, by=STEWARD, at=NOW
    )
    (event,) = recorded
    assert (event.kind, event.codes) == (EventKind.SPLIT, (ROOM,))
    assert [(one.name, one.code) for one in event.begins] == [("101A", code), ("101B", "")]
    assert draft.number in event.reason
    assert (accepted.given_codes, accepted.library_steps) == ({"101A": code}, (1,))
    assert [(move.start, move.end) for move in accepted.moves] == [
        ("", "draft"),
        ("draft", "filed"),
        ("filed", "returned"),
        ("returned", "filed"),
        ("filed", "accepted"),
    ]
    assert accepted.moves[2].reason == "没有照片"


def test_every_step_is_in_the_ledger(draft: learning.ApplicationView) -> None:
    learning.file_application(draft.number, by=CLERK, at=NOW)
    learning.withdraw_application(draft.number, reason="重复", by=CLERK, at=NOW)
    entries = ledger.list_entries(LedgerFilter(about=draft.number)).entries
    assert [entry.action for entry in reversed(entries)] == [
        "address.application_draft",
        "address.application_filed",
        "address.application_withdrawn",
    ]


def test_withdrawing_opens_the_proposal_again(draft: learning.ApplicationView) -> None:
    learning.withdraw_application(draft.number, reason="重复", by=CLERK, at=NOW)
    assert learning.count_proposals(CLERK) == {"open": 1}
    number = learning.list_proposals(CLERK)[0].number
    assert learning.open_from_proposal(number, by=CLERK, at=NOW).number == "DZ-2026-000002"
    with pytest.raises(Refusal) as refusal:
        learning.open_from_proposal(number, by=CLERK, at=NOW)
    assert refusal.value.code == "proposal.not_open"


def test_an_application_outlives_a_proposal_that_no_build_names_any_more(
    draft: learning.ApplicationView, refresh: Refresh
) -> None:
    learning.withdraw_application(draft.number, reason="重复", by=CLERK, at=NOW)
    refresh(*namings("701"), version=NEXT_VERSION)
    assert [one.parts for one in learning.list_proposals(CLERK)] == [("701",)]
    assert learning.get_application(draft.number, CLERK).evidence == draft.evidence


def test_nobody_answers_their_own_application(refresh: Refresh) -> None:
    refresh(*DIVIDED)
    number = learning.list_proposals(STEWARD)[0].number
    one = learning.open_from_proposal(number, by=STEWARD, at=NOW)
    learning.file_application(one.number, by=COLLEAGUE, at=NOW)
    for actor in (STEWARD, COLLEAGUE):
        with pytest.raises(Refusal) as refusal:
            learning.accept_application(one.number, Answer(), record=Recorded(), by=actor, at=NOW)
        assert refusal.value.code == "application.four_eyes"
        assert ApplicationState.ACCEPTED not in learning.get_application(
            one.number, actor
        ).next_states(actor)
    third = replace(STEWARD, user_id="third")
    assert learning.accept_application(
        one.number, Answer(), record=Recorded(), by=third, at=NOW
    ).library_steps == (1,)


def test_who_filed_first_does_not_answer_what_another_filed_again(refresh: Refresh) -> None:
    refresh(*DIVIDED)
    number = learning.list_proposals(CLERK)[0].number
    one = learning.open_from_proposal(number, by=CLERK, at=NOW)
    third = replace(STEWARD, user_id="third")
    learning.file_application(one.number, by=COLLEAGUE, at=NOW)
    learning.return_application(one.number, reason="没有照片", by=third, at=NOW)
    again = learning.file_application(one.number, by=CLERK, at=NOW)
    assert again.filed_by == CLERK.user_id
    assert ApplicationState.ACCEPTED not in again.next_states(COLLEAGUE)
    with pytest.raises(Refusal) as refusal:
        learning.accept_application(one.number, Answer(), record=Recorded(), by=COLLEAGUE, at=NOW)
    assert refusal.value.code == "application.four_eyes"


def test_an_application_tells_of_nobody(standing_of: Callable[[str], Standing]) -> None:
    for wording in ("业主１３８-0013-8000要求", "张先生要求"):
        with pytest.raises(Refusal) as refusal:
            learning.open_application(
                Wish(ApplicationKind.CHANGE, standing_of(BUILDING), wording=wording),
                by=CLERK,
                at=NOW,
            )
        assert refusal.value.code == "application.personal"
        assert wording not in str(refusal.value)
    assert learning.list_applications(CLERK) == ()


def test_what_the_library_refuses_leaves_everything_as_it_was(
    draft: learning.ApplicationView,
) -> None:
    learning.file_application(draft.number, by=CLERK, at=NOW)

    def refuse(_event: NewEvent) -> int:
        raise Refusal("library.code_taken", "编码已发过。")

    with pytest.raises(Refusal, match="编码已发过"):
        learning.accept_application(draft.number, Answer(), record=refuse, by=STEWARD, at=NOW)
    now = learning.get_application(draft.number, STEWARD)
    assert (now.state, len(now.moves)) == (ApplicationState.FILED, 2)


def test_another_area_neither_sees_nor_moves_it(draft: learning.ApplicationView) -> None:
    assert learning.list_applications(NEIGHBOUR) == ()
    for act in (
        lambda: learning.get_application(draft.number, NEIGHBOUR),
        lambda: learning.file_application(draft.number, by=NEIGHBOUR, at=NOW),
        lambda: learning.withdraw_application(draft.number, reason="x", by=NEIGHBOUR, at=NOW),
    ):
        with pytest.raises(Refusal) as refusal:
            act()
        assert refusal.value.code == "application.unknown"


def test_moves_are_only_added(draft: learning.ApplicationView) -> None:
    move = ApplicationMove.objects.get(application__number=draft.number)
    move.reason = "another"
    with pytest.raises(TypeError):
        move.save()
    with pytest.raises(TypeError):
        move.delete()


def test_an_application_by_hand(standing_of: Callable[[str], Standing]) -> None:
    place = standing_of(BUILDING)
    one = learning.open_application(
        Wish(ApplicationKind.CANCEL, place, wording="已拆除"), by=CLERK, at=NOW
    )
    assert one.evidence == {}
    for wish, code in (
        (
            Wish(ApplicationKind.CANCEL, replace(place, state=State.DEMOLISHED), (), "x"),
            "ended_place",
        ),
        (Wish(ApplicationKind.CANCEL, place), "wording"),
        (Wish(ApplicationKind.NEW_ROOMS, place, (), "x"), "parts"),
        (Wish(ApplicationKind.NEW_BUILDING, place, ("新楼|1",)), "level"),
    ):
        with pytest.raises(Refusal) as refusal:
            learning.open_application(wish, by=CLERK, at=NOW)
        assert refusal.value.code == f"application.{code}"
    with pytest.raises(Refusal) as refusal:
        learning.open_application(
            Wish(ApplicationKind.CANCEL, place, (), "x"), by=NEIGHBOUR, at=NOW
        )
    assert refusal.value.code == "application.other_area"


def test_numbers_count_within_their_year(standing_of: Callable[[str], Standing]) -> None:
    wish = Wish(ApplicationKind.CANCEL, standing_of(BUILDING), wording="已拆除")
    numbers = [
        learning.open_application(wish, by=CLERK, at=at).number
        for at in (NOW, NOW + timedelta(days=30), NOW + timedelta(days=60))
    ]
    assert numbers == ["DZ-2026-000001", "DZ-2026-000002", "DZ-2027-000001"]


def test_the_form_holds_places_only_and_answers_come_back(
    draft: learning.ApplicationView,
) -> None:
    filed = learning.file_application(draft.number, by=CLERK, at=NOW)
    target = io.BytesIO()
    assert learning.write_form([learning.form_line(filed)], target) == 2
    book = openpyxl.load_workbook(io.BytesIO(target.getvalue()))
    written = [str(cell.value) for row in book["申请单"].iter_rows() for cell in row]
    assert "clerk" not in written
    assert "police" not in "".join(written)
    book["申请单"].cell(2, 12).value = "退回"
    book["申请单"].cell(2, 15).value = "请附照片"
    answered = io.BytesIO()
    book.save(answered)
    (answer,) = learning.read_answers(answered.getvalue())
    assert (answer.number, answer.is_accepted, answer.answer.reason) == (
        filed.number,
        False,
        "请附照片",
    )


def test_a_new_building_comes_from_texts_of_a_community(refresh: Refresh) -> None:
    refresh(*namings("海印新园|7", code=COMMUNITY, level="community"))
    (one,) = learning.list_proposals(STEWARD)
    assert one.examples == ("广东省深圳市青湾区松涛街道石桥社区海印新园7号",)


def test_a_proposal_for_a_place_the_library_lost_is_left_out(refresh: Refresh) -> None:
    unknown = [Naming("449999", "building", "101", source, 3, ("1",)) for source in ("a", "b")]
    receipt = learning.refresh_proposals(unknown, places={}, version="b", by=STEWARD, at=NOW)
    assert (receipt.kept, receipt.refused) == (0, 1)
