"""Start Django on a store's work database, for the commands that need registers, tickets or the ledger."""

from __future__ import annotations

import os
from pathlib import Path

from kuai.kit.errors import Refusal
from kuai.kit.store import Store

SETTINGS = "kuai.web.settings"


def open_work_database(root: Path) -> Store:
    """Point Django at this store, make or bring up its tables, load the register of purposes. May be repeated.

    Refuses a store of a newer programme, and one of real people that waits for `kuai upgrade`.
    """
    store = Store(root.resolve()).create()
    start_django(store)
    from kuai.flows.store_format import open_store

    open_store(store)
    from kuai.guard import access

    access.load_purposes()
    return store


def is_up_to_date(store: Store) -> bool:
    """Has the work database gone exactly the steps that this programme knows? Changes nothing."""
    start_django(store)
    from kuai.flows.store_format import read_steps

    steps = read_steps()
    return not steps.missing and not steps.unknown


def make_tables(store: Store, steps: tuple[tuple[str, str], ...]) -> None:
    """Make the tables of an empty database as they were after `steps`."""
    start_django(store)
    from kuai.flows.store_format import make_tables_up_to

    make_tables_up_to(steps)


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
