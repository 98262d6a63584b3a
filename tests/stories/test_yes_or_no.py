"""A department answers and hands nothing over: asked is what its registration allows, answers are dated and expire."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.conf import LazySettings

from kuai.flows.answers import list_answers_of
from kuai.flows.deliveries import list_received
from kuai.guard import access, ledger
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import SourceRegistration, TicketKind, Zone
from kuai.kit.clock import local_day
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry import queries as registry
from kuai.sources import asking
from tests.stories.test_a_steward_looks import (
    NOW,
    STEWARD,
    KnownPerson,
    desk,
    persons,
    store,
)

__all__ = ["desk", "persons", "store"]
pytestmark = pytest.mark.django_db
SOURCE, QUESTION = "civil_affairs", "married"
CARD = "questions:\n  - {{code: married, text: {text}, fields: [id_number], purposes: [{purpose}], valid_days: 90}}\n"
REGISTRATION = SourceRegistration(
    source=SOURCE, title="婚姻登记查询", zone=Zone.CORE, handler="民政局", legal_basis="职责清单第 3 项",
    agreement="查询协议", permitted_purposes=("record_review",), notice_version="synthetic", assessment_id="",
    assessment_approved_on=None, retention_days=365, refresh_days=0, has_personal_columns=True, synthetic=True,
)  # fmt: skip


def write_card(store: Store, *, text: str = "是否登记结婚", purpose: str = "record_review") -> None:
    path = store.root / "questions" / f"{SOURCE}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(CARD.format(text=text, purpose=purpose), encoding="utf-8")


@pytest.fixture
def asked_store(store: Store, desk: None) -> Store:
    access.register_source(REGISTRATION, by=STEWARD, at=NOW)
    write_card(store)
    return store


@pytest.fixture
def ticket(asked_store: Store, persons: list[KnownPerson]) -> str:
    return ticket_for(persons[:3], "id_number")


def ticket_for(some: list[KnownPerson], *fields: str) -> str:
    codes = [one.ref.removeprefix("person:") for one in some]
    review = decisions.open_review(codes, question="婚姻状况是否一致？", by=STEWARD, at=NOW)
    wish = access.TicketRequest(
        kind=TicketKind.REVIEW, origin=review, purpose="record_review",
        subjects=tuple(one.ref for one in some), fields=fields, ends_at=NOW + timedelta(days=1),
    )  # fmt: skip
    return access.issue_ticket(wish, holder=STEWARD, at=NOW).ticket_id


def ask(store: Store, ticket: str, target: Path, question: str = QUESTION) -> asking.AskedSheet:
    return asking.ask(
        store, SOURCE, question, ticket_id=ticket, holder=STEWARD, at=NOW, target=target
    )


def answer(path: Path, answers: list[tuple[str, str]]) -> Path:
    book = openpyxl.load_workbook(path)
    for row, (said, day) in enumerate(answers, start=2):
        book.active.cell(row, 4, said)
        book.active.cell(row, 5, day)
    filled = path.with_name("filled.xlsx")
    book.save(filled)
    return filled


def test_the_sheet_holds_the_persons_of_the_ticket_and_the_field_the_question_needs(
    asked_store: Store, ticket: str, persons: list[KnownPerson], tmp_path: Path
) -> None:
    sheet = ask(asked_store, ticket, tmp_path / "q.xlsx")
    assert (sheet.asked, sheet.without_key) == (3, 0)
    rows = list(openpyxl.load_workbook(tmp_path / "q.xlsx").active.values)
    assert rows[0] == ("询问号", "身份证号码", "问题", "答复", "答复日期")
    assert {row[1] for row in rows[1:]} == {one.row["身份证号码"] for one in persons[:3]}
    assert (tmp_path / "q.xlsx").stat().st_mode & 0o077 == 0
    looks = ledger.list_entries(LedgerFilter(action="person.read", actor=STEWARD.user_id)).entries
    assert {one.objects for one in looks} == {(p.ref.removeprefix("person:"),) for p in persons[:3]}
    assert {one.ticket_id for one in looks} == {ticket}


def test_answers_become_dated_facts_that_expire(
    asked_store: Store, ticket: str, persons: list[KnownPerson], tmp_path: Path
) -> None:
    sheet = ask(asked_store, ticket, tmp_path / "q.xlsx")
    today = local_day(NOW)
    filled = answer(
        tmp_path / "q.xlsx", [("是", today.isoformat()), ("否", f"{today:%Y/%m/%d}"), ("也许", "")]
    )
    for _ in range(2):
        with asked_store.writer_lease():
            receipt = asking.take_answers(
                asked_store, filled, source=SOURCE, sheet=sheet.number, at=NOW
            )
        assert (receipt.received, receipt.kept, receipt.refused) == (3, 2, 1)
    assert receipt.notes["reasons"] == {"answers.no_answer": 1}
    facts = [
        fact
        for one in persons[:3]
        for fact in asking.list_answers([one.ref], purpose="record_review", on=today)
    ]
    assert sorted(fact.answer for fact in facts) == ["no", "yes"]
    assert {(fact.source, fact.asked_on, fact.answered_on) for fact in facts} == {
        (SOURCE, today, today)
    }
    assert {fact.valid_until for fact in facts} == {today + timedelta(days=90)}
    for one in persons[:3]:
        assert not asking.list_answers(
            [one.ref], purpose="record_review", on=today + timedelta(days=90)
        )
        assert not asking.list_answers([one.ref], purpose="grid_visit", on=today)


def test_answers_that_contradict_each_other_on_one_day_are_not_counted_as_kept(
    asked_store: Store, ticket: str, persons: list[KnownPerson], tmp_path: Path
) -> None:
    sheet = ask(asked_store, ticket, tmp_path / "q.xlsx")
    today = local_day(NOW).isoformat()
    book = openpyxl.load_workbook(answer(tmp_path / "q.xlsx", [("是", today)] * 3))
    key = book.active.cell(2, 1).value
    book.active.append([key, "", "", "否", today])
    book.save(tmp_path / "both.xlsx")
    first = _taken(asked_store, tmp_path / "both.xlsx", sheet)
    assert (first.received, first.kept, first.refused) == (4, 2, 2)
    assert first.notes["reasons"] == {"answers.contradict": 2}
    # Another sheet that says otherwise of the same day is told so; the same answer again counts once and is kept.
    other = answer(tmp_path / "q.xlsx", [("是", today), ("否", today), ("是", today)])
    second = _taken(asked_store, other, sheet)
    assert (second.received, second.kept, second.refused) == (3, 2, 1)
    assert second.notes["reasons"] == {"answers.said_otherwise": 1}
    assert asking.GivenAnswer.objects.count() == 3


def test_an_answer_is_found_under_the_code_the_person_was_merged_into(
    asked_store: Store,
    ticket: str,
    persons: list[KnownPerson],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sheet = ask(asked_store, ticket, tmp_path / "q.xlsx")
    today = local_day(NOW)
    _taken(asked_store, answer(tmp_path / "q.xlsx", [("是", today.isoformat())] * 3), sheet)
    old = persons[0].ref.removeprefix("person:")
    living = persons[4].ref.removeprefix("person:")
    found = {"purpose": "record_review", "on": today}
    assert not list_answers_of(asked_store, living, **found)
    merged = replace(registry.read_code_history(living, store=asked_store), merged_here=(old,))
    monkeypatch.setattr(registry, "resolve_code", lambda _code, *, store: living)
    monkeypatch.setattr(registry, "read_code_history", lambda _code, *, store: merged)
    assert [one.answer for one in list_answers_of(asked_store, living, **found)] == ["yes"]
    assert [one.answer for one in list_answers_of(asked_store, old, **found)] == ["yes"]


def test_a_sheet_is_written_over_nothing_and_through_no_link(
    asked_store: Store, ticket: str, tmp_path: Path
) -> None:
    (tmp_path / "there.xlsx").write_text("kept", encoding="utf-8")
    (tmp_path / "link.xlsx").symlink_to(tmp_path / "elsewhere.xlsx")
    for name in ("there.xlsx", "link.xlsx"):
        with pytest.raises(Refusal) as refused:
            ask(asked_store, ticket, tmp_path / name)
        assert refused.value.code == "questions.sheet_exists"
    assert (tmp_path / "there.xlsx").read_text(encoding="utf-8") == "kept"
    assert not (tmp_path / "elsewhere.xlsx").exists()
    assert not asking.AskedQuestion.objects.exists()


def _taken(store: Store, path: Path, sheet: asking.AskedSheet) -> Receipt:
    with store.writer_lease():
        return asking.take_answers(store, path, source=SOURCE, sheet=sheet.number, at=NOW)


def test_no_number_of_the_answered_sheet_is_sealed(
    asked_store: Store, ticket: str, persons: list[KnownPerson], tmp_path: Path
) -> None:
    sheet = ask(asked_store, ticket, tmp_path / "q.xlsx")
    day = local_day(NOW).isoformat()
    filled = answer(tmp_path / "q.xlsx", [("是", day)] * 3)
    with asked_store.writer_lease():
        asking.take_answers(asked_store, filled, source=SOURCE, sheet=sheet.number, at=NOW)
    snapshot = asking.open_snapshot(
        asked_store,
        _snapshot(asked_store, sheet.number),
        zone=Zone.CORE,
    ).to_pydict()
    assert set(snapshot["身份证号码"]) == {""}
    assert len(set(snapshot["询问号"])) == 3
    # Answers are facts of their own and no rows of a build.
    assert SOURCE not in {one.resource.name for one in list_received(asked_store)}


def _snapshot(store: Store, number: str) -> object:
    from kuai.sources.actions import get_snapshot

    return get_snapshot(store, zone=Zone.CORE, source=SOURCE, period=f"answers-{number}")


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"text": "是否残疾"}, "questions.not_asked"),
        ({"text": "是否低保对象"}, "questions.not_asked"),
        ({"purpose": "grid_visit"}, "questions.purpose"),
    ],
)
def test_what_the_registration_does_not_allow_is_not_asked(
    asked_store: Store, ticket: str, tmp_path: Path, card: dict[str, str], code: str
) -> None:
    write_card(asked_store, **card)
    with pytest.raises(Refusal) as refused:
        ask(asked_store, ticket, tmp_path / "q.xlsx")
    assert refused.value.code == code
    assert not (tmp_path / "q.xlsx").exists()


def test_an_unlisted_question_and_a_ticket_without_the_field_are_refused(
    asked_store: Store, ticket: str, persons: list[KnownPerson], tmp_path: Path
) -> None:
    with pytest.raises(Refusal) as refused:
        ask(asked_store, ticket, tmp_path / "q.xlsx", "owns_a_car")
    assert refused.value.code == "questions.unknown"
    with pytest.raises(Refusal) as refused:
        ask(asked_store, ticket_for(persons[:1], "name"), tmp_path / "q.xlsx")
    assert refused.value.code == "questions.ticket_fields"
    with pytest.raises(Refusal, match="没有可用的凭据"):
        ask(asked_store, "T-0000000000000000", tmp_path / "q.xlsx")


def test_answers_nobody_asked_for_are_not_taken_in(
    asked_store: Store, ticket: str, tmp_path: Path, settings: LazySettings
) -> None:
    sheet = ask(asked_store, ticket, tmp_path / "q.xlsx")
    with pytest.raises(Refusal, match="没有向这个来源发过"):
        asking.take_answers(
            asked_store, tmp_path / "q.xlsx", source=SOURCE, sheet="Q-ffffffffffff", at=NOW
        )
    book = openpyxl.load_workbook(tmp_path / "q.xlsx")
    book.active.cell(2, 1, "Q-somebody-elses")
    book.active.cell(3, 5, (local_day(NOW) + timedelta(days=2)).isoformat())
    book.active.cell(3, 4, "是")
    book.save(tmp_path / "strange.xlsx")
    with asked_store.writer_lease():
        receipt = asking.take_answers(
            asked_store, tmp_path / "strange.xlsx", source=SOURCE, sheet=sheet.number, at=NOW
        )
    assert (receipt.kept, receipt.refused) == (0, 3)
    assert receipt.notes["reasons"] == {
        "answers.not_asked": 1, "answers.no_day": 1, "answers.no_answer": 1,
    }  # fmt: skip
    book.active.cell(1, 1, "别的")
    book.save(tmp_path / "strange.xlsx")
    with asked_store.writer_lease(), pytest.raises(DataFault):
        asking.take_answers(
            asked_store, tmp_path / "strange.xlsx", source=SOURCE, sheet=sheet.number, at=NOW
        )


def test_a_source_that_lies_apart_is_not_asked_here(asked_store: Store) -> None:
    apart = replace(REGISTRATION, source="aid_office", zone=Zone.CARE, permitted_purposes=())
    access.register_source(apart, by=STEWARD, at=NOW)
    with pytest.raises(Refusal) as refused:
        asking.read_questions(asked_store, "aid_office")
    assert refused.value.code == "questions.apart"
