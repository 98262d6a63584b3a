"""The library turned into look-ups: names, doorplates, buildings, rooms. Built once, read by every worker.

Compact on purpose: a building's rooms are one string until somebody asks for them, so 600,000 entries stay
far below the memory of as many objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kuai.address.engine.divisions import Division, DivisionBook, Elsewhere, core_of
from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.segmenting import Kind, Piece, read_room, read_tail, split_head
from kuai.address.engine.similarity import one_character_less

DIVISION_LEVELS = ("district", "subdistrict", "community")
# Words that say what kind of settlement it is; offices drop them (白石龙九巷 for 白石龙村九巷).
_KIND_WORDS = re.compile(r"老村|新村|旧村|村|围|老屋|新屋|屋")
_ESTATE_ENDINGS = re.compile(
    r"(?:花园|公馆|雅居|小区|家园|公寓|大厦|花苑|新苑|苑|居|轩|阁|府|庭|园|城|湾|里|中心|广场|工业园|工业区|科技园|产业园|"
    r"山庄|名庭|豪庭|名苑|雅苑|华府|新居)$"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the library, as the index wants it."""

    code: str
    level: str
    parent_code: str
    name: str
    standard_text: str


@dataclass(slots=True)
class PlaceIndex:
    """Everything the wash looks up. Numbers are positions in `building_codes`."""

    book: DivisionBook
    building_codes: list[str] = field(default_factory=list)
    building_texts: list[str] = field(default_factory=list)
    building_communities: list[int] = field(default_factory=list)
    # What the building's own text is made of, to tell what a text left out.
    building_names: list[tuple[str, ...]] = field(default_factory=list)
    building_rooms: list[str] = field(default_factory=list)
    # name|number -> buildings; a doorplate with several buildings also has name|doorplate|number.
    places: dict[str, tuple[int, ...]] = field(default_factory=dict)
    doorplates: dict[str, tuple[int, ...]] = field(default_factory=dict)
    # Whole own spelling of a building without number (华强大厦) -> buildings.
    landmarks: dict[str, tuple[int, ...]] = field(default_factory=dict)
    names: dict[str, tuple[int, ...]] = field(default_factory=dict)
    name_numbers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    short_forms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    slips: dict[str, tuple[str, ...]] = field(default_factory=dict)
    short_slips: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # Names with their numbers blanked (清湖围#坊), for lost Chinese numerals.
    skeletons: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def holds_buildings(self) -> bool:
        return bool(self.building_codes)

    def find_room(self, building: int, key: str) -> tuple[str, str] | None:
        """(code, standard text) of the building's room with this key."""
        packed = self.building_rooms[building]
        start = packed.find(f"\n{key}\t")
        return self._unpack(building, packed, start + len(key) + 2) if start >= 0 else None

    def rooms_in_any_stair(self, building: int, number: str) -> list[tuple[str, str]]:
        """Rooms of this number whatever their stair."""
        packed = self.building_rooms[building]
        found, ending = [], f"-{number}\t"
        start = packed.find(ending)
        while start >= 0:
            found.append(self._unpack(building, packed, start + len(ending)))
            start = packed.find(ending, start + 1)
        return found

    def _unpack(self, building: int, packed: str, start: int) -> tuple[str, str]:
        end = packed.find("\n", start)
        code, own = packed[start : end if end >= 0 else None].split("\t")
        return (
            self.building_codes[building] + code[1:] if code[0] == "+" else code[1:],
            self.building_texts[building] + own[1:] if own[0] == "+" else own[1:],
        )


@lru_cache(maxsize=200_000)
def room_keys(own_text: str) -> tuple[str, ...]:
    """The key(s) under which a room's own text is found: 101房 -> 101; 1单元1803 -> 1-1803; 9号铺 -> 铺9."""
    spelling = split_brackets(to_one_spelling(own_text)).plain
    reading = read_room(read_tail(spelling))
    if reading.names_no_room:
        return (spelling,)
    keys = [reading.key + (f"之{reading.part}" if reading.part else "")]
    if reading.floor and len(reading.number) <= 2 and reading.number.isdigit():
        keys.append(reading.floor + reading.number.zfill(2))
    return tuple(keys)


def build_index(entries: Iterable[Entry], elsewhere: Elsewhere) -> PlaceIndex:
    """The index of a library; entries may come in any order."""
    by_level: dict[str, list[Entry]] = {}
    for entry in entries:
        by_level.setdefault(entry.level, []).append(entry)
    divisions = _number_divisions(by_level)
    book = DivisionBook(divisions, elsewhere)
    index = PlaceIndex(book)
    places = _Gatherer()
    division_of = {division.code: number for number, division in enumerate(divisions)}
    for grid in by_level.get("grid", ()):
        division_of[grid.code] = division_of[grid.parent_code]
    number_of_building = _add_buildings(index, by_level.get("building", ()), division_of, places)
    _add_rooms(index, by_level.get("room", ()), number_of_building)
    places.settle(index)
    book.place_names = index.names
    return index


def _number_divisions(by_level: dict[str, list[Entry]]) -> list[Division]:
    numbers: dict[str, int] = {}
    divisions: list[Division] = []
    for level in DIVISION_LEVELS:
        for entry in sorted(by_level.get(level, ()), key=lambda e: e.code):
            numbers[entry.code] = len(divisions)
            core = to_one_spelling(core_of(entry.name, level))
            parent = numbers.get(entry.parent_code, -1)
            divisions.append(
                Division(
                    entry.code,
                    level,
                    parent,
                    to_one_spelling(entry.name),
                    core,
                    entry.standard_text,
                )
            )
    return divisions


class _Gatherer:
    """Collects the look-ups as lists before they are frozen into tuples."""

    def __init__(self) -> None:
        self.places: dict[str, list[int]] = {}
        self.doorplates: dict[str, list[int]] = {}
        self.landmarks: dict[str, list[int]] = {}
        self.names: dict[str, dict[int, None]] = {}
        self.numbers: dict[str, dict[str, None]] = {}

    def add_name(self, name: str, community: int, number: str) -> None:
        self.names.setdefault(name, {})[community] = None
        if number:
            self.numbers.setdefault(name, {})[number] = None

    def settle(self, index: PlaceIndex) -> None:
        index.places = {key: tuple(found) for key, found in self.places.items()}
        index.doorplates = {key: tuple(found) for key, found in self.doorplates.items()}
        index.landmarks = {key: tuple(found) for key, found in self.landmarks.items()}
        index.names = {name: tuple(found) for name, found in self.names.items()}
        index.name_numbers = {name: tuple(found) for name, found in self.numbers.items()}
        short: dict[str, list[str]] = {}
        slips: dict[str, list[str]] = {}
        short_slips: dict[str, list[str]] = {}
        skeletons: dict[str, list[str]] = {}
        for name in self.names:
            if skeleton_of(name) != name:
                skeletons.setdefault(skeleton_of(name), []).append(name)
            for form in short_forms_of(name):
                short.setdefault(form, []).append(name)
                for text in one_character_less(form):
                    if len(text) > 1:
                        short_slips.setdefault(text, []).append(name)
            for text in one_character_less(name) | {name}:
                slips.setdefault(text, []).append(name)
        index.short_forms = {form: tuple(found) for form, found in short.items()}
        index.short_slips = {text: tuple(found) for text, found in short_slips.items()}
        index.skeletons = {form: tuple(found) for form, found in skeletons.items()}
        index.slips = {text: tuple(found) for text, found in slips.items()}


def skeleton_of(name: str) -> str:
    """The name with every number blanked."""
    return _NUMBER.sub("#", name)


_NUMBER = re.compile(r"[0-9]+")


def short_forms_of(name: str) -> set[str]:
    """What offices write for `name` when they drop the kind of settlement or an estate's ending."""
    forms = set()
    for match in _KIND_WORDS.finditer(name):
        # Because 村 alone or a leading word is no kind, something must stand before it.
        if match.start() >= 2:
            forms.add(name[: match.start()] + name[match.end() :])
            if match.group() == "围" and name[match.end() : match.end() + 1] == "围":
                forms.add(name[: match.start()] + name[match.end() + 1 :])
    shortened = _ESTATE_ENDINGS.sub("", name)
    if shortened != name and len(shortened) >= 2:
        forms.add(shortened)
    if len(name) >= 4 and not name[-1].isdigit() and not re.search(r"[路街巷道坊区]$", name):
        forms.add(name[:-2])
    forms.discard(name)
    return {form for form in forms if len(form) >= 2}


def _add_buildings(
    index: PlaceIndex, buildings: Sequence[Entry], division_of: dict[str, int], places: _Gatherer
) -> dict[str, int]:
    prefixes = _division_texts(index.book)
    number_of: dict[str, int] = {}
    for entry in sorted(buildings, key=lambda e: e.code):
        number = number_of[entry.code] = len(index.building_codes)
        community = division_of[entry.parent_code]
        own = _own_text(entry.standard_text, community, prefixes)
        index.building_codes.append(entry.code)
        index.building_texts.append(entry.standard_text)
        index.building_communities.append(community)
        index.building_rooms.append("")
        index.building_names.append(_register_building(own, number, community, places))
    return number_of


def _division_texts(book: DivisionBook) -> list[tuple[str, ...]]:
    """Per division the standard texts of it and its parents, longest first."""
    texts = []
    for number in range(len(book.divisions)):
        chain = [book.divisions[a].standard_text for a in book.ancestors(number) if a >= 0]
        texts.append(tuple(sorted(chain, key=len, reverse=True)))
    return texts


def _own_text(standard_text: str, community: int, prefixes: list[tuple[str, ...]]) -> str:
    for prefix in prefixes[community] if community >= 0 else ():
        if prefix and standard_text.startswith(prefix):
            return standard_text[len(prefix) :]
    return standard_text


def _register_building(own: str, number: int, community: int, places: _Gatherer) -> tuple[str, ...]:
    """File a building under all its doors: 工业路144号龙光盛华府4栋 has a doorplate and an estate name."""
    spelling = split_brackets(to_one_spelling(own)).plain
    head, tail = split_head(spelling)
    pieces = read_tail(tail)
    pairs = pair_names(head, pieces)
    names: list[str] = []
    for name, numbers in pairs:
        if not name:
            continue
        if not numbers and len(pairs) > 1:
            continue
        names.append(name)
        places.add_name(name, community, numbers[0] if numbers else "")
        if not numbers:
            places.landmarks.setdefault(name, []).append(number)
    # Because 工业园3栋厂房 is found by its number, a trailing word without one (厂房) opens no door.
    numbered = [pair for pair in pairs if pair[1]]
    if not numbered:
        return tuple(names)
    last_name, last_numbers = numbered[-1]
    if last_name and last_numbers:
        places.places.setdefault(f"{last_name}|{last_numbers[0]}", []).append(number)
        if len(last_numbers) > 1:
            key = f"{last_name}|{last_numbers[0]}|{last_numbers[1]}"
            places.doorplates.setdefault(key, []).append(number)
    for name, numbers in numbered[:-1]:
        if name:
            places.places.setdefault(f"{name}|{numbers[0]}", []).append(number)
            key = f"{name}|{numbers[0]}|{last_numbers[0]}"
            places.doorplates.setdefault(key, []).append(number)
    return tuple(names)


def pair_names(head: str, pieces: tuple[Piece, ...]) -> list[tuple[str, list[str]]]:
    """[(name, numbers right behind it)]: 工业路 144, 龙光盛华府 4."""
    pairs: list[tuple[str, list[str]]] = [(head, [])]
    for piece in pieces:
        if piece.kind is Kind.NAME:
            pairs.append((piece.value, []))
        elif piece.kind is not Kind.BREAK:
            pairs[-1][1].append(piece.value)
    return [pair for pair in pairs if pair[0] or pair[1]]


def _add_rooms(index: PlaceIndex, rooms: Sequence[Entry], number_of: dict[str, int]) -> None:
    """Pack each building's rooms as lines of key, code, own text; the first room of a key keeps it."""
    lines: dict[int, list[str]] = {}
    codes, texts = index.building_codes, index.building_texts
    for entry in rooms:
        number = number_of[entry.parent_code]
        code, text = codes[number], texts[number]
        own = entry.standard_text.removeprefix(text)
        sign = "+" if len(own) < len(entry.standard_text) else "="
        rest = "+" + entry.code[len(code) :] if entry.code.startswith(code) else "=" + entry.code
        found = lines.setdefault(number, [])
        found.extend(f"{key}\t{rest}\t{sign}{own}" for key in room_keys(own))
    for number, found in lines.items():
        index.building_rooms[number] = "\n" + "\n".join(sorted(found))
