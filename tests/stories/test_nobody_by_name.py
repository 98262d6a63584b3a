"""No door answers a name or a number, and a code worked out from a serial opens nothing: every route, every command.

Fifty people of the town are asked for in every box of every page and interface, by every role that may come there;
what is answered may not differ from what an invented name gets, and may never hold a code of a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.test import Client

from kuai.guard import access
from kuai.guard.route_rules import Route, list_routes
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.element_codes import code_of
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from tests.stories import canaries, towns

pytestmark = pytest.mark.django_db

NOW = utc_now().replace(microsecond=0)
PASSWORD = "Kuai-stories-2026"
SECURITY = Actor(user_id="security", role=Role.SECURITY_ADMINISTRATOR)
ASKED = 50
PERSON_CODE = re.compile(rb"\bP-[0-9A-HJKMNP-TV-Z]{8}-[0-9A-Z*~$=]")
# Every name under which a box or an interface of ours takes a text.
BOXES = (
    "q",
    "query",
    "queries",
    "text",
    "texts",
    "prefix",
    "name",
    "about",
    "search",
    "address",
    "code",
    "person",
)
# A name of nobody, of the shape of a name.
NOBODY = "亓婞彧"
ROLES_ASKING = (
    Role.DATA_STEWARD,
    Role.SUBDISTRICT_CLERK,
    Role.CHILD_WELFARE_WORKER,
    Role.AUDITOR,
)
SEARCHES = ("search", "suggest", "reconcile", "explain", "wash")
# Pages whose own address must be left alone: they end what the test needs.
LEAVING = ("logout/", "login/", "password/", "language/")


@pytest.fixture
def open_store(own_store: Path, settings: LazySettings) -> Store:
    settings.STORE = Store(own_store)
    settings.KUAI_STORE = own_store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    access.load_purposes()
    return settings.STORE


def client_of(role: Role) -> Client:
    is_administrator = role.value.endswith("_administrator")
    access.open_account(
        access.NewAccount(
            username=f"by-{role.value}",
            display_name=role.value,
            role=role,
            staff_no=f"by-{role.value}",
            areas=() if is_administrator or role is Role.RESIDENT else ("",),
            person_code="P-00000001-A" if role is Role.RESIDENT else "",
        ),
        password=PASSWORD,
        by=SECURITY,
        at=NOW,
    )
    account = get_user_model().objects.get(username=f"by-{role.value}")
    account.must_change_password = False
    account.save()
    client = Client(raise_request_exception=False)
    client.force_login(account)
    return client


def addresses(words: str) -> Iterator[tuple[Route, str]]:
    """Every route of ours with `words` wherever its address takes something."""
    for route in list_routes():
        if route.path.startswith(LEAVING) or "static" in route.path or route.rule is None:
            continue
        path = re.sub(r"<int:[^>]+>", "1", route.path)
        path = re.sub(r"<uuid:[^>]+>", "00000000-0000-4000-8000-000000000000", path)
        path = re.sub(r"<[^>]+>", words, path)
        path = re.sub(r"\{[^}]+\}", words, path)
        if not re.search(r"[\\^$(]", path):
            yield route, "/" + path


def content_of(answer: object) -> bytes:
    chunks = getattr(answer, "streaming_content", None)
    return b"".join(chunks) if chunks is not None else answer.content  # type: ignore[attr-defined]


def names_of(town: Path) -> list[str]:
    """Fifty of them."""
    found = private_names(town)
    assert len(found) >= ASKED
    return found[:ASKED]


def private_names(town: Path) -> list[str]:
    """Names of the register that no public text contains."""
    public = "\n".join(
        value
        for source in ("address_library", "business_registry", "inspections")
        for row in towns.read_extract(town, source)
        for heading, value in row.items()
        if "法" not in heading
    )
    rows = towns.read_extract(town, "police_residents")
    names = [row["姓名"].strip() for row in rows]
    return sorted({name for name in names if len(name) == 3 and name not in public})


def values_of(town: Path) -> set[str]:
    """Names that no public text holds, numbers and phones of everybody in the register."""
    rows = towns.read_extract(town, "police_residents")
    numbers = {row[heading].strip() for row in rows for heading in ("身份证号码", "联系电话")}
    plain = {number for number in numbers if len(number) >= 11 and len(set(number)) > 3}
    return (plain - {"13800138000"}) | set(private_names(town))


def test_no_box_of_any_page_or_interface_answers_a_name_or_a_number(
    open_store: Store, town: Path
) -> None:
    names = names_of(town)
    number = towns.read_extract(town, "police_residents")[1]["身份证号码"]
    finder = canaries.Finder(values_of(town), canaries.ways_of_writing)
    telling: set[str] = set()
    searched: set[str] = set()
    for role in ROLES_ASKING:
        client = client_of(role)
        for route, path in addresses("440310"):
            assert route.rule is not None
            if role not in route.rule.roles or route.method not in ("*", "GET"):
                continue
            plain = content_of(client.get(path, dict.fromkeys(BOXES, NOBODY)))
            # Fifty names on the pages that are for searching, once each; one name and a number everywhere.
            is_search = any(word in path for word in SEARCHES) and path not in searched
            for words in (*(names if is_search else names[:1]), number):
                told = content_of(client.get(path, dict.fromkeys(BOXES, words)))
                if codes_in(told) != codes_in(plain):
                    telling.add(f"{role} {path}: other codes than for nobody")
                if finder.count(told.replace(words.encode(), b"")):
                    telling.add(f"{role} {path}: somebody's name, number or phone")
            searched |= {path} if is_search else set()
    assert len(searched) > 4
    assert sorted(telling) == []


def codes_in(answer: bytes) -> set[bytes]:
    """Codes of persons, firms, events and places that an answer holds."""
    return set(re.findall(rb"\b(?:[POEC]-[0-9A-Z]{8}-.|4403[0-9]{8,21})", answer))


def answer_about(client: Client, path: str, code: str) -> tuple[int, set[bytes]]:
    """How a page answers for a code, and which other codes it names."""
    answer = client.get(path, {"code": code, "person": code, "ref": f"person:{code}", "q": code})
    return answer.status_code, {
        found
        for found in codes_in(content_of(answer))
        if found[1:2] == b"-" and found != code.encode()
    }


def test_a_code_worked_out_from_a_serial_opens_no_person_without_a_ticket(
    open_store: Store,
) -> None:
    """Codes are a public way of writing serials: whoever knows one can work out the next. It opens nothing."""
    computed, unborn = code_of("person", 3), code_of("person", 900_000)
    assert computed in {row["person_code"] for row in towns.read_core(open_store.root, "person")}
    opened: list[str] = []
    for role in ROLES_ASKING:
        client = client_of(role)
        # The same addresses for somebody and for nobody: no answer may differ, that there is somebody least of all.
        for (route, path), (_, other) in zip(addresses(computed), addresses(unborn), strict=True):
            if (
                route.method not in ("*", "GET")
                or route.rule is None
                or role not in route.rule.roles
            ):
                continue
            if answer_about(client, path, computed) != answer_about(client, other, unborn):
                opened.append(f"{role} GET /{route.path}")
    assert sorted(set(opened)) == []
    steward = Actor(user_id="by-data_steward", role=Role.DATA_STEWARD, areas=("",))
    ref = f"person:{computed}"
    with pytest.raises(Refusal) as refusal:
        access.reveal(ref, ("name",), to=steward, ticket="", at=NOW, store=open_store)
    assert refusal.value.code == "ticket.none"


def test_no_command_takes_a_name(own_store: Path, town: Path) -> None:
    name = names_of(town)[0]
    said = [
        towns.run_kuai("block", name, "--store", own_store),
        towns.run_kuai("explain", "address", name, "--store", own_store),
        towns.run_kuai("explain", "mention", name, "0", "--store", own_store),
        towns.run_kuai(
            "review", "open", name, "--question", "q", "--field", "name", "--store", own_store
        ),
        towns.run_kuai("library", "show", name, "--store", own_store),
    ]
    for answer in said:
        told = (answer.stdout + answer.stderr).replace("P-XXXXXXXX-C", "").encode()
        assert told.strip()
        assert not PERSON_CODE.search(told)
