"""Fixtures every room's tests may use. Builders of a room live in tests/modules/<room>/builders.py."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings as of_django
from django.db.backends.base.base import BaseDatabaseWrapper

from kuai.kit.store import Store

REPOSITORY = Path(__file__).resolve().parents[1]

# Some 6,000 tests and all rooms are loaded first and never freed: to look through them again and again for what could
# be freed took every tenth second of the processor (2026-11-23).
gc.disable()

# Because a loaded machine is no fault of the code: no test fails for being slow once.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# Begun first, longest first: whoever begins the longest file last waits for it alone.
LONGEST_FILES = (
    "stories/test_build_interrupted.py",
    "stories/test_living_library.py",
    "stories/test_bad_input.py",
    "stories/test_build_without_care.py",
    "modules/web/test_browser.py",
    "stories/test_address_learning.py",
    "stories/test_journeys.py",
    "stories/test_backup.py",
    "modules/sources/test_receive_mutations.py",
    "stories/test_canaries.py",
    "modules/registry/test_statements.py",
    "stories/test_tour.py",
    "stories/test_every_page.py",
    "modules/cli/test_accounts.py",
    "modules/cli/test_commands.py",
    "modules/cli/test_review.py",
    "modules/web/test_serving.py",
    "stories/test_upgrade.py",
    "modules/web/test_library_browser.py",
    "stories/test_codes_for_ever.py",
    "modules/flows/test_replay.py",
    "stories/test_closed_doors.py",
    "stories/test_real_data_refused.py",
    "stories/test_days_delta.py",
    "modules/flows/test_two_clocks.py",
    "modules/registry/test_identify.py",
    "stories/test_explain.py",
    "stories/test_nobody_by_name.py",
    "modules/flows/test_standing_rows.py",
)
_PLACE_IN_LINE = {REPOSITORY / "tests" / name: place for place, name in enumerate(LONGEST_FILES)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; each file's tests stay in their order."""
    items.sort(key=lambda item: _PLACE_IN_LINE.get(item.path, len(LONGEST_FILES)))


def pytest_collection_finish() -> None:
    """From here on garbage is collected, among what tests make."""
    gc.collect()
    gc.freeze()
    gc.enable()


QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session", autouse=True)
def quick_hashers() -> list[str]:
    """Passwords are hashed quickly, for argon2 is slow on purpose; returns the hashers of the portal."""
    ours = list(of_django.PASSWORD_HASHERS)
    of_django.PASSWORD_HASHERS = [*QUICK_HASHERS, *ours]
    return ours


@pytest.fixture
def hashers_of_the_portal(quick_hashers: list[str], settings: object) -> None:
    """For tests about hashing: as outside of tests."""
    settings.PASSWORD_HASHERS = quick_hashers  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    """Files are not forced to the disk: no test cuts the power, and a killed process loses nothing it wrote."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


# Django makes them anew after each emptying else: 30 ms of processor a test, a quarter of a second on PostgreSQL.
KEPT_TABLES = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@pytest.fixture(scope="session", autouse=True)
def emptying_what_is_filled() -> Iterator[None]:
    """After a test that commits, the tables that have rows are emptied, not all: TRUNCATE takes 1.5 ms a table."""
    from django.db import connections
    from django.test import TransactionTestCase

    def empty(case: TransactionTestCase) -> None:
        for alias in case._databases_names(include_mirrors=False):
            connection = connections[alias]
            _empty_tables(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield


def _empty_tables(connection: BaseDatabaseWrapper) -> None:
    from django.db import transaction

    from kuai.guard.ledger_triggers import drop_triggers, raise_triggers

    names = sorted({*connection.introspection.django_table_names(only_existing=True)} - KEPT_TABLES)
    quoted = {name: connection.ops.quote_name(name) for name in names}
    asked = " union all ".join(
        f"select '{name}' where exists (select 1 from {written})"
        for name, written in quoted.items()
    )
    # In one transaction, because keys to other tables are looked at when it ends.
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(asked)
        filled = [name for (name,) in cursor.fetchall()]
        # Ledger tables refuse DELETE else; the next test finds them guarded again.
        drop_triggers(connection)
        for name in filled:
            cursor.execute(f"delete from {quoted[name]}")
    raise_triggers(connection)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of real public data beside the checkout; tests that read it are skipped where it is absent."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "sample" / "datapackage.json").exists():
        reason = f"no shared data at {folder}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"in CI the shared data must be there: {reason}")
        pytest.skip(reason)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI the shared data is there: a skipped `shared` test is a failure, whatever its reason."""
    report = yield
    skipped = report.skipped and not hasattr(report, "wasxfail")
    if skipped and os.environ.get("CI") == "true" and item.get_closest_marker("shared"):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped in CI, where ../shared must be there: {call.excinfo.value}"
        )
    return report


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store with its keys beside it."""
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    return Store(tmp_path / "store").create()
