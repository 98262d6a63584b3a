"""Questions over a built store: asked once, sent once, answered by link, at the counter or at the door."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from django.apps import apps
from django.conf import LazySettings

from kuai.flows import questions as outbox
from kuai.guard import access
from kuai.guard.ledger import list_entries
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.queries import find_actor_by_login
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry import queries as registry
from kuai.registry.decisions import DecisionKind
from kuai.rules import actions as rules
from kuai.rules.queries import list_findings, list_rules
from kuai.services.proactive import actions as proactive
from kuai.services.questions import actions, queries, sending
from kuai.services.questions.asking import place_of
from kuai.services.questions.gateways import current_gateway
from kuai.services.questions.models import LinkMiss, Message, PausedRule, Question
from kuai.services.questions.types import Asking, By, MessageState, Said, State
from kuai.services.residence.door_codes import mark_of
from kuai.services.residence.on_file import find_on_file
from tests.modules.registry.contested_town import STEWARD, a_registration
from tests.stories import declaring, towns

pytestmark = pytest.mark.django_db(transaction=True)

NOW = utc_now().replace(microsecond=0)
LATER = NOW + timedelta(days=20)
PASSWORD = "kuai-demo-for-tests"
PURPOSES = ("record_review", "residence_registration", "rental_management")
OFFICER = Actor("officer", Role.OFFICER, areas=("",))
ELSEWHERE = Actor("elsewhere", Role.SUBDISTRICT_CLERK, areas=("/none",))


class Gateway:
    """Every phone there is; `dies` is what it does instead, once."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.dies: BaseException | None = None

    def __call__(self, number: str, phone: str, text: str) -> None:
        if isinstance(self.dies, Refusal):
            dies, self.dies = self.dies, None
            raise dies
        self.sent.append((number, phone, text))
        if self.dies is not None:
            dies, self.dies = self.dies, None
            raise dies

    def token(self) -> str:
        """The token of the newest message."""
        return re.search(r"/q/([0-9A-Z]+)/", self.sent[-1][2]).group(1)  # type: ignore[union-attr]


@pytest.fixture
def store(own_store: Path, settings: LazySettings) -> Store:
    store = Store(own_store)
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.KUAI_ANSWER_ORIGIN = "https://q.example.cn"
    settings.KUAI_VISITS_PER_WEEK = 2
    register_sources(at=NOW)
    access.create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    for app in ("registry", "services_residence", "services_questions"):
        apps.get_app_config(app).ready()
    return store


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def clerk(store: Store) -> Actor:  # noqa: ARG001 - accounts are opened in it
    return login("subdistrict-clerk")


def login(role: str) -> Actor:
    actor = find_actor_by_login(f"demo-{role}")
    assert actor is not None
    return actor


def ask(store: Store, home: dict, origin: str = "test:1", **more: object) -> str:
    said = {
        "origin": origin,
        "rule": "test.home",
        "text": "您登记的住处，现在还住着吗？",
        "reason": "两处登记不一样",
        "purpose": "residence_registration",
        "basis": "居住证暂行条例第二条",
        "responsible": "街道综治办",
        "subject_ref": f"person:{home['from_code']}",
        "contact": f"person:{home['from_code']}",
        "place_code": home["to_code"],
        "fact_key": home["fact_key"],
    } | more
    return actions.open_question(store, Asking(**said), at=NOW)  # type: ignore[arg-type]


def register_sources(*, at: datetime) -> None:
    """Sources of the town whose agreements allow what is asked."""
    access.load_purposes()
    for source in ("police", "police_residents", "rental_filings", "landlord_reports"):
        registration = replace(
            a_registration("police"), source=source, title=source, permitted_purposes=PURPOSES
        )
        access.register_source(registration, by=STEWARD, at=at)


def own_home(store: Store) -> dict:
    """The home of a grown-up whose phone is on file, that person's own row."""
    room, _, phone = declaring.somebody_on_file(store)
    person = find_on_file(store, phone_mark=mark_of(store, phone))
    assert person is not None
    rows = declaring.rooms_with(store, "PH_RESIDE")
    return next(
        one for one in rows if (one["from_code"], one["to_code"]) == (person.person_code, room)
    )


@pytest.fixture
def home(store: Store) -> dict:
    return own_home(store)


def test_the_same_origin_is_asked_once_and_says_who_answers_for_it(
    store: Store, home: dict, clerk: Actor
) -> None:
    first = ask(store, home)
    assert ask(store, home, text="换了一句话？") == first
    one = queries.get_question(first, by=clerk)
    assert (one.reason, one.channel) != ("", "")
    assert one.due_on > local_day(NOW)
    assert one.responsible.startswith("街道综治办")
    with pytest.raises(Refusal, match="原因"):
        ask(store, home, "test:2", reason=" ")
    with pytest.raises(Refusal):
        ask(store, home, "test:3", text="请打 13912345678 问张三丰住哪里")


def test_officers_and_other_areas_see_no_question(store: Store, home: dict) -> None:
    number = ask(store, home)
    for by in (OFFICER, Actor("leader", Role.LEADER, areas=("",)), login("data-steward")):
        with pytest.raises(Refusal):
            queries.list_living(by=by)
        with pytest.raises(Refusal):
            actions.settle(store, number, Said.HOLDS, way=By.PHONE, by=by, at=NOW)
    with pytest.raises(Refusal, match="辖区里没有"):
        queries.get_question(number, by=ELSEWHERE)
    assert queries.list_living(by=ELSEWHERE) == ((), 0)


def test_one_message_a_contact_a_day_and_the_sums_add_up(
    store: Store, home: dict, clerk: Actor, gateway: Gateway
) -> None:
    ask(store, home)
    ask(store, home, "test:2")
    ask(store, home, "test:3", contact=f"place:{home['to_code']}")
    receipt = actions.send_due(store, by=clerk, at=NOW, gateway=gateway)
    assert (receipt.received, receipt.kept, receipt.refused) == (2, 1, 1)
    ((number, phone, text),) = gateway.sent
    assert len(text) <= 70
    assert "2件事" in text
    assert phone not in text
    looks = [
        one
        for one in list_entries(LedgerFilter(), limit=50).entries
        if one.purpose == "residence_registration"
    ]
    assert any("phone" in one.fields for one in looks), "the person sees who read the phone"
    ask(store, home, "test:4")
    assert actions.send_due(store, by=clerk, at=NOW, gateway=gateway).received == 0
    again = actions.send_due(store, by=clerk, at=NOW + timedelta(days=1), gateway=gateway)
    assert again.kept == 1
    pdf, count = actions.print_letters(by=clerk, at=NOW)
    assert (pdf[:4], count) == (b"%PDF", 1)
    with pytest.raises(Refusal, match="没有等着印"):
        actions.print_letters(by=clerk, at=NOW)
    assert queries.count_outbox(by=clerk).messages == {"sent": 3}
    assert number != gateway.sent[-1][0]


@pytest.mark.parametrize("dies", [RuntimeError("gone"), KeyboardInterrupt()])
def test_a_message_that_may_have_left_is_never_sent_again_by_itself(
    store: Store, home: dict, clerk: Actor, gateway: Gateway, dies: BaseException
) -> None:
    ask(store, home)
    gateway.dies = dies
    try:
        receipt = actions.send_due(store, by=clerk, at=NOW, gateway=gateway)
        assert (receipt.received, receipt.quarantined) == (1, 1)
    except KeyboardInterrupt:
        assert Message.objects.get().state == MessageState.CLAIMED.value
    for days in (0, 1, 2):
        actions.send_due(store, by=clerk, at=NOW + timedelta(days=days, hours=1), gateway=gateway)
    assert len(gateway.sent) == 1
    (unsure,) = queries.list_unsure(by=clerk)
    # It may have arrived, so its link answers.
    assert actions.open_link(store, gateway.token(), address="a", at=NOW)
    with pytest.raises(Refusal):
        actions.settle_unsure(unsure, was_sent=False, by=ELSEWHERE, at=NOW)
    actions.settle_unsure(unsure, was_sent=False, by=clerk, at=NOW)
    actions.send_due(store, by=clerk, at=NOW + timedelta(days=3), gateway=gateway)
    assert len(gateway.sent) == 2


def test_what_surely_did_not_leave_goes_the_next_day(
    store: Store, home: dict, clerk: Actor, gateway: Gateway
) -> None:
    ask(store, home)
    gateway.dies = Refusal("gateway.away", "连不上。")
    assert actions.send_due(store, by=clerk, at=NOW, gateway=gateway).quarantined == 1
    assert actions.send_due(store, by=clerk, at=NOW, gateway=gateway).received == 0
    assert actions.send_due(store, by=clerk, at=NOW + timedelta(days=1), gateway=gateway).kept == 1


def test_a_link_answers_once_tells_nothing_and_all_that_open_nothing_sound_alike(
    store: Store, home: dict, clerk: Actor, gateway: Gateway
) -> None:
    number = ask(store, home)
    actions.send_due(store, by=clerk, at=NOW, gateway=gateway)
    token = gateway.token()
    assert token not in str(Message.objects.values())
    (shown,) = actions.open_link(store, token, address="a", at=NOW)
    assert home["to_code"] not in str(shown)
    assert Question.objects.get().place_text not in str(shown)
    settled = actions.answer_link(store, token, number, Said.ENDED, address="a", at=NOW)
    assert settled.state is State.CLOSED
    assert settled.cases, "the department that stated it is asked"
    assert home["fact_key"] in registry.contested_facts()
    said = set()
    for wrong, at in ((token, NOW), ("0" * 16, NOW), ("<b>", NOW), (token, LATER)):
        with pytest.raises(Refusal) as refusal:
            actions.open_link(store, wrong, address="b", at=at)
        said.add((refusal.value.code, refusal.value.sentence, refusal.value.next_step))
    assert len(said) == 1
    for _ in range(30):
        try:
            actions.open_link(store, "1" * 16, address="c", at=NOW)
        except Refusal as refusal:
            last = refusal.code
    assert last == "link.wait"
    assert LinkMiss.objects.count() == 24


def test_a_letters_answer_waits_for_staff(store: Store, home: dict, clerk: Actor) -> None:
    number = ask(store, home, contact=f"place:{home['to_code']}")
    actions.send_due(store, by=clerk, at=NOW, gateway=Gateway())
    ((_, token),) = sending.claim_letters(by=clerk, at=NOW)
    settled = actions.answer_link(store, token, number, Said.WRONG, address="a", at=NOW)
    assert (settled.state, settled.decision) == (State.ANSWERED, None)
    assert home["fact_key"] not in registry.contested_facts()
    done = actions.settle(store, number, Said.WRONG, way=By.PHONE, by=clerk, at=NOW)
    assert done.state is State.CLOSED
    assert done.cases


def test_no_answer_and_refused_are_not_false(
    store: Store, home: dict, clerk: Actor, gateway: Gateway
) -> None:
    number = ask(store, home)
    actions.send_due(store, by=clerk, at=NOW, gateway=gateway)
    settled = actions.answer_link(store, gateway.token(), number, Said.UNKNOWN, address="a", at=NOW)
    assert settled.state is State.LAPSED
    settled = actions.answer_link(store, gateway.token(), number, Said.REFUSED, address="a", at=NOW)
    assert (settled.state, settled.decision) == (State.CLOSED, None)
    assert not registry.contested_facts()


def test_what_stands_still_is_not_sent_not_settled_does_not_lapse_and_is_not_gone(
    store: Store, home: dict, clerk: Actor, gateway: Gateway
) -> None:
    contested = ask(store, home)
    of_rule = ask(store, home, "test:2", fact_key="", rule="test.other")
    decisions.contest_fact(
        store,
        home["fact_key"],
        says=decisions.Objection.TYPO,
        by=clerk,
        at=NOW,
        reason="窗口提出",
    )
    actions.pause_rule("test.other", because="准确率低于下限", at=NOW)
    actions.pause_rule("test.other", because="again", at=NOW)
    assert PausedRule.objects.count() == 1
    assert actions.send_due(store, by=clerk, at=NOW, gateway=gateway).received == 0
    assert actions.lapse_overdue(on=local_day(LATER), at=LATER) == 0
    assert actions.close_gone((), of="test:", at=NOW) == 0
    for number in (contested, of_rule):
        assert queries.get_question(number, by=clerk).is_paused
        with pytest.raises(Refusal, match="异议正在校核"):
            actions.settle(store, number, Said.HOLDS, way=By.PHONE, by=clerk, at=NOW)
    actions.resume_rule("test.other", at=NOW)
    assert actions.send_due(store, by=clerk, at=NOW, gateway=gateway).kept == 1
    assert actions.close_gone((), of="test:", at=NOW) == 1


def lapsed(store: Store, rows: list[dict]) -> list[str]:
    numbers = [
        ask(
            store,
            row,
            f"test:{at}-{part}",
            contact="",
            usefulness=90 - at,
            text=f"第 {part} 件事？",
        )
        for at, row in enumerate(rows)
        for part in (1, 2)
    ]
    actions.lapse_overdue(on=local_day(LATER), at=LATER)
    return numbers


def neighbours(store: Store, home: dict, most: int) -> list[dict]:
    """Homes in one grid, one a room, beginning with `home`."""
    grid = place_of(store, home["to_code"]).grid_code
    found = {home["to_code"]: home}
    for row in declaring.rooms_with(store, "PH_RESIDE"):
        if len(found) == most:
            break
        if row["to_code"] not in found and place_of(store, row["to_code"]).grid_code == grid:
            found[row["to_code"]] = row
    return list(found.values())


def test_a_grid_gets_as_many_doors_as_it_can_walk_and_each_is_one_knock(
    store: Store, home: dict, clerk: Actor
) -> None:
    rows = neighbours(store, home, 3)
    assert len(rows) == 3
    numbers = lapsed(store, rows)
    grid = queries.get_question(numbers[0], by=clerk).grid_code
    sheet = actions.draw_sheet(store, grid, on=local_day(LATER), by=clerk, at=LATER)
    assert [len(door.lines) for door in sheet.doors] == [2, 2]
    assert sheet.waiting == 1
    assert {door.place_code for door in sheet.doors} == {row["to_code"] for row in rows[:2]}
    again = actions.draw_sheet(store, grid, on=local_day(LATER), by=clerk, at=LATER)
    assert (again.number, len(again.doors), again.waiting) == (sheet.number, 2, 1)
    assert queries.list_waiting_grids(by=clerk) == ((grid, 1, 2),)
    assert actions.visit_sheet_pdf(sheet)[:4] == b"%PDF"
    with pytest.raises(Refusal):
        queries.get_sheet(store, sheet.number, by=ELSEWHERE)
    # Nobody on it: neither codes of persons nor who walks.
    assert "P-" not in str(sheet)
    next_week = local_day(LATER) + timedelta(days=7)
    rest = actions.draw_sheet(store, grid, on=next_week, by=clerk, at=LATER)
    assert (len(rest.doors), rest.waiting) == (1, 0)


def test_visits_promote_dispute_or_conclude_nothing_and_the_same_sheet_again_changes_nothing(
    store: Store, home: dict, clerk: Actor
) -> None:
    rows = neighbours(store, home, 2)
    numbers = lapsed(store, rows)
    grid = queries.get_question(numbers[0], by=clerk).grid_code
    worker = login("grid-worker")
    sheet = actions.draw_sheet(store, grid, on=local_day(LATER), by=worker, at=LATER)
    codes = {
        Question.objects.get(visit_lines__row_code=line[0]).number: line[0]
        for door in sheet.doors
        for line in door.lines
    }
    book = openpyxl.load_workbook(io.BytesIO(queries.write_visit_sheet(sheet)))
    page = book.worksheets[0]
    words = dict(zip(numbers, ("属实", "没见到人", "已经不是", "不愿说"), strict=True))
    by_code = {codes[number]: word for number, word in words.items()}
    for row in page.iter_rows(min_row=2):
        row[7].value = by_code[row[0].value]
    page.append(["XXXXXX", "", "", "", "", "", "", "属实"])
    out = io.BytesIO()
    book.save(out)
    lines = queries.read_visits(out.getvalue(), file="核对表.xlsx")
    receipt, faults = outbox.take_in_returns(store, lines, by=worker, at=LATER)
    assert (receipt.received, receipt.kept, receipt.refused) == (5, 4, 1)
    assert [line for line, _, _ in faults] == [6]
    states = [Question.objects.get(number=one).state for one in numbers]
    assert states == ["closed", "lapsed", "closed", "closed"]
    kinds = [one.kind for one in registry.list_decisions()]
    # The first door's fact is promoted; the second's is contested, for a grid worker ends nothing.
    assert sorted(kinds) == [DecisionKind.OBJECT, DecisionKind.VERIFY]
    assert registry.contested_facts() == {rows[1]["fact_key"]}
    again, _ = outbox.take_in_returns(store, lines, by=worker, at=LATER)
    assert (again.kept, again.refused) == (4, 1)
    assert len(registry.list_decisions()) == 2
    changed = [(2, lines[0][1], "从来不是", "")]
    _, faults = outbox.take_in_returns(store, changed, by=worker, at=LATER)
    assert "不改" in faults[0][2]


def test_a_clerk_ends_a_fact_with_its_day_and_a_ticket_names_one_person_alone(
    store: Store, home: dict, clerk: Actor
) -> None:
    number = ask(store, home)
    ticket = actions.take_ticket(number, by=clerk, at=NOW)
    ref = f"person:{home['from_code']}"
    assert ticket.subjects == (ref,)
    card = access.reveal(ref, ("name", "phone"), to=clerk, ticket=ticket, at=NOW, store=store)
    assert card["phone"]
    day = local_day(NOW)
    with pytest.raises(Refusal, match="不晚于今天"):
        actions.settle(
            store,
            number,
            Said.ENDED,
            way=By.COUNTER,
            by=clerk,
            at=NOW,
            ends_on=day + timedelta(days=1),
        )
    done = outbox.settle(store, number, Said.ENDED, way=By.COUNTER, by=clerk, at=NOW, ends_on=day)
    assert done.state is State.CLOSED
    assert [one.kind for one in registry.list_decisions()] == [DecisionKind.END]
    with pytest.raises(Refusal):
        access.reveal(ref, ("name",), to=clerk, ticket=ticket, at=NOW, store=store)
    with pytest.raises(Refusal, match="已经答复"):
        actions.settle(store, number, Said.HOLDS, way=By.COUNTER, by=clerk, at=NOW)


def test_findings_and_declarations_come_into_one_outbox_again_and_again(
    store: Store, clerk: Actor
) -> None:
    rules.run_rules(store, day=towns.TOWN_DAY, smallest_population=10)
    room = str(declaring.rooms_with(store, "PH_RENT")[0]["to_code"])
    door = declaring.door_of(store, room, at=NOW)
    declaring.declare(
        store, door, declaring.a_wish(id_number="440381199001011230"), declaring.Phone(), at=NOW
    )
    unsigned, _, _ = outbox.hand_over(store, at=NOW)
    assert unsigned.kept == 0, "no rule asks anybody before it was rehearsed and signed"
    name = list_findings(store, asks="question")[0].rule
    steward = login("data-steward")
    proactive.rehearse_rule(
        store, name, day=towns.TOWN_DAY, by=steward, at=NOW, smallest_population=10
    )
    proactive.sign_rule(store, name, by=clerk, at=NOW)
    findings, declared, _ = outbox.hand_over(store, at=NOW)
    assert findings.kept > 0
    assert findings.received == findings.kept + findings.refused
    assert declared.kept == 1
    count = Question.objects.count()
    outbox.hand_over(store, at=NOW)
    assert Question.objects.count() == count
    rows, _ = queries.list_living(by=clerk, up_to=1000)
    own = [one for one in rows if one.origin.startswith("declaration:")]
    done = outbox.settle(store, own[0].number, Said.HOLDS, way=By.PHONE, by=clerk, at=NOW)
    assert done.state is State.CLOSED
    outbox.hand_over(store, at=NOW)
    assert not [
        one for one in queries.list_living(by=clerk, up_to=1000)[0] if one.rule == "declaration"
    ]
    proactive.suspend_rule(store, name, because="准确率低", by=steward, at=NOW)
    outbox.hand_over(store, at=NOW)
    paused = [one for one in queries.list_living(by=clerk, up_to=1000)[0] if one.rule == name]
    assert paused
    assert all(one.is_paused for one in paused)
    own_work = [one for one in list_rules() if one.purpose in outbox.OWN_WORK]
    assert own_work
    assert not {one.rule for one in rows} & {one.rule_id for one in own_work}


def test_the_file_gateway_is_for_invented_people_alone(
    store: Store, settings: LazySettings
) -> None:
    current_gateway()("M-1", "13900000001", "【社区核对】")
    written = store.scratch / "messages-sent.jsonl"
    assert written.stat().st_mode & 0o077 == 0
    settings.KUAI_MESSAGE_GATEWAY = "smtp"
    with pytest.raises(Refusal, match="没有设好"):
        current_gateway()("M-1", "13900000001", "text")
    real = replace(a_registration("police"), source="real_one", synthetic=False)
    access.register_source(real, by=STEWARD, at=NOW)
    settings.KUAI_MESSAGE_GATEWAY = "file"
    with pytest.raises(Refusal, match="还不能发"):
        current_gateway()
