"""Which work database: SQLite in the store by default, PostgreSQL by one URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kuai.kit.errors import Refusal
from kuai.kit.store import Store

# Writers queue for the lock instead of failing: 4 writers waited 1.0 s at worst (design 9).
BUSY_TIMEOUT_MS = 10_000
# A connection opened and closed a request cost more than half of a request's processor time: 3.4 ms against 1.3 ms a
# question of the search box, because the last one to close writes the log back into the file.
CONNECTION_SECONDS = 60


def read_database_setting(url: str, store: Store) -> dict[str, Any]:
    """The DATABASES entry for `url` (postgresql://user:password@host:port/name?host=/socket), else SQLite."""
    return _postgresql(url) if url else _sqlite(store)


def _sqlite(store: Store) -> dict[str, Any]:
    store.root.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": store.work_database,
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "OPTIONS": {
            # Because a deferred transaction that turns into a writer fails at once instead of waiting.
            "transaction_mode": "IMMEDIATE",
            "timeout": BUSY_TIMEOUT_MS / 1000,
            # FULL: an acknowledged decision or ledger entry survives a power cut, not only a kill.
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                f" PRAGMA busy_timeout={BUSY_TIMEOUT_MS}; PRAGMA foreign_keys=ON;"
            ),
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise Refusal(
            "settings.database_url",
            "KUAI_DATABASE_URL 只认 postgresql://。",
            next_step="写成 postgresql://用户:口令@主机:端口/库名，或去掉这项设置以使用 SQLite。",
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "kuai",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": CONNECTION_SECONDS,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }
