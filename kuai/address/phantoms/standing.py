"""Where places stand in a frozen library: text, level, way from the top, rooms. One look for many codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from kuai.address.types import Level, State
from kuai.kit.engine import use_table
from kuai.kit.tables import TableRef

MOST_LEVELS = len(Level)


@dataclass(frozen=True, slots=True)
class Standing:
    """One entry as its library has it. `area_path`: codes from the top down to it, as the guard's areas are written."""

    address_code: str
    level: Level
    name: str
    standard_text: str
    state: State
    parent_code: str
    area_path: str
    rooms: frozenset[str] = frozenset()

    @property
    def is_living(self) -> bool:
        return self.state in (State.PLANNED, State.IN_USE)


def read_standings(
    connection: duckdb.DuckDBPyConnection, entries: TableRef, codes: Iterable[str]
) -> dict[str, Standing]:
    """What `entries` knows of `codes`; a code it does not know is left out. Rooms are named for buildings only."""
    wanted = sorted(set(codes))
    use_table(connection, entries)
    connection.execute("create or replace temp table wanted_codes (address_code varchar)")
    if wanted:
        connection.execute("insert into wanted_codes select unnest($codes)", {"codes": wanted})
    rows = connection.execute(_ENTRIES).fetchall()
    paths = _read_paths(connection)
    rooms = dict(connection.execute(_ROOMS).fetchall())
    return {
        code: Standing(
            code,
            Level(level),
            name,
            text,
            State(state),
            parent or "",
            paths[code],
            frozenset(rooms.get(code, ())),
        )
        for code, level, name, text, state, parent in rows
    }


def _read_paths(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Level by level upward, because a library is six levels deep and a recursive query scans it as often.

    A district's parent is the city's code, which is no entry: the way from the top begins at the district.
    """
    chains: dict[str, list[str]] = {}
    connection.execute(
        "create or replace temp table climbing as select address_code as below, address_code as code from wanted_codes"
    )
    for _ in range(MOST_LEVELS):
        steps = connection.execute("select below, code from climbing").fetchall()
        if not steps:
            break
        for below, code in steps:
            chains.setdefault(below, []).append(code)
        connection.execute(
            "create or replace temp table climbing as select c.below, above.address_code as code from climbing as c"
            " join address_entry as e on e.address_code = c.code"
            " join address_entry as above on above.address_code = e.parent_code"
        )
    return {below: "/".join(reversed(chain)) for below, chain in chains.items()}


_ENTRIES = """
select e.address_code, e.level, e.name, e.standard_text, e.state, e.parent_code
from address_entry as e join wanted_codes as w on w.address_code = e.address_code
"""
_ROOMS = """
select e.parent_code, list(e.name order by e.name)
from address_entry as e join wanted_codes as w on w.address_code = e.parent_code
where e.level = 'room' and e.state in ('planned', 'in_use')
group by e.parent_code
"""
