"""Settings: which database, where the secret lies, and what every answer of the portal carries."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.web.settings.databases import read_database_setting
from kuai.web.settings.secrets import read_or_create_secret


def test_without_a_url_work_lies_in_the_store(store: Store) -> None:
    setting = read_database_setting("", store)
    # Closed after each request, it would cost more than the request.
    assert setting["CONN_MAX_AGE"] > 0
    assert setting["NAME"] == store.work_database
    assert "journal_mode=WAL" in setting["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://kuai:s%40fe@db:5433/city", ("city", "kuai", "s@fe", "db", "5433", {})),
        (
            "postgres:///city?host=/tmp/socket&port=5440",
            ("city", "", "", "/tmp/socket", "5440", {}),
        ),
        (
            "postgresql://db/city?sslmode=verify-full",
            ("city", "", "", "db", "", {"sslmode": "verify-full"}),
        ),
    ],
)
def test_a_url_names_a_postgresql(store: Store, url: str, expected: tuple) -> None:
    setting = read_database_setting(url, store)
    keys = ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")
    assert tuple(setting[key] for key in keys) == expected


def test_another_kind_of_database_is_refused_without_repeating_its_password(store: Store) -> None:
    with pytest.raises(Refusal) as refusal:
        read_database_setting("mysql://kuai:secret@db/city", store)
    assert "secret" not in str(refusal.value)


def test_racing_processes_read_one_secret_that_only_the_owner_may_read(store: Store) -> None:
    path = store.keys / "web.secret"
    with ThreadPoolExecutor(max_workers=8) as pool:
        secrets = set(pool.map(lambda _: read_or_create_secret(path), range(32)))
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.is_relative_to(store.root)


@pytest.mark.django_db
def test_the_work_database_holds_foreign_keys() -> None:
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        assert cursor.execute("pragma foreign_keys").fetchone() == (1,)


@override_settings(ROOT_URLCONF="tests.modules.guard.routes_for_tests")
@pytest.mark.django_db
def test_every_answer_carries_its_protection() -> None:
    headers = Client().get("/health/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.usefixtures("hashers_of_the_portal")
def test_passwords_are_hashed_with_argon2_first_and_sessions_last_half_an_hour() -> None:
    assert settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
    assert settings.SESSION_COOKIE_AGE == 1800
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.AXES_LOCKOUT_PARAMETERS == [["username", "ip_address"]]
    assert settings.LANGUAGE_CODE == "zh-hans"
