"""The side file of a build: names, doors, buildings and packed rooms of its library in one SQLite file.

Holds the library and nothing else. Written once, whole or not at all; read by every process, never written again.
"""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.segmenting import Kind, read_room, read_tail, split_head
from kuai.address.types import Level, State
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.readings import units_of

FORM = 1
AREA_LEVELS = (Level.DISTRICT, Level.SUBDISTRICT, Level.COMMUNITY, Level.GRID)
_LIVING = (str(State.PLANNED), str(State.IN_USE))
_FLOOR_OF_NUMBER = re.compile(r"^[A-Z]?([0-9]{1,3})[0-9]{2}$")
_DIGITS = re.compile(r"([0-9]+)")
_SCHEMA = """
create table meta (form integer not null, entries integer not null);
create table area (code text primary key, level text, name text, text text, parent text) without rowid;
create table name (id integer primary key, text text, shown text, units text, area text, buildings integer);
create table building (id integer primary key, code text unique, text text, label text, community text,
  district text, subdistrict text, grid text, longitude real, latitude real, rooms integer);
create table door (name integer, tail text, place integer, building integer, primary key (name, tail, building))
  without rowid;
create table rooms (building integer primary key, packed blob);
"""
_INDEXES = """
create index door_in_order on door (name, place);
create index door_of_building on door (building);
create index building_in_community on building (community);
"""


@dataclass(slots=True)
class _Doors:
    """Names with the doors filed under them."""

    doors: dict[str, dict[tuple[str, int], None]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)

    def add(self, own: str, building: int) -> None:
        """File a building under every name of its own text, with the numbers from there on."""
        spelling = split_brackets(to_one_spelling(own)).plain
        head, tail = split_head(spelling)
        pairs: list[tuple[str, list[str]]] = [(head, [])]
        for piece in read_tail(tail):
            if piece.kind is Kind.NAME:
                pairs.append((piece.value, []))
            elif piece.kind is not Kind.BREAK:
                pairs[-1][1].append(piece.value.lower())
        for place, (name, numbers) in enumerate(pairs):
            # A trailing word without a number (厂房) opens no door of its own.
            if not name or (place and not numbers):
                continue
            behind = [number for _, more in pairs[place:] for number in more]
            key = name.lower()
            self.doors.setdefault(key, {})[("/".join(behind), building)] = None
            if key not in self.shown:
                self.shown[key] = _as_written(own, name)


def _as_written(own: str, name: str) -> str:
    """The part of the text that was spelled `name`: 石桥老村三巷 for 石桥老村3巷."""
    if name in own:
        return name
    for start in range(len(own)):
        for end in range(start + 1, len(own) + 1):
            if to_one_spelling(own[start:end]) == name:
                return own[start:end]
    return name


def write_side_file(path: Path, entries: pa.Table, aliases: pa.Table | None = None) -> Path:
    """Write the side file of a library (columns of ADDRESS_ENTRY, ADDRESS_ALIAS). Replaces atomically."""
    living = entries.filter(pc.is_in(entries["state"], pa.array(_LIVING)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_when_complete(path) as scratch:
        scratch.unlink(missing_ok=True)
        connection = sqlite3.connect(scratch)
        try:
            connection.executescript(
                "pragma journal_mode = off; pragma synchronous = off;" + _SCHEMA
            )
            _write(connection, living, aliases)
            connection.executescript(_INDEXES + "analyze;")
            connection.commit()
        finally:
            connection.close()
    return path


def _write(connection: sqlite3.Connection, living: pa.Table, aliases: pa.Table | None) -> None:
    areas = {row["address_code"]: row for row in _of_levels(living, AREA_LEVELS).to_pylist()}
    connection.executemany(
        "insert into area values (?, ?, ?, ?, ?)",
        (
            (code, row["level"], row["name"], row["standard_text"], row["parent_code"])
            for code, row in areas.items()
        ),
    )
    buildings = _of_levels(living, (Level.BUILDING,)).sort_by("address_code").to_pylist()
    doors = _Doors()
    number_of: dict[str, int] = {}
    texts: dict[str, str] = {}
    for number, row in enumerate(buildings):
        chain = _chain_above(row["parent_code"], areas)
        own = _own_text(row["standard_text"], chain)
        number_of[row["address_code"]], texts[row["address_code"]] = number, row["standard_text"]
        doors.add(own, number)
        codes = {area["level"]: area["address_code"] for area in chain}
        row |= {"own": own, "codes": codes}
    for code, text in _alias_texts(aliases):
        if code in number_of:
            row = buildings[number_of[code]]
            doors.add(_own_text(text, _chain_above(row["parent_code"], areas)), number_of[code])
    counts = _write_rooms(connection, _of_levels(living, (Level.ROOM,)), number_of, texts)
    connection.executemany(
        "insert into building values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (_building_row(number, row, counts) for number, row in enumerate(buildings)),
    )
    _write_names(connection, doors, _area_names(areas, aliases))
    connection.execute("insert into meta values (?, ?)", (FORM, living.num_rows))


def _of_levels(table: pa.Table, levels: Sequence[Level]) -> pa.Table:
    return table.filter(pc.is_in(table["level"], pa.array([str(level) for level in levels])))


def _alias_texts(aliases: pa.Table | None) -> list[tuple[str, str]]:
    if aliases is None:
        return []
    # Because an alias that ended may lead elsewhere by now, only lasting ones are offered.
    lasting = aliases.filter(pc.is_null(aliases["valid_to"]))
    return list(zip(lasting["address_code"].to_pylist(), lasting["text"].to_pylist(), strict=True))


def _chain_above(code: str, areas: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    chain: list[dict[str, str]] = []
    while code in areas and len(chain) < len(AREA_LEVELS):
        chain.append(areas[code])
        code = areas[code]["parent_code"]
    return chain


def _own_text(text: str, chain: list[dict[str, str]]) -> str:
    for area in sorted(chain, key=lambda one: -len(one["standard_text"] or "")):
        if area["standard_text"] and text.startswith(area["standard_text"]):
            return text[len(area["standard_text"]) :]
    return text


def _building_row(
    number: int, row: dict[str, object], counts: dict[int, int]
) -> tuple[object, ...]:
    codes = row["codes"]
    assert isinstance(codes, dict)
    return (
        number,
        row["address_code"],
        row["standard_text"],
        row["own"],
        codes.get(str(Level.COMMUNITY)),
        codes.get(str(Level.DISTRICT)),
        codes.get(str(Level.SUBDISTRICT)),
        codes.get(str(Level.GRID)),
        row["longitude"],
        row["latitude"],
        counts.get(number, 0),
    )


def _area_names(
    areas: dict[str, dict[str, str]], aliases: pa.Table | None
) -> Iterator[tuple[str, str]]:
    for code, row in areas.items():
        if row["level"] != Level.GRID and row["name"]:
            yield code, row["name"]
    for code, text in _alias_texts(aliases):
        if code in areas:
            yield code, text


def _write_names(
    connection: sqlite3.Connection, doors: _Doors, areas: Iterable[tuple[str, str]]
) -> None:
    """Names by rank: areas first, then by how many doors they have."""
    ranked = sorted(doors.doors.items(), key=lambda item: (-len(item[1]), item[0]))
    first = 0
    for number, (code, shown) in enumerate(areas):
        first = number + 1
        spelling = to_one_spelling(shown).lower()
        connection.execute(
            "insert into name values (?, ?, ?, ?, ?, 0)",
            (number, spelling, shown, _units_text(spelling), code),
        )
    for number, (name, found) in enumerate(ranked, start=first):
        connection.execute(
            "insert into name values (?, ?, ?, ?, '', ?)",
            (number, name, doors.shown[name], _units_text(name), len({b for _, b in found})),
        )
        in_order = sorted(found, key=lambda door: _natural(door[0]))
        connection.executemany(
            "insert into door values (?, ?, ?, ?)",
            ((number, tail, place, b) for place, (tail, b) in enumerate(in_order)),
        )


def _units_text(name: str) -> str:
    return json.dumps([[unit.text, *unit.readings] for unit in units_of(name)], ensure_ascii=False)


def _natural(tail: str) -> list[tuple[int, str]]:
    """Order by number where there is one: 2 before 12 before 12a."""
    return [
        (int(part), "") if part.isdigit() else (0, part) for part in _DIGITS.split(tail) if part
    ]


def _write_rooms(
    connection: sqlite3.Connection,
    rooms: pa.Table,
    number_of: dict[str, int],
    texts: dict[str, str],
) -> dict[int, int]:
    counts: dict[int, int] = {}
    in_order = rooms.select(["parent_code", "address_code", "standard_text"]).sort_by(
        [("parent_code", "ascending"), ("address_code", "ascending")]
    )
    rows = (
        row
        for batch in in_order.to_batches(max_chunksize=50_000)
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    )
    for building, found in groupby(rows, key=lambda row: row[0]):
        number = number_of.get(building)
        if number is None:
            continue
        lines = [_room_line(code, text, building, texts[building]) for _, code, text in found]
        counts[number] = len(lines)
        packed = zlib.compress("\n".join(lines).encode(), 6)
        connection.execute("insert into rooms values (?, ?)", (number, packed))
    return counts


def _room_line(code: str, text: str, building: str, building_text: str) -> str:
    """Code behind the building's, stair, floor, number, own text."""
    own = text.removeprefix(building_text)
    short = "+" + code[len(building) :] if code.startswith(building) else code
    return "\t".join((short, *_room_parts(own), own))


@lru_cache(maxsize=200_000)
def _room_parts(own: str) -> tuple[str, str, str]:
    spelling = split_brackets(to_one_spelling(own)).plain
    reading = read_room(read_tail(spelling))
    number = reading.number or spelling
    floor = reading.floor
    match = _FLOOR_OF_NUMBER.match(number)
    if not floor and match and not reading.is_shop:
        floor = match.group(1).lstrip("0")
    shop = "铺" if reading.is_shop else ""
    return reading.stair.lower(), floor, f"{shop}{number}{reading.part}".lower()
