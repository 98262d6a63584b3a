"""The person's own pages: all that is held, who looked and why, a word against it; nobody else comes in."""

from __future__ import annotations

import re
import shutil
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.cache import cache
from django.test import Client

from kuai.guard import access
from kuai.guard.ledger import list_entries_about
from kuai.guard.models import Account
from kuai.guard.types import Actor, Role, TicketKind
from kuai.kit.clock import utc_now
from kuai.registry import decisions, queries
from kuai.web.residents.views import mark_of as mark_in_forms
from tests.modules.registry.contested_town import NOW, ROOM, ContestedTown, publish_town

PASSWORD = "kuai-demo-for-tests"
MINE = ("/mine/", "/mine/looks/", "/mine/objections/")
STAFF_PAGES = (f"/files/{ROOM}/", "/tasks/", "/facts/base/", "/facts/cases/", "/ledger/")


@pytest.fixture
def town(store, settings, db) -> ContestedTown:
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    made = publish_town(store)
    name_the_person(made)
    access.create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    return made


def name_the_person(town: ContestedTown) -> None:
    """The town's builder writes no row of the person's own, and rows that may serve visits alone."""
    core = town.store.current_build() / "core"
    persons = pq.read_table(core / "person.parquet")
    row = dict.fromkeys(persons.column_names) | {
        "person_no": 1,
        "person_code": town.person,
        "founding_mention": "police:0#subject",
        "birth_date": date(1980, 1, 2),
        "birth_precision": "day",
        "sex": "2",
        "is_child_under_14": False,
        "quarantined": False,
    }
    pq.write_table(pa.Table.from_pylist([row], persons.schema), core / "person.parquet")
    stated = pq.read_table(core / "relation.parquet")
    purposes = pa.array(["grid_visit,record_review"] * stated.num_rows, pa.string())
    place = stated.schema.get_field_index("purposes")
    pq.write_table(stated.set_column(place, "purposes", purposes), core / "relation.parquet")


@pytest.fixture
def resident(town) -> Client:
    """The town's one person, logged in as themselves."""
    record = queries.record_of(town.store, town.person)
    access.seed_resident("demo-resident", town.person, record=record, at=NOW)
    return log_in(Role.RESIDENT)


def log_in(role: Role) -> Client:
    client = Client()
    name = f"demo-{role.value.replace('_', '-')}"
    assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def ticket_about(person: str, role: Role = Role.DATA_STEWARD, fields=("name",)):
    officer = Account.objects.get(username=f"demo-{role.value.replace('_', '-')}").as_actor()
    at = utc_now()
    review = decisions.open_review([person], question="核对", by=officer, at=at)
    return access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.REVIEW,
            origin=review,
            purpose="record_review",
            subjects=(f"person:{person}",),
            fields=fields,
            ends_at=at + timedelta(hours=1),
        ),
        holder=officer,
        at=at,
    )


def mark_of(client: Client, fact: str) -> str:
    page = client.get("/mine/").content.decode()
    binding = access.find_binding(Account.objects.get(username="demo-resident").as_actor())
    mark = mark_in_forms(binding, fact)
    assert f'value="{mark}"' in page
    return mark


def open_task(client: Client, ticket_id: str, place: str = "1"):
    return client.post("/tasks/open/", {"ticket": ticket_id, "place": place})


def test_the_person_reads_every_fact_with_its_source_and_no_code(town, resident):
    answer = resident.get("/mine/")
    page = answer.content.decode()
    for word in ("您住在", "实有人口登记（公安分局）", "网格走访（街道网格中心）", "1980-01-02"):
        assert word in page, word
    assert page.count("这一条不对</summary>") == 4
    assert town.person not in page
    assert "no-store" in answer.headers["Cache-Control"]


def test_who_looked_stands_there_at_once_with_office_and_purpose_and_without_a_name(town, resident):
    ticket = ticket_about(town.person)
    assert open_task(log_in(Role.DATA_STEWARD), ticket.ticket_id).status_code == 200
    page = resident.get("/mine/looks/").content.decode()
    assert "数据管理员" in page
    assert "打开了与您有关的办事页，为了“数据核校”" in page
    assert ticket.ticket_id in page
    assert "demo-data-steward" not in page


@pytest.mark.parametrize(
    ("role", "purpose"), [(Role.CARE_WORKER, "home_care"), (Role.DISPATCHER, "request_answer")]
)
def test_looks_of_care_and_of_those_who_answer_calls_change_not_a_byte(
    town, resident, role, purpose
):
    def looks() -> str:
        return re.sub(
            r"csrfmiddlewaretoken\W+value=\W\w+", "", resident.get("/mine/looks/").content.decode()
        )

    before = looks()
    worker = Account.objects.get(username=f"demo-{role.value.replace('_', '-')}").as_actor()
    access.record_entry(
        actor=worker,
        action="person.read",
        object_kind="person",
        object_refs=(town.person,),
        fields=("name",),
        purpose=purpose,
        outcome="allowed",
        at=utc_now(),
    )
    assert len(list_entries_about(town.person, at=utc_now()).entries) > 0
    assert looks() == before


def test_many_looks_of_ones_own_and_of_care_push_no_others_out_and_pages_go_on(
    town, resident, monkeypatch
):
    monkeypatch.setattr("kuai.web.residents.views.LOOKS_A_PAGE", 3)

    def look(login: str, role: Role, purpose: str) -> None:
        access.record_entry(
            actor=Actor(login, role, person_code=town.person if role is Role.RESIDENT else None),
            action="person.read",
            object_kind="person",
            object_refs=(town.person,),
            fields=("name",),
            purpose=purpose,
            outcome="allowed",
            at=utc_now(),
        )

    for _ in range(5):
        look("steward", Role.DATA_STEWARD, "record_review")
    for _ in range(4):
        look("demo-resident", Role.RESIDENT, "own_data")
        look("carer", Role.CARE_WORKER, "home_care")
        look("steward", Role.DATA_STEWARD, "home_care")
    first = resident.get("/mine/looks/").content.decode()
    older = re.search(r"\?before=(\d+)", first).group()
    second = resident.get("/mine/looks/" + older).content.decode()
    assert (first.count("数据管理员</strong>"), second.count("数据管理员</strong>")) == (3, 2)
    assert "?before=" not in second
    assert "home_care" not in first + second
    assert "照护员" not in first + second
    assert "?own_before=" in first
    for odd in ("x", "-1", "9" * 40, "²"):
        assert resident.get("/mine/looks/", {"before": odd}).status_code == 200


def test_another_residents_word_is_told_without_saying_whose(town, resident):
    access.record_entry(
        actor=Actor("somebody", Role.RESIDENT, person_code="P-00000000-0"),
        action="decision.object",
        object_kind="person",
        object_refs=(town.person,),
        purpose="own_data",
        at=utc_now(),
    )
    page = resident.get("/mine/looks/").content.decode()
    assert "另一位当事人" in page
    assert "somebody" not in page


def test_an_objection_takes_the_fact_out_shows_its_case_and_is_taken_back(town, resident):
    answer = resident.post(
        "/mine/object/", {"fact": mark_of(resident, town.lives), "says": "never_lived"}, follow=True
    )
    page = answer.content.decode()
    assert town.lives in queries.contested_facts()
    (made,) = queries.list_decisions(key=town.lives, living_only=True)
    assert (made.decided_by, made.detail["by"]) == ("demo-resident", "resident")
    for word in ("公安分局", "街道网格中心", "最迟", "JH-"):
        assert word in page, word
    assert "您已提出异议，这一条已停用" in resident.get("/mine/").content.decode()
    resident.post(f"/mine/objections/{made.sequence}/withdraw/")
    assert queries.contested_facts() == frozenset()
    assert "异议已撤回，不再查" in resident.get("/mine/objections/").content.decode()


def test_who_has_the_login_next_sees_no_objection_of_before(town, resident):
    mark = mark_of(resident, town.lives)
    resident.post("/mine/object/", {"fact": mark, "says": "typo"}, follow=True)
    assert len(queries.objections_of("demo-resident", since=NOW)) == 1
    assert queries.objections_of("demo-resident", since=utc_now()) == ()


def test_every_kind_of_objection_is_offered_and_taken(town, resident):
    mark = mark_of(resident, town.lives)
    page = resident.get("/mine/").content.decode()
    for says in ("never_lived", "moved_out", "wrong_person", "typo", "other"):
        assert f'value="{says}"' in page
        resident.post("/mine/object/", {"fact": mark, "says": says})
        (made,) = queries.list_decisions(key=town.lives, living_only=True)
        assert made.detail["says"] == says
        resident.post(f"/mine/objections/{made.sequence}/withdraw/")


def test_a_birth_date_is_objected_to_like_any_other_fact(town, resident):
    fact = f"birth_date|{town.person}"
    resident.post("/mine/object/", {"fact": mark_of(resident, fact), "says": "typo"})
    assert fact in queries.contested_facts()
    assert "正在查" in resident.get("/mine/").content.decode()


def test_a_mark_of_another_session_or_a_key_in_the_form_contests_nothing(town, resident):
    for fact in (town.lives, f"PH_RESIDE|P-CKDKWFS6-4|{ROOM}", "", "x" * 24):
        answer = resident.post("/mine/object/", {"fact": fact, "says": "other"})
        assert answer.status_code == 409
    assert queries.contested_facts() == frozenset()


def test_a_page_of_before_names_no_fact_once_the_login_was_bound_anew(town, resident):
    mark = mark_of(resident, town.lives)
    access.end_binding("demo-resident", by=access_of("demo-resident"), at=utc_now())
    record = queries.record_of(town.store, town.person)
    access.seed_resident("demo-resident", town.person, record=record, at=utc_now())
    assert resident.post("/mine/object/", {"fact": mark, "says": "typo"}).status_code == 409
    assert queries.contested_facts() == frozenset()
    assert town.person not in str(dict(resident.session.items()))


def access_of(login: str) -> Actor:
    return Account.objects.get(username=login).as_actor()


def test_a_field_shown_enters_the_relations_beside_it_too(town, monkeypatch):
    ticket = ticket_about(town.person)
    # The town's vault holds no values; what the guard enters of a value has its own tests.
    monkeypatch.setattr(access, "reveal", lambda *_, **__: {"name": "示例"})
    log_in(Role.DATA_STEWARD).post(
        "/tasks/reveal/", {"ticket": ticket.ticket_id, "place": "1", "field": "name"}
    )
    told = {one.action for one in list_entries_about(town.person, at=utc_now()).entries}
    assert "viewed_task" in told


def test_somebody_elses_objection_is_not_taken_back(town, resident):
    clerk = Account.objects.get(username="demo-subdistrict-clerk").as_actor()
    made = decisions.contest_fact(
        town.store,
        town.lives,
        says=decisions.Objection.OTHER,
        by=clerk,
        at=utc_now(),
        reason="走访时无此人",
    )
    answer = resident.post(f"/mine/objections/{made.sequence}/withdraw/")
    assert answer.status_code == 409
    assert town.lives in queries.contested_facts()


def test_no_officer_comes_to_a_residents_page(town):
    for role in set(Role) - {Role.RESIDENT}:
        client = log_in(role)
        assert {client.get(page).status_code for page in MINE} == {403}, role
        posts = ("/mine/object/", "/mine/reveal/", "/mine/objections/1/withdraw/")
        assert {client.post(page).status_code for page in posts} == {403}, role


def test_a_resident_comes_to_no_page_of_staff(town, resident):
    assert {resident.get(page).status_code for page in STAFF_PAGES} == {403}
    assert open_task(resident, ticket_about(town.person).ticket_id).status_code == 403


def test_a_login_nobody_confirmed_sees_whom_to_ask_and_nothing_else(town):
    Account.objects.filter(username="demo-resident").update(person_code=town.person)
    client = log_in(Role.RESIDENT)
    for page in MINE:
        shown = client.get(page).content.decode()
        assert "还没有工作人员当面核对过" in shown
        assert "您住在" not in shown
    assert client.post("/mine/reveal/", {"field": "name"}).status_code == 409


def test_where_the_record_went_to_another_code_the_page_waits_for_an_officer(town, resident):
    path = town.store.current_build() / "core" / "mention_element.parquet"
    mentions = pq.read_table(path)
    codes = pa.array(["P-SVQVM2GE-E"] * mentions.num_rows, pa.string())
    place = mentions.schema.get_field_index("code")
    pq.write_table(mentions.set_column(place, "code", codes), path)
    for page in MINE:
        shown = resident.get(page).content.decode()
        assert "再核对一次" in shown
        assert "您住在" not in shown
    assert resident.post("/mine/reveal/", {"field": "name"}).status_code == 409
    assert resident.post("/mine/code/").status_code == 409
    assert 'action="/mine/end/"' in shown
    assert "取核对码" in resident.post("/mine/end/", follow=True).content.decode()


# --- the task view ------------------------------------------------------------------------------------


def test_without_a_ticket_there_is_no_page_of_a_person(town):
    steward = log_in(Role.DATA_STEWARD)
    for ticket in ("", "T-0000000000000000"):
        assert open_task(steward, ticket).status_code == 403
    assert "没有在办的凭据" in steward.get("/tasks/").content.decode()
    mine = ticket_about(town.person, Role.DEPARTMENT_CLERK)
    assert open_task(steward, mine.ticket_id).status_code == 403


def test_the_task_view_shows_what_the_purpose_names_masked_and_no_code(town, resident):
    steward = log_in(Role.DATA_STEWARD)
    ticket = ticket_about(town.person)
    assert town.person not in steward.get("/tasks/").content.decode()
    page = open_task(steward, ticket.ticket_id).content.decode()
    assert "居住" in page
    assert "***" in page
    assert "证件号码" not in page
    assert town.person not in page
    assert "<svg" not in page
    assert "1980" not in page


def test_a_place_that_is_not_on_the_ticket_opens_nobody(town):
    steward = log_in(Role.DATA_STEWARD)
    ticket = ticket_about(town.person).ticket_id
    for place in ("0", "2", "-1", "x", "9999999", "", "²"):
        assert open_task(steward, ticket, place).status_code == 409, place


def test_a_field_that_the_ticket_does_not_name_is_not_read(town):
    ticket = ticket_about(town.person)
    answer = log_in(Role.DATA_STEWARD).post(
        "/tasks/reveal/", {"ticket": ticket.ticket_id, "place": "1", "field": "id_number"}
    )
    assert answer.status_code == 409


def test_whether_care_work_exists_changes_not_a_byte_of_a_task(town):
    steward = log_in(Role.DATA_STEWARD)
    ticket = ticket_about(town.person)

    def page() -> str:
        text = open_task(steward, ticket.ticket_id).content.decode()
        return re.sub(r'csrfmiddlewaretoken" value="\w+', "", text)

    without = page()
    care = town.store.current_build() / "care"
    shutil.copytree(town.store.current_build() / "core", care)
    assert "***" in without
    assert page() == without


def test_a_clerk_who_sees_the_person_makes_the_login_theirs(town):
    clerk = log_in(Role.DEPARTMENT_CLERK)
    ticket = ticket_about(town.person, Role.DEPARTMENT_CLERK)
    holder = log_in(Role.RESIDENT)
    assert "取核对码" in holder.get("/mine/").content.decode()
    code = re.search(r"\d{4} \d{4}", holder.post("/mine/code/").content.decode()).group()
    wish = {"ticket": ticket.ticket_id, "place": "1", "login": "demo-resident"}
    wrong = clerk.post("/tasks/bind/", {**wish, "evidence": "id_card", "code": "1234"})
    assert (wrong.status_code, "核对码不对" in wrong.content.decode()) == (409, True)
    wish["code"] = code
    assert clerk.post("/tasks/bind/", wish).status_code == 409
    assert clerk.post("/tasks/bind/", {**wish, "evidence": "id_card"}).status_code == 302
    page = log_in(Role.RESIDENT).get("/mine/looks/").content.decode()
    assert "核对证件后，把这个登录认定为您本人的" in page
    steward = log_in(Role.DATA_STEWARD)
    assert steward.post("/tasks/bind/", {**wish, "evidence": "id_card"}).status_code == 403
