"""Coming in by an identity provider: by what an administrator tied alone, and by no token that is wrong in any way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from kuai.guard import ledger, outside_logins, register
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.models import Account
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from tests.modules.web.identity_provider import (
    CLIENT,
    SECRET,
    IdentityProvider,
    running_provider,
)

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SECURITY = Actor("demo-security-administrator", Role.SECURITY_ADMINISTRATOR)


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: IdentityProvider, portal: Store, settings: LazySettings) -> IdentityProvider:
    """Set up, and the grid worker's account tied to its subject."""
    assert portal.root.exists()
    cache.clear()
    running.claims, running.fault, running.described_as = {}, "", ""
    settings.KUAI_OIDC_ISSUER = running.issuer
    settings.KUAI_OIDC_CLIENT, settings.KUAI_OIDC_SECRET = CLIENT, SECRET
    settings.KUAI_OIDC_NAME = "统一身份"
    outside_logins.tie("demo-grid-worker", "subject-7", by=SECURITY, at=NOW)
    return running


def go(client: Client, provider: IdentityProvider, back_to: str = "/blocks/") -> dict[str, str]:
    """Away, and what the provider sends back."""
    answer = client.get("/login/outside/", {"next": back_to})
    assert answer.status_code == 302, answer.content.decode()
    assert answer.headers["Location"].startswith(f"{provider.issuer}/authorise?")
    return provider.authorise(answer.headers["Location"])


def come(client: Client, sent: dict[str, str]) -> Any:
    return client.get("/login/outside/back/", sent)


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_whom_an_administrator_tied_comes_in_and_goes_where_they_wanted(
    provider: IdentityProvider,
) -> None:
    client = Client()
    assert "用统一身份登录" in client.get("/login/").content.decode()
    answer = come(client, go(client, provider))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/blocks/")
    assert is_in(client)
    (entry, *_) = ledger.list_entries(LedgerFilter(action="session.opened")).entries
    assert entry.actor == "demo-grid-worker"


def test_whom_nobody_tied_comes_in_as_nobody_and_no_account_is_made(
    provider: IdentityProvider,
) -> None:
    provider.claims = {"sub": "a-stranger", "role": "data_steward", "email": "x@y.z"}
    before = Account.objects.count()
    client = Client()
    answer = come(client, go(client, provider))
    assert answer.status_code == 403
    assert "a-stranger" in answer.content.decode()
    assert not is_in(client)
    assert Account.objects.count() == before


def test_a_locked_account_is_closed_to_the_provider_too(provider: IdentityProvider) -> None:
    register.lock_account("demo-grid-worker", by=SECURITY, at=NOW)
    client = Client()
    assert come(client, go(client, provider)).status_code == 403
    assert not is_in(client)


@pytest.mark.parametrize(
    ("claims", "moved_s"),
    [
        ({"iss": "https://somebody.else"}, {}),
        ({"aud": "another-client"}, {}),
        ({"aud": [CLIENT, "another-client"]}, {}),
        ({"aud": [CLIENT, "another-client"], "azp": "another-client"}, {}),
        ({"azp": "another-client"}, {}),
        ({"nonce": "another"}, {}),
        ({"nonce": None}, {}),
        ({}, {"exp": -3600}),
        ({"exp": None}, {}),
        ({}, {"iat": 3600}),
        ({"sub": None}, {}),
    ],
    ids=str,
)
def test_a_token_that_says_anything_wrong_opens_nothing(
    provider: IdentityProvider, claims: dict[str, Any], moved_s: dict[str, int]
) -> None:
    # The clock is read here and not above, so that every worker of a run collects the same tests.
    provider.claims = claims | {name: int(time.time()) + by for name, by in moved_s.items()}
    client = Client()
    assert come(client, go(client, provider)).status_code == 409
    assert not is_in(client)


@pytest.mark.parametrize("fault", ["unsigned", "shared key", "other key"])
def test_a_token_signed_by_anything_but_the_providers_key_opens_nothing(
    provider: IdentityProvider, fault: str
) -> None:
    provider.fault = fault
    client = Client()
    assert come(client, go(client, provider)).status_code == 409
    assert not is_in(client)


def test_an_answer_fits_one_attempt_of_one_browser_once(provider: IdentityProvider) -> None:
    client, other = Client(), Client()
    sent = go(client, provider)
    go(other, provider)
    assert come(other, sent).status_code == 409
    assert come(client, {**sent, "state": "guessed"}).status_code == 409
    # The attempt is used up by the guess.
    assert come(client, sent).status_code == 409
    fresh = go(client, provider)
    assert come(client, fresh).status_code == 302
    assert come(Client(), fresh).status_code == 409
    assert not is_in(other)


def test_a_code_stolen_on_its_way_is_worth_nothing_without_the_verifier(
    provider: IdentityProvider,
) -> None:
    victim, thief = Client(), Client()
    stolen = go(victim, provider)
    own = go(thief, provider)
    assert come(thief, {"code": stolen["code"], "state": own["state"]}).status_code == 409
    assert not is_in(thief)


def test_nobody_is_sent_on_to_a_foreign_page(provider: IdentityProvider) -> None:
    client = Client()
    answer = come(client, go(client, provider, back_to="https://evil.example/"))
    assert answer.headers["Location"] == "/"


def test_a_provider_that_calls_itself_otherwise_or_speaks_in_the_clear_is_refused(
    provider: IdentityProvider, settings: LazySettings
) -> None:
    provider.described_as = "https://somebody.else"
    assert Client().get("/login/outside/").status_code == 409
    settings.KUAI_OIDC_ISSUER = "http://identity.example"
    cache.clear()
    assert Client().get("/login/outside/").status_code == 409


def test_only_who_and_nothing_about_them_is_asked_of_the_provider(
    provider: IdentityProvider,
) -> None:
    answer = Client().get("/login/outside/")
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["scope"] == ["openid"]
    assert provider.issuer in answer.headers["Location"]


def test_a_powerful_account_is_tied_by_two_people_and_ones_own_by_nobody(
    provider: IdentityProvider,
) -> None:
    assert provider.issuer
    for login, code in (
        ("demo-auditor", "account.two_people"),
        (SECURITY.user_id, "account.own"),
        ("demo-grid-worker", "outside.taken"),
    ):
        with pytest.raises(Refusal) as refused:
            outside_logins.tie(login, "subject-8", by=SECURITY, at=NOW)
        assert refused.value.code == code


def test_without_a_provider_there_is_no_button_and_no_way(portal: Store) -> None:
    assert portal.root.exists()
    assert "登录名" in Client().get("/login/").content.decode()
    assert "/login/outside/" not in Client().get("/login/").content.decode()
    assert Client().get("/login/outside/").status_code == 409
