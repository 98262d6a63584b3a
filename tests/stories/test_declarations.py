"""Declarations over a built store: what goes in, what is asked, what nobody learns, and the next build takes it up."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.conf import LazySettings
from django.test import Client

from kuai.blocks.queries import open_blocks
from kuai.flows import declarations
from kuai.flows.build import rebuild_store
from kuai.flows.handed_in import take_in
from kuai.flows.registration import gate_of, registrar_of
from kuai.guard import access
from kuai.guard.ledger import list_entries
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.models import SourceRecord
from kuai.guard.retention import erase_due_rows
from kuai.guard.types import Actor, Role, Zone
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import queries as registry
from kuai.services.residence import actions, on_file, queries, questions, sealed_values
from kuai.services.residence.door_codes import mark_of
from kuai.services.residence.engine.names import name_key
from kuai.services.residence.engine.sheet_form import HEADING, REASON
from kuai.services.residence.models import Declaration, DoorCode, Question, StampedReceipt
from kuai.services.residence.on_file import count_living
from kuai.services.residence.types import (
    Act,
    Answer,
    AskedOf,
    QuestionKind,
    SheetTaken,
    Tenure,
)
from kuai.sources import actions as sources
from tests.modules.registry.contested_town import STEWARD, a_registration
from tests.stories import towns
from tests.stories.declaring import (
    CLERK,
    LANDLORD_PHONE,
    NEW_PHONE,
    NEWCOMER,
    Phone,
    a_wish,
    declare,
    door_of,
    rooms_with,
    somebody_on_file,
)

pytestmark = pytest.mark.django_db

NOW = utc_now().replace(microsecond=0)
FIRM_PHONE, CONTACTS = "13900000555", "firm_contacts"
ELSEWHERE = Actor("elsewhere", Role.SUBDISTRICT_CLERK, areas=("/none",))
A_CHILD = {
    "act": "child",
    "room_code": "x",
    "declared_at": NOW,
    "fields_typed": 2,
    "is_child_under_14": True,
}
OFFICER = Actor("officer", Role.OFFICER, areas=("",))


@pytest.fixture(scope="module")
def one_copy(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy of the built store for what only seals a value of its own; the work database is rolled back."""
    folder = tmp_path_factory.mktemp("declared") / "store"
    shutil.copytree(built, folder)
    shutil.copytree(Store(built).keys, Store(folder).keys)
    return folder


@pytest.fixture
def store(one_copy: Path, settings: LazySettings) -> Store:
    """The built store; declarations are registered as its source, as somebody's first door sheet does."""
    return opened(one_copy, settings)


@pytest.fixture
def fresh_store(own_store: Path, settings: LazySettings) -> Store:
    """A copy that nobody else's values lie in, and that may be built anew."""
    return opened(own_store, settings)


def opened(folder: Path, settings: LazySettings) -> Store:
    store = Store(folder)
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    access.load_purposes()
    require_sealing_source_of_demo()
    return store


def require_sealing_source_of_demo() -> None:
    """One source of invented rows makes the work database's store a synthetic one."""
    access.register_source(a_registration("police"), by=STEWARD, at=NOW)


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def room(store: Store) -> str:
    """A home that is let."""
    return str(rooms_with(store, "PH_RENT")[0]["to_code"])


@pytest.fixture
def door(store: Store, room: str) -> str:
    return door_of(store, room, at=NOW)


def test_declarations_go_into_the_next_build_as_asserted_facts(
    fresh_store: Store, phone: Phone
) -> None:
    store = fresh_store
    room = str(rooms_with(store, "PH_RENT")[0]["to_code"])
    door = door_of(store, room, at=NOW)
    made = declare(store, door, a_wish(), phone, at=NOW)
    row = Declaration.objects.get(number=made.number)
    assert (row.fields_typed, row.proof, row.notice_version) == (2, "phone", "2026-11")
    assert made.questions == ()
    assert not made.was_known
    guardian = "13900000003"
    child = a_wish(Act.CHILD, name="欧阳小试", phone=guardian, birth_year=NOW.year - 8)
    declare(store, door, child, phone, at=NOW)
    declare(store, door, a_wish(name="欧阳之母", phone=guardian), phone, at=NOW)
    # Nobody who declared living there holds this phone: a child without a guardian on record.
    alone = a_wish(Act.CHILD, name="欧阳小独", phone="13900000004", birth_year=NOW.year - 7)
    declare(store, door, alone, phone, at=NOW)
    firm, firm_phone = a_firm_with_a_mobile(store)
    employs = a_wish(Act.EMPLOY, name="员工试甲", phone="", credit_code=firm)
    declare(store, door, employs, phone, at=NOW, to=firm_phone)
    declare(store, door, a_wish(Act.LET, name="租客甲", phone=LANDLORD_PHONE), phone, at=NOW)
    mistaken = declare(store, door, a_wish(name="填错了名", phone=guardian), phone, at=NOW)
    actions.withdraw_declaration(store, mistaken.number, by=None, at=NOW)

    handed = declarations.hand_over(store, at=NOW)
    assert [(source, one.received, one.kept) for source, one in handed.receipts] == [
        ("declarations_residents", 5, 5),
        ("declarations_rental", 1, 1),
    ]
    assert handed.first_time == 6
    assert not list((store.scratch / "uploads").glob("*")), "no values lie about"
    rebuild(store)
    added = [
        one
        for one in towns.read_core(store.root, "relation")
        if one["source"].startswith("declarations_") and one["type"][:3] in ("PH_", "PP_", "PL_")
    ]
    assert {one["status"] for one in added} == {"asserted"}
    homes = sorted((one["type"], one["to_code"]) for one in added if one["type"][:3] == "PH_")
    assert homes == [("PH_RENT", room), *[("PH_RESIDE", room)] * 5]
    declared = {one["from_code"] for one in added}
    persons = {
        one["person_code"]: one
        for one in towns.read_core(store.root, "person")
        if one["person_code"] in declared
    }
    assert sorted(one["is_child_under_14"] for one in persons.values()) == [False] * 4 + [True] * 2
    # A guardian who lives there by their own word is one, a phone alone is nobody's.
    ((guardian_code, ward),) = (
        (one["from_code"], one["to_code"]) for one in added if one["type"] == "PP_GUARDIAN"
    )
    assert persons[ward]["is_child_under_14"]
    assert not persons[guardian_code]["is_child_under_14"]
    (employed,) = (one["to_code"] for one in added if one["type"] == "PL_EMPLOY")
    firms = towns.read_core(store.root, "organisation")
    assert {one["credit_code"] for one in firms if one["organisation_code"] == employed} == {firm}
    # Handing over again delivers nothing new.
    assert declarations.hand_over(store, at=NOW).first_time == 0


def a_firm_with_a_mobile(store: Store) -> tuple[str, str]:
    """(credit code, mobile number) of a living firm that gave a register its number: a source of its own, built."""
    firm = next(
        one
        for one in towns.read_core(store.root, "organisation")
        if one["credit_code"] and one["state"] == "active" and one["kind"] == "enterprise"
    )
    said = {"统一社会信用代码": firm["credit_code"], "名称": firm["name"], "企业电话": FIRM_PHONE}
    fields = ("organisation.credit_code", "organisation.name", "organisation.phone")
    purpose = "administrative_inspection"
    columns = tuple(
        sources.ColumnMapping(heading=heading, field=field, role="subject", purpose=purpose)
        for heading, field in zip(said, fields, strict=True)
    )
    mapping = sources.Mapping(
        source=CONTACTS, template="business", zone=Zone.CORE, columns=columns, reason="单位电话"
    )
    registration = replace(
        a_registration("police"), source=CONTACTS, permitted_purposes=(purpose, "record_review")
    )
    access.register_source(registration, by=STEWARD, at=NOW)
    path = store.scratch / f"{CONTACTS}.csv"
    path.write_text(",".join(said) + "\n" + ",".join(said.values()) + "\n", "utf-8")
    with store.writer_lease():
        sources.save_mapping(store, sources.parse_mapping(sources.write_mapping(mapping)))
        take_in(store, path, source=CONTACTS, period="2026-11-01", zone=Zone.CORE)
    path.unlink()
    rebuild(store)
    return firm["credit_code"], FIRM_PHONE


def rebuild(store: Store) -> None:
    rebuild_store(
        store, registrar=registrar_of(synthetic=True, at=NOW), gate_on=gate_of(synthetic=True)
    )


def test_consent_taken_back_shreds_at_once_and_staff_do_it_in_their_area_alone(
    store: Store, phone: Phone, door: str
) -> None:
    made = declare(store, door, a_wish(), phone, at=NOW)
    for by in (OFFICER, ELSEWHERE):
        with pytest.raises(Refusal):
            actions.withdraw_declaration(store, made.number, by=by, at=NOW)
    actions.withdraw_declaration(store, made.number, by=CLERK, at=NOW)
    assert queries.read_receipt_lines(store, made.number) == {}
    assert list(queries.rows_in_force(store, at=NOW)) == []
    assert queries.list_waiting() == ()
    assert queries.verify_receipt(store, made.mark) is not None, "that it was declared stays true"


def test_who_is_on_file_hears_so_only_after_the_code_and_by_name_and_phone_together(
    store: Store, phone: Phone
) -> None:
    home, name, number = somebody_on_file(store)
    door = door_of(store, home, at=NOW)
    known = declare(store, door, a_wish(name=name, phone=number), phone, at=NOW)
    assert known.was_known
    assert Declaration.objects.get(number=known.number).proof == "phone_on_file"
    # The holder of an old number of theirs, who does not know the name, hears nothing.
    other = declare(store, door, a_wish(phone=number), phone, at=NOW)
    assert not other.was_known
    stranger = declare(store, door, a_wish(name=name), phone, at=NOW)
    assert not stranger.was_known


def test_asking_for_a_code_is_the_same_for_known_and_unknown_numbers(
    store: Store, phone: Phone
) -> None:
    home, name, number = somebody_on_file(store)
    door = door_of(store, home, at=NOW)
    asked = [
        actions.ask_for_code(store, door, wish, address="203.0.113.9", at=NOW, gateway=phone)
        for wish in (a_wish(name=name, phone=number), a_wish())
    ]
    assert asked[0].ends_at == asked[1].ends_at
    assert len({re.sub(r"\d{6}", "", text) for _, text in phone.sent}) == 1
    assert all(name not in text and home not in text for _, text in phone.sent)


def test_a_code_is_tried_five_times_and_no_more(store: Store, phone: Phone, door: str) -> None:
    wish = a_wish()
    asked = actions.ask_for_code(store, door, wish, address="a", at=NOW, gateway=phone)
    right = phone.code(NEW_PHONE)
    for wrong in ("000000", "", "12345", "１２３", "abcdef"):
        with pytest.raises(Refusal, match="验证码不对"):
            actions.declare(
                store,
                door,
                wish,
                reference=asked.reference,
                code=wrong if wrong != right else "999999",
                at=NOW,
            )
    with pytest.raises(Refusal, match="验证码不对"):
        actions.declare(store, door, wish, reference=asked.reference, code=right, at=NOW)
    assert Declaration.objects.count() == 0


def test_a_code_is_for_one_declaration_at_one_door_in_ten_minutes(
    store: Store, phone: Phone, room: str, door: str
) -> None:
    wish = a_wish()
    asked = actions.ask_for_code(store, door, wish, address="a", at=NOW, gateway=phone)
    code = phone.code(NEW_PHONE)
    late = NOW + timedelta(minutes=10)
    others = [one["to_code"] for one in rooms_with(store, "PH_RENT") if one["to_code"] != room]
    elsewhere = door_of(store, others[0], at=NOW)
    for where, what, when in (
        (door, wish, late),
        (door, a_wish(name="别人"), NOW),
        (door, a_wish(act=Act.LEAVE), NOW),
    ):
        with pytest.raises(Refusal, match="验证码不对"):
            actions.declare(store, where, what, reference=asked.reference, code=code, at=when)
    with pytest.raises(Refusal, match="另一户"):
        actions.declare(store, elsewhere, wish, reference=asked.reference, code=code, at=NOW)
    with pytest.raises(Refusal, match="验证码不对"):
        actions.declare(store, door, wish, reference=asked.reference, code=code, at=NOW)
    again = declare(store, door, wish, phone, at=NOW)
    assert Declaration.objects.get().number == again.number


def test_codes_are_few_an_hour_by_phone_by_room_and_by_address(
    store: Store, phone: Phone, door: str
) -> None:
    def ask(number: str, address: str, when=NOW) -> None:
        actions.ask_for_code(
            store, door, a_wish(phone=number), address=address, at=when, gateway=phone
        )

    for turn in range(4):
        ask(NEW_PHONE, f"198.51.100.{turn}")
    with pytest.raises(Refusal, match="太勤"):
        ask(NEW_PHONE, "198.51.100.99")
    for turn in range(8):
        ask(f"1390000010{turn}", f"198.51.100.{turn}")
    with pytest.raises(Refusal, match="太勤"):
        ask("13900000200", "198.51.100.98")
    ask(NEW_PHONE, "198.51.100.99", when=NOW + timedelta(hours=1, seconds=1))


def test_door_codes_cannot_be_tried_out(store: Store, door: str) -> None:
    assert len(set(DoorCode.objects.values_list("code", flat=True))) == DoorCode.objects.count()
    for turn in range(20):
        with pytest.raises(Refusal, match="没有这个申报码"):
            actions.open_door(store, f"0000000{turn:03d}", address="198.51.100.7", at=NOW)
    with pytest.raises(Refusal, match="试错的次数太多"):
        actions.open_door(store, door, address="198.51.100.7", at=NOW)
    assert actions.open_door(store, door, address="198.51.100.8", at=NOW).room_code


def test_the_room_number_is_no_door_code_and_the_door_tells_premises_alone(
    store: Store, room: str, door: str
) -> None:
    with pytest.raises(Refusal):
        actions.open_door(store, room, address="b", at=NOW)
    premises = actions.open_door(store, f"{door[:5]}-{door[5:].lower()}", address="b", at=NOW)
    assert (premises.room_code, premises.door_code) == (room, door)
    assert set(vars(premises)) == {"door_code", "room_code", "standard_text", "use"}


@pytest.mark.parametrize("is_tenant_first", [True, False])
def test_tenant_and_landlord_who_say_the_same_agree_whoever_speaks_first(
    store: Store, phone: Phone, is_tenant_first: bool
) -> None:
    let_room, _name, landlord_phone = somebody_on_file(store, "PH_LET")
    door = door_of(store, let_room, at=NOW)
    said = [a_wish(), a_wish(Act.LET, phone=landlord_phone)]
    for wish in said if is_tenant_first else reversed(said):
        declare(store, door, wish, phone, at=NOW)
        assert Question.objects.exists()
    assert not Question.objects.exclude(state="answered").exists()
    for row in Declaration.objects.all():
        assert set(row.steps.values_list("step", flat=True)) == {"declared", "agreed"}


@pytest.mark.parametrize("is_tenant_first", [True, False])
def test_landlord_and_tenant_who_disagree_are_both_asked_and_neither_is_overwritten(
    store: Store, phone: Phone, is_tenant_first: bool
) -> None:
    """The landlord says somebody else rents it; each says no to the other's word."""
    let_room, _name, landlord_phone = somebody_on_file(store, "PH_LET")
    door = door_of(store, let_room, at=NOW)
    said = [a_wish(), a_wish(Act.LET, name="另有其人", phone=landlord_phone)]
    for wish in said if is_tenant_first else reversed(said):
        declare(store, door, wish, phone, at=NOW)
    before = taken_up(store)
    assert len(before) == 2
    owner = proven(store, door, landlord_phone, phone)
    (asked,) = queries.list_for_proof(store, owner)
    assert asked.kind is QuestionKind.LANDLORD_CONFIRMS
    actions.answer_question(store, asked.number, Answer.NO, proof=owner, at=NOW)
    tenant = proven(store, door, NEW_PHONE, phone)
    for proof in (owner, tenant):
        (dispute,) = queries.list_for_proof(store, proof)
        assert dispute.kind is QuestionKind.DISAGREEMENT
    assert taken_up(store) == before, "a disagreement is a question"


def test_nobody_is_both_sides_and_a_made_up_landlord_does_not_answer_for_the_real_one(
    store: Store, phone: Phone
) -> None:
    let_room, _name, landlord_phone = somebody_on_file(store, "PH_LET")
    door = door_of(store, let_room, at=NOW)
    declare(store, door, a_wish(), phone, at=NOW)
    declare(store, door, a_wish(Act.LET), phone, at=NOW)
    assert {one.kind for one in queries.list_waiting()} == {
        QuestionKind.LANDLORD_CONFIRMS,
        QuestionKind.TENANT_CONFIRMS,
    }, "the same phone said both"
    declare(store, door, a_wish(Act.LET, phone="13900000778"), phone, at=NOW)
    kinds = {
        one.kind
        for one in queries.list_for_proof(store, proven(store, door, landlord_phone, phone))
    }
    assert kinds == {QuestionKind.LANDLORD_CONFIRMS}, "whom the register has is asked still"


def test_how_many_live_in_a_room_cannot_be_counted_by_declaring_one_name_after_the_other(
    store: Store, phone: Phone, door: str
) -> None:
    rows = [(door, f"租客{one}", "", "", "") for one in "甲乙丙丁戊己庚辛壬癸子丑寅"]
    taken = hand_in(store, phone, rows)
    assert taken.receipt.kept == len(rows)
    crowd = [one for one in queries.list_waiting() if one.kind is QuestionKind.OVER_OCCUPANCY]
    assert crowd
    assert {(one.asked_of, one.state) for one in crowd} == {(AskedOf.STAFF, "check")}
    proof = proven(store, door, LANDLORD_PHONE, phone)
    assert queries.list_for_proof(store, proof) == ()
    made = declare(store, door, a_wish(), phone, at=NOW)
    assert made.questions == (), "not on the receipt either"


def test_who_never_stood_before_a_door_declares_nobody_into_it_alone(
    store: Store, phone: Phone, room: str
) -> None:
    address = open_blocks(store.current_build()).get_block(room).standard_text
    taken = hand_in(store, phone, [(address, NEWCOMER, "", NEW_PHONE, "")])
    assert taken.receipt.kept == 1
    assert taken_up(store) == set()
    proof = proven(store, door_of(store, room, at=NOW), NEW_PHONE, phone)
    (asked,) = queries.list_for_proof(store, proof)
    actions.answer_question(store, asked.number, Answer.YES, proof=proof, at=NOW)
    assert taken_up(store) == set(Declaration.objects.values_list("number", flat=True))


def test_a_leaving_taken_back_ends_nothing_and_who_comes_back_lives_there(
    store: Store, phone: Phone, door: str
) -> None:
    def ends() -> list[object]:
        return [one.until for one in queries.rows_in_force(store, at=NOW)]

    declare(store, door, a_wish(tenure=Tenure.OWN), phone, at=NOW)
    left = declare(store, door, a_wish(Act.LEAVE), phone, at=NOW)
    assert ends() == [local_day(NOW)]
    actions.withdraw_declaration(store, left.number, by=None, at=NOW)
    assert ends() == [None]
    declare(store, door, a_wish(Act.LEAVE), phone, at=NOW)
    declare(store, door, a_wish(tenure=Tenure.OWN), phone, at=NOW)
    assert ends() == [local_day(NOW), None]


def test_who_is_on_file_by_an_extract_leaves_at_the_door_and_takes_it_back(
    store: Store, phone: Phone
) -> None:
    room, name, number = somebody_on_file(store)
    door = door_of(store, room, at=NOW)
    assert declare(store, door, a_wish(Act.LEAVE), phone, at=NOW).cases == (), "nobody on file"
    before = registry.facts_out_of_use()
    # Their phone with another name leads to nobody: a borrowed phone ends no one's home.
    other = a_wish(Act.LEAVE, name="欧阳借机", phone=number)
    assert declare(store, door, other, phone, at=NOW).cases == ()
    assert registry.facts_out_of_use() == before
    left = declare(store, door, a_wish(Act.LEAVE, name=name, phone=number), phone, at=NOW)
    assert left.cases
    ended = registry.facts_out_of_use() - before
    assert ended
    again = a_wish(Act.LEAVE, name=name, phone=number)
    assert declare(store, door, again, phone, at=NOW + timedelta(minutes=1)).cases == (), "once"
    actions.withdraw_declaration(store, left.number, by=None, at=NOW)
    assert registry.facts_out_of_use() == before


def test_a_landlord_cannot_declare_a_tenant_out(store: Store, phone: Phone, door: str) -> None:
    declare(store, door, a_wish(), phone, at=NOW)
    declare(store, door, a_wish(Act.TENANT_LEFT, phone=LANDLORD_PHONE), phone, at=NOW)
    (row,) = queries.rows_in_force(store, at=NOW)
    assert row.until is None, "the landlord's word ends nothing"
    proof = proven(store, door, NEW_PHONE, phone)
    kinds = {one.kind for one in queries.list_for_proof(store, proof)}
    assert kinds == {QuestionKind.TENANT_LEFT}
    (asked,) = queries.list_for_proof(store, proof)
    actions.answer_question(store, asked.number, Answer.NO, proof=proof, at=NOW)
    (dispute,) = Question.objects.filter(kind="disagreement")
    assert dispute.asked_of == "staff", (
        "whoever says they let it learns nothing of their tenant's answer"
    )
    assert queries.list_for_proof(store, proven(store, door, LANDLORD_PHONE, phone)) == ()
    assert next(iter(queries.rows_in_force(store, at=NOW))).until is None
    # The tenant's own word does end it.
    declare(store, door, a_wish(Act.LEAVE), phone, at=NOW + timedelta(minutes=1))
    assert next(iter(queries.rows_in_force(store, at=NOW))).until is not None


def proven(store: Store, door: str, number: str, phone: Phone, at=NOW):
    """A proof of this phone at this door."""
    asked = actions.ask_for_door_proof(store, door, number, address="p", at=at, gateway=phone)
    actions.prove_at_door(store, asked.reference, phone.code(number), phone=number, at=at)
    return actions.find_proof(asked.reference, at=at)


AFTER_DOUBTS = [
    ("impossible_number", "yes", "check", False),
    ("impossible_number", "no", "answered", False),
    ("under_age_alone", "yes", "answered", True),
    ("under_age_alone", "no", "check", False),
    ("over_occupancy", "yes", "answered", True),
    ("over_occupancy", "no", "answered", False),
    ("contradicts_verified", "yes", "check", False),
    ("contradicts_verified", "no", "answered", False),
    ("over_occupancy", "unknown", "open", False),
]


def test_a_doubt_is_one_question_and_then_a_check(store: Store, phone: Phone, door: str) -> None:
    for hours, (kind, answer, state, is_taken_up) in enumerate(AFTER_DOUBTS):
        at = NOW + timedelta(hours=2 * hours)
        own = f"139000007{hours:02d}"
        made = declare(store, door, a_wish(tenure=Tenure.OWN, phone=own), phone, at=at)
        row = Declaration.objects.get(number=made.number)
        asked = questions.ask(row, QuestionKind(kind), of=AskedOf.DECLARANT, at=at)
        assert made.number not in taken_up(store)
        proof = proven(store, door, own, phone, at=at)
        actions.answer_question(store, asked.number, Answer(answer), proof=proof, at=at)
        asked.refresh_from_db()
        assert (asked.state, made.number in taken_up(store)) == (state, is_taken_up), kind


def taken_up(store: Store) -> set[str]:
    """Numbers of the declarations that the next build would have."""
    return {one.number for one in queries.rows_in_force(store, at=NOW)}


def test_what_both_sides_insist_on_becomes_a_check_and_what_nobody_answers_too(
    store: Store, phone: Phone
) -> None:
    let_room, _name, number = somebody_on_file(store, "PH_LET")
    door = door_of(store, let_room, at=NOW)
    declare(store, door, a_wish(), phone, at=NOW)
    landlord_, tenant = (proven(store, door, one, phone) for one in (number, NEW_PHONE))
    (asked,) = queries.list_for_proof(store, landlord_)
    actions.answer_question(store, asked.number, Answer.NO, proof=landlord_, at=NOW)
    for proof in (landlord_, tenant):
        (dispute,) = queries.list_for_proof(store, proof)
        assert dispute.kind is QuestionKind.DISAGREEMENT
        actions.answer_question(store, dispute.number, Answer.YES, proof=proof, at=NOW)
        assert queries.list_for_proof(store, proof) == ()
    assert [one.state for one in queries.list_waiting()] == ["check"]
    assert len(list(queries.rows_in_force(store, at=NOW))) == 1, (
        "a dispute takes nobody's word away"
    )
    Question.objects.update(state="open")
    assert actions.turn_into_checks(on=NOW.date() + timedelta(days=40)) == 2


def test_a_name_alone_opens_no_question_and_a_made_up_landlord_hears_of_no_tenant(
    store: Store, phone: Phone, door: str
) -> None:
    """Who guesses a name, or says they let the room, learns nothing of who lives in it."""
    declare(store, door, a_wish(), phone, at=NOW)
    declare(store, door, a_wish(Act.LET, name="另有其人", phone=LANDLORD_PHONE), phone, at=NOW)
    thief = "13900000777"
    declare(store, door, a_wish(Act.LET, name="随便谁", phone=thief), phone, at=NOW)
    proof = proven(store, door, thief, phone)
    assert queries.list_for_proof(store, proof) == ()


@pytest.mark.parametrize("relation", ["PH_LET"])
def test_a_landlord_on_file_is_asked_about_a_tenant_by_question_without_a_name(
    store: Store, phone: Phone, relation: str
) -> None:
    let_room, _name, number = somebody_on_file(store, relation)
    door = door_of(store, let_room, at=NOW)
    declare(store, door, a_wish(), phone, at=NOW)
    proof = proven(store, door, number, phone)
    (asked,) = queries.list_for_proof(store, proof)
    assert asked.kind is QuestionKind.LANDLORD_CONFIRMS
    assert NEWCOMER not in repr(asked)
    assert NEW_PHONE not in repr(asked)


def test_a_guardian_declares_a_child_and_a_child_on_file_cannot_declare_itself(
    store: Store, phone: Phone, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = declare(store, door, a_wish(Act.CHILD, birth_year=NOW.year - 8), phone, at=NOW)
    row = Declaration.objects.get(number=made.number)
    assert row.is_child_under_14
    assert "监护人" in row.legal_basis
    assert queries.read_receipt_lines(store, made.number) == {}
    with pytest.raises(Refusal, match="出生年份"):
        declare(store, door, a_wish(Act.CHILD, birth_year=NOW.year - 20), phone, at=NOW)
    from kuai.services.residence import declaring
    from kuai.services.residence.on_file import OnFile

    monkeypatch.setattr(declaring, "find_on_file", lambda *_, **__: OnFile("P-1", True, ()))
    with pytest.raises(Refusal, match="监护人申报"):
        declare(store, door, a_wish(), phone, at=NOW)


def test_an_employer_needs_the_code_sent_to_the_firms_own_contact(
    store: Store, phone: Phone, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = a_wish(Act.EMPLOY, phone="", credit_code="91440300MA5EXAMPL3")
    with pytest.raises(Refusal, match="统一社会信用代码"):
        actions.ask_for_code(store, door, wish, address="c", at=NOW, gateway=phone)
    codes = [
        one["credit_code"]
        for one in towns.read_core(store.root, "organisation")
        if one["credit_code"]
    ]
    wish = a_wish(Act.EMPLOY, phone="", credit_code=codes[0])
    asked = actions.ask_for_code(store, door, wish, address="c", at=NOW, gateway=phone)
    assert phone.sent == [], (
        "no register has a number of this firm: nothing is sent, and not said so"
    )
    with pytest.raises(Refusal, match="验证码不对"):
        actions.declare(store, door, wish, reference=asked.reference, code="000000", at=NOW)
    from kuai.services.residence import declaring

    monkeypatch.setattr(declaring, "find_firm_phone", lambda *_: "13900000555")
    made = declare(store, door, wish, phone, at=NOW, to="13900000555")
    assert Declaration.objects.get(number=made.number).proof == "firm_contact"


def a_sheet(rows: list[tuple[str, ...]]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(queries.write_template()))
    sheet = book.worksheets[0]
    for line in rows:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def landlord(store: Store, phone: Phone, at=NOW) -> str:
    asked = actions.ask_for_sheet_code(store, LANDLORD_PHONE, address="d", at=at, gateway=phone)
    code = phone.code(LANDLORD_PHONE)
    actions.prove_sheet_code(store, asked.reference, code, phone=LANDLORD_PHONE, at=at)
    return asked.reference


def hand_in(store: Store, phone: Phone, rows: list[tuple[str, ...]]) -> SheetTaken:
    return actions.take_sheet(
        store,
        a_sheet(rows),
        file="x.xlsx",
        act=Act.LET,
        reference=landlord(store, phone),
        has_consented=True,
        at=NOW,
    )


def test_a_landlords_sheet_takes_the_good_rows_and_gives_the_others_back_with_reasons(
    store: Store, phone: Phone, door: str
) -> None:
    rows = [
        (door, "租客甲", "", "13900000011", "2026-11-01"),
        (door, "租客乙", "440381199001010001", "", ""),
        (door, "", "", "", ""),
        (door, "租客丁", "", "12345", ""),
        ("ZZZZZZZZZZ", "租客戊", "", "", ""),
        (door, "租客己", "", "", "2062-01-01"),
        (door, "=1+1", "", "", ""),
        (door, "租客甲", "", "13900000011", "2026-11-01"),
        (door, "租客庚", "440381199001010000", "", ""),
    ]
    taken = actions.take_sheet(
        store,
        a_sheet(rows),
        file="x.xlsx",
        act=Act.LET,
        reference=landlord(store, phone),
        has_consented=True,
        at=NOW,
    )
    one = taken.receipt
    assert (one.received, one.kept, one.refused) == (9, 2, 7)
    assert Declaration.objects.count() == 2
    returned = list(
        openpyxl.load_workbook(io.BytesIO(queries.read_returned_sheet(store, taken.number)))
        .worksheets[0]
        .values
    )
    assert returned[0] == (*HEADING, REASON)
    assert [line[1] for line in returned[1:]] == [
        "",
        "租客丁",
        "租客戊",
        "租客己",
        "=1+1",
        "租客甲",
        "租客庚",
    ]
    assert all(line[-1] for line in returned[1:])
    assert queries.verify_receipt(store, taken.mark).kind == "sheet"
    # The number that cannot be is a question, not a refusal; it waits outside the next build.
    (doubt,) = Question.objects.filter(kind="impossible_number")
    assert doubt.declaration.sheet.number == taken.number
    assert [row.values["name"] for row in queries.rows_in_force(store, at=NOW)] == ["租客甲"]
    # Twice the same sheet adds nothing.
    again = actions.take_sheet(
        store,
        a_sheet(rows[:2]),
        file="x.xlsx",
        act=Act.LET,
        reference=landlord(store, phone),
        has_consented=True,
        at=NOW,
    )
    assert (again.receipt.kept, again.receipt.refused) == (0, 2)


def test_a_sheet_that_breaks_in_the_middle_leaves_nothing(
    store: Store, phone: Phone, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kuai.services.residence import tenants_sheet

    proof = landlord(store, phone)
    monkeypatch.setattr(tenants_sheet.receipts, "stamp", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        actions.take_sheet(
            store,
            a_sheet([(door, "租客甲", "", "", ""), (door, "租客乙", "", "", "")]),
            file="x.xlsx",
            act=Act.LET,
            reference=proof,
            has_consented=True,
            at=NOW,
        )
    assert Declaration.objects.count() == 0


def test_a_receipt_is_genuine_of_a_day_and_a_kind_and_a_row_put_in_by_hand_is_not(
    store: Store, phone: Phone, door: str
) -> None:
    made = declare(store, door, a_wish(), phone, at=NOW)
    genuine = queries.verify_receipt(store, made.mark)
    assert genuine is not None
    assert set(vars(genuine)) == {"day", "kind"}
    masked = queries.read_receipt_lines(store, made.number)
    assert masked == {"name": "欧阳**", "phone": "139****0001"}
    forged = StampedReceipt(
        mark="0" * 20,
        kind="live",
        issued_on=genuine.day,
        issued_at=NOW,
        digest="f" * 32,
        declaration=None,
    )
    forged.save()
    assert queries.verify_receipt(store, "0" * 20) is None
    assert queries.verify_receipt(store, "nonsense") is None


def test_staff_see_counts_from_ten_on_and_a_name_by_ticket_alone(
    store: Store, phone: Phone, door: str, room: str
) -> None:
    access.create_demo_accounts((), synthetic=True, at=NOW, password="kuai-demo-for-tests")
    from kuai.guard.models import Account

    clerk = Account.objects.get(username="demo-subdistrict-clerk").as_actor()
    made = declare(store, door, a_wish(), phone, at=NOW)
    assert [one.count for one in queries.count_declared(store, by=clerk)] == [None]
    (asked,) = queries.list_area_questions(store, by=clerk)
    ticket = actions.take_question_ticket(asked.number, by=clerk, at=NOW)
    ref = f"declaration:{made.number}"
    card = access.reveal(ref, ("name", "phone"), to=clerk, ticket=ticket, at=NOW, store=store)
    assert card == {"name": NEWCOMER, "phone": NEW_PHONE}
    looks = list_entries(LedgerFilter(action="person.read")).entries
    assert [made.number in str(one) for one in looks] == [True]
    actions.settle(store, asked.number, Answer.YES, by=clerk, at=NOW)
    with pytest.raises(Refusal, match="办结|失效"):
        access.reveal(ref, ("name",), to=clerk, ticket=ticket, at=NOW, store=store)
    with pytest.raises(Refusal, match="由街道"):
        queries.list_area_questions(store, by=OFFICER)
    assert queries.list_area_questions(store, by=ELSEWHERE) == ()


@pytest.fixture
def resident(store: Store) -> Actor:
    """A bound resident who is on file for a home."""
    from kuai.flows.demo_resident import seed_demo_resident
    from kuai.guard.queries import find_actor_by_login

    access.create_demo_accounts((), synthetic=True, at=NOW, password="kuai-demo-for-tests")
    assert seed_demo_resident(store, "demo-resident", officers=(), at=NOW)
    person = find_actor_by_login("demo-resident")
    assert person is not None
    return person


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("moved_out", "已经搬走"),
        ("never_lived", "从没住过"),
        ("landlord_wrong", "报错了人"),
        ("typo", "写错了"),
    ],
)
def test_what_a_resident_says_of_their_home_holds_at_once_and_says_what_it_changed(
    store: Store, resident: Actor, said: str, word: str
) -> None:
    homes = queries.list_homes(store, resident)
    home = homes[0]
    confirmed = actions.answer_home(store, home.fact_key, "yes", by=resident, at=NOW)
    assert confirmed.declared is not None
    assert registry.contested_facts() == frozenset()
    living = count_living(store, home.room_code)
    changed = actions.answer_home(store, home.fact_key, said, by=resident, at=NOW)
    assert word in changed.sentence
    assert "已停用" in changed.sentence
    assert home.fact_key in registry.contested_facts()
    # What used the fact is worked out anew: here, how many live in the room.
    assert count_living(store, home.room_code) == living - (home.type == "PH_RESIDE")
    assert next(
        one for one in queries.list_homes(store, resident) if one.fact_key == home.fact_key
    ).is_contested
    assert changed.block_names
    assert changed.cases
    with pytest.raises(Refusal, match="提过异议"):
        actions.answer_home(store, home.fact_key, "yes", by=resident, at=NOW)
    others = [one["fact_key"] for one in rooms_with(store, "PH_RESIDE")]
    theirs = next(one for one in others if one not in {line.fact_key for line in homes})
    with pytest.raises(Refusal, match="不是您的"):
        actions.answer_home(store, theirs, said, by=resident, at=NOW)


def test_a_doubt_goes_through_the_outbox_and_what_staff_find_lets_the_declaration_in(
    store: Store, phone: Phone, door: str
) -> None:
    from kuai.flows import questions as outbox
    from kuai.services.questions import queries as asked_of
    from kuai.services.questions.types import By, Said

    sure = declare(store, door, a_wish(tenure=Tenure.OWN), phone, at=NOW)
    assert taken_up(store) == {sure.number}, "most go straight in"
    taken = hand_in(store, phone, [(door, "租客乙", "440381199001010001", "", "")])
    assert taken.receipt.kept == 1
    (row,) = Declaration.objects.filter(sheet__number=taken.number)
    (doubt,) = row.questions.filter(kind="impossible_number")
    assert taken_up(store) == {sure.number}
    assert actions.turn_into_checks(on=local_day(NOW) + timedelta(days=15))
    assert outbox.hand_over_declarations(store, at=NOW).kept
    access.create_demo_accounts((), synthetic=True, at=NOW, password="kuai-demo-for-tests")
    from kuai.guard.models import Account

    clerk = Account.objects.get(username="demo-subdistrict-clerk").as_actor()
    found = [one for one in asked_of.list_living(by=clerk)[0] if one.origin.endswith(doubt.number)]
    outbox.settle(store, found[0].number, Said.HOLDS, way=By.COUNTER, by=clerk, at=NOW)
    assert taken_up(store) == {sure.number, row.number}


def test_the_look_up_by_phone_says_what_the_scan_says(store: Store) -> None:
    _home, name, number = somebody_on_file(store)
    marks = (mark_of(store, number), mark_of(store, name_key(name)))
    assert on_file.write_look_up(store) == on_file.write_look_up(store) > 0
    stale = store.scratch / on_file.LOOK_UPS / "b-20200101-000000000000"
    stale.mkdir()
    actions.shred_overdue(store, at=NOW)
    assert not stale.exists(), "tokens of builds that are gone lie nowhere"
    for phone, called in (marks, (marks[0], ""), (marks[0], "x"), ("x", "")):
        assert on_file._holders(store, phone, called) == on_file._holders_by_scan(
            store, phone, called
        )


def test_declarations_are_shredded_after_three_years_also_when_their_rows_went_first(
    fresh_store: Store, phone: Phone
) -> None:
    store = fresh_store
    door = door_of(store, str(rooms_with(store, "PH_RENT")[0]["to_code"]), at=NOW)
    declare(store, door, a_wish(), phone, at=NOW)
    row = Declaration.objects.get()
    sealed_values.seal_values(store, "D-BROKEN00-1", [{"name": "没有行的"}])
    later = NOW + timedelta(days=3 * 365 + 1)
    declarations.hand_over(store, at=later)
    for period in (row.sealed_period, "D-BROKEN00-1"):
        assert sealed_values.read_values(store, period, 0) == {}
    assert list(queries.rows_in_force(store, at=later)) == []
    erase_due_rows(by=STEWARD, at=later)
    assert not Declaration.objects.exists()
    assert queries.list_waiting() == ()


def test_no_table_of_declarations_holds_a_name_or_a_number(
    store: Store, phone: Phone, door: str
) -> None:
    declare(store, door, a_wish(tenure=Tenure.RENT), phone, at=NOW)
    from django.apps import apps

    held = " ".join(
        str(row)
        for model in apps.get_app_config("services_residence").get_models()
        for row in model.objects.values_list()
    )
    assert mark_of(store, NEW_PHONE) in held
    for value in (NEWCOMER, NEW_PHONE, NEWCOMER[:2]):
        assert value not in held
    assert CLERK.user_id in held


def test_pages_carry_nothing_inline_forge_nothing_and_say_the_same_to_known_and_unknown(
    store: Store, settings: LazySettings
) -> None:
    home, name, number = somebody_on_file(store)
    door = door_of(store, home, at=NOW)
    client = Client()
    for path in (f"/d/{door}/", f"/d/{door}/live/", "/declare/tenants/", "/declare/", "/verify/"):
        text = client.get(path).content.decode()
        assert "<script" not in text
        assert "<style" not in text
        assert not re.search(r"\s(?:style|on\w+)\s*=", text)
        assert len(text.encode()) < 10_000
    forged = Client(enforce_csrf_checks=True).post(f"/d/{door}/live/", {"name": "x"})
    assert forged.status_code == 403

    def said(name: str, phone: str) -> str:
        wish = {"name": name, "phone": phone, "consent": queries.NOTICE_VERSION}
        answer = client.post(f"/d/{door}/live/", wish)
        assert answer.status_code == 200
        text = re.sub(
            r'name="(reference|csrfmiddlewaretoken)" value="[^"]+"', "", answer.content.decode()
        )
        return text.replace(name, "NAME").replace(phone, "PHONE")

    assert said(name, number) == said(NEWCOMER, NEW_PHONE)
    codes = (store.scratch / "codes-sent.jsonl").read_text("utf-8").splitlines()
    assert len(codes) == 2
    # Nothing of what was typed is kept by the server: it travels in the form, bound by its mark.
    assert name not in str(dict(client.session))
    statuses = [
        client.post(
            f"/d/{door}/live/",
            {"name": NEWCOMER, "phone": NEW_PHONE, "consent": queries.NOTICE_VERSION},
        ).status_code
        for _ in range(4)
    ]
    assert statuses == [200, 200, 200, 409]
    assert client.get(f"/d/{home}/").status_code == 404
    # A phone that goes from hand to hand: a receipt is forgotten on demand and after a quarter of an hour.
    for minutes, status in ((0, 200), (16, 302)):
        session = client.session
        session["declared"] = {
            "number": "D-1",
            "mark": "0" * 20,
            "kind": "child",
            "place": "某处",
            "was_known": False,
            "at": (utc_now() - timedelta(minutes=minutes)).isoformat(),
            "asked": [],
        }
        session.save()
        Declaration.objects.get_or_create(number="D-1", **A_CHILD)
        assert client.get("/declare/done/").status_code == status
    client.post("/declare/done/")
    assert "declared" not in client.session
    assert client.get("/declarations/").status_code == 302
    assert client.get("/mine/home/").status_code == 302


def test_the_built_in_gateways_refuse_a_store_of_real_people(store: Store, door: str) -> None:
    SourceRecord.objects.update(synthetic=False)
    with pytest.raises(Refusal, match="还不能发验证码"):
        actions.ask_for_code(store, door, a_wish(), address="e", at=NOW)
