"""Conflicts, the base library and cases in the portal: seen by their roles, acted on by form, taken back again."""

from __future__ import annotations

import io
import re
import shutil

import openpyxl
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kuai.blocks.queries import open_blocks
from kuai.guard.access import create_demo_accounts
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import Account
from kuai.guard.types import Role
from kuai.registry import decisions, queries
from tests.modules.registry.contested_town import (
    ELSEWHERE,
    GRID,
    NOW,
    OTHER_ROOM,
    OTHER_STEWARD,
    ROOM,
    VERSION,
    ContestedTown,
    publish_merged_town,
    publish_town,
)

PASSWORD = "kuai-demo-for-tests"
OF_FACTS = (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK, Role.GRID_WORKER)
PAGES = ("/facts/conflicts/", "/facts/conflicts/1/", "/facts/base/", "/facts/cases/")
PAPER = {"evidence_kind": "visit", "evidence_ref": "走访单2026-7", "reason": "走访所见"}
OF_BUILD = {"version": VERSION}
WRONG = {"act": "contest", "says": "never_lived", "reason": "走访时无此人"}


@pytest.fixture
def town(store, settings, db) -> ContestedTown:
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    made = publish_town(store)
    create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    return made


def mark_on(client: Client, fact: str) -> str:
    """What stands for a fact in the forms of the page of the base library."""
    client.get("/facts/base/?status=asserted")
    marks = client.session["facts_shown"]
    return next(mark for mark, key in marks.items() if key == fact)


def log_in(role: Role) -> Client:
    client = Client()
    name = f"demo-{role.value.replace('_', '-')}"
    assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def test_a_facts_mark_is_of_one_session_and_opens_in_no_other(town):
    first, second = log_in(Role.DATA_STEWARD), log_in(Role.DATA_STEWARD)
    marks = [mark_on(client, town.lives) for client in (first, second)]
    assert marks[0] != marks[1]
    assert second.post("/facts/act/", {"fact": marks[0], "act": "verify"}).status_code == 409


@pytest.mark.parametrize("role", OF_FACTS)
def test_the_pages_open_for_their_roles_and_leave_a_line_in_the_ledger(town, role):
    client = log_in(role)
    for page in PAGES:
        answer = client.get(page)
        assert answer.status_code == 200, page
    seen = set(LedgerEntry.objects.values_list("action", flat=True))
    assert {"viewed_conflicts", "viewed_conflict", "viewed_base_library", "viewed_cases"} <= seen
    assert LedgerEntry.objects.filter(
        action="viewed_conflict", purpose="fact_upkeep", subjects__code=town.person
    ).exists()


@pytest.mark.parametrize("role", [role for role in Role if role not in OF_FACTS])
def test_nobody_else_opens_them(town, role):
    client = log_in(role)
    assert {client.get(page).status_code for page in PAGES} == {403}


def test_a_conflict_shows_both_sides_with_their_rows_and_no_value_of_a_row(town):
    page = log_in(Role.SUBDISTRICT_CLERK).get("/facts/conflicts/1/").content.decode()
    for word in ("实有人口登记", ROOM, OTHER_ROOM, "数据第 1 行", "数据第 2 行", "居住"):
        assert word in page, word
    assert "1980" not in page


def test_an_empty_list_says_so(store, settings, town):
    page = log_in(Role.SUBDISTRICT_CLERK).get("/facts/conflicts/?after=99").content.decode()
    assert "后面没有了" in page
    assert "没有这样的校核单" in log_in(Role.DATA_STEWARD).get("/facts/cases/").content.decode()
    assert "还没有核实过的" in log_in(Role.DATA_STEWARD).get("/facts/base/").content.decode()


def test_a_side_is_verified_and_the_verification_taken_back(town):
    street = log_in(Role.SUBDISTRICT_CLERK)
    answer = street.post(
        "/facts/conflicts/1/decide/",
        {"act": "verify", "side": "left", **OF_BUILD, **PAPER},
        follow=True,
    )
    page = answer.content.decode()
    assert "社区核实" in page
    (decided,) = queries.list_decisions(living_only=True)
    assert decided.detail["level"] == "community"
    assert "已核实" in page
    street.post(f"/facts/decisions/{decided.sequence}/undo/", {"next": "/facts/conflicts/1/"})
    assert queries.list_decisions(living_only=True) == ()


def test_a_form_opened_before_a_publication_acts_on_no_conflict_of_the_new_build(town):
    street = log_in(Role.SUBDISTRICT_CLERK)
    page = street.get("/facts/conflicts/1/").content.decode()
    (version,) = set(re.findall(r'name="version" value="([^"]*)"', page))
    later = "b-20261130-000000000002"
    prepared = town.store.scratch / later
    shutil.copytree(town.store.current_build(), prepared)
    town.store.publish(later, prepared)
    for old in ({"version": version}, {}):
        form = {"side": "left", **WRONG, **old}
        answer = street.post("/facts/conflicts/1/decide/", form)
        assert answer.status_code == 409
        assert "版本已经更新" in answer.content.decode()
    assert queries.list_decisions() == ()


def test_a_step_made_under_a_code_that_merged_since_is_shown_and_the_next_one_offered(
    store, settings, db
):
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    merged = publish_merged_town(store)
    create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    detail = {"level": "community", "evidence_kind": "visit", "evidence_ref": "走访单2026-7"}
    decisions.record_decision(
        decisions.DecisionKind.VERIFY,
        [merged.lives_elsewhere],
        detail=detail,
        reason="走访所见",
        by=GRID,
        at=NOW,
    )
    assert queries.verified_level(merged.lives) is None
    street = log_in(Role.SUBDISTRICT_CLERK)
    mark = mark_on(street, merged.lives)
    page = street.get("/facts/base/?status=asserted").content.decode()
    assert "✓ 社区核实" in page
    assert "走访单2026-7" in page
    street.post("/facts/act/", {"act": "verify", "fact": mark, **PAPER})
    reached = queries.decided_as(store, [merged.lives])[merged.lives]
    assert queries.verified_level(reached[0]) == "subdistrict"


def test_a_form_posted_twice_decides_once(town):
    street = log_in(Role.SUBDISTRICT_CLERK)
    form = {"act": "contest", "side": "left", "says": "typo", "reason": "抄错", **OF_BUILD}
    for _ in range(2):
        street.post("/facts/conflicts/1/decide/", form)
    assert len(queries.list_decisions()) == 1


def test_a_letter_undoes_ones_own_decision_and_somebody_elses_only_for_a_reason(town):
    street, steward = log_in(Role.SUBDISTRICT_CLERK), log_in(Role.DATA_STEWARD)
    form = {"act": "verify", "side": "left", **OF_BUILD, **PAPER}
    street.post("/facts/conflicts/1/decide/", form)
    own, others = (one.get("/facts/conflicts/1/").content.decode() for one in (street, steward))
    assert 'data-key="u"' in own
    assert "撤回别人的决定" not in own
    assert 'data-key="u"' not in others
    assert "撤回别人的决定" in others
    (decided,) = queries.list_decisions(living_only=True)
    steward.post(f"/facts/decisions/{decided.sequence}/undo/", {"reason": "走访单有误"})
    assert queries.list_decisions(living_only=True) == ()


def test_both_sides_are_verified_at_once(town):
    log_in(Role.GRID_WORKER).post(
        "/facts/conflicts/1/decide/", {"act": "verify", "side": "both", **OF_BUILD, **PAPER}
    )
    facts = {one.subjects[0] for one in queries.list_decisions(living_only=True)}
    assert facts == {town.lives, town.lives_elsewhere}


def test_a_role_without_a_say_is_told_so_and_nothing_happens(town):
    steward = log_in(Role.DATA_STEWARD)
    answer = steward.post(
        "/facts/act/", {"act": "verify", "fact": mark_on(steward, town.lives), **PAPER}
    )
    assert answer.status_code == 409
    assert queries.list_decisions() == ()


def test_a_contested_fact_is_shown_as_such_before_the_next_build(town):
    street = log_in(Role.SUBDISTRICT_CLERK)
    street.post(
        "/facts/act/", {"fact": mark_on(street, town.lives), "next": "/facts/base/", **WRONG}
    )
    page = street.get("/facts/base/?status=asserted").content.decode()
    assert "有异议" in page
    assert "本版以后的决定" in page


def test_the_address_of_a_page_never_takes_the_reader_elsewhere(town):
    street = log_in(Role.SUBDISTRICT_CLERK)
    form = {"fact": mark_on(street, town.lives), "next": "https://example.org/", **WRONG}
    answer = street.post("/facts/act/", form)
    assert answer["Location"] == "/facts/base/"


def test_a_case_goes_out_as_a_file_comes_back_and_is_settled(town):
    log_in(Role.SUBDISTRICT_CLERK).post(
        "/facts/conflicts/1/decide/", {"side": "right", **OF_BUILD, **WRONG}
    )
    clerk, steward = log_in(Role.DEPARTMENT_CLERK), log_in(Role.DATA_STEWARD)
    sent = clerk.post("/facts/cases/form/", {"department": "公安分局", "form": "xlsx"})
    assert sent["Content-Disposition"].endswith('.xlsx"')
    book = openpyxl.load_workbook(io.BytesIO(sent.content))
    book["实有人口登记"].cell(2, 8).value = "已更正"
    filled = io.BytesIO()
    book.save(filled)
    back = clerk.post(
        "/facts/cases/answers/",
        {"file": SimpleUploadedFile("答复.xlsx", filled.getvalue())},
        follow=True,
    )
    assert "收下 1 张" in back.content.decode()
    number = "JH-2026-000001"
    assert clerk.post(f"/facts/cases/{number}/close/", {"reason": "x"}).status_code == 403
    page = steward.post(f"/facts/cases/{number}/close/", {"reason": "按答复"}, follow=True)
    assert "已办结" in page.content.decode()
    (fact,) = queries.facts_out_of_use() - queries.contested_facts()
    assert queries.statuses_since(0)[fact].status == "withdrawn"
    (settled,) = [one for one in queries.list_decisions(living_only=True) if one.kind == "retract"]
    steward.post(f"/facts/decisions/{settled.sequence}/undo/", {"next": "/facts/cases/"})
    assert queries.statuses_since(0)[fact].status == "disputed"


def test_a_steward_of_another_area_settles_and_undoes_nothing(town):
    log_in(Role.SUBDISTRICT_CLERK).post(
        "/facts/conflicts/1/decide/", {"side": "right", **OF_BUILD, **WRONG}
    )
    number, steward = "JH-2026-000001", log_in(Role.DATA_STEWARD)
    answered = {"answer": "corrected"}
    log_in(Role.DEPARTMENT_CLERK).post(f"/facts/cases/{number}/answer/", answered)
    here = Account.objects.get(username="demo-data-steward").areas
    Account.objects.filter(username="demo-data-steward").update(areas=[ELSEWHERE])
    closing = f"/facts/cases/{number}/close/"
    assert steward.post(closing, {"reason": "按答复"}).status_code == 409
    Account.objects.filter(username="demo-data-steward").update(areas=here)
    assert steward.post(closing, {"reason": "按答复"}).status_code == 302
    Account.objects.filter(username="demo-data-steward").update(areas=[ELSEWHERE])
    (settled,) = [one for one in queries.list_decisions(living_only=True) if one.kind == "retract"]
    assert steward.post(f"/facts/decisions/{settled.sequence}/undo/").status_code == 409
    assert steward.post(f"/reviews/undo/{settled.sequence}/").status_code == 409
    assert [one.kind for one in queries.list_decisions(living_only=True)] == ["object", "retract"]


def test_no_button_leads_to_a_refusal_once_the_fact_stands_or_for_who_answered(town):
    log_in(Role.SUBDISTRICT_CLERK).post(
        "/facts/conflicts/1/decide/", {"side": "right", **OF_BUILD, **WRONG}
    )
    number, steward = "JH-2026-000001", log_in(Role.DATA_STEWARD)
    page, answered = f"/facts/cases/{number}/", {"answer": "upheld"}
    steward.post(f"{page}answer/", answered)
    assert f"{page}close/" not in steward.get(page).content.decode()
    assert steward.post(f"{page}close/", {"reason": "x"}).status_code == 409
    case = decisions.get_case(number)
    assert case.state == "answered"
    decisions.close_case(town.store, number, reason="原登记无误", by=OTHER_STEWARD, at=NOW)
    shown = steward.get(page).content.decode()
    assert "已办结" in shown
    assert "/undo/" not in shown


def test_of_a_conflict_with_another_area_the_place_there_is_not_told(town):
    here = open_blocks(town.store.current_build()).path_of(ROOM)
    street = log_in(Role.SUBDISTRICT_CLERK)
    Account.objects.filter(username="demo-subdistrict-clerk").update(areas=[here])
    for page in ("/facts/conflicts/", "/facts/conflicts/1/"):
        told = street.get(page).content.decode()
        assert (ROOM in told, OTHER_ROOM in told) == (True, False), page
        assert "其他辖区的地址" in told


def test_persons_are_shown_by_code_only_where_all_are_invented(town):
    from kuai.guard.models import SourceRecord

    steward = log_in(Role.DATA_STEWARD)
    assert town.person in steward.get("/facts/conflicts/").content.decode()
    SourceRecord.objects.filter(source="police").update(synthetic=False)
    for page in PAGES:
        assert town.person not in steward.get(page).content.decode(), page
