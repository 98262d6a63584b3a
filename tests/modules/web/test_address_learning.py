"""Pages that explain, propose and apply: who may, what is kept and said, and that no text is left behind."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable

import openpyxl
import pytest
from django.conf import settings
from django.test import Client

from kuai.address import learning
from kuai.address.actions import read_library
from kuai.address.learning import Naming
from kuai.address.types import ADDRESS_ENTRY
from kuai.guard import ledger
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import Actor, Role
from kuai.kit.engine import engine, table_at
from kuai.kit.store import Store
from tests.modules.address.builders import invented_table
from tests.modules.web.conftest import NOW

BUILDING = "4403010010010100001"
ROOM = f"{BUILDING}000001"
TEXT = "石桥社区怪榕楼2号101房，联系张女士"
KEPT = "石桥社区怪榕楼2号101房"
STEWARD = Actor("demo-data-steward", Role.DATA_STEWARD, areas=("",))
LogIn = Callable[[Role], Client]
NO_TITLE = "门牌和编码不代表产权"


@pytest.fixture
def library(portal: Store) -> Store:
    """The portal's store with an invented library in its published build."""
    with engine() as connection:
        read_library(connection, invented_table(), portal.current_build() / "core")
    return portal


@pytest.fixture
def proposal(library: Store) -> int:
    """One divided room that two sources name."""
    namings = [
        Naming(ROOM, "room", part, source, 2, ("2026-10",))
        for part in ("101A", "101B")
        for source in ("police_residents", "rental_filings")
    ]
    core = library.current_build() / "core"
    with engine() as connection:
        places = learning.read_standings(
            connection, table_at(connection, ADDRESS_ENTRY, core), [ROOM]
        )
    learning.refresh_proposals(namings, places=places, version="b-1", by=STEWARD, at=NOW)
    return learning.list_proposals(STEWARD)[0].number


def body(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_a_text_is_explained_from_the_body_and_leaves_no_trace(
    library: Store, log_in: LogIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = log_in(Role.GRID_WORKER)
    assert TEXT not in body(client.get("/addresses/explain/", {"text": TEXT}))
    page = body(client.post("/addresses/explain/", {"text": TEXT}))
    assert "候选：不能确定" in page
    assert "石桥社区" in page
    assert NO_TITLE in page
    assert 'name="kept"' not in page
    assert "怪榕楼" not in caplog.text
    for action in ("explained_address", ""):
        assert "怪榕楼" not in repr(ledger.list_entries(LedgerFilter(action=action)))


def test_a_steward_sees_what_would_be_kept_and_confirms(library: Store, log_in: LogIn) -> None:
    client = log_in(Role.DATA_STEWARD)
    page = body(client.post("/addresses/explain/", {"text": TEXT}))
    assert f'name="kept" value="{KEPT}"' in page
    said = {"text": TEXT, "kept": KEPT, "code": "other", "other_code": ROOM, "reason": "核过"}
    answer = client.post("/addresses/explain/confirm/", said, follow=True)
    assert answer.redirect_chain == [("/addresses/aliases/", 302)]
    assert KEPT in body(answer)
    assert "张女士" not in body(answer)
    again = body(client.post("/addresses/explain/", {"text": TEXT}))
    assert "有人确认过" in again
    assert "核过" in again
    (alias,) = learning.list_aliases()
    assert (alias.address_code, alias.recorded_by) == (ROOM, "demo-data-steward")
    revoked = client.post(
        f"/addresses/aliases/{alias.number}/revoke/", {"reason": "看错"}, follow=True
    )
    assert "可以恢复" in body(revoked)
    assert "怪榕楼" not in body(client.get("/addresses/aliases/"))
    assert "看错" in body(client.get("/addresses/aliases/?state=revoked"))
    client.post(f"/addresses/aliases/{alias.number}/restore/", {"reason": "没看错"})
    assert KEPT in body(client.get("/addresses/aliases/"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"other_code": "449999"}, "请选一处"),
        ({"other_code": ""}, "请选一处"),
        ({"kept": "石桥社区怪榕楼3号"}, "只能从原文里截短"),
        ({"kept": "石桥社区怪榕楼2号101房,联系张女士"}, "说到人的话"),
        ({"reason": ""}, "理由"),
    ],
)
def test_a_confirmation_that_does_not_hold_comes_back_with_what_was_typed(
    library: Store, log_in: LogIn, changes: dict[str, str], sentence: str
) -> None:
    said = {"text": TEXT, "kept": KEPT, "code": "other", "other_code": ROOM, "reason": "核过"}
    answer = log_in(Role.DATA_STEWARD).post("/addresses/explain/confirm/", {**said, **changes})
    assert answer.status_code == 409
    assert sentence in body(answer)
    assert TEXT in body(answer)
    assert learning.list_aliases() == ()


def test_an_odd_text_is_answered_too(library: Store, log_in: LogIn) -> None:
    client = log_in(Role.DATA_STEWARD)
    for text in (
        "<script>alert(1)</script>",
        "😀" * 300,
        "' or 1=1 --",
        "1" * 10_000,
    ):
        page = client.post("/addresses/explain/", {"text": text})
        assert page.status_code == 200
        assert "<script>alert" not in body(page)


PATHS = {
    "/addresses/explain/": {
        Role.DATA_STEWARD,
        Role.SUBDISTRICT_CLERK,
        Role.GRID_WORKER,
        Role.DEPARTMENT_CLERK,
        Role.LEADER,
        Role.AUDITOR,
    },
    "/addresses/aliases/": {Role.DATA_STEWARD},
    "/addresses/proposals/": {Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK},
    "/addresses/applications/": {Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK},
    "/addresses/applications/new/": {Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK},
}


@pytest.mark.parametrize("role", [Role.OFFICER, Role.GRID_WORKER, Role.SUBDISTRICT_CLERK])
def test_pages_open_to_their_roles_only_and_officers_see_none(
    library: Store, log_in: LogIn, role: Role
) -> None:
    client = log_in(role)
    for path, roles in PATHS.items():
        assert client.get(path).status_code == (200 if role in roles else 403), path


def test_every_page_says_that_a_code_proves_no_title(
    library: Store, log_in: LogIn, proposal: int
) -> None:
    client = log_in(Role.DATA_STEWARD)
    client.post(f"/addresses/proposals/{proposal}/apply/")
    (one,) = learning.list_applications(STEWARD)
    pages = [body(client.get(path)) for path in PATHS if path != "/addresses/explain/"]
    pages += [
        body(client.post("/addresses/explain/", {"text": TEXT})),
        body(client.get(f"/addresses/applications/{one.number}/")),
    ]
    assert all(NO_TITLE in page for page in pages)
    for page in (body(client.get("/addresses/proposals/?state=applied")), pages[-1]):
        assert "不是执法线索" in page
        assert "police_residents" not in page
    client.cookies["django_language"] = "en"
    assert "prove no title" in body(client.get("/addresses/proposals/"))


def test_from_proposal_to_filed_application_and_a_form(
    library: Store, log_in: LogIn, proposal: int
) -> None:
    clerk, steward = log_in(Role.SUBDISTRICT_CLERK), log_in(Role.DATA_STEWARD)
    page = body(clerk.get("/addresses/proposals/"))
    assert "101A" in page
    assert "2 个来源，至少 3 行" in page
    opened = clerk.post(f"/addresses/proposals/{proposal}/apply/")
    number = opened.headers["Location"].split("/")[-2]
    assert body(clerk.get("/addresses/proposals/")).count("101A") == 0
    clerk.post(f"/addresses/applications/{number}/file/")
    mine = body(clerk.get(f"/addresses/applications/{number}/"))
    assert "已报送" in mine
    assert "/accept/" not in mine
    assert clerk.post(f"/addresses/applications/{number}/accept/").status_code == 403
    form = clerk.post("/addresses/applications/form/")
    assert form.headers["Content-Disposition"].endswith('.xlsx"')
    book = openpyxl.load_workbook(io.BytesIO(form.content))
    book["申请单"].cell(2, 12).value = "退回"
    book["申请单"].cell(2, 15).value = "请附照片"
    filled = io.BytesIO()
    book.save(filled)
    filled.seek(0)
    filled.name = "answers.xlsx"
    told = steward.post("/addresses/applications/answers/", {"file": filled}, follow=True)
    assert "办成 1 份" in body(told)
    back = body(clerk.get(f"/addresses/applications/{number}/"))
    assert "已退回" in back
    assert "请附照片" in back
    clerk.post(f"/addresses/applications/{number}/withdraw/", {"reason": "不办了"})
    assert "101A" in body(clerk.get("/addresses/proposals/"))


def test_a_step_that_is_not_allowed_says_why_on_the_page(
    library: Store, log_in: LogIn, proposal: int
) -> None:
    steward = log_in(Role.DATA_STEWARD)
    steward.post(f"/addresses/proposals/{proposal}/apply/")
    (one,) = learning.list_applications(STEWARD)
    steward.post(f"/addresses/applications/{one.number}/file/")
    page = body(steward.get(f"/addresses/applications/{one.number}/"))
    assert "请另一位管理员答复" in page
    own = steward.post(f"/addresses/applications/{one.number}/accept/")
    assert own.status_code == 409
    assert "不能自己答复自己" in body(own)
    twice = steward.post(f"/addresses/applications/{one.number}/file/")
    assert (twice.status_code, "不能变成" in body(twice)) == (409, True)
    assert steward.get("/addresses/applications/DZ-2026-999999/").status_code == 409


def test_an_application_by_hand_and_what_is_wrong_with_one(library: Store, log_in: LogIn) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    wish = {"kind": "new_rooms", "code": BUILDING, "parts": "701 702", "wording": "加层"}
    made = clerk.post("/addresses/applications/new/", wish, follow=True)
    assert "701" in body(made)
    assert "由人提出" in body(made)
    for change in ({"code": "1"}, {"kind": "x"}, {"parts": "=1+1"}, {"parts": "", "wording": ""}):
        answer = clerk.post("/addresses/applications/new/", {**wish, **change})
        assert answer.status_code == 409, change
    assert len(learning.list_applications(STEWARD)) == 1


def test_setting_aside_and_taking_up(library: Store, log_in: LogIn, proposal: int) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    clerk.post(f"/addresses/proposals/{proposal}/set-aside/", {"reason": "两个卧室"})
    assert "101A" not in body(clerk.get("/addresses/proposals/"))
    assert "两个卧室" in body(clerk.get("/addresses/proposals/?state=set_aside"))
    clerk.post(f"/addresses/proposals/{proposal}/take-up/")
    assert "101A" in body(clerk.get("/addresses/proposals/"))
    assert clerk.post("/addresses/proposals/refresh/").status_code == 403


def reads_template(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The templates a page is made of: itself and all that it includes."""
    path = settings.WEB_FOLDER / "templates" / name
    if name in seen or not path.exists():
        return set()
    included = re.findall(r"""include ["']([^"']+)["']""", path.read_text(encoding="utf-8"))
    return {name}.union(*(reads_template(one, seen | {name}) for one in included), included)


def test_every_page_about_addresses_carries_the_sentence_on_titles() -> None:
    folder = settings.WEB_FOLDER / "templates" / "addresses"
    pages = [
        f"addresses/{path.name}"
        for path in sorted(folder.glob("*.html"))
        if 'extends "base.html"' in path.read_text(encoding="utf-8")
    ]
    assert len(pages) > 8
    silent = [page for page in pages if "addresses/_no_title.html" not in reads_template(page)]
    assert silent == []
