"""What every page keeps to: headers, no address elsewhere, nothing inline, forms that cannot be forged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from kuai.guard.access import list_routes
from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.templatetags.built_assets import BUILT
from tests.modules.web.conftest import PASSWORD
from tests.modules.web.fakes import BUILDING, DISTRICT, ROOM

LogIn = Callable[[Role], Client]
STEWARD_PAGES = [
    "/",
    f"/blocks/{DISTRICT}/",
    f"/blocks/{BUILDING}/",
    f"/blocks/{ROOM}/",
    "/search/?q=示例",
    "/sources/",
    "/sources/police_residents/",
    "/uploads/",
    "/not-done/",
    "/help/",
    "/password/",
    "/nowhere/",
]
ADDRESS_ELSEWHERE = re.compile(r"""(?:src|href|action|url)\s*[=(]\s*["']?(?:https?:)?//""", re.I)


@pytest.mark.parametrize("path", STEWARD_PAGES)
def test_a_page_names_no_other_host_and_carries_nothing_inline(log_in: LogIn, path: str) -> None:
    text = log_in(Role.DATA_STEWARD).get(path).content.decode()
    assert not ADDRESS_ELSEWHERE.search(text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\s(?:style|on\w+)\s*=", text)


@pytest.mark.parametrize("path", ["/", "/login/", "/nowhere/", "/api/health"])
def test_every_answer_forbids_framing_and_foreign_scripts(log_in: LogIn, path: str) -> None:
    headers = log_in(Role.LEADER).get(path).headers
    policy = headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/login/", "/logout/", "/language/", "/uploads/", "/ledger/verify/"]
)
def test_a_form_from_elsewhere_is_refused_in_plain_words(portal: Store, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(path, {"username": "demo-leader", "password": PASSWORD})
    assert answer.status_code == 403
    assert "已经过期" in answer.content.decode()


def test_every_route_has_a_rule() -> None:
    unlisted = [route for route in list_routes() if route.rule is None]
    assert unlisted == []


def test_no_address_takes_a_name_or_a_number_of_a_person() -> None:
    taken = {
        name for route in list_routes() for name in re.findall(r"<(?:\w+:)?(\w+)>", route.path)
    }
    # Numbers are those of events, proposals, aliases and applications of the address library, of conflicts and cases;
    # an item is a question of the review list by a digest of its records' keys, a sequence a place in the log.
    # A filling is one sheet of a registered form by a random id: its page shows masks and counts alone (0038).
    # An area is a random id that opens only for whoever holds the ground (0029); zoom, column and row name a map tile.
    assert taken <= {
        "code",
        "source",
        "upload_id",
        "kind",
        "plan_id",
        "work_id",
        "number",
        "item",
        "sequence",
        "area_id",
        "filling_id",
        "zoom",
        "column",
        "row",
    }


def test_the_public_text_is_the_one_in_docs() -> None:
    shown = settings.WEB_FOLDER / "about" / "texts" / "what-kuai-does-not-do.md"
    kept = settings.WEB_FOLDER.parents[1] / "docs" / "what-kuai-does-not-do.md"
    assert shown.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")


def test_the_public_page_says_every_line_in_both_languages(portal: Store, client: Client) -> None:
    text = client.get("/not-done/").content.decode()
    assert text.index("块不做什么") < text.index("What Kuai does not do")
    kept = (settings.WEB_FOLDER / "about" / "texts" / "what-kuai-does-not-do.md").read_text("utf-8")
    assert text.count("<li>") >= kept.count("\n- ") == 26


def test_the_built_styles_ask_no_other_host_for_anything() -> None:
    if not (BUILT / "manifest.json").exists():
        pytest.skip("the front end is not built: make setup")
    for sheet in BUILT.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", text), sheet.name


def test_the_lock_file_names_no_host_to_fetch_from() -> None:
    lock = json.loads(
        (settings.WEB_FOLDER.parents[1] / "frontend" / "package-lock.json").read_text("utf-8")
    )
    assert all("resolved" not in package for package in lock["packages"].values())
    own = lock["packages"][""]
    versions = {**own["dependencies"], **own["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
