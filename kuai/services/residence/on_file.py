"""Whether a proven phone (and name) is on file for a room: asked only after the proof, told only to its holder.

Reads keyed tokens of the extracts and codes of the build; no name, no number, nothing of anybody else. Private.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kuai.kit.engine import engine, read_sql, row_count, use_tables, write_table
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable, TableRef
from kuai.registry.queries import facts_out_of_use, open_sorted, read_ends
from kuai.registry.types import MENTION_ELEMENT, PERSON, RELATION_END
from kuai.services.residence.tables import PHONE_HOLDER
from kuai.sources.types import PERSON_MENTION

HOLDS = ("asserted", "verified", "disputed")
LIVES = ("PH_RESIDE", "PH_RENT")
LETS = ("PH_OWN", "PH_LET")
LOOK_UPS = "on-file"
ROWS_READ_AT_ONCE = 8192
# Measured 2026-11-23: of so many namings the look-up is made in half a second; of a city's at night.
MADE_AT_ONCE = 300_000
_BY_SCAN = (
    "select distinct person_code, is_child_under_14 from ({sql})"
    " where phone_token = $phone and ($name = '' or name_token = $name)"
)


@dataclass(frozen=True)
class OnFile:
    """The one person whom phone and name lead to. `at`: room -> relations that hold there."""

    person_code: str
    is_child_under_14: bool
    relations: tuple[tuple[str, str, str], ...]

    def holds_at(self, room: str, kinds: Sequence[str]) -> bool:
        """Is one of these relations with the room on file?"""
        return any(kind in kinds and to == room for kind, to, _ in self.relations)

    def lives_verified_elsewhere(self, room: str) -> bool:
        """Is another home of theirs verified?"""
        return any(
            kind == "PH_RESIDE" and to != room and status == "verified"
            for kind, to, status in self.relations
        )


def find_on_file(store: Store, *, phone_mark: str, name_mark: str = "") -> OnFile | None:
    """The person, if both lead to exactly one; None for nobody and for several (a family's phone)."""
    if not phone_mark or store.current_version() is None:
        return None
    found = _holders(store, phone_mark, name_mark)
    if len(found) != 1:
        return None
    ((code, is_child),) = found
    held = tuple(
        (str(one["type"]), str(one["other_code"]), str(one["status"]))
        for one in _held(store, code, is_from=True)
    )
    return OnFile(code, is_child, held)


def is_landlord_of(store: Store, room: str, *, phone_mark: str) -> bool:
    """Is this phone on file of somebody who owns or lets the room?"""
    found = find_on_file(store, phone_mark=phone_mark)
    return found is not None and found.holds_at(room, LETS)


def has_landlord(store: Store, room: str) -> bool:
    """Is anybody on file as owning or letting the room? Decides who is asked, told to nobody."""
    return any(one["type"] in LETS for one in _held(store, room, is_from=False))


def count_living(store: Store, room: str) -> int:
    """How many the build has living in the room: for a doubt, never shown."""
    return len(
        {
            one["other_code"]
            for one in _held(store, room, is_from=False)
            if one["type"] == "PH_RESIDE" and one["status"] != "disputed"
        }
    )


def write_look_up(store: Store) -> int:
    """Make the look-up by phone of the published build, once; returns its rows. May be repeated; those of earlier
    builds go."""
    refs = _inputs(store)
    if refs is None:
        return 0
    folder = _folder(store)
    path = folder / f"{PHONE_HOLDER.name}.parquet"
    if path.exists():
        return row_count(path)
    with engine() as connection:
        for table, made in refs.items():
            use_tables(connection, table, made)
        sql = read_sql(__file__, PHONE_HOLDER.name)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ref = write_table(connection, PHONE_HOLDER, sql, folder, row_group_rows=ROWS_READ_AT_ONCE)
    drop_earlier_look_ups(store)
    return ref.rows


def drop_earlier_look_ups(store: Store) -> None:
    """What was made of builds that are no longer published goes, before or without a new one."""
    for earlier in (store.scratch / LOOK_UPS).glob("*"):
        if earlier.name != store.current_version():
            shutil.rmtree(earlier, ignore_errors=True)


def _holders(store: Store, phone: str, name: str) -> set[tuple[str, bool]]:
    path = _folder(store) / f"{PHONE_HOLDER.name}.parquet"
    if not path.exists() and _is_small(store):
        write_look_up(store)
    try:
        rows = open_sorted(path, "phone_token").read([phone]).to_pylist()
    except FileNotFoundError:
        return _holders_by_scan(store, phone, name)
    return {
        (str(one["person_code"]), bool(one["is_child_under_14"]))
        for one in rows
        if not name or one["name_token"] == name
    }


def _holders_by_scan(store: Store, phone: str, name: str) -> set[tuple[str, bool]]:
    """Until the night has made the look-up of a large build: right, and slow."""
    refs = _inputs(store)
    if refs is None:
        return set()
    with engine(memory_limit="500MB") as connection:
        for table, made in refs.items():
            use_tables(connection, table, made)
        sql = _BY_SCAN.format(sql=read_sql(__file__, PHONE_HOLDER.name))
        rows = connection.execute(sql, {"phone": phone, "name": name}).fetchall()
    return {(str(code), bool(is_child)) for code, is_child in rows}


def _held(store: Store, code: str, *, is_from: bool) -> list[dict[str, Any]]:
    """The relations in use at one end, uncontested."""
    if store.current_version() is None:
        return []
    path = store.current_build() / "core" / f"{RELATION_END.name}.parquet"
    if not path.exists():
        return []
    wanted = ("type", "status", "is_contested", "is_from", "other_code", "from_code", "to_code")
    out = facts_out_of_use()
    return [
        one
        for one in read_ends(path, [code], columns=wanted).to_pylist()
        if one["is_from"] is is_from
        and one["status"] in HOLDS
        and not one["is_contested"]
        and f"{one['type']}|{one['from_code']}|{one['to_code']}" not in out
    ]


def _inputs(store: Store) -> dict[BulkTable, list[TableRef]] | None:
    core = store.current_build() / "core"
    paths = {one: [core / f"{one.name}.parquet"] for one in (PERSON, MENTION_ELEMENT)}
    paths[PERSON_MENTION] = sorted(store.extracts.glob(f"*/*/{PERSON_MENTION.name}.parquet"))
    if not all(some and all(path.exists() for path in some) for some in paths.values()):
        return None
    return {
        table: [TableRef(table=table, paths=tuple(some), rows=0)] for table, some in paths.items()
    }


def _is_small(store: Store) -> bool:
    path = store.current_build() / "core" / f"{MENTION_ELEMENT.name}.parquet"
    return path.exists() and row_count(path) <= MADE_AT_ONCE


def _folder(store: Store) -> Path:
    return store.scratch / LOOK_UPS / str(store.current_version())
