"""Start Django on a store's work database, for the commands that need registers, tickets or the ledger."""

from __future__ import annotations

import os
from pathlib import Path

from kuai.kit.store import Store

SETTINGS = "kuai.web.settings"


def open_work_database(root: Path) -> Store:
    """Point Django at this store, bring its tables up to date, load the register of purposes. May be repeated."""
    os.environ["KUAI_STORE"] = str(root.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    store = Store(root.resolve()).create()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from kuai.guard import access

    access.load_purposes()
    return store
