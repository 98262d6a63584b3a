"""The published build's library, opened once a process and build: opening 600,000 entries takes seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from kuai.address.learning import Standing, read_standings
from kuai.address.queries import OpenLibrary, open_library
from kuai.address.types import ADDRESS_ENTRY
from kuai.kit.engine import engine, table_at
from kuai.kit.store import Store

_lock = threading.Lock()
_opened: dict[Path, OpenLibrary] = {}


def opened_library(store: Store) -> OpenLibrary:
    """The library of the published build; refuses before the first build. Follows the switch to a new one."""
    core = store.current_build() / "core"
    with _lock:
        library = _opened.get(core)
        if library is None:
            with engine() as connection:
                entries = table_at(connection, ADDRESS_ENTRY, core)
            library = open_library(entries)
            # One at a time: the old build's index is memory that nobody needs any more.
            _opened.clear()
            _opened[core] = library
    return library


def standings_in(store: Store, codes: Iterable[str]) -> dict[str, Standing]:
    """What the published library knows of these codes."""
    core = store.current_build() / "core"
    with engine(memory_limit="500MB") as connection:
        return read_standings(connection, table_at(connection, ADDRESS_ENTRY, core), codes)
