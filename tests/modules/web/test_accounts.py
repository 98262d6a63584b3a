"""Coming in, going out, being locked out, language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import LazySettings
from django.test import Client

from kuai.guard.access import NewAccount, open_account
from kuai.guard.types import Actor, Role
from kuai.kit.store import Store
from tests.modules.web.conftest import NOW, PASSWORD, a_registration
from tests.modules.web.fakes import DISTRICT

LogIn = Callable[[Role], Client]
SECURITY = Actor(user_id="demo-security-administrator", role=Role.SECURITY_ADMINISTRATOR)


def test_the_login_page_of_a_synthetic_store_offers_a_login_for_each_role(
    portal: Store, client: Client
) -> None:
    text = client.get("/login/").content.decode()
    assert text.count("data-demo-user=") == len(Role)
    assert PASSWORD in text


def test_the_login_page_of_a_real_store_offers_none(
    web_store: Store, db: None, client: Client
) -> None:
    text = client.get("/login/").content.decode()
    assert "data-demo-user" not in text
    assert "演示账号" not in text


def test_a_wrong_password_does_not_tell_what_was_wrong(portal: Store, client: Client) -> None:
    known = client.post("/login/", {"username": "demo-leader", "password": "wrong"})
    unknown = client.post("/login/", {"username": "nobody", "password": "wrong"})
    assert "登录名或口令不对" in known.content.decode()
    assert "登录名或口令不对" in unknown.content.decode()


def test_after_five_wrong_passwords_the_login_is_locked_and_says_for_how_long(
    portal: Store, client: Client
) -> None:
    for _ in range(5):
        answer = client.post("/login/", {"username": "demo-leader", "password": "wrong"})
    assert answer.status_code == 429
    assert "15 分钟" in answer.content.decode()
    right = client.post("/login/", {"username": "demo-leader", "password": PASSWORD})
    assert right.status_code == 429
    colleague = client.post("/login/", {"username": "demo-auditor", "password": PASSWORD})
    assert colleague.status_code == 302


def test_after_logging_in_one_is_where_one_wanted_to_go(portal: Store, client: Client) -> None:
    wish = f"/blocks/{DISTRICT}/"
    answer = client.post(
        f"/login/?next={wish}", {"username": "demo-leader", "password": PASSWORD, "next": wish}
    )
    assert answer.headers["Location"] == wish


def test_the_login_page_does_not_send_anybody_to_another_site(
    portal: Store, client: Client
) -> None:
    answer = client.post(
        "/login/",
        {"username": "demo-leader", "password": PASSWORD, "next": "https://example.org/"},
    )
    assert answer.headers["Location"] == "/"


def test_log_out_ends_the_session(log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    assert client.post("/logout/").status_code == 302
    assert client.get("/").status_code == 302


def test_log_out_by_a_link_is_not_possible(log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    assert client.get("/logout/").status_code == 405
    assert client.get("/").status_code == 200


def test_an_idle_session_ends(log_in: LogIn, settings: LazySettings) -> None:
    client = log_in(Role.LEADER)
    session = client.session
    earlier = NOW - timedelta(days=400)
    session["kuai_seen_at"] = earlier.isoformat()
    session.save()
    assert client.get("/").status_code == 302


def test_the_page_knows_how_long_the_session_lasts(log_in: LogIn, settings: LazySettings) -> None:
    text = log_in(Role.LEADER).get("/").content.decode()
    assert f'data-session-seconds="{settings.SESSION_COOKIE_AGE}"' in text
    assert "您已退出" in text


def test_whoever_must_change_the_password_sees_that_page_only(
    portal: Store, client: Client
) -> None:
    first, second = "first-password-2026", "second-password-2026"
    wish = NewAccount(username="new-leader", display_name="新领导", role=Role.LEADER, staff_no="N1")
    open_account(wish, password=first, by=SECURITY, at=NOW)
    client.post("/login/", {"username": "new-leader", "password": first})
    assert client.get("/", follow=True).request["PATH_INFO"] == "/password/"
    differing = {"old_password": first, "new_password1": second, "new_password2": "x"}
    assert "不一样" in client.post("/password/", differing).content.decode()
    short = {"old_password": first, "new_password1": "short", "new_password2": "short"}
    assert client.post("/password/", short).status_code == 400
    good = {"old_password": first, "new_password1": second, "new_password2": second}
    assert client.post("/password/", good).status_code == 302
    assert client.get("/").status_code == 200


def test_chinese_comes_first_whatever_the_browser_asks_for(portal: Store, client: Client) -> None:
    answer = client.get("/login/", headers={"Accept-Language": "en-US,en;q=0.9"})
    assert '<html lang="zh-Hans">' in answer.content.decode()


def test_english_can_be_chosen_and_stays(log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    answer = client.post("/language/", {"language": "en", "next": f"/blocks/{DISTRICT}/"})
    assert answer.headers["Location"] == f"/blocks/{DISTRICT}/"
    text = client.get(f"/blocks/{DISTRICT}/").content.decode()
    assert '<html lang="en">' in text
    assert "Firms registered" in text
    assert "Sub-district" in text
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    assert '<html lang="zh-Hans">' in client.get("/").content.decode()


def test_the_language_switch_does_not_send_anybody_to_another_site(
    portal: Store, client: Client
) -> None:
    answer = client.post("/language/", {"language": "en", "next": "//example.org/"})
    assert answer.headers["Location"] == "/"
    unknown = client.post("/language/", {"language": "xx", "next": "/"})
    assert "django_language" not in unknown.cookies


def test_one_real_source_takes_the_demo_logins_away(portal: Store, client: Client) -> None:
    from dataclasses import replace

    from kuai.guard.access import register_source
    from tests.modules.web.conftest import STEWARD

    real = replace(a_registration("business_registry", "商事主体登记"), synthetic=False)
    register_source(real, by=STEWARD, at=NOW)
    assert "data-demo-user" not in client.get("/login/").content.decode()
