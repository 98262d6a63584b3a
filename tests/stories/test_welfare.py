"""Minors nobody is named for: child-welfare staff see codes, take a ticket, visit; nobody else sees anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.test import Client

from kuai.flows import welfare
from kuai.flows.build import build_package
from kuai.flows.registration import gate_of, registrar_of
from kuai.guard import access
from kuai.guard import actions as guard_actions
from kuai.guard.ledger import (
    export_ledger,
    find_row_faults,
    list_entries,
    list_entries_about,
    read_plain,
)
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.queries import find_source
from kuai.guard.types import Actor, Role, TicketKind
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.kit.tables import CATALOGUE
from kuai.web.context import list_menu
from tests.stories import towns

pytestmark = pytest.mark.django_db

NOW = utc_now().replace(microsecond=0)
REGISTER = "police_residents"
WORKER = Actor(user_id="welfare", role=Role.CHILD_WELFARE_WORKER, areas=("440310",))
STRANGER = replace(WORKER, user_id="far", areas=("440399",))
SECURITY = Actor(user_id="security", role=Role.SECURITY_ADMINISTRATOR)
EIGHTEEN = date(2008, 10, 31)
PASSWORD = "Kuai-stories-2026"
PAGES = ("/welfare/", "/welfare/ticket/", "/welfare/open/")


@dataclass(frozen=True)
class Children:
    """Rows of the register: whom a guardian, whom a head of household, whom nobody is named for."""

    guarded: tuple[int, ...]
    housed: tuple[int, ...]
    alone: tuple[int, ...]


def family_town(town: Path, target: Path) -> tuple[Path, Children]:
    """The town with a register that names guardians and heads of households of all but every tenth minor."""
    package = towns.copy_town(town, target)
    rows = towns.read_extract(package, REGISTER)
    grown = [row for row in rows if is_plain(row) and born(row) < EIGHTEEN - timedelta(days=3000)]
    minors = [place for place, row in enumerate(rows) if is_plain(row) and born(row) > EIGHTEEN]
    for row in rows:
        row |= {"监护人姓名": "", "监护人身份证号": "", "户主姓名": "", "户主身份证号": ""}
    kinds: dict[str, list[int]] = {"监护人": [], "户主": [], "": []}
    for place, number in enumerate(minors):
        kind = "" if place % 10 == 0 else ("监护人", "户主")[place % 2]
        kinds[kind].append(number)
        if kind:
            adult = grown[place % len(grown)]
            rows[number] |= {f"{kind}姓名": adult["姓名"], f"{kind}身份证号": adult["身份证号码"]}
    towns.write_extract(package, REGISTER, rows)
    return package, Children(tuple(kinds["监护人"]), tuple(kinds["户主"]), tuple(kinds[""]))


def is_plain(row: dict[str, str]) -> bool:
    return (
        len(row["身份证号码"]) == 18 and row["身份证号码"][:17].isdigit() and len(row["姓名"]) > 1
    )


def born(row: dict[str, str]) -> date:
    digits = row["身份证号码"][6:14]
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return date.min


@pytest.fixture
def children(
    town: Path, built: Path, tmp_path: Path, settings: LazySettings
) -> Iterator[tuple[Store, Children]]:
    """A store built from the family town in this test's work database."""
    package, told = family_town(town, tmp_path / "town")
    store = Store(towns.same_keys(built, tmp_path / "store"))
    settings.STORE = store
    access.load_purposes()
    build_package(
        package,
        store,
        registrar=registrar_of(synthetic=True, at=NOW),
        gate_on=gate_of(synthetic=True),
    )
    for app in ("registry", "web"):
        apps.get_app_config(app).ready()
    for actor in (WORKER, STRANGER):
        open_login(actor)
    yield store, told
    apps.get_app_config("registry").ready()


def open_login(actor: Actor, **more: str) -> None:
    access.open_account(
        access.NewAccount(
            username=actor.user_id,
            display_name=actor.user_id,
            role=actor.role,
            areas=actor.areas,
            staff_no=actor.user_id,
            **more,
        ),
        password=PASSWORD,
        by=SECURITY,
        at=NOW,
    )


def logged_in(actor: Actor) -> Client:
    account = get_user_model().objects.get(username=actor.user_id)
    account.must_change_password = False
    account.save()
    client = Client()
    client.force_login(account)
    return client


def codes_of(store: Store, rows: tuple[int, ...]) -> set[str]:
    """Codes of the register's subjects in these rows, of whom nothing else is known (others may be merged away)."""
    return {
        one["code"]
        for one in towns.read_core(store.root, "mention_element")
        if one["source"] == REGISTER and one["role"] == "subject" and one["row_no"] in rows
    }


def name_of(store: Store, code: str, town: Path) -> str:
    rows = towns.read_extract(town, REGISTER)
    return next(
        rows[one["row_no"]]["姓名"].strip()
        for one in towns.read_core(store.root, "mention_element")
        if one["code"] == code and one["source"] == REGISTER and one["role"] == "subject"
    )


def test_the_duty_from_the_list_to_the_visit_and_nobody_else_comes_in(
    children: tuple[Store, Children], town: Path, tmp_path: Path
) -> None:
    store, told = children
    listed = welfare.list_unguarded_minors(store, to=WORKER, at=NOW)
    held_back = {
        row["person_code"] for row in towns.read_core(store.root, "person") if row["quarantined"]
    }
    alone = codes_of(store, told.alone) - held_back
    assert len(alone) > 3
    assert alone <= set(listed.person_codes)
    assert not set(listed.person_codes) & codes_of(store, told.guarded + told.housed)
    assert listed.person_codes == tuple(sorted(listed.person_codes))
    # Somebody of another area has a list of their own, and it is empty.
    assert welfare.list_unguarded_minors(store, to=STRANGER, at=NOW).person_codes == ()

    # A ticket of the duty: for whom the list names, for one's own area, and for nobody else.
    chosen, other = listed.person_codes[0], next(iter(codes_of(store, told.guarded)))
    ticket = welfare.issue_welfare_ticket([chosen], to=WORKER, at=NOW)
    assert (ticket.kind, ticket.purpose, ticket.fields) == (
        TicketKind.DUTY,
        "child_welfare",
        ("name", "phone"),
    )
    # City-wide the list takes reading every person: once a ticket, however many children it names.
    made: list[Path] = []
    unguarded = welfare._unguarded
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(
            welfare,
            "_unguarded",
            lambda core, *told, **more: made.append(core) or unguarded(core, *told, **more),
        )
        welfare.issue_welfare_ticket(listed.person_codes[1:4], to=WORKER, at=NOW)
    assert len(made) == 1
    for wish, by in (([other], WORKER), ([chosen], STRANGER)):
        with pytest.raises(Refusal) as refusal:
            welfare.issue_welfare_ticket(wish, to=by, at=NOW)
        assert refusal.value.code == "ticket.other_person"

    # The ledger says that the list was looked at, never whom it holds or how many.
    looks = list_entries(LedgerFilter(action="welfare.listed")).entries
    assert {(entry.actor, entry.objects, entry.count) for entry in looks} == {
        ("welfare", (), 0),
        ("far", (), 0),
    }

    # Everybody else is refused at the door, in the page, and as a holder of tickets.
    for role in set(Role) - {Role.CHILD_WELFARE_WORKER}:
        somebody = Actor(user_id="somebody", role=role, areas=("",))
        for ask in (
            lambda by: welfare.list_unguarded_minors(store, to=by, at=NOW),
            lambda by: welfare.issue_welfare_ticket([chosen], to=by, at=NOW),
        ):
            with pytest.raises(Refusal) as refusal:
                ask(somebody)
            assert refusal.value.code == "welfare.not_yours"
    client = logged_in(WORKER)
    page = client.get("/welfare/").content.decode()
    assert all(code in page for code in listed.person_codes)
    for told in ("没有监护人", listed.responsible, listed.channel, listed.due_on.isoformat()):
        assert told in page, told
    assert "李演示" in listed.responsible, "a person by name, invented as everything here"
    answer = client.post("/welfare/ticket/", {"person": [chosen]})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    # The register was not agreed for this use: its names stay shut until it is.
    opened = client.post("/welfare/open/", {"ref": f"person:{chosen}"})
    assert opened.status_code == 403
    known = find_source(REGISTER)
    assert known is not None
    access.register_source(
        replace(known, permitted_purposes=(*known.permitted_purposes, "child_welfare")),
        by=Actor(user_id="steward", role=Role.DATA_STEWARD),
        at=NOW,
    )
    opened = client.post("/welfare/open/", {"ref": f"person:{chosen}"})
    assert opened.status_code == 200
    assert name_of(store, chosen, town) in opened.content.decode()
    assert client.post("/welfare/open/", {"ref": f"person:{other}"}).status_code == 403
    refused = client.post("/welfare/ticket/", {"person": [other]})
    assert refused.status_code == 403
    everybody = client.post("/welfare/ticket/", {"person": list(listed.person_codes) * 11})
    assert everybody.status_code == 403
    nobody_is_named_in_the_ledger(store, chosen, tmp_path / "export")


def nobody_is_named_in_the_ledger(store: Store, child: str, out: Path) -> None:
    """Neither a page of it, nor asked about the child, nor its export; yet it verifies, and the child may read it."""
    auditor = Actor(user_id="auditor", role=Role.AUDITOR)
    open_login(auditor)
    page = logged_in(auditor).get("/ledger/").content.decode()
    assert "发出凭据" in page
    assert "在这份名单上本身就说明本人的处境" in page
    assert child not in page
    told = list_entries(LedgerFilter(purpose="child_welfare")).entries
    assert {entry.action for entry in told} == {"ticket.issued", "person.read"}
    assert {entry.objects for entry in told} == {()}
    assert list_entries(LedgerFilter(about=child)).entries == ()
    own = list_entries_about(child, at=NOW).entries
    # The refused look too, whose purpose is not written.
    assert {"", "child_welfare"} == {entry.purpose for entry in own}
    assert child in (read_plain(own[0].reference) or "")
    export_ledger(store, out=out, by=None, now=utc_now())
    exported = next(out.glob("entries-*.jsonl"))
    assert child not in exported.read_text(encoding="utf-8")
    assert guard_actions.verify_ledger_file(exported, out / "checkpoints.txt").is_whole
    assert list(find_row_faults(store)) == []


def test_without_a_source_that_names_guardians_there_is_no_list(
    built: Path, own_store: Path, town: Path, settings: LazySettings
) -> None:
    """Else it would be a list of all children."""
    store = Store(own_store)
    settings.STORE = store
    access.load_purposes()
    build_package(
        town, store, registrar=registrar_of(synthetic=True, at=NOW), gate_on=gate_of(synthetic=True)
    )
    with pytest.raises(Refusal) as refusal:
        welfare.list_unguarded_minors(store, to=WORKER, at=NOW)
    assert refusal.value.code == "welfare.not_told"
    open_login(WORKER)
    page = logged_in(WORKER).get("/welfare/").content.decode()
    assert "没有来源说明监护关系" in page
    assert "P-" not in page


def test_no_other_role_comes_to_the_pages_or_sees_them_in_the_menu(settings: LazySettings) -> None:
    # Because argon2 is slow on purpose, and fourteen accounts are not what is tested.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # An audit administrator last: once there is one, a powerful login takes two people.
    others = [
        role for role in Role if role not in (Role.CHILD_WELFARE_WORKER, Role.AUDIT_ADMINISTRATOR)
    ]
    for role in [*others, Role.AUDIT_ADMINISTRATOR]:
        staff = Actor(user_id=f"staff-{role.value}", role=role)
        resident = {"person_code": "P-00000001-A"} if role is Role.RESIDENT else {}
        open_login(staff, **resident)
        client = logged_in(staff)
        assert [client.get(page).status_code for page in PAGES] == [403] * len(PAGES), role
        assert [client.post(page).status_code for page in PAGES] == [403] * len(PAGES), role
        assert "/welfare/" not in [entry["url"] for entry in list_menu(role, "/")], role
    assert "/welfare/" in [entry["url"] for entry in list_menu(Role.CHILD_WELFARE_WORKER, "/")]


def test_the_command_serves_nobody_without_the_role_on_invented_data_either(
    own_store: Path,
) -> None:
    refused = towns.run_kuai("welfare", "minors", "--store", own_store)
    assert refused.exit_code == towns.BUILD_EXIT_REFUSED
    assert "P-" not in refused.stdout


def test_nothing_in_a_build_says_who_has_no_guardian(built: Path) -> None:
    kinds = {row["kind"] for row in towns.read_core(built, "conflict")}
    assert [kind for kind in kinds if "guard" in kind or "minor" in kind or "child" in kind] == []
    told = [
        f"{table.name}.{column.name}"
        for table in CATALOGUE.tables.values()
        for column in table.columns
        if "guardian" in column.name or "minor" in column.name
    ]
    assert told == []
