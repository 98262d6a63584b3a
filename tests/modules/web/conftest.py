"""Fixtures of the portal's tests: a store of its own, the small city behind its doors, logins by role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from kuai.guard.access import create_demo_accounts, register_source
from kuai.guard.types import Actor, Role, SourceRegistration, Zone
from kuai.kit.store import Store, write_json

PASSWORD = "kuai-demo-for-tests"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
STEWARD = Actor(user_id="demo-data-steward", role=Role.DATA_STEWARD)


def a_registration(source: str, title: str, zone: Zone = Zone.CORE) -> SourceRegistration:
    """A synthetic source as registered."""
    return SourceRegistration(
        source=source,
        title=title,
        zone=zone,
        handler="公安分局",
        legal_basis="职责清单第 12 项",
        agreement="合成数据包",
        permitted_purposes=("record_review",),
        notice_version="synthetic",
        assessment_id="",
        assessment_approved_on=None,
        retention_days=730,
        refresh_days=31,
        has_personal_columns=True,
        synthetic=True,
    )


@pytest.fixture
def web_store(tmp_path: Path, settings: LazySettings) -> Store:
    """A store whose published build is the small city of fakes.py."""
    store = Store(tmp_path / "store").create()
    version = "b-20261031-000000000000"
    (store.builds / version).mkdir()
    (store.root / "current").write_text(version + "\n", encoding="utf-8")
    settings.STORE = store
    settings.KUAI_STORE = store.root
    settings.KUAI_OPEN_BLOCKS = "tests.modules.web.fakes.open_fake_blocks"
    settings.KUAI_OPEN_SEARCH = "tests.modules.web.fakes.open_fake_search"
    settings.KUAI_LIST_SOURCES = "tests.modules.web.fakes.list_fake_sources"
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    # Because argon2 is slow on purpose, and fourteen accounts a test are not what is tested.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    return store


@pytest.fixture
def portal(web_store: Store, db: None) -> Store:
    """The store with its sources registered and a demo login for each role."""
    register_source(a_registration("police_residents", "实有人口登记"), by=STEWARD, at=NOW)
    register_source(a_registration("disability_cards", "残疾人证", Zone.CARE), by=STEWARD, at=NOW)
    create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    web_store.keys.mkdir(mode=0o700, exist_ok=True)
    write_json(web_store.keys / "demo.json", {"password": PASSWORD})
    return web_store


@pytest.fixture
def log_in(portal: Store) -> Callable[[Role], Client]:
    """A browser in which somebody of this role is logged in."""

    def as_role(role: Role) -> Client:
        client = Client()
        answer = client.post(
            "/login/",
            {"username": f"demo-{role.value.replace('_', '-')}", "password": PASSWORD},
        )
        assert answer.status_code == 302, answer.content.decode()[:2000]
        return client

    return as_role
