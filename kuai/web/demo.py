"""Demo logins, on synthetic stores only: nobody real is behind them, and nothing real is behind the door."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kuai.flows.demo_resident import seed_demo_resident
from kuai.guard.access import create_demo_accounts
from kuai.guard.queries import find_actor_by_login, is_synthetic_store
from kuai.guard.types import Role
from kuai.kit.store import Store, read_json, write_json
from kuai.web.doors import current_store
from kuai.web.words import ROLE_NAMES


@dataclass(frozen=True)
class ShownLogin:
    """A login one may click."""

    username: str
    password: str
    role_name: str


def password_file(store: Store) -> Path:
    """Where the one demo password lies: with the keys, so that a copy of the store carries no password."""
    return store.keys / "demo.json"


def open_demo_logins(store: Store, *, at: datetime) -> int:
    """Make the demo accounts of a synthetic store that has none, and let the demo resident be one of its people.

    Leaves accounts that are there. May be repeated.
    """
    made = _open_accounts(store, at=at)
    if is_synthetic_store():
        officers = tuple(_username(role) for role in (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK))
        seed_demo_resident(store, _username(Role.RESIDENT), officers=officers, at=at)
    return made


def _open_accounts(store: Store, *, at: datetime) -> int:
    if not is_synthetic_store() or find_actor_by_login(_username(Role.DATA_STEWARD)):
        return 0
    path = password_file(store)
    if not path.exists():
        write_json(path, {"password": f"kuai-demo-{secrets.token_hex(4)}"})
        path.chmod(0o600)
    password = str(read_json(path)["password"])
    return len(create_demo_accounts((), synthetic=True, at=at, password=password))


def list_demo_logins() -> list[ShownLogin]:
    """The demo logins by role, or none where the store holds real people."""
    path = password_file(current_store())
    if not path.exists() or not is_synthetic_store():
        return []
    password = str(read_json(path)["password"])
    return [
        ShownLogin(_username(role), password, str(name))
        for role, name in ROLE_NAMES.items()
        if find_actor_by_login(_username(role))
    ]


def _username(role: Role) -> str:
    return f"demo-{role.value.replace('_', '-')}"
