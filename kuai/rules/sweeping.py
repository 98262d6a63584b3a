"""What the published build no longer knows (erased rows, erased persons) goes out of kept findings. Private."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from kuai.kit.engine import engine, scan_sql, write_table
from kuai.kit.store import Store, write_json
from kuai.registry.types import MENTION_ELEMENT, PERSON
from kuai.rules.finding_files import RUN_FILE, list_runs, read_run, scan_findings
from kuai.rules.types import FINDING

# Of a person the build does not have, or resting on a row that is in it no more (rows handed in are of no build).
_ERASED = """
with row_of as (
    select f.finding_id, unnest(string_split(f."rows", ' ')) as mention_key from {findings} as f
)
select finding_id from {findings}
where subject_kind = 'person' and subject_code not in (select person_code from {persons})
union
select r.finding_id from row_of as r
where contains(r.mention_key, ':')
  and not exists (select 1 from {mentions} as m where m.mention_key = r.mention_key)
"""


def sweep(store: Store) -> int:
    """Take out of every kept run what the published build no longer knows; returns how many findings went.

    A run of a build that is erased goes as a whole. May be repeated.
    """
    gone = 0
    for folder in list_runs(store):
        note = read_run(folder)
        if not (store.builds / note["build"] / "core" / f"{PERSON.name}.parquet").exists():
            gone += sum(one["findings"] for one in note["counts"])
            shutil.rmtree(folder)
            continue
        with engine() as connection:
            gone += _sweep_run(connection, store, folder)
    return gone


def _sweep_run(connection: duckdb.DuckDBPyConnection, store: Store, folder: Path) -> int:
    core = store.current_build() / "core"
    paths = {
        "persons": core / f"{PERSON.name}.parquet",
        "mentions": core / f"{MENTION_ELEMENT.name}.parquet",
    }
    if not all(path.exists() for path in paths.values()):
        return 0
    findings = scan_findings(folder)
    scans = {name: scan_sql([path]) for name, path in paths.items()}
    connection.execute(
        f"create or replace temp table erased as {_ERASED.format(findings=findings, **scans)}"
    )
    _forget_codes(connection, folder, scans["persons"])
    count = int(connection.execute("select count(*) from erased").fetchall()[0][0])
    if count:
        connection.execute(
            f"create or replace temp table left_over as select * from {findings}"
            " where finding_id not in (select finding_id from erased)"
        )
        write_table(connection, FINDING, "select * from left_over", folder)
    return count


def _forget_codes(connection: duckdb.DuckDBPyConnection, folder: Path, persons: str) -> None:
    """The run's note names codes that were out of use; those of nobody the build knows go too."""
    note = read_run(folder)
    named = sorted(
        {part for keys in note["out_of_use"].values() for key in keys for part in key.split("|")
         if part.startswith("P-")}
    )  # fmt: skip
    known = connection.execute(
        f"select person_code from {persons} where person_code in (select unnest($named))",
        {"named": named},
    )
    erased = set(named) - {code for (code,) in known.fetchall()}
    if not erased:
        return
    note["out_of_use"] = {
        name: [key for key in keys if not _names(key, erased)]
        for name, keys in note["out_of_use"].items()
    }
    write_json(folder / RUN_FILE, note)


def _names(key: str, codes: set[str]) -> bool:
    parts: Sequence[str] = key.split("|")
    return any(part in codes for part in parts)
