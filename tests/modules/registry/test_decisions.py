"""Decisions are a closed set, only ever added; a review is live work and lets its steward read, and only so long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from django.apps import apps

from kuai.guard import access, actions
from kuai.guard import queries as guard_queries
from kuai.guard.types import Actor, Role, SourceRegistration, TicketKind, Zone
from kuai.kit.element_codes import code_of
from kuai.kit.engine import engine
from kuai.kit.errors import Refusal
from kuai.registry import decisions, queries
from kuai.registry.decisions import DecisionKind
from kuai.registry.models import Decision
from tests.modules.blocks.builders import TOP, a_library
from tests.modules.blocks.builders import pack as pack_blocks
from tests.modules.registry.builders import World, relate_world

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ROOM = f"{TOP}0010010100001000001"
STEWARD = access.NewAccount("shen", "核校员", Role.DATA_STEWARD, areas=("",), staff_no="1")
SECURITY = Actor(user_id="security", role=Role.SECURITY_ADMINISTRATOR)


@pytest.fixture(autouse=True)
def registered_work():
    """What the room tells the guard when it starts; the guard's own tests withdraw it."""
    apps.get_app_config("registry").ready()


def steward() -> Actor:
    return access.open_account(STEWARD, password="a-long-demo-passphrase-1", by=SECURITY, at=NOW)


PERSON, FIRM = code_of("person", 1), code_of("organisation", 1)
LEFT, RIGHT, THIRD = "police:1#subject", "grid:7#subject", "lease:9#tenant"
LIVES = f"PH_RESIDE|{PERSON}|{ROOM}"
PAPER = {"evidence_kind": "paper_seen", "evidence_ref": "窗口受理2026-118"}
OBJECTED = {"says": "moved_out", "by": "clerk"}

ALLOWED = [
    (DecisionKind.SAME, [LEFT, RIGHT], {}),
    (DecisionKind.DIFFERENT, [LEFT, RIGHT], {}),
    (DecisionKind.SPLIT, [LEFT], {"staying": [RIGHT, THIRD]}),
    (DecisionKind.CONFIRM, [PERSON], {"mentions": [RIGHT, LEFT]}),
    (DecisionKind.OBJECT, [LIVES], OBJECTED),
    (DecisionKind.OBJECT, [f"birth_date|{PERSON}"], {"says": "typo", "by": "clerk"}),
    (DecisionKind.RETRACT, [LIVES], {}),
    (DecisionKind.RETRACT, [LIVES], PAPER),
    (DecisionKind.END, [LIVES], {"on": "2026-10-01"}),
    (DecisionKind.ALIAS, [PERSON, code_of("person", 2)], {}),
    (DecisionKind.LIFE_CYCLE, ["4403100010010100001"], {"event": "demolished", "on": "2026-10-01"}),
    (DecisionKind.LIFE_CYCLE, [PERSON], {"event": "death", "on": "2026-10-01"}),
]
FORBIDDEN = [
    (DecisionKind.SAME, [LEFT], {}),
    (DecisionKind.SAME, [LEFT, LEFT], {}),
    (DecisionKind.SAME, [LEFT, PERSON], {}),
    (DecisionKind.SAME, [LEFT, RIGHT], {"note": "x"}),
    (DecisionKind.DIFFERENT, [LEFT, RIGHT, THIRD], {}),
    (DecisionKind.SPLIT, [LEFT], {}),
    (DecisionKind.SPLIT, [LEFT], {"staying": [LEFT]}),
    (DecisionKind.SPLIT, [LEFT], {"staying": []}),
    (DecisionKind.CONFIRM, [], {"mentions": [LEFT]}),
    (DecisionKind.CONFIRM, ["P-1"], {"mentions": [LEFT]}),
    (DecisionKind.CONFIRM, [PERSON], {}),
    (DecisionKind.OBJECT, [LIVES, f"sex|{PERSON}"], OBJECTED),
    (DecisionKind.OBJECT, [LEFT], OBJECTED),
    (DecisionKind.OBJECT, [LIVES], {"says": "he is a liar", "by": "clerk"}),
    (DecisionKind.OBJECT, [LIVES], {"says": "typo"}),
    (DecisionKind.OBJECT, [f"name|{PERSON}"], OBJECTED),
    (DecisionKind.RETRACT, [LIVES], {"evidence_kind": "paper_seen"}),
    (DecisionKind.VERIFY, [LIVES], {"level": "city", **PAPER}),
    (DecisionKind.VERIFY, [LIVES], {"level": "community"}),
    (DecisionKind.VERIFY, [f"sex|{PERSON}"], {"level": "community", **PAPER}),
    (DecisionKind.END, [LIVES], {"on": "1.10.2026"}),
    (DecisionKind.LIFE_CYCLE, [FIRM], {"event": "death", "on": "2026-10-01"}),
    (DecisionKind.WITHDRAW, [], {}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "subjects", "detail"), ALLOWED)
def test_a_steward_may_decide_each_kind(kind, subjects, detail):
    decisions.record_decision(
        kind, subjects, detail=detail, reason="核对无误", by=steward(), at=NOW
    )
    (view,) = queries.list_decisions()
    assert (view.kind, view.is_withdrawn) == (kind, False)
    assert (sorted(view.subjects), view.detail) == (sorted(subjects), detail)


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "subjects", "detail"), FORBIDDEN)
def test_a_decision_with_wrong_keys_or_detail_is_refused(kind, subjects, detail):
    with pytest.raises(Refusal):
        decisions.record_decision(
            kind, subjects, detail=detail, reason="核对无误", by=steward(), at=NOW
        )
    assert queries.list_decisions() == ()


DECIDES = {
    DecisionKind.SAME: {Role.DATA_STEWARD, Role.DEPARTMENT_CLERK},
    DecisionKind.OBJECT: {
        Role.DATA_STEWARD,
        Role.DEPARTMENT_CLERK,
        Role.SUBDISTRICT_CLERK,
        Role.GRID_WORKER,
    },
    DecisionKind.RETRACT: {Role.DATA_STEWARD, Role.DEPARTMENT_CLERK},
    DecisionKind.END: {Role.DATA_STEWARD, Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK},
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", DECIDES)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_decides_its_kinds_and_no_other(kind, role):
    subjects, detail = next((keys, said) for one, keys, said in ALLOWED if one is kind)
    by = Actor("x", role, person_code=PERSON)
    if role in DECIDES[kind]:
        assert decisions.record_decision(
            kind, subjects, detail=detail, reason="核对", by=by, at=NOW
        )
    else:
        with pytest.raises(Refusal, match="不能作|本人"):
            decisions.record_decision(kind, subjects, detail=detail, reason="核对", by=by, at=NOW)


@pytest.mark.django_db
def test_every_kind_is_in_the_table_of_allowed_decisions():
    tried = {kind for kind, *_ in ALLOWED} | {DecisionKind.WITHDRAW, DecisionKind.VERIFY}
    assert tried == set(DecisionKind)


@pytest.mark.django_db
def test_a_decision_is_never_changed_or_removed_but_withdrawn_by_another():
    by = steward()
    sequence = decisions.record_decision(
        DecisionKind.SAME, [LEFT, RIGHT], reason="核对", by=by, at=NOW
    )
    row = Decision.objects.get(pk=sequence)
    for change in (row.save, row.delete, Decision.objects.all().delete):
        with pytest.raises(TypeError, match="only added"):
            change()
    with pytest.raises(TypeError, match="only added"):
        Decision.objects.update(reason="x")
    decisions.withdraw_decision(sequence, reason="看错了", by=by, at=NOW)
    assert [view.is_withdrawn for view in queries.list_decisions()] == [True]
    with pytest.raises(Refusal, match="已经撤回"):
        decisions.withdraw_decision(sequence, reason="再撤", by=by, at=NOW)


@pytest.mark.django_db
def test_the_same_decision_posted_twice_is_one_and_may_be_made_again_after_its_withdrawal():
    by = steward()

    def decide(*keys: str) -> int:
        return decisions.record_decision(DecisionKind.SAME, keys, reason="核对", by=by, at=NOW)

    first = decide(LEFT, RIGHT)
    assert decide(RIGHT, LEFT) == first
    decisions.withdraw_decision(first, reason="看错了", by=by, at=NOW)
    again = decide(LEFT, RIGHT)
    assert again > first
    assert decide(LEFT, RIGHT) == again


@pytest.mark.django_db
def test_nothing_is_decided_against_what_another_decision_in_force_says():
    by = steward()
    said = decisions.record_decision(
        DecisionKind.SAME, [LEFT, RIGHT, THIRD], reason="核对", by=by, at=NOW
    )
    with pytest.raises(Refusal, match=f"决定 {said} "):
        decisions.record_decision(
            DecisionKind.DIFFERENT, [RIGHT, THIRD], reason="核对", by=by, at=NOW
        )
    decisions.withdraw_decision(said, reason="看错了", by=by, at=NOW)
    decisions.record_decision(DecisionKind.DIFFERENT, [RIGHT, THIRD], reason="核对", by=by, at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "  ", "张某说的", "本人电话 13800138000", "长" * 201])
def test_a_reason_is_given_and_tells_of_nobody(reason):
    with pytest.raises(Refusal) as refused:
        decisions.record_decision(
            DecisionKind.SAME, [LEFT, RIGHT], reason=reason, by=steward(), at=NOW
        )
    assert refused.value.code in ("decision.reason", "decision.personal")
    assert reason.strip() == "" or reason not in str(refused.value)


@pytest.fixture
def one_resident(store, settings):
    """A published build with one grown-up resident whose values are sealed; yields the code."""
    settings.STORE = store
    with engine() as connection:
        world = World()
        world.resident(0, ROOM, birth_date=date(1980, 1, 2))
        prepared = store.scratch / "b-20261031-000000000001"
        tables = relate_world(connection, world, prepared)
    pack_blocks(prepared, a_library(), tables["relation"], persons=tables["person"])
    sealed = pa.table(
        {
            "mention_key": ["police:0#subject"],
            "row_no": pa.array([0], pa.int32()),
            "name": ["张三"],
            "id_number": ["440382198001020014"],
            "phone": ["16400000000"],
        }
    )
    actions.seal_table(
        store, zone=Zone.CORE, source="police", period="0001", name="identity", table=sealed
    )
    store.publish("b-20261031-000000000001", prepared)
    return tables["person"][0]["person_code"]


def queries_of_login() -> Actor:
    actor = guard_queries.find_actor_by_login(STEWARD.username)
    assert actor is not None
    return actor


def register_police(*purposes: str) -> None:
    """The source's agreement permits these purposes."""
    access.load_purposes()
    registration = SourceRegistration(
        source="police",
        title="实有人口登记",
        zone=Zone.CORE,
        handler="公安分局",
        legal_basis="职责清单",
        agreement="共享协议",
        permitted_purposes=purposes,
        notice_version="1",
        assessment_id="A-1",
        assessment_approved_on=date(2026, 1, 1),
        retention_days=730,
        refresh_days=31,
        has_personal_columns=True,
    )
    access.register_source(registration, by=steward(), at=NOW)


def a_request(review: str, code: str) -> access.TicketRequest:
    return access.TicketRequest(
        kind=TicketKind.REVIEW,
        origin=review,
        purpose="record_review",
        subjects=(f"person:{code}",),
        fields=("name",),
        ends_at=NOW + timedelta(hours=1),
    )


@pytest.mark.django_db(transaction=True)
def test_an_open_review_shows_the_named_field_and_masks_the_rest(one_resident):
    register_police("record_review")
    by = queries_of_login()
    review = decisions.open_review([one_resident], question="姓名是否写错", by=by, at=NOW)
    ticket = access.issue_ticket(a_request(review, one_resident), holder=by, at=NOW)
    values = access.reveal(
        f"person:{one_resident}", ("name", "phone"), to=by, ticket=ticket, at=NOW
    )
    assert values["name"] == "张三"
    assert values["phone"] != "16400000000"


@pytest.mark.django_db(transaction=True)
def test_when_the_review_closes_its_ticket_is_dead(one_resident):
    register_police("record_review")
    by = queries_of_login()
    review = decisions.open_review([one_resident], question="姓名是否写错", by=by, at=NOW)
    ticket = access.issue_ticket(a_request(review, one_resident), holder=by, at=NOW)
    decisions.close_review(review, by=by, at=NOW)
    with pytest.raises(Refusal):
        access.reveal(f"person:{one_resident}", ("name",), to=by, ticket=ticket, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_source_that_is_not_agreed_for_the_purpose_stays_closed(one_resident):
    register_police("residence_registration")
    by = queries_of_login()
    review = decisions.open_review([one_resident], question="x", by=by, at=NOW)
    ticket = access.issue_ticket(a_request(review, one_resident), holder=by, at=NOW)
    with pytest.raises(Refusal, match="用途"):
        access.reveal(f"person:{one_resident}", ("name",), to=by, ticket=ticket, at=NOW)


@pytest.mark.django_db
def test_a_review_names_its_persons_and_no_others(one_resident):
    by = steward()
    review = decisions.open_review(["P-00000000-0"], question="x", by=by, at=NOW)
    with pytest.raises(Refusal, match="没有涉及"):
        access.issue_ticket(a_request(review, one_resident), holder=by, at=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("persons", [[], [f"P-{n:08d}-0" for n in range(21)]])
def test_a_review_is_about_somebody_and_not_about_everybody(persons):
    with pytest.raises(Refusal):
        decisions.open_review(persons, question="x", by=steward(), at=NOW)


def test_many_facts_decided_since_the_build_cost_a_few_queries_and_each_has_its_word(
    db, django_assert_max_num_queries
):
    facts = [f"{LIVES[:-3]}{row:03}" for row in range(40)]
    by = Actor(user_id="1", role=Role.SUBDISTRICT_CLERK)
    for fact in facts:
        decisions.record_decision(
            DecisionKind.END, [fact], detail={"on": "2026-10-01"}, reason="核对", by=by, at=NOW
        )
    detail = {"level": "community", **PAPER}
    decisions.record_decision(
        DecisionKind.VERIFY, facts[:1], detail=detail, reason="核对", by=by, at=NOW
    )
    with django_assert_max_num_queries(5):
        words = queries.statuses_since(0)
    assert list(words) == sorted(facts)
    assert [one.status for one in words.values()] == ["verified"] + ["ended"] * 39
