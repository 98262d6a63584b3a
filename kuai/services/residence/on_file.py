"""Whether a proven phone (and name) is on file for a room: asked only after the proof, told only to its holder.

Reads keyed tokens of the extracts and codes of the build; no name, no number, nothing of anybody else. Private.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kuai.kit.engine import engine, scan_sql
from kuai.kit.store import Store
from kuai.registry.queries import facts_out_of_use
from kuai.registry.types import MENTION_ELEMENT, PERSON, RELATION
from kuai.sources.types import PERSON_MENTION

HOLDS = ("asserted", "verified", "disputed")
LIVES = ("PH_RESIDE", "PH_RENT")
LETS = ("PH_OWN", "PH_LET")

_PERSONS = """
select distinct m.code, p.is_child_under_14
from {person_mention} as s
join {mention_element} as m on m.mention_key = s.mention_key and m.element = 'person'
join {person} as p on p.person_code = m.code
where s.phone_token = $phone and ($name = '' or s.name_token = $name) and not p.quarantined
"""
_RELATIONS = """
select type, to_code, status, fact_key from {relation}
where from_code = $code and list_contains($holds, status) and not is_contested
"""
_LIVING = """
select count(distinct from_code) from {relation}
where to_code = $room and type = 'PH_RESIDE' and list_contains(['asserted', 'verified'], status) and not is_contested
"""


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
    tables = _tables(store)
    if not phone_mark or tables is None:
        return None
    with engine(memory_limit="500MB") as connection:
        found = connection.execute(
            _PERSONS.format(**tables), {"phone": phone_mark, "name": name_mark}
        ).fetchall()
        if len(found) != 1:
            return None
        code, is_child = str(found[0][0]), bool(found[0][1])
        rows = connection.execute(
            _RELATIONS.format(**tables), {"code": code, "holds": list(HOLDS)}
        ).fetchall()
    out = facts_out_of_use()
    kept = tuple((str(k), str(to), str(s)) for k, to, s, key in rows if key not in out)
    return OnFile(code, is_child, kept)


def is_landlord_of(store: Store, room: str, *, phone_mark: str) -> bool:
    """Is this phone on file of somebody who owns or lets the room?"""
    found = find_on_file(store, phone_mark=phone_mark)
    return found is not None and found.holds_at(room, LETS)


def count_living(store: Store, room: str) -> int:
    """How many the build has living in the room: for a doubt, never shown."""
    tables = _tables(store)
    if tables is None:
        return 0
    with engine(memory_limit="500MB") as connection:
        row: Any = connection.execute(_LIVING.format(**tables), {"room": room}).fetchone()
    return int(row[0])


def _tables(store: Store) -> dict[str, str] | None:
    if store.current_version() is None:
        return None
    core = store.current_build() / "core"
    tables = (PERSON, RELATION, MENTION_ELEMENT)
    paths = {one.name: [core / f"{one.name}.parquet"] for one in tables}
    paths["person_mention"] = sorted(store.extracts.glob(f"*/*/{PERSON_MENTION.name}.parquet"))
    if not all(some and all(path.exists() for path in some) for some in paths.values()):
        return None
    return {name: scan_sql(some) for name, some in paths.items()}
