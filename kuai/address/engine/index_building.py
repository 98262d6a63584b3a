"""Building a PlaceIndex from the rows of a library, batch by batch: the rows are never all in memory as objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuai.address.engine.divisions import Division, DivisionBook, Elsewhere, core_of
from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.packed import numbers_of, pack_bytes, pack_forms, pack_texts
from kuai.address.engine.place_index import (
    NAME_FORMS,
    Ending,
    IndexMeta,
    OtherDivisionName,
    OtherText,
    Place,
    PlaceIndex,
    is_own_name,
    pair_names,
    room_keys,
    without_city,
)
from kuai.address.engine.segmenting import Piece, read_tail, split_head
from kuai.address.types import AliasKind, State

DIVISION_LEVELS = ("district", "subdistrict", "community")
ENTRY_COLUMNS = ("address_code", "level", "parent_code", "name", "standard_text", "state")
LIVING = (str(State.PLANNED), str(State.IN_USE))
ALIAS_WORDS = {
    AliasKind.VERNACULAR: "俗称",
    AliasKind.OLD_NAME: "旧名",
    AliasKind.DOORPLATE: "别的门牌",
    AliasKind.ESTATE: "小区名",
    AliasKind.SECONDARY: "次要地址",
    AliasKind.CONFIRMED: "确认过的写法",
}

# Called once for the levels above the room, once for the rooms: a library is read in batches, in any order.
ReadBatches = Callable[[], Iterable[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the library above the room."""

    code: str
    parent_code: str
    name: str
    standard_text: str
    is_living: bool = True


@dataclass(frozen=True, slots=True)
class Alias:
    """One row of ADDRESS_ALIAS."""

    code: str
    text: str
    kind: str

    @property
    def words(self) -> str:
        """As the explanation names it."""
        return f"{ALIAS_WORDS[AliasKind(self.kind)]}“{self.text}”"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of ADDRESS_SUCCESSION; `successor` is empty where nothing follows."""

    code: str
    successor: str
    kind: str


@dataclass(slots=True)
class _Draft:
    """The index while it is built."""

    divisions: list[Division]
    number_of_division: dict[str, int]
    codes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    communities: list[int] = field(default_factory=list)
    names_of_building: list[tuple[str, ...]] = field(default_factory=list)
    number_of: dict[str, int] = field(default_factory=dict)
    # name -> communities, in the order the library came in; name -> door -> buildings.
    names: dict[str, dict[int, None]] = field(default_factory=dict)
    doors: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    tails: dict[str, tuple[Piece, ...]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)


def build_index(
    read_batches: ReadBatches,
    elsewhere: Elsewhere,
    *,
    aliases: Sequence[Alias] = (),
    successions: Sequence[Step] = (),
) -> PlaceIndex:
    """The index of a library whose batches have ENTRY_COLUMNS; rows may come in any order."""
    above = _read_above_rooms(read_batches())
    divisions, ended_divisions = _number_divisions(above)
    draft = _Draft(divisions, {one.code: number for number, one in enumerate(divisions)})
    book = DivisionBook(divisions, elsewhere)
    # What stood in a division that ended, or in a grid, stands in what is above.
    for entry in (*ended_divisions, *above.get("grid", ())):
        draft.number_of_division[entry.code] = draft.number_of_division.get(entry.parent_code, -1)
    buildings = sorted(above.get("building", ()), key=lambda entry: entry.code)
    _add_buildings(draft, [one for one in buildings if one.is_living], book)
    answering = len(draft.codes)
    _add_buildings(draft, [one for one in buildings if not one.is_living], book)
    wanted = {alias.code for alias in aliases} | {step.successor for step in successions}
    rooms = _Rooms(draft, wanted)
    for batch in read_batches():
        rooms.add(batch)
    _add_places(draft, wanted, answering)
    ended = {one.code for one in (*buildings, *ended_divisions) if not one.is_living}
    meta = IndexMeta(book, answering=answering, lost_rooms=rooms.lost)
    meta.endings = _endings(ended | rooms.ended, successions, draft)
    _add_aliases(draft, meta, aliases)
    meta.other_divisions = _other_divisions(draft, meta, aliases, ended_divisions)
    meta.names = _shared_tuples(draft.names)
    return PlaceIndex(meta, _pack(draft, rooms))


def _read_above_rooms(batches: Iterable[pa.RecordBatch]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for batch in batches:
        upper = batch.filter(pc.not_equal(batch["level"], "room"))
        if upper.num_rows == 0:
            continue
        columns = [upper[name].to_pylist() for name in ENTRY_COLUMNS]
        for code, level, parent, name, text, state in zip(*columns, strict=True):
            entry = Entry(code, parent or "", name or "", text or "", state in LIVING)
            found.setdefault(level, []).append(entry)
    return found


def _number_divisions(above: Mapping[str, list[Entry]]) -> tuple[list[Division], list[Entry]]:
    """The living divisions, and those that ended: they are no answers any more."""
    numbers: dict[str, int] = {}
    divisions: list[Division] = []
    ended: list[Entry] = []
    for level in DIVISION_LEVELS:
        for entry in sorted(above.get(level, ()), key=lambda e: e.code):
            if not entry.is_living:
                ended.append(entry)
                continue
            # Asked before the entry has a number itself: nothing can lie in itself.
            parent = numbers.get(entry.parent_code, -1)
            numbers[entry.code] = len(divisions)
            divisions.append(
                Division(
                    entry.code,
                    level,
                    parent,
                    to_one_spelling(entry.name),
                    to_one_spelling(core_of(entry.name, level)),
                    entry.standard_text,
                )
            )
    return divisions, ended


def _add_buildings(draft: _Draft, buildings: Sequence[Entry], book: DivisionBook) -> None:
    prefixes = _division_texts(book)
    for entry in buildings:
        number = draft.number_of[entry.code] = len(draft.codes)
        community = draft.number_of_division.get(entry.parent_code, -1)
        own = _own_text(entry.standard_text, community, prefixes)
        draft.codes.append(entry.code)
        draft.texts.append(entry.standard_text)
        draft.communities.append(community)
        draft.names_of_building.append(_register_building(own, number, community, draft))


def _division_texts(book: DivisionBook) -> list[tuple[str, ...]]:
    """Per division the standard texts of it and its parents, longest first."""
    texts = []
    for number in range(len(book.divisions)):
        above = [book.divisions[a].standard_text for a in book.ancestors(number) if a >= 0]
        texts.append(tuple(sorted(above, key=len, reverse=True)))
    return texts


def _own_text(standard_text: str, community: int, prefixes: list[tuple[str, ...]]) -> str:
    for prefix in prefixes[community] if community >= 0 else ():
        if prefix and standard_text.startswith(prefix):
            return standard_text[len(prefix) :]
    return standard_text


def _register_building(own: str, number: int, community: int, draft: _Draft) -> tuple[str, ...]:
    """File a building under all its doors: 工业路144号龙光盛华府4栋 has a doorplate and an estate name."""
    spelling = to_one_spelling(own)
    head, tail = split_head(split_brackets(spelling).plain if "(" in spelling else spelling)
    pieces = draft.tails.get(tail)
    if pieces is None:
        pieces = draft.tails[tail] = read_tail(tail)
    return _register_pairs(pair_names(head, pieces), number, community, draft)


def _register_pairs(
    pairs: list[tuple[str, list[str]]], number: int, community: int, draft: _Draft
) -> tuple[str, ...]:
    names: list[str] = []
    for name, numbers in pairs:
        if not name or (not numbers and len(pairs) > 1 and not is_own_name(name)):
            continue
        names.append(name)
        draft.names.setdefault(name, {})[community] = None
        if not numbers:
            _open_door(draft, name, "", number)
    # Because 工业园3栋厂房 is found by its number, a trailing word without one (厂房) opens no door.
    numbered = [pair for pair in pairs if pair[1]]
    if not numbered:
        return tuple(names)
    last_name, last_numbers = numbered[-1]
    if last_name:
        _open_door(draft, last_name, last_numbers[0], number)
        if len(last_numbers) > 1:
            _open_door(draft, last_name, f"{last_numbers[0]}|{last_numbers[1]}", number)
    for name, numbers in numbered[:-1]:
        if name:
            _open_door(draft, name, numbers[0], number)
            _open_door(draft, name, f"{numbers[0]}|{last_numbers[0]}", number)
    return tuple(names)


def _open_door(draft: _Draft, name: str, door: str, number: int) -> None:
    house, dash, _ = door.partition("-")
    if dash:
        # 54- leads to 54-1号 and 54-2号: one look-up tells whether a dash may belong to the number.
        draft.doors.setdefault(name, {}).setdefault(house + dash, []).append(number)
    draft.doors.setdefault(name, {}).setdefault(door, []).append(number)


class _Rooms:
    """Packs each building's rooms as lines of key, code, own text; the first room of a key keeps it."""

    def __init__(self, draft: _Draft, wanted: set[str]) -> None:
        self._draft = draft
        self._wanted = wanted
        # Building -> its lines, one run for every time a batch came to it; bytes, because millions of texts as
        # objects take ten times the room.
        self._runs: dict[int, list[bytes]] = {}
        self._ended_runs: dict[int, list[bytes]] = {}
        self.ended: set[str] = set()
        # Rooms whose building is missing.
        self.lost = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """The rooms of one batch of the library."""
        rooms = batch.filter(pc.equal(batch["level"], "room"))
        living = pc.is_in(rooms["state"], value_set=pa.array(LIVING))
        if pc.all(living).as_py() is False:
            ended = rooms.filter(pc.invert(living))
            self.ended.update(ended["address_code"].to_pylist())
            self._add_lines(ended, self._ended_runs)
            rooms = rooms.filter(living)
        self._add_lines(rooms, self._runs)
        if self._wanted and rooms.num_rows:
            self._keep_wanted(rooms)

    def _add_lines(self, rooms: pa.RecordBatch, runs: dict[int, list[bytes]]) -> None:
        number_of, codes, texts = self._draft.number_of, self._draft.codes, self._draft.texts
        columns = (
            rooms[name].to_pylist() for name in ("parent_code", "address_code", "standard_text")
        )
        last, number = None, -1
        code = text = ""
        lines: list[str] = []
        for parent, room_code, room_text in zip(*columns, strict=True):
            if parent != last:
                _end_run(runs, number, lines)
                number, lines = number_of.get(parent, -1), []
                last = parent
                code, text = (codes[number], texts[number]) if number >= 0 else ("", "")
            if number < 0:
                # Its building is not in the library: it cannot be found, and must not stop the others.
                self.lost += 1
                continue
            own = room_text.removeprefix(text)
            sign = "+" if len(own) < len(room_text) else "="
            rest = "+" + room_code[len(code) :] if room_code.startswith(code) else "=" + room_code
            for key in room_keys(own):
                lines.append(f"{key}\t{rest}\t{sign}{own}")  # noqa: PERF401 - measured: no faster
        _end_run(runs, number, lines)

    def _keep_wanted(self, rooms: pa.RecordBatch) -> None:
        wanted = rooms.filter(pc.is_in(rooms["address_code"], value_set=pa.array(self._wanted)))
        columns = (
            wanted[name].to_pylist() for name in ("address_code", "standard_text", "parent_code")
        )
        for code, text, parent in zip(*columns, strict=True):
            if parent in self._draft.number_of:
                self._draft.places[code] = Place(code, "room", text, self._draft.number_of[parent])

    def pack(self) -> Iterator[bytes]:
        """The lines of every building in turn; rooms that ended stand behind those in use."""
        for number in range(len(self._draft.codes)):
            lines = _merged(self._runs.pop(number, ())) + _merged(self._ended_runs.pop(number, ()))
            yield lines


def _end_run(runs: dict[int, list[bytes]], number: int, lines: list[str]) -> None:
    if lines:
        run = "\n".join(sorted(lines)).encode()
        runs.setdefault(number, []).append(b"\n" + run)


def _merged(runs: Sequence[bytes]) -> bytes:
    if len(runs) < 2:
        return runs[0] if runs else b""
    return b"".join(b"\n" + line for line in sorted(b"".join(runs).split(b"\n")[1:]))


def _add_places(draft: _Draft, wanted: Iterable[str], answering: int) -> None:
    """Divisions and buildings that aliases and ended entries lead to."""
    for code in wanted:
        number = draft.number_of.get(code, -1)
        division = draft.number_of_division.get(code, -1)
        if 0 <= number < answering:
            draft.places[code] = Place(code, "building", draft.texts[number], number)
        elif division >= 0 and draft.divisions[division].code == code:
            one = draft.divisions[division]
            draft.places[code] = Place(code, one.level, one.standard_text)


def _endings(ended: set[str], successions: Sequence[Step], draft: _Draft) -> dict[str, Ending]:
    """Every ended code with the entries that are answered for it today, steps followed to their end."""
    steps: dict[str, list[Step]] = {}
    for step in successions:
        steps.setdefault(step.code, []).append(step)
    endings = {}
    for code in sorted(ended):
        successors: dict[str, Place] = {}
        waiting, seen = [code], {code}
        while waiting:
            for step in steps.get(waiting.pop(), ()):
                place = draft.places.get(step.successor)
                if place is not None and step.successor not in ended:
                    successors[place.code] = place
                elif step.successor and step.successor not in seen:
                    seen.add(step.successor)
                    waiting.append(step.successor)
        kind = steps[code][0].kind if code in steps else ""
        endings[code] = Ending(kind, tuple(successors[key] for key in sorted(successors)))
    return endings


def _add_aliases(draft: _Draft, meta: IndexMeta, aliases: Sequence[Alias]) -> None:
    """File each alias as a whole text, and a building's alias as one more set of doors."""
    texts: dict[str, dict[str, OtherText]] = {}
    for alias in sorted(aliases, key=lambda one: (one.code, one.text, one.kind)):
        place = draft.places.get(alias.code)
        if place is None:
            continue
        spelling = spelled_without_city(alias.text, meta.book)
        if not spelling:
            continue
        other = OtherText(place, alias.words, alias.kind == AliasKind.CONFIRMED)
        if place.level in ("building", "room") or other.is_confirmed:
            known = texts.setdefault(spelling, {}).get(place.code)
            if known is None or other.is_confirmed:
                texts[spelling][place.code] = other
        if place.level == "building":
            _open_other_door(draft, meta, place, spelling, alias.words)
    meta.other_texts = {text: tuple(found.values()) for text, found in texts.items()}


def spelled_without_city(text: str, book: DivisionBook) -> str:
    """One spelling without the province and city the library lies in: they go without saying."""
    return without_city(to_one_spelling(text), book)


def _open_other_door(
    draft: _Draft, meta: IndexMeta, place: Place, spelling: str, words: str
) -> None:
    head, tail = split_head(split_brackets(spelling).plain)
    own = meta.book.read(head).rest
    pairs = pair_names(own, read_tail(tail))
    if not any(name for name, _ in pairs):
        return
    number = len(draft.codes)
    community = draft.communities[place.building]
    draft.codes.append(place.code)
    draft.texts.append(place.text)
    draft.communities.append(community)
    draft.names_of_building.append(_register_pairs(pairs, number, community, draft))
    meta.other_doors[number] = (place.building, words)


def _other_divisions(
    draft: _Draft, meta: IndexMeta, aliases: Sequence[Alias], ended: Sequence[Entry]
) -> tuple[OtherDivisionName, ...]:
    """Aliases of divisions, and ended divisions that have one successor of their level."""
    found: dict[tuple[str, str], OtherDivisionName] = {}
    level_of = {code: level for level in DIVISION_LEVELS for code in _codes_of(draft, level)}
    for alias in aliases:
        level = level_of.get(alias.code)
        if level:
            _add_other_division(found, meta.book, draft, alias.code, alias.text, alias.words)
    for entry in ended:
        ending = meta.endings[entry.code]
        if len(ending.successors) == 1 and ending.successors[0].code in level_of:
            words = f"旧名“{entry.name}”"
            _add_other_division(
                found, meta.book, draft, ending.successors[0].code, entry.name, words
            )
    return tuple(found[key] for key in sorted(found))


def _codes_of(draft: _Draft, level: str) -> list[str]:
    return [one.code for one in draft.divisions if one.level == level]


def _add_other_division(
    found: dict[tuple[str, str], OtherDivisionName],
    book: DivisionBook,
    draft: _Draft,
    code: str,
    text: str,
    words: str,
) -> None:
    division = draft.divisions[draft.number_of_division[code]]
    written = core_of(to_one_spelling(text), division.level)
    # Because a name that another division bears today means that one, it is no alias here.
    if len(written) > 1 and written not in book.by_core[division.level]:
        today = OtherDivisionName(division.level, written, division.core, words)
        found.setdefault((division.level, written), today)


def _shared_tuples(names: dict[str, dict[int, None]]) -> dict[str, tuple[int, ...]]:
    """Most names stand in one community: the tuples are shared."""
    known: dict[tuple[int, ...], tuple[int, ...]] = {}
    found = {}
    for name, communities in names.items():
        numbers = tuple(communities)
        found[name] = known.setdefault(numbers, numbers)
    return found


def _pack(draft: _Draft, rooms: _Rooms) -> dict[str, memoryview]:
    buffers = {
        **pack_texts("codes", draft.codes),
        **pack_texts("texts", draft.texts),
        **pack_texts("names", map("\t".join, draft.names_of_building)),
        **pack_texts("doors", (_doors_in_lines(draft.doors.get(name)) for name in draft.names)),
        **pack_bytes("rooms", rooms.pack()),
        "communities": numbers_of(draft.communities, np.int32),
    }
    for table, form in NAME_FORMS.items():
        buffers |= pack_forms(table, draft.names, form.of)
    return buffers


def _doors_in_lines(doors: dict[str, list[int]] | None) -> str:
    return "\n".join(
        f"{door}\t{','.join(map(str, buildings))}" for door, buildings in (doors or {}).items()
    )


def aliases_of(table: pa.Table | None) -> list[Alias]:
    """The rows of an ADDRESS_ALIAS table."""
    columns = _columns_of(table, ("address_code", "text", "kind"))
    return [Alias(code, text, kind) for code, text, kind in columns if code and text]


def steps_of(table: pa.Table | None) -> list[Step]:
    """The rows of an ADDRESS_SUCCESSION table."""
    columns = _columns_of(table, ("address_code", "successor_code", "kind"))
    return [Step(code, successor or "", kind or "") for code, successor, kind in columns]


def _columns_of(table: pa.Table | None, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    if table is None:
        return ()
    return zip(*(table[name].to_pylist() for name in names), strict=True)
