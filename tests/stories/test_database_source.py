"""An office opens one view of its database: the steward pulls it, and nothing of the URL stays anywhere."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kuai.kit.store import Store
from kuai.sources.database_tables import URL_VARIABLE
from tests.stories import canaries, towns

SECRET = "wachtwoord-2026"


def test_a_registered_source_is_pulled_from_its_database(
    own_store: Path, tmp_path: Path, town: Path
) -> None:
    database = tmp_path / f"{SECRET}.db"
    rows = towns.read_extract(town, "police_residents")[:50]
    with sqlite3.connect(database) as connection:
        names = list(rows[0])
        connection.execute(f"create table jmxx ({', '.join(f'{name!r} text' for name in names)})")
        marks = ", ".join("?" * len(names))
        connection.executemany(
            f"insert into jmxx values ({marks})", [tuple(row.values()) for row in rows]
        )
    settings = {URL_VARIABLE + "POLICE_RESIDENTS": f"sqlite:///{database}"}
    words = ("sources", "pull", "police_residents", "--table", "jmxx", "--store", own_store)
    answer = towns.run_well(*words, "--delivery", "delta", "--json", settings=settings).json()
    receipt = answer["receipt"]
    assert receipt["received"] == 50 == receipt["kept"] + receipt["quarantined"]
    again = towns.run_well(*words, "--delivery", "delta", "--json", settings=settings).json()
    assert again["period"] == answer["period"]
    assert again["receipt"]["notes"]["already_received"]

    vault = Store(own_store).vault / "core" / "police_residents" / answer["period"]
    assert (vault / "snapshot.sealed").exists()
    finder = canaries.Finder([SECRET], canaries.ways_of_writing)
    held = [
        path.name
        for root in (own_store, Store(own_store).keys)
        for path in canaries.files_below(root)
        if finder.count(canaries.texts_of(path))
    ]
    assert held == []

    strange = towns.run_kuai(
        "sources", "pull", "nobody", "--table", "jmxx", "--store", own_store, settings=settings
    )
    assert strange.exit_code == towns.BUILD_EXIT_REFUSED
    assert "还没有登记" in strange.sentences
