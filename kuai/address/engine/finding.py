"""Fifth step: the buildings that names, numbers and divisions lead to. Nothing is graded here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kuai.address.engine.divisions import DivisionReading
from kuai.address.engine.heads import HeadReading
from kuai.address.engine.names import NameReading, Trust, read_name, trust_of_slip
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.segmenting import (
    Kind,
    Piece,
    Row,
    find_row,
    in_usual_order,
    lies_on_floor,
    read_room,
    read_tail,
)
from kuai.address.engine.similarity import TELLING_APART, find_slip


@dataclass(slots=True)
class Found:
    """One building the text may mean, how it was reached, and the pieces left for the room."""

    building: int
    trust: Trust
    variations: tuple[str, ...]
    rest: tuple[Piece, ...]
    # One end of a range of houses: unsure, but no slip that other names could explain.
    in_row: bool = False


def find_buildings(head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    """Buildings the names and numbers lead to: by estate behind the doorplate, by doorplate, by landmark."""
    pieces = in_usual_order(pieces)
    found = _find_in_order(head, pieces, index)
    if head.lead and head.names and head.names[0].trust is Trust.GUESS:
        found = [_read_lead_by_place(one, head, index) for one in found]
    is_row = any(one.in_row for one in found)
    if not is_row and (len(found) > 1 or is_unsure(found)):
        found = _find_by_near_inner_name(head, pieces, index) or found
    if is_unsure(found) and not is_row:
        found = _find_by_near_name(head, pieces, index) or found
    if not found:
        found = _find_by_what_is_left(head, pieces, index)
    if not found:
        found = _find_without_number(head, pieces, index)
    return _agree_with_swapped_name(found, head, index) if head.swapped else found


# A village of five hundred houses is no list of candidates.
MOST_BUILDINGS_OF_A_NAME = 60


def _find_without_number(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """锦澜花园502: the building was left out, so any of the name may have the room; only a guess."""
    if not head.names or head.names[0].trust > Trust.SURE or read_room(pieces).names_no_room:
        return []
    if pieces[0].kind in (Kind.HOUSE, Kind.BUILDING):
        # 石桥村99号 has its number; that the library lacks it is no reason to offer others.
        return []
    name = head.names[0].name
    doors = index.places.of(name).values()
    buildings = dict.fromkeys(number for numbers in doors for number in numbers)
    if not 0 < len(buildings) <= MOST_BUILDINGS_OF_A_NAME:
        return []
    words = f"没有写“{name}”的哪一栋"
    return [Found(number, Trust.GUESS, (words,), pieces) for number in buildings]


def is_unsure(found: list[Found]) -> bool:
    """Nothing, or guesses only."""
    return all(one.trust is Trust.GUESS for one in found)


def _read_lead_by_place(found: Found, head: HeadReading, index: PlaceIndex) -> Found:
    """山区沙河街道… before a place of 南山区: what was not understood is the place's own divisions with one slip."""
    if found.trust is not Trust.GUESS:
        return found
    for text in index.book.spellings_of(index.building_communities[found.building]):
        slip = find_slip(head.lead, text)
        if slip is not None and not (slip.written + slip.meant).isascii():
            words = f"区划{slip.in_words()}"
            return Found(found.building, Trust.NEEDS_PROOF, (words,), found.rest)
    return found


def _find_in_order(head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    position = _inner_name_position(pieces)
    # A landmark has no number of its own: the first number behind it is a room already.
    has_number = 1 if head.names and index.landmarks.get(head.names[0].name) else 2
    if 0 <= position < has_number:
        estates = _find_by_inner_name(head, pieces, index)
        if estates:
            return estates
    found = _find_by_head(head, pieces, index)
    if position >= has_number and not any(one.trust is Trust.EXACT for one in found):
        # Because a name behind house and room (…5号302，工业路144号) says again or something else, the head leads.
        found = _find_by_inner_name(head, pieces, index) or found
    if found:
        return found
    return _find_despite_known_name(head, pieces, index)


def _find_by_head(head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    found: list[Found] = []
    for name in head.names:
        found.extend(_find_by_number(name, pieces, index))
        found.extend(_find_landmark(name, pieces, index))
    exact = [one for one in found if one.trust is Trust.EXACT or one.in_row]
    if exact:
        return exact
    return (_find_by_name_with_number(head, pieces, index) if is_unsure(found) else []) or found


def _inner_name_position(pieces: tuple[Piece, ...]) -> int:
    """Where the first name that may be a place's stands in the tail; -1 if there is none."""
    return next((at for at in range(len(pieces)) if is_inner_name(pieces, at)), -1)


def is_inner_name(pieces: tuple[Piece, ...], position: int) -> bool:
    """Is it a name, with its number behind it or at the end of the text?"""
    piece = pieces[position]
    if piece.kind is not Kind.NAME or len(piece.value) < 2:
        return False
    return position + 1 == len(pieces) or pieces[position + 1].kind not in (Kind.NAME, Kind.BREAK)


def _agree_with_swapped_name(
    found: list[Found], head: HeadReading, index: PlaceIndex
) -> list[Found]:
    """富润西公馆体育路51号: the estate before the doorplate must be the building's own."""
    agreeing = [f for f in found if not head.swapped.isdisjoint(index.building_names[f.building])]
    return agreeing or [
        Found(f.building, Trust.GUESS, (*f.variations, "小区与门牌不在一处"), f.rest) for f in found
    ]


def _find_by_name_with_number(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """坳背村十七86号: the 坊 behind a numbered lane was lost, so the number belongs to the name."""
    least = Trust.EXACT
    if pieces and "-" in pieces[0].value:
        # 石桥新村1-3号 may be two houses as well as 一区3号: a room has to prove it.
        pieces, least = _without_dash(pieces), Trust.NEEDS_PROOF
    if len(pieces) < 2 or pieces[0].kind is not Kind.BARE or not head.written_name:
        return []
    found: list[Found] = []
    for name in read_name(head.written_name + pieces[0].value, index):
        doubted = NameReading(name.name, max(name.trust, least), name.variation)
        found.extend(_find_by_number(doubted, pieces[1:], index))
    return found


def _find_by_inner_name(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """工业路144号龙光盛华府4栋: the estate's name and number decide, the doorplate must not contradict."""
    for position, piece in enumerate(pieces):
        if not is_inner_name(pieces, position):
            continue
        behind = in_usual_order(pieces[position + 1 :])
        found: list[Found] = []
        for name in read_name(piece.value, index):
            found.extend(_find_by_number(name, behind, index))
            found.extend(_find_landmark(name, behind, index))
        if found:
            found = _doubt_unread_lead(found, head)
            is_house = bool(behind) and behind[0].kind is Kind.HOUSE
            return _agree_with_doorplate(found, head, pieces[:position], index, is_house=is_house)
    return []


def _doubt_unread_lead(found: list[Found], head: HeadReading) -> list[Found]:
    """香港新界某路285号翠湖花园B座: an estate of ours, but behind words that may name another place."""
    if not head.names or head.names[0].trust is not Trust.GUESS or not head.lead:
        return found
    divisions = head.divisions
    is_ours = divisions.districts or divisions.subdistricts or divisions.communities
    trust = Trust.NEEDS_PROOF if is_ours else Trust.GUESS
    words = head.names[0].variation
    return [Found(f.building, max(f.trust, trust), (*f.variations, words), f.rest) for f in found]


def _agree_with_doorplate(
    found: list[Found],
    head: HeadReading,
    doorplate: tuple[Piece, ...],
    index: PlaceIndex,
    *,
    is_house: bool,
) -> list[Found]:
    if not doorplate or doorplate[0].kind in NO_NUMBER:
        return found
    at_door: set[int] = set()
    for name in head.names:
        at_door.update(index.places.get(f"{name.name}|{doorplate[0].value}", ()))
    if not at_door:
        written = f"{head.written_name}{doorplate[0].value}号"
        # Because 和平路3号，文昌路128号 are two addresses, only an estate may stand behind a strange doorplate.
        is_strange = is_house and bool(head.written_name)
        # 102石桥村5号: a number that no road bears is no doorplate; the room may have been written first.
        is_first = not head.written_name and len(doorplate) == 1
        is_room = is_first and doorplate[0].kind in (Kind.BARE, Kind.ROOM)
        trust = Trust.GUESS if is_strange or is_room else Trust.SURE
        return [
            Found(
                f.building,
                max(f.trust, trust),
                (*f.variations, f"门牌“{written}”与库中不同"),
                f.rest,
            )
            for f in found
        ]
    agreeing = [f for f in found if f.building in at_door]
    if agreeing:
        return agreeing
    return [
        Found(f.building, Trust.GUESS, (*f.variations, "小区与门牌不在一处"), f.rest) for f in found
    ]


def _find_by_number(name: NameReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    """name|number, the doorplate's inner building number, or a number whose 号 was lost."""
    if not pieces or pieces[0].kind in NO_NUMBER:
        return []
    if "-" in pieces[0].value and f"{name.name}|{pieces[0].value}" not in index.places:
        pieces = _without_dash(pieces)
    variations = (name.variation,) if name.variation else ()
    row = find_row(pieces[1:]) if len(pieces) > 1 else None
    if row is not None and pieces[0].kind in (Kind.BARE, pieces[row.at + 1].kind):
        in_row = _find_row_of_houses(name, pieces, row, index)
        if in_row:
            return in_row
    if pieces[0].kind in (Kind.FLOOR, Kind.STAIR):
        as_block = _find_block_written_as_floor(name, pieces, variations, index)
        return as_block or _find_by_split_number(name, pieces, variations, index)
    value = pieces[0].value
    buildings = index.places.get(f"{name.name}|{value}", ())
    if not buildings and value[:1] == "0" and value.isdigit():
        buildings = index.places.get(f"{name.name}|{value.lstrip('0')}", ())
    if buildings:
        return _at_doorplate(name, buildings, pieces, variations, index)
    return _find_by_split_number(name, pieces, variations, index)


def _find_row_of_houses(
    name: NameReading, pieces: tuple[Piece, ...], row: Row, index: PlaceIndex
) -> list[Found]:
    """石桥村1-3号 is both ends, 1号和2号 the first with the second named; 5-302号 stays house and room."""
    first, second = pieces[0], pieces[row.at + 1]
    doors = index.places.of(name.name)
    if (
        not (first.value.isdigit() and second.value.isdigit())
        or f"{first.value}|{second.value}" in doors
    ):
        return []
    at_first, at_second = doors.get(first.value, ()), doors.get(second.value, ())
    behind = pieces[row.at + 2 :]
    goes_on = bool(behind) and behind[0].kind not in NO_NUMBER
    if goes_on and not row.is_list:
        # 7-2号102: see `names_a_later_house`.
        return []
    is_rising = row.is_list or int(first.value) < int(second.value)
    may_be_room = len(second.value) > LONGEST_END_OF_ROW or not is_rising or row.is_list
    if may_be_room and _have_room(at_first, second, index):
        return []
    if not at_second and (len(second.value) > LONGEST_END_OF_ROW or not is_rising):
        return []
    if row.is_list and at_first and not goes_on:
        words = f"文中还写有{second.value}{second.unit}，只取前一处"
        return _all_at(at_first, name.trust, (name.variation, words))
    words = f"写了{first.value}和{second.value}{second.unit}，不知是哪一处"
    said = (name.variation, words)
    ends = [*_all_at(at_first, Trust.GUESS, said), *_all_at(at_second, Trust.GUESS, said)]
    for end in ends:
        end.in_row = name.trust is Trust.EXACT
    return ends


LONGEST_END_OF_ROW = 2


def _have_room(buildings: Iterable[int], piece: Piece, index: PlaceIndex) -> bool:
    return any(index.find_room(building, piece.value) for building in buildings)


def _all_at(buildings: Iterable[int], trust: Trust, words: Iterable[str]) -> list[Found]:
    said = tuple(word for word in words if word)
    return [Found(building, trust, said, ()) for building in buildings]


def _without_dash(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """12-1号 where no door has that number: 12 and 1号."""
    first, _, second = pieces[0].value.partition("-")
    return (Piece(Kind.BARE, first), Piece(Kind.HOUSE, second, pieces[0].unit), *pieces[1:])


def _find_block_written_as_floor(
    name: NameReading,
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    """某某花园2楼1102: 1102 lies not on floor 2, so 2楼 is the block 2号楼."""
    block = pieces[0]
    buildings = index.places.get(f"{name.name}|{block.value}", ())
    if block.kind is not Kind.FLOOR or block.unit != "楼" or not buildings or len(pieces) < 2:
        return []
    room = read_room(pieces[1:])
    if not room.number:
        return []
    words = f"“{block.value}楼”读作“{block.value}号楼”"
    is_floor = not room.stair and not room.floor and lies_on_floor(room.number, block.value)
    trust = Trust.GUESS if is_floor else max(name.trust, Trust.NEEDS_PROOF)
    return [Found(b, trust, (*variations, words), pieces[1:]) for b in buildings]


def _at_doorplate(
    name: NameReading,
    buildings: tuple[int, ...],
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    if len(pieces) > 2 and is_unread_name(pieces[1]) and pieces[2].kind not in NO_NUMBER:
        return _at_doorplate_with_unread_name(name, buildings, pieces, variations, index)
    if len(pieces) > 1 and pieces[1].kind in MAY_NUMBER_A_BLOCK:
        inner = index.doorplates.get(f"{name.name}|{pieces[0].value}|{pieces[1].value}", ())
        followed = len(pieces) > 2 and pieces[2].kind not in NO_NUMBER
        if inner and (len(buildings) > 1 or followed or pieces[1].kind is Kind.BUILDING):
            return [Found(b, name.trust, variations, pieces[2:]) for b in inner]
    trust = Trust.GUESS if names_a_later_house(pieces) else name.trust
    found = [Found(b, trust, variations, pieces[1:]) for b in buildings]
    if pieces[0].kind is Kind.BARE and f"{name.name}|{pieces[0].value}-" in index.places:
        found.extend(_find_dashed_door(name, pieces, variations, index))
    return found


def _find_dashed_door(
    name: NameReading,
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    """54-1-502 and 54-1502 where there is a 54-1号 beside 54号: both may be meant."""
    if len(pieces) < 2 or pieces[1].kind not in (Kind.BARE, Kind.ROOM):
        return []
    second = pieces[1]
    found: list[Found] = []
    for cut in range(1, min(2, len(second.value)) + 1):
        number, rest = f"{pieces[0].value}-{second.value[:cut]}", second.value[cut:]
        behind = (Piece(second.kind, rest, second.unit), *pieces[2:]) if rest else pieces[2:]
        words = f"“{number}”读作门牌{number}号"
        found.extend(
            Found(b, name.trust, (*variations, words), behind)
            for b in index.places.get(f"{name.name}|{number}", ())
        )
    return found


def names_a_later_house(pieces: tuple[Piece, ...]) -> bool:
    """麻塱村7-2号102: the house is 2号, so 7 is a lane or quarter that lost its unit."""
    return (
        len(pieces) > 2
        and pieces[0].kind is Kind.BARE
        and pieces[1].kind is Kind.HOUSE
        and pieces[2].kind not in NO_NUMBER
    )


# More names than these are not compared one by one: a text that says so little is left to a person.
MOST_NAMES_COMPARED = 600


def _names_nearby(head: HeadReading, index: PlaceIndex) -> list[str]:
    """The names in the community written, or else in the sub-district."""
    names = index.book.names_in(head.divisions.communities or head.divisions.subdistricts)
    return names if len(names) <= MOST_NAMES_COMPARED else []


def _find_by_near_name(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """科技园A2栋 for 科技园A区2栋: a slip that moved the border between name and number.

    Compared with the names of the community only, as the beginning of what stands behind the divisions.
    """
    if not pieces:
        return []
    return _match_names(head.written_name + _in_one(pieces), _names_nearby(head, index), index)


def _find_by_near_inner_name(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """工业路40号碧水居B祖团3栋: as `_find_by_near_name`, among the names of the doorplate's buildings."""
    if len(pieces) < 3 or pieces[1].kind is not Kind.NAME or not head.names:
        return []
    door = index.places.get(f"{head.names[0].name}|{pieces[0].value}", ())
    if head.names[0].trust is not Trust.EXACT or len(door) < 2:
        return []
    names = {name for building in door for name in index.building_names[building]}
    found = _match_names(_in_one(pieces[1:]), sorted(names), index)
    return [one for one in found if one.building in door]


def _in_one(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.value + piece.unit for piece in pieces)


def _match_names(text: str, names: Iterable[str], index: PlaceIndex) -> list[Found]:
    """Buildings whose name begins `text`, but for one slip."""
    found: list[Found] = []
    for name in names:
        for length in (len(name) - 1, len(name), len(name) + 1):
            slip = find_slip(text[:length], name)
            if slip is None:
                continue
            is_telling = any(c.isascii() or c in TELLING_APART for c in slip.written + slip.meant)
            trust = max(trust_of_slip(slip, text[:length], name), Trust.NEEDS_PROOF)
            # Because 揽月阁 is not 揽月轩 without its 轩, what goes on with another word lost nothing.
            goes_on = slip.kind == "missing" and not text[length : length + 1].isascii()
            if is_telling or goes_on or not slip.is_explained:
                trust = Trust.GUESS
            reading = NameReading(name, trust, slip.in_words())
            behind = read_tail(text[length:])
            found.extend(_find_by_number(reading, behind, index))
            found.extend(_find_landmark(reading, behind, index))
    return found


def _find_by_what_is_left(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """秀139号 in 秀新社区: more than one character is gone; names that hold the rest in order are candidates."""
    written = head.written_name
    if not pieces or not written or pieces[0].kind in NO_NUMBER:
        return []
    found: list[Found] = []
    for name in _names_nearby(head, index):
        if len(name) - len(written) <= _MOST_LOST and _holds_in_order(name, written):
            reading = NameReading(name, Trust.GUESS, f"“{name}”疑漏字作“{written}”")
            found.extend(_find_by_number(reading, pieces, index))
    return found


_MOST_LOST = 5


def _holds_in_order(name: str, written: str) -> bool:
    """Are all characters of `written` in `name`, in this order?"""
    rest = iter(name)
    return all(character in rest for character in written)


NO_NUMBER = frozenset({Kind.NAME, Kind.BREAK})
MAY_NUMBER_A_BLOCK = frozenset({Kind.BUILDING, Kind.HOUSE, Kind.BARE, Kind.STAIR, Kind.ROOM})
_REMARK = re.compile(
    r"整|全|门|前|后|旁|楼|附近|对面|边|侧|天花|屋|院|路口|巷子|天台|外|内|里|下|上|电话|联系|出租|房东|近|原|旧|和|与|的|被|有|在"
)


def is_unread_name(piece: Piece) -> bool:
    """Does a name behind the doorplate look like an estate rather than a remark?"""
    return piece.kind is Kind.NAME and len(piece.value) > 1 and not _REMARK.match(piece.value)


def _at_doorplate_with_unread_name(
    name: NameReading,
    buildings: tuple[int, ...],
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    """工业路144号某某苑4栋2402 with an estate nobody knows: the doorplate leads, the room must prove it."""
    words = (*variations, f"“{pieces[1].value}”未能理解")
    trust = max(name.trust, Trust.NEEDS_PROOF)
    inner = index.doorplates.get(f"{name.name}|{pieces[0].value}|{pieces[2].value}", ())
    if inner:
        return [Found(building, trust, words, pieces[3:]) for building in inner]
    return [Found(building, trust, words, pieces[2:]) for building in buildings]


def _find_by_split_number(
    name: NameReading,
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    """秀新围1384602: the 号 was lost, so the number is cut where the library has a building."""
    first = pieces[0]
    found: list[Found] = []
    if first.kind is Kind.ROOM and any(piece.kind is Kind.BUILDING for piece in pieces):
        return []
    for cut in range(1, len(first.value)):
        number, rest = first.value[:cut], first.value[cut:]
        kind = Kind.FLOOR if first.unit in ("楼", "层") and len(rest) < 3 else first.kind
        if not _is_plausible_rest(rest, kind, letter_cut=not number[-1].isdigit()):
            continue
        words = f"“{first.value}”疑缺“号”或“栋”，读作“{number}”和“{rest}{first.unit}”"
        doubted = NameReading(name.name, max(name.trust, Trust.NEEDS_PROOF))
        cut_pieces = (Piece(Kind.HOUSE, number), Piece(kind, rest, first.unit), *pieces[1:])
        buildings = index.places.get(f"{name.name}|{number}", ())
        found.extend(_at_doorplate(doubted, buildings, cut_pieces, (*variations, words), index))
    return found


_LONGEST_REST = {Kind.SHOP: 2, Kind.FLOOR: 2, Kind.STAIR: 1, Kind.BUILDING: 2}


def _is_plausible_rest(rest: str, kind: Kind, *, letter_cut: bool) -> bool:
    """May `rest` be what followed the lost 号? A room has three or four digits, a stair one."""
    if rest.startswith("0"):
        return False
    if kind in _LONGEST_REST:
        return rest.isdigit() and len(rest) <= _LONGEST_REST[kind]
    return letter_cut or 3 <= len(rest) <= 4


def _find_landmark(name: NameReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    """A building known by name alone (华强大厦)."""
    variations = (name.variation,) if name.variation else ()
    return [
        Found(building, name.trust, variations, pieces)
        for building in index.landmarks.get(name.name, ())
    ]


def _find_despite_known_name(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """The name exists but has no such number: neighbours one slip away are candidates, never more."""
    if not pieces or not head.names or head.names[0].trust is not Trust.EXACT:
        return []
    written = head.names[0].name
    found = []
    for other in _neighbour_names(written, index):
        doubt = NameReading(other, Trust.GUESS, f"库中“{written}”无此号，“{other}”有")
        if pieces[0].kind not in (Kind.NAME, Kind.BREAK, Kind.FLOOR, Kind.STAIR):
            buildings = index.places.get(f"{other}|{pieces[0].value}", ())
            found.extend(_at_doorplate(doubt, buildings, pieces, (doubt.variation,), index))
    return found


def _neighbour_names(written: str, index: PlaceIndex) -> list[str]:
    near = set(index.slips.get(written, ())) | set(index.short_forms.get(written, ()))
    near.discard(written)
    return sorted(near)


def keep_within_divisions(
    found: list[Found], divisions: DivisionReading, index: PlaceIndex
) -> list[Found]:
    """Only buildings inside the divisions written; if none is, those that differ in one named level."""
    if not found:
        return found
    if divisions.unknown_subdistrict and not divisions.communities:
        # Because an unknown sub-district may lie outside the library, only a community written beside it helps.
        found = [Found(f.building, Trust.GUESS, f.variations, f.rest) for f in found]
    if len(found) == 1 and lies_within(found[0].building, divisions, index):
        return found
    # Because one level is easily written wrong, and two that agree with each other are not.
    mistaken = Trust.GUESS if _agree_on_another_place(found, divisions, index) else Trust.SURE
    for written, words, trust in (
        (divisions.districts, "区", Trust.GUESS),
        (divisions.communities, "社区", mistaken),
        (divisions.subdistricts, "街道", mistaken),
    ):
        if not written:
            continue
        inside = [
            f
            for f in found
            if index.book.is_within(index.building_communities[f.building], written)
        ]
        if inside and min(f.trust for f in inside) <= min(f.trust for f in found):
            found = inside
            continue
        if inside:
            # The better reading of the name lies elsewhere: neither the name nor the division decides.
            return [
                Found(f.building, Trust.GUESS, (*f.variations, f"地名与{words}不一致"), f.rest)
                for f in found
            ]
        name = index.book.divisions[written[0]].name
        found = [
            Found(
                f.building,
                # Because a doubtful name and a division that differs are two doubts, no room can prove it.
                Trust.GUESS if f.trust is Trust.NEEDS_PROOF else max(f.trust, trust),
                (*f.variations, _differs(words, name, f, index)),
                f.rest,
            )
            for f in found
        ]
    return found


def _agree_on_another_place(
    found: list[Found], divisions: DivisionReading, index: PlaceIndex
) -> bool:
    """Do sub-district and community, both written and fitting each other, both exclude every building found?"""
    communities, subdistricts = divisions.communities, divisions.subdistricts
    if not any(index.book.is_within(community, subdistricts) for community in communities):
        return False
    places = [index.building_communities[f.building] for f in found]
    return not any(index.book.is_within(p, (*communities, *subdistricts)) for p in places)


def lies_within(building: int, divisions: DivisionReading, index: PlaceIndex) -> bool:
    """Is the building inside every division written? (The common case, answered without lists.)"""
    district, subdistrict, community = index.book.ancestors(index.building_communities[building])
    return (
        (not divisions.districts or district in divisions.districts)
        and (not divisions.subdistricts or subdistrict in divisions.subdistricts)
        and (not divisions.communities or community in divisions.communities)
    )


def _differs(level: str, written: str, found: Found, index: PlaceIndex) -> str:
    chain = index.book.ancestors(index.building_communities[found.building])
    number = chain[("区", "街道", "社区").index(level)]
    actual = index.book.divisions[number].name if number >= 0 else "?"
    return f"{level}写作“{written}”，库中为“{actual}”"
