"""The library turned into look-ups: names, doorplates, buildings, rooms. Built once, read by every worker.

Packed on purpose: the tables are bytes that all workers map from one file, so that 11 million entries cost little
more in four processes than in one. What a text needs of them is unpacked when it is asked for and kept for the
next text. `index_building` builds it.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from kuai.address.engine.divisions import DivisionBook
from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.packed import (
    Buffers,
    NameForms,
    PackedTexts,
    map_buffers,
    rows_of,
    save_buffers,
    texts_of,
)
from kuai.address.engine.segmenting import Kind, Piece, read_room, read_tail
from kuai.address.engine.similarity import one_character_less

# Words that say what kind of settlement it is; offices drop them (白石龙九巷 for 白石龙村九巷).
_KIND_WORDS = re.compile(r"老村|新村|旧村|村|围|老屋|新屋|屋")
_ESTATE_ENDINGS = re.compile(
    r"(?:花园|公馆|雅居|小区|家园|公寓|大厦|花苑|新苑|苑|居|轩|阁|府|庭|园|城|湾|里|中心|广场|工业园|工业区|科技园|产业园|"
    r"山庄|名庭|豪庭|名苑|雅苑|华府|新居)$"
)
# What is unpacked is remembered; texts come sorted by place, so a full memory is simply emptied.
REMEMBERED_BUILDINGS = 20_000
REMEMBERED_NAMES = 10_000
_META_FILE = "index.pickle"


@dataclass(slots=True)
class Building:
    """One building, unpacked. `rooms` are lines of key, code and own text."""

    code: str
    text: str
    community: int
    # What its own text is made of, to tell what a text left out.
    names: tuple[str, ...]
    rooms: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """An entry that an alias or an ended entry leads to; `building` is -1 for divisions."""

    code: str
    level: str
    text: str
    building: int = -1


@dataclass(frozen=True, slots=True)
class Ending:
    """How an entry ended (split, merged, renumbered, demolished) and what is answered today."""

    kind: str
    successors: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherText:
    """A whole text by which people know a place. `words` name its source."""

    place: Place
    words: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class OtherDivisionName:
    """An old or vernacular name of a division, without its kind (坪环 for 坪环街道), and today's."""

    level: str
    written: str
    today: str
    words: str


@dataclass(slots=True)
class IndexMeta:
    """What is small enough for every worker to hold as objects."""

    book: DivisionBook
    # Every name of a road, village, estate, with the communities it stands in.
    names: dict[str, tuple[int, ...]] = field(default_factory=dict)
    # Buildings below this number are answers; above it stand aliases' doors and ended buildings.
    answering: int = 0
    # An alias's door -> the building meant, and the words to say.
    other_doors: dict[int, tuple[int, str]] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    other_texts: dict[str, tuple[OtherText, ...]] = field(default_factory=dict)
    other_divisions: tuple[OtherDivisionName, ...] = ()
    # Rooms of the library that are no answers, because their building is missing from it.
    lost_rooms: int = 0


class Doors:
    """name|number -> buildings; name|doorplate|number -> the building behind a doorplate; name| -> landmarks."""

    def __init__(self, names: Mapping[str, object], rows: PackedTexts) -> None:
        self._numbers = {name: number for number, name in enumerate(names)}
        self._rows = rows
        self._remembered: dict[str, dict[str, tuple[int, ...]]] = {}

    def of(self, name: str) -> dict[str, tuple[int, ...]]:
        """Number (or doorplate|number, or nothing for a landmark) -> buildings."""
        found = self._remembered.get(name)
        if found is None:
            if len(self._remembered) >= REMEMBERED_NAMES:
                self._remembered.clear()
            found = self._remembered[name] = self._unpack(name)
        return found

    def _unpack(self, name: str) -> dict[str, tuple[int, ...]]:
        number = self._numbers.get(name)
        if number is None:
            return {}
        doors = {}
        for line in self._rows[number].split("\n"):
            door, mark, buildings = line.partition("\t")
            if mark:
                doors[door] = tuple(map(int, buildings.split(",")))
        return doors

    def get(self, key: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The buildings at `key`."""
        name, _, door = key.partition("|")
        return self.of(name).get(door, default)

    def __contains__(self, key: str) -> bool:
        return bool(self.get(key))


class Landmarks:
    """Name -> the buildings known by that name alone (华强大厦)."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def get(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """The buildings of this name."""
        return self._doors.of(name).get("", default)


class PlaceIndex:
    """Everything the wash looks up. Buildings go by their number."""

    def __init__(self, meta: IndexMeta, buffers: Buffers) -> None:
        self.meta = meta
        self.book = meta.book
        self.names = meta.names
        self.book.place_names = meta.names
        self.building_codes = texts_of(buffers, "codes")
        self.building_texts = texts_of(buffers, "texts")
        self.building_communities = buffers["communities"].cast("B").cast("i")
        # What the building's own text is made of, to tell what a text left out.
        self.building_names = rows_of(buffers, "names")
        self.places = self.doorplates = Doors(meta.names, texts_of(buffers, "doors"))
        self.landmarks = Landmarks(self.places)
        names = list(meta.names)
        self.short_forms = _forms(buffers, "short_forms", names)
        self.slips = _forms(buffers, "slips", names)
        self.short_slips = _forms(buffers, "short_slips", names)
        # Names with their numbers blanked (清湖围#坊), for lost Chinese numerals.
        self.skeletons = _forms(buffers, "skeletons", names)
        self._rooms = texts_of(buffers, "rooms")
        self._buffers = buffers
        self._buildings: dict[int, Building] = {}
        # What `names.read_name` found out about a written name, because neighbours write it again.
        self.names_read: dict[str, tuple[Any, ...]] = {}

    @property
    def holds_buildings(self) -> bool:
        return len(self.building_codes) > 0

    def building(self, number: int) -> Building:
        """The building, from memory where it was asked for before."""
        found = self._buildings.get(number)
        if found is None:
            if len(self._buildings) >= REMEMBERED_BUILDINGS:
                self._buildings.clear()
            actual = self.actual_building(number)
            found = self._buildings[number] = Building(
                self.building_codes[actual],
                self.building_texts[actual],
                self.building_communities[actual],
                self.building_names[actual],
                self._rooms.bytes_of(actual),
            )
        return found

    def actual_building(self, number: int) -> int:
        """The building behind an alias's door; any other is itself."""
        if number < self.meta.answering:
            return number
        return self.meta.other_doors.get(number, (number,))[0]

    def find_room(self, building: int, key: str) -> tuple[str, str] | None:
        """(code, standard text) of the building's room with this key."""
        one = self.building(building)
        wanted = b"\n%b\t" % key.encode()
        start = one.rooms.find(wanted)
        return unpack_room(one, start + len(wanted)) if start >= 0 else None

    def rooms_in_any_stair(self, building: int, number: str) -> list[tuple[str, str]]:
        """Rooms of this number whatever their stair."""
        one = self.building(building)
        found, wanted = [], b"-%b\t" % number.encode()
        start = one.rooms.find(wanted)
        while start >= 0:
            found.append(unpack_room(one, start + len(wanted)))
            start = one.rooms.find(wanted, start + 1)
        return found

    def save(self, folder: Path) -> None:
        """Write what `load` maps."""
        save_buffers(self._buffers, folder)
        with (folder / _META_FILE).open("wb") as stream:
            pickle.dump(self.meta, stream, protocol=pickle.HIGHEST_PROTOCOL)

    @staticmethod
    def load(folder: Path) -> PlaceIndex:
        """The index in `folder`, at once: its tables stay in the file until they are asked for.

        Only for a folder this program wrote itself a moment ago: it holds a pickle.
        """
        with (folder / _META_FILE).open("rb") as stream:
            meta = pickle.load(stream)  # noqa: S301 - see above
        return PlaceIndex(meta, map_buffers(folder))


def unpack_room(building: Building, start: int) -> tuple[str, str]:
    end = building.rooms.find(b"\n", start)
    line = building.rooms[start : end if end >= 0 else None].decode()
    code, own = line.split("\t")
    return (
        building.code + code[1:] if code[0] == "+" else code[1:],
        building.text + own[1:] if own[0] == "+" else own[1:],
    )


def _forms(buffers: Buffers, name: str, names: list[str]) -> NameForms:
    return NameForms(
        buffers[f"{name}.hashes"],
        buffers[f"{name}.ids"],
        names=names,
        has_form=NAME_FORMS[name].has,
    )


@lru_cache(maxsize=50_000)
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


def skeleton_of(name: str) -> str:
    """The name with every number blanked."""
    return _NUMBER.sub("#", name)


_NUMBER = re.compile(r"[0-9]+")


@lru_cache(maxsize=20_000)
def short_forms_of(name: str) -> frozenset[str]:
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
    return frozenset(form for form in forms if len(form) >= 2)


def _slips_of(name: str) -> set[str]:
    return one_character_less(name) | {name}


def _is_slip_of(name: str, form: str) -> bool:
    return form == name or _is_one_less(name, form)


def _is_one_less(name: str, form: str) -> bool:
    """Is `form` the name with one character lost?"""
    if len(form) + 1 != len(name):
        return False
    same = 0
    while same < len(form) and form[same] == name[same]:
        same += 1
    return form[same:] == name[same + 1 :]


def _short_slips_of(name: str) -> set[str]:
    return {
        text for form in short_forms_of(name) for text in one_character_less(form) if len(text) > 1
    }


def _is_short_slip_of(name: str, form: str) -> bool:
    return len(form) > 1 and any(_is_one_less(short, form) for short in short_forms_of(name))


def _skeletons_of(name: str) -> tuple[str, ...]:
    skeleton = skeleton_of(name)
    return (skeleton,) if skeleton != name else ()


@dataclass(frozen=True, slots=True)
class NameForm:
    """A way of writing a name down badly: all such forms of a name, and whether it has one."""

    of: Callable[[str], Iterable[str]]
    has: Callable[[str, str], bool]


# Table of the index -> the forms under which it files a name.
NAME_FORMS = {
    "short_forms": NameForm(short_forms_of, lambda name, form: form in short_forms_of(name)),
    "slips": NameForm(_slips_of, _is_slip_of),
    "short_slips": NameForm(_short_slips_of, _is_short_slip_of),
    "skeletons": NameForm(_skeletons_of, lambda name, form: form in _skeletons_of(name)),
}


# What many buildings are: no name to find one by.
_WHAT_IT_IS = re.compile(
    "(?:员工|职工|综合|办公|生产|研发|商业|配套|宿舍|厂房|车间|仓库|主|副|附|裙|单身|公寓|商铺|住宅|商住|饭堂|食堂)*"
    "(?:大?楼|栋|座|房|层|区|部分)?"
)


def is_own_name(name: str) -> bool:
    """Is what stands behind the doorplate a tower's own name (合田路31号创新大厦), and not 厂房 or 宿舍楼?"""
    return len(name) > 2 and _WHAT_IT_IS.fullmatch(name) is None


def without_city(spelling: str, book: DivisionBook) -> str:
    """A spelling without the province and city the library lies in: they go without saying."""
    for names, kind in ((book.provinces, "省"), (book.cities, "市")):
        for name in names:
            spelling = spelling.removeprefix(name + kind)
    return spelling


def pair_names(head: str, pieces: tuple[Piece, ...]) -> list[tuple[str, list[str]]]:
    """[(name, numbers right behind it)]: 工业路 144, 龙光盛华府 4."""
    pairs: list[tuple[str, list[str]]] = [(head, [])]
    for piece in pieces:
        if piece.kind is Kind.NAME:
            pairs.append((piece.value, []))
        elif piece.kind is not Kind.BREAK:
            pairs[-1][1].append(piece.value)
    return [pair for pair in pairs if pair[0] or pair[1]]
