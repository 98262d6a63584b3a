"""Start Django on a store's work database, for the commands that need registers, tickets or the ledger."""

from __future__ import annotations

import os
from pathlib import Path

from kuai.kit.errors import Refusal
from kuai.kit.store import Store

SETTINGS = "kuai.web.settings"


def open_work_database(root: Path) -> Store:
    """Point Django at this store, bring its tables up to date, load the register of purposes. May be repeated."""
    store = Store(root.resolve()).create()
    start_django(store)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    from kuai.guard import access

    access.load_purposes()
    return store


def open_existing_work_database(root: Path) -> Store:
    """As `open_work_database`; refuses where there is no store, so that a mistyped path makes none."""
    if not has_work_database(Store(root.resolve())):
        raise Refusal(
            "store.none",
            f"{root} 不是一个库，或还没有工作库。",
            next_step="检查 --store（或 KUAI_STORE）；新库先运行 kuai accounts open 或 kuai build。",
        )
    return open_work_database(root)


def start_django(store: Store) -> None:
    """Point Django at this store and change nothing in it."""
    os.environ["KUAI_STORE"] = str(store.root.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django

    django.setup()


def has_work_database(store: Store) -> bool:
    """Is there one to look at? On PostgreSQL the store's folder must do: the server is not asked."""
    elsewhere = bool(os.environ.get("KUAI_DATABASE_URL"))
    return (store.root / "work.sqlite3").exists() or (elsewhere and store.root.exists())
