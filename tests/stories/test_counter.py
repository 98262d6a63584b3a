"""The service window: a clerk writes down what somebody with papers says, and sees what rules in force make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.conf import LazySettings
from django.test import Client

from kuai.blocks.queries import open_blocks
from kuai.flows.drafts import Drafted, Foreseen, FormDesk
from kuai.guard.ledger import list_entries
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.identity_numbers import check_character
from kuai.kit.store import Store
from kuai.rules import queries as rules
from kuai.services.proactive import actions as proactive
from kuai.services.proactive.models import RuleMove
from kuai.services.residence import actions, queries
from kuai.services.residence.counter import TOLD_TEXT
from kuai.services.residence.models import Declaration
from kuai.services.residence.types import Act, Channel, Paper, QuestionKind, Tenure, Wish
from tests.stories.declaring import NEW_PHONE, NEWCOMER, Phone, rooms_with
from tests.stories.test_questions import (  # noqa: F401 - fixtures
    NOW,
    PASSWORD,
    clerk,
    login,
    store,
)

pytestmark = pytest.mark.django_db
RULE = "first.turning_60"


def number_of(born_on: date) -> str:
    first_17 = f"440385{born_on:%Y%m%d}012"
    return first_17 + check_character(first_17)


def years_ago(years: int) -> date:
    today = local_day(NOW)
    return date(today.year - years, today.month, 1)


GRANDMOTHER = Wish(
    act=Act.LIVE,
    name=NEWCOMER,
    id_number=number_of(years_ago(60)).lower(),
    tenure=Tenure.FAMILY,
    has_consented=True,
)


@pytest.fixture
def room(store: Store) -> str:  # noqa: F811 - the fixture
    return str(rooms_with(store, "PH_RENT")[0]["to_code"])


def take(store: Store, room: str, wish: Wish, *, by: Actor, phone: Phone | None = None):  # noqa: F811
    return actions.declare_at_counter(
        store, room, wish, paper=Paper.IDENTITY_CARD, by=by, at=NOW, gateway=phone or Phone()
    )


def test_somebody_without_a_phone_declares_at_the_window_and_the_next_build_gets_it(
    store: Store,  # noqa: F811
    room: str,
    clerk: Actor,  # noqa: F811
) -> None:
    taken = take(store, room, replace(GRANDMOTHER, since=years_ago(1)), by=clerk)
    row = Declaration.objects.get(number=taken.declared.number)
    assert (row.channel, row.declarant_mark, row.person_code) == (Channel.COUNTER.value, "", "")
    assert row.notice_version == queries.COUNTER_NOTICE_VERSION in queries.NOTICES
    assert not taken.is_told
    (handed,) = [one for one in queries.rows_in_force(store, at=NOW) if one.number == row.number]
    assert handed.values["id_number"] == GRANDMOTHER.id_number.upper()
    assert handed.since == years_ago(1)
    entries = list_entries(LedgerFilter(action="declaration.taken_at_counter")).entries
    assert [(one.actor, one.outcome) for one in entries] == [(clerk.user_id, "identity_card")]
    genuine = queries.verify_receipt(store, taken.declared.mark)
    assert genuine is not None
    assert genuine.kind == Act.LIVE.value


def test_whose_phone_was_left_is_told_without_a_word_about_anybody(
    store: Store,  # noqa: F811
    room: str,
    clerk: Actor,  # noqa: F811
) -> None:
    phone = Phone()
    taken = take(store, room, replace(GRANDMOTHER, phone=NEW_PHONE), by=clerk, phone=phone)
    assert taken.is_told
    assert phone.sent == [(NEW_PHONE, TOLD_TEXT)]
    assert len(TOLD_TEXT) <= 70


def test_the_window_refuses_what_cannot_be_and_who_does_not_sit_there(
    store: Store,  # noqa: F811
    room: str,
    clerk: Actor,  # noqa: F811
) -> None:
    swapped = GRANDMOTHER.id_number[:-2] + GRANDMOTHER.id_number[-1] + GRANDMOTHER.id_number[-2]
    child = number_of(years_ago(9))
    for code, wish in {
        "declaration.consent": replace(GRANDMOTHER, has_consented=False),
        "declaration.id_number": replace(GRANDMOTHER, id_number=swapped),
        "declaration.no_key": replace(GRANDMOTHER, id_number=""),
        "declaration.since": replace(GRANDMOTHER, since=local_day(NOW) + timedelta(days=1)),
        "declaration.child": replace(GRANDMOTHER, id_number=child),
        "declaration.birth_year": replace(GRANDMOTHER, act=Act.CHILD, phone=NEW_PHONE),
        "declaration.phone": replace(GRANDMOTHER, act=Act.LEAVE),
        "declaration.act": replace(GRANDMOTHER, act=Act.TENANT_LEFT),
    }.items():
        with pytest.raises(Refusal) as refused:
            take(store, room, wish, by=clerk)
        assert refused.value.code == code
    building = room[:19]
    elsewhere = Actor("elsewhere", Role.SUBDISTRICT_CLERK, areas=("/none",))
    for code, place, by in (
        ("counter.not_your_area", room, elsewhere),
        ("counter.not_yours", room, login("officer")),
        ("counter.not_yours", room, login("grid-worker")),
        ("counter.not_yours", room, login("leader")),
        ("counter.no_room", building, clerk),
    ):
        with pytest.raises(Refusal) as refused:
            take(store, place, GRANDMOTHER, by=by)
        assert refused.value.code == code
    assert not Declaration.objects.exists()


def test_at_the_window_too_the_landlord_is_asked_and_nobody_without_a_phone_is_a_guardian(
    store: Store,  # noqa: F811
    room: str,
    clerk: Actor,  # noqa: F811
) -> None:
    rents = replace(GRANDMOTHER, tenure=Tenure.RENT)
    made = take(store, room, rents, by=clerk).declared
    kinds = set(
        Declaration.objects.get(number=made.number).questions.values_list("kind", flat=True)
    )
    assert kinds == {QuestionKind.LANDLORD_CONFIRMS.value}
    child = Wish(
        act=Act.CHILD, name="欧阳试童", phone=NEW_PHONE, birth_year=years_ago(5).year, has_consented=True
    )  # fmt: skip
    number = take(store, room, child, by=clerk).declared.number
    (row,) = [one for one in queries.rows_in_force(store, at=NOW) if one.number == number]
    assert row.values["guardian_name"] == ""
    take(store, room, replace(rents, phone=NEW_PHONE), by=clerk)
    (row,) = [one for one in queries.rows_in_force(store, at=NOW) if one.number == number]
    assert row.values["guardian_name"] == NEWCOMER


def put_into_force(store: Store, by: Actor) -> None:  # noqa: F811
    proactive.rehearse_rule(store, RULE, day=local_day(NOW), by=login("data-steward"), at=NOW)
    rule = rules.get_rule(RULE, store)
    proactive.sign_rule(store, RULE, by=replace(by, department=rule.owner), at=NOW)


def test_rules_in_force_say_what_would_come_of_a_draft_and_keep_nothing(
    store: Store,  # noqa: F811
    room: str,
    clerk: Actor,  # noqa: F811
) -> None:
    drafted = Drafted(Act.LIVE, room, born_on=years_ago(60))

    def asked(one: Drafted) -> tuple[Foreseen, ...] | None:
        # Another desk each time: an open one looks only every minute whether a rule came into force.
        desk = FormDesk()
        try:
            return desk.foresee(store, one, at=NOW, wait_s=30)
        finally:
            desk.close()

    # Nobody signed it: it says nothing.
    assert asked(drafted) == ()
    put_into_force(store, clerk)
    told = asked(drafted)
    assert told is not None
    assert [(one.rule_id, one.is_about_room) for one in told] == [(RULE, False)]
    assert asked(replace(drafted, born_on=years_ago(59))) == ()
    assert asked(replace(drafted, born_on=None)) == ()
    assert asked(replace(drafted, act=Act.LEAVE)) == ()
    proactive.suspend_rule(store, RULE, because="措辞要改", by=clerk, at=NOW)
    assert asked(drafted) == ()
    assert not Declaration.objects.exists()
    assert RuleMove.objects.count() == 3


def test_the_page_writes_down_looks_ahead_and_gives_a_receipt(
    store: Store,  # noqa: F811
    room: str,
    clerk: Actor,  # noqa: F811
    settings: LazySettings,
) -> None:
    settings.KUAI_CODE_GATEWAY = "file"
    put_into_force(store, clerk)
    client = Client()
    client.post("/login/", {"username": "demo-subdistrict-clerk", "password": PASSWORD})
    page = f"/declarations/counter/{room}/"
    text = open_blocks(store.current_build()).get_block(room).standard_text
    assert text in client.get(page).content.decode()
    said = {
        "act": "live",
        "name": NEWCOMER,
        "id_number": GRANDMOTHER.id_number,
        "tenure": "family",
        "paper": "identity_card",
        "consent": queries.COUNTER_NOTICE_VERSION,
    }
    looked = client.post(page, said | {"ahead": "1"})
    assert rules.get_rule(RULE).title_zh in looked.content.decode()
    assert not Declaration.objects.exists()
    part = client.post(f"{page}ahead/", said | {"id_number": ""}).content.decode()
    assert "没有规则要提服务" in part
    wrong = client.post(page, said | {"paper": ""})
    assert wrong.status_code == 409
    assert NEWCOMER in wrong.content.decode()
    done = client.post(page, said, follow=True).content.decode()
    assert NEWCOMER not in done
    assert GRANDMOTHER.id_number not in done
    assert Declaration.objects.get().number in done
    paper = client.get("/declarations/counter/receipt/")
    assert paper.content.startswith(b"%PDF")
    other = Client()
    other.post("/login/", {"username": "demo-grid-worker", "password": PASSWORD})
    assert other.get(page).status_code == 403
