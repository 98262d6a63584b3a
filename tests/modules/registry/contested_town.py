"""A published build with one contested home: what the tests of objections, cases and pages start from."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from kuai.guard import access
from kuai.guard.types import Actor, Role, SourceRegistration, Zone
from kuai.kit.engine import engine
from kuai.kit.store import Store, write_json
from tests.modules.blocks.builders import TOP, a_library
from tests.modules.blocks.builders import pack as pack_blocks
from tests.modules.registry.builders import World, relate_world

# A Friday; the tenth working day after it is a Friday too.
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
DUE = date(2026, 12, 4)
VERSION = "b-20261031-000000000001"
ROOM = f"{TOP}0010010100001000001"
OTHER_ROOM = f"{TOP}0010010100001000002"
HERE, ELSEWHERE = f"{TOP}/{TOP}001", f"{TOP}/{TOP}002"
STEWARD = Actor("1", Role.DATA_STEWARD, areas=("",))
CLERK = Actor("2", Role.DEPARTMENT_CLERK, areas=("",))
STREET = Actor("3", Role.SUBDISTRICT_CLERK, areas=(HERE,))
GRID = Actor("4", Role.GRID_WORKER, areas=(HERE,))
OTHER_STEWARD = Actor("5", Role.DATA_STEWARD, areas=("",))
STRANGER = Actor("6", Role.SUBDISTRICT_CLERK, areas=(ELSEWHERE,))
DEPARTMENTS = {"police": "公安分局", "grid": "街道网格中心"}


@dataclass(frozen=True)
class ContestedTown:
    """What is in it: the person, the fact that two departments state, a second fact that contradicts it."""

    store: Store
    person: str
    lives: str
    lives_elsewhere: str

    def resident(self, code: str = "") -> Actor:
        """The person concerned (or somebody else), logged in as themselves."""
        return Actor("r1", Role.RESIDENT, person_code=code or self.person)


def publish_town(store: Store) -> ContestedTown:
    """Two departments place one person in ROOM; the police place them in OTHER_ROOM too."""
    for source in DEPARTMENTS:
        access.register_source(a_registration(source), by=STEWARD, at=NOW)
    made, person = _built()
    prepared = store.scratch / VERSION
    shutil.copytree(made, prepared)
    store.publish(VERSION, prepared)
    return ContestedTown(
        store, person, f"PH_RESIDE|{person}|{ROOM}", f"PH_RESIDE|{person}|{OTHER_ROOM}"
    )


@cache
def _built() -> tuple[Path, str]:
    """The build's folder, made once a run, and the code of the one person in it."""
    prepared = Path(mkdtemp(prefix="contested-town-")) / VERSION
    atexit.register(shutil.rmtree, prepared.parent, ignore_errors=True)
    with engine() as connection:
        world = World()
        first = world.resident(0, ROOM, birth_date=date(1980, 1, 2))
        person = world.person(
            0, source="grid", period="2026-10", cluster=first, birth_date=date(1980, 1, 2)
        )
        place = world.place(0, ROOM, source="grid", period="2026-10")
        world.link("PH_RESIDE", person, place, period="2026-10")
        more = world.person(1, cluster=first, birth_date=date(1980, 1, 2))
        world.link("PH_RESIDE", more, world.place(1, OTHER_ROOM))
        made = relate_world(connection, world, prepared)
    pack_blocks(prepared, a_library(), made["relation"], persons=made["person"])
    write_json(prepared / "receipts.json", receipts_of(VERSION))
    return prepared, made["person"][0]["person_code"]


def receipts_of(version: str, *, sequence: int = 0) -> dict[str, Any]:
    """What a build writes of itself, as far as facts and pages read it."""
    empty = {"received": 0, "kept": 0, "refused": 0, "quarantined": 0}
    decisions = {"stage": "decisions", "what": "decisions", "parts": [], **empty}
    return {
        "version": version,
        "as_of": "2026-10-31",
        "sources": [],
        "stages": [{**decisions, "notes": {"sequence": sequence}}],
    }


def a_registration(source: str) -> SourceRegistration:
    return SourceRegistration(
        source=source,
        title={"police": "实有人口登记", "grid": "网格走访"}[source],
        zone=Zone.CORE,
        handler=DEPARTMENTS[source],
        legal_basis="合成数据",
        agreement="合成数据",
        permitted_purposes=("record_review",),
        notice_version="1",
        assessment_id="",
        assessment_approved_on=None,
        retention_days=730,
        refresh_days=31,
        has_personal_columns=True,
        synthetic=True,
    )


def publish_merged_town(store: Store) -> ContestedTown:
    """Two persons of a first build are one in the published one; `lives_elsewhere` names the code that ended."""
    access.register_source(a_registration("police"), by=STEWARD, at=NOW)
    later = "b-20261130-000000000002"
    with engine() as connection:
        first = World()
        for row in (0, 1):
            first.resident(row, ROOM, birth_date=date(1980, 1, 2))
        before = relate_world(connection, first, store.scratch / VERSION)
        second = World()
        one = second.resident(0, ROOM, birth_date=date(1980, 1, 2))
        second.resident(1, ROOM, cluster=one, birth_date=date(1980, 1, 2))
        prepared = store.scratch / later
        after = relate_world(
            connection, second, prepared, version=later, previous=store.scratch / VERSION / "core"
        )
    pack_blocks(prepared, a_library(), after["relation"])
    write_json(prepared / "receipts.json", receipts_of(later))
    store.publish(later, prepared)
    (lives,) = {row["fact_key"] for row in after["relation"]}
    ended = {row["from_code"] for row in before["relation"]} - {lives.split("|")[1]}
    return ContestedTown(store, lives.split("|")[1], lives, f"PH_RESIDE|{ended.pop()}|{ROOM}")
