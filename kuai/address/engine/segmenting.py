"""Second step: cut a spelling into the part that names (head) and the part that numbers (tail), and read the tail.

Pure text work: nothing here knows which places exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# A number before one of these belongs to the name: 十五巷, 二区, 一路, 三坊.
_NAME_UNITS = (
    "巷|路|街|坊|区|里|弄|横|大道|道|组|队|村|片|社区|马路|围|屋|湾|桥|居民|小区|号路|"
    "环|支|期|工业|经济|排|条(?!形)|胡同|直巷|大院|国道|省道|县道"
)
_HEAD = re.compile(
    rf"(?:[^0-9A-Z#,\-]++|[0-9]++(?=(?:{_NAME_UNITS}))|[A-Z0-9]++(?=区|组团)|(?<=第)[0-9]++(?![A-Z\-层楼栋座幢单号房室梯F]))*+"
)


def split_head(spelling: str) -> tuple[str, str]:
    """The names before the first number that counts a building or room, and the rest."""
    end = _HEAD.match(spelling).end()  # type: ignore[union-attr]
    if spelling[end - 1 : end] in _ENDS_OF_NAMED_ROOM:
        named = _NAMED_ROOM_AT_END.search(spelling, 0, end)
        end = named.start() if named else end
    return spelling[:end], spelling[end:]


# 大厦顶层, 大厦负1层: rooms with a name for a number.
_NAMED_ROOM = "顶层|夹层|阁楼|天台|地下室|架空层|首层|负(?=[0-9]+(?:层|楼|$))"
_NAMED_ROOM_AT_END = re.compile(f"第$|(?:{_NAMED_ROOM}|一?整[栋幢座楼层]|全[栋幢座楼层])$|负$")
_ENDS_OF_NAMED_ROOM = frozenset("层楼台室负栋幢座第")


class Kind(StrEnum):
    """What a piece of the tail is, by the unit written behind (or before) its number."""

    HOUSE = "号"
    BUILDING = "栋"
    STAIR = "单元"
    FLOOR = "层"
    ROOM = "房"
    SHOP = "铺"
    PART = "之"
    BARE = ""
    NAME = "名"
    BREAK = ","


@dataclass(slots=True)
class Piece:
    """One number with its unit, or one name."""

    kind: Kind
    value: str
    unit: str = ""


_SHOP = "号商铺|号铺位|号铺|号店铺|号店|号档|号档口|号商店|商铺|铺位|铺|店铺|档口"
# Part of a name, not a count: 三期, B组团, 2区, 15巷; but 302巷子里 is a room and a remark.
_QUARTER = (
    "[0-9]+(?:期|国道|省道|县道)|[0-9A-Z]{1,2}(?:组团|区)|"
    "[0-9]{1,2}(?:巷(?![子口里])|坊|排|弄|横|[路街](?![口边上灯道]))"
)
_TOKEN = re.compile(
    r"(?P<break>,+)"
    r"|(?P<named>顶层|夹层|阁楼|天台|地下室|架空层|首层|负[0-9]+(?:层|楼|(?![0-9])))"
    r"|(?P<house_dash>[0-9]{1,4}-[0-9]{1,2})号(?![楼铺店档商])"
    r"|(?P<floor_letter>[0-9]{1,2})F(?=[0-9]{2,4}(?![0-9A-Z]))"
    r"|(?:之)(?P<part>[0-9]+)"
    r"|(?:商铺|铺位|店铺|档口|铺|商店)(?P<shop_after>[0-9][0-9A-Z]*)号?"
    r"|(?:单元)(?P<stair_after>[0-9A-Z])(?![0-9A-Z])"
    rf"|(?!{_QUARTER})(?P<number>[0-9A-Z]++)"
    rf"(?:(?P<shop>{_SHOP})"
    r"|(?P<building>号楼+(?![顶下上道梯前后旁])|#楼(?![顶下上道梯])|栋+|座+|幢+|#|号栋|号座)"
    r"|(?P<house>号院|号+)"
    r"|(?P<stair>单+元+|梯(?!间)|单(?=[0-9])|元(?=[0-9])|门(?=[0-9]))"
    r"|(?P<floor>楼+(?![顶下上道梯前后旁门])|层+(?!顶))"
    r"|(?P<room>房+(?![东顶产])|室+))?"
    rf"|(?P<name>(?:[^0-9A-Z,\-#]|{_QUARTER})+?"
    rf"(?=(?:商铺|铺位|店铺|档口|铺|之|负)[0-9]|顶层|夹层|阁楼|天台|地下室|架空层|首层|一?整[栋幢座楼层]|全[栋幢座楼层]|(?!{_QUARTER})[0-9A-Z,\-#]|$))"
)
_KIND_OF_GROUP = {
    "shop": Kind.SHOP,
    "building": Kind.BUILDING,
    "house": Kind.HOUSE,
    "stair": Kind.STAIR,
    "floor": Kind.FLOOR,
    "room": Kind.ROOM,
}
_FLOOR_LETTER = re.compile(r"^([0-9]{1,2})F$")
# A floor of three digits is a room whose unit was written wrong (303楼 -> 303房).
HIGHEST_FLOOR = 120
_EMPTY_NAMES = frozenset({"第", "的", "至", "到", "号", "楼", "层", "房", "室", "栋", "之"})


_WHOLE = re.compile("一?整[栋幢座楼层]|全[栋幢座楼层]")


def read_tail(tail: str) -> tuple[Piece, ...]:
    """The tail's numbers with their units and the names between them, in order."""
    return tuple(
        piece for match in _TOKEN.finditer(tail) if (piece := _piece_of(match)) is not None
    )


def _piece_of(match: re.Match[str]) -> Piece | None:
    group = match.lastgroup or ""
    if group == "number":
        return _bare_number(match["number"])
    kind = _KIND_OF_GROUP.get(group)
    if kind is not None:
        if _OF_A_PERSON.fullmatch(match["number"]):
            return Piece(Kind.BREAK, UNSAID_NUMBER)
        return _numbered(kind, match["number"], match[group])
    value = match[group]
    if group == "name":
        if value in _EMPTY_NAMES or _WHOLE.fullmatch(value):
            return None
        return Piece(Kind.NAME, value)
    if group == "break":
        return Piece(Kind.BREAK, ",")
    if group == "named":
        return _named_room(value)
    if group == "house_dash":
        return Piece(Kind.HOUSE, value, "号")
    if group == "floor_letter":
        return Piece(Kind.FLOOR, value, "F")
    return Piece(_KIND_BEFORE_NUMBER[group], _without_zeros(value), match.group()[: -len(value)])


def _named_room(value: str) -> Piece:
    if value == "首层":
        return Piece(Kind.FLOOR, "1", "层")
    return Piece(Kind.ROOM, value.rstrip("楼层") + "层" if value[0] == "负" else value)


_KIND_BEFORE_NUMBER = {"part": Kind.PART, "shop_after": Kind.SHOP, "stair_after": Kind.STAIR}


def _numbered(kind: Kind, value: str, unit: str) -> Piece:
    if kind is Kind.FLOOR and value.isdigit() and int(value) > HIGHEST_FLOOR:
        kind = Kind.ROOM
    return Piece(kind, value if kind is Kind.ROOM else _without_zeros(value), unit)


# A telephone or identity number is no room, and no explanation repeats it. Seven digits may be 138号4602 without 号.
_OF_A_PERSON = re.compile("[0-9]{8,}X?")
UNSAID_NUMBER = "（号码）"


def _bare_number(value: str) -> Piece:
    if len(value) > 7 and _OF_A_PERSON.fullmatch(value):
        return Piece(Kind.BREAK, UNSAID_NUMBER)
    floor = _FLOOR_LETTER.match(value)
    return Piece(Kind.FLOOR, floor.group(1), "F") if floor else Piece(Kind.BARE, value)


def _without_zeros(value: str) -> str:
    return value.lstrip("0") or value if value.isdigit() else value


@dataclass(slots=True)
class RoomReading:
    """What the pieces behind the building say about the room; empty strings where they are silent."""

    stair: str = ""
    floor: str = ""
    number: str = ""
    part: str = ""
    is_shop: bool = False
    # A second room of the same text (302、303); only the first is washed, so it must be said.
    also: str = ""
    # The tail as spelled where no number is told (顶层, 负1层): some libraries number such rooms by name.
    spelled: str = ""

    @property
    def names_no_room(self) -> bool:
        return not self.number

    @property
    def key(self) -> str:
        number = f"铺{self.number}" if self.is_shop else self.number
        return f"{self.stair}-{number}" if self.stair else number


def read_room(pieces: tuple[Piece, ...]) -> RoomReading:
    """Stair, floor, room and part from the pieces behind the building; stops at the first name or break.

    Everything after a room number is a remark: a floor there (202一楼餐馆…) speaks of something else.
    """
    stair = floor = number = part = also = ""
    is_shop = False
    for index, piece in enumerate(pieces):
        kind = piece.kind
        if kind is Kind.PART and number:
            part = piece.value
        elif not number and _is_shop(pieces, index):
            number, is_shop = piece.value, True
        elif kind is Kind.BREAK and not number and _is_number_next(pieces, index):
            continue
        elif number or kind in (Kind.NAME, Kind.BREAK):
            also = _second_room(number, pieces[index:]) if number else ""
            break
        elif kind is Kind.STAIR:
            stair = piece.value
        elif kind is Kind.FLOOR:
            floor = floor + piece.value if floor.endswith("-") else piece.value
        elif not stair and _is_floor_range(pieces, index):
            floor = f"{piece.value}-"
        elif kind is Kind.BARE and not stair and not floor and _is_stair_before_room(pieces, index):
            stair = piece.value
        else:
            number = piece.value
    spelled = "" if number else "".join(piece.value + piece.unit for piece in pieces)
    return RoomReading(stair, floor, number, part, is_shop, also, spelled)


# A longer number is a telephone or a register's.
LONGEST_ROOM_NUMBER = 5


def _second_room(first: str, pieces: tuple[Piece, ...]) -> str:
    """Another room right behind the first, past a comma or dash, or another place; empty if there is none."""
    behind = pieces[1:] if pieces[0].kind is Kind.BREAK else pieces
    if len(behind) > 1 and behind[0].kind is Kind.NAME and len(behind[0].value) > 2:
        is_place = behind[1].kind in (Kind.HOUSE, Kind.BUILDING)
        return f"{behind[0].value}{behind[1].value}{behind[1].unit}" if is_place else ""
    if not behind or behind[0].kind not in (Kind.BARE, Kind.ROOM, Kind.SHOP):
        return ""
    if len(behind[0].value) > LONGEST_ROOM_NUMBER:
        return ""
    # Because 302-1 is a part of 302, a short number counts only behind a short one.
    return behind[0].value if len(behind[0].value) > 2 or len(first) < 3 else ""


def _is_shop(pieces: tuple[Piece, ...], index: int) -> bool:
    """3号铺, 之3; and in 1-3号铺 or 1、2号铺 the first number is a shop as the second is."""
    if pieces[index].kind in (Kind.PART, Kind.SHOP):
        return True
    behind = [piece for piece in pieces[index + 1 : index + 3] if piece.kind is not Kind.BREAK]
    return pieces[index].kind is Kind.BARE and bool(behind) and behind[0].kind is Kind.SHOP


def _is_floor_range(pieces: tuple[Piece, ...], index: int) -> bool:
    """1-3楼, 1、2楼: the first number is a floor as the second is."""
    behind = [piece for piece in pieces[index + 1 : index + 3] if piece.kind is not Kind.BREAK]
    piece = pieces[index]
    is_first = piece.kind is Kind.BARE and piece.value.isdigit() and len(piece.value) <= 2
    return is_first and bool(behind) and behind[0].kind is Kind.FLOOR


def _is_number_next(pieces: tuple[Piece, ...], index: int) -> bool:
    """A comma between house and room (5号，302房) divides nothing."""
    return index + 1 < len(pieces) and pieces[index + 1].kind not in (Kind.NAME, Kind.BREAK)


def _is_stair_before_room(pieces: tuple[Piece, ...], index: int) -> bool:
    """In 1-1902 the short bare number before a longer one is the stair; in B1-24 the letters name the level."""
    if index + 1 >= len(pieces) or len(pieces[index].value) > 2:
        return False
    following = pieces[index + 1]
    if following.kind not in (Kind.BARE, Kind.ROOM, Kind.HOUSE):
        return False
    return len(following.value) > 2 or pieces[index].value[0].isalpha()


@dataclass(frozen=True, slots=True)
class Row:
    """A second house or block behind the first (1号至3号, 1栋、2栋): where it stands, and whether it only adds."""

    at: int
    is_list: bool


_LISTS = frozenset("和与及跟")
_NUMBERS_OF_A_ROW = frozenset({Kind.HOUSE, Kind.BUILDING})


def find_row(rest: tuple[Piece, ...]) -> Row | None:
    """The house or block that follows right behind the first number, past a comma or 和."""
    is_list = bool(rest) and (rest[0].kind is Kind.BREAK or rest[0].value in _LISTS)
    at = 1 if is_list else 0
    is_row = at < len(rest) and rest[at].kind in _NUMBERS_OF_A_ROW
    return Row(at, is_list) if is_row else None


def in_usual_order(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """某花园501房3栋 is 某花园3栋501房."""
    if len(pieces) < 2 or pieces[0].kind is not Kind.ROOM or pieces[1].kind is not Kind.BUILDING:
        return pieces
    return (pieces[1], pieces[0], *pieces[2:])


def lies_on_floor(number: str, floor: str) -> bool:
    """Does a room of this number lie on the floor, as far as the number tells?"""
    return not number.isdigit() or len(number) <= 2 or number[:-2].lstrip("0") == floor
