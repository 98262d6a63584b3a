"""Old towns and villages in a library of divisions only (the gazetteer): 西乡镇黄麻布, 松岗东方村.

There no building can prove a reading, so a bare name counts only where nothing says that another thing bears it (a
road, a park, a court) and where it means one division.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kuai.address.engine.divisions import BEARS_THE_NAME, DivisionBook, DivisionReading

_LONGEST_BARE_NAME = 5
# 塘尾工业村, 东方六队, 油松水斗老围村: a village is spoken of.
_VILLAGE_FOLLOWS = re.compile(
    r"[旧老新上下大小东西南北]{0,2}(?:村|围|屋)|第?[0-9一二三四五六七八九十]*工业村|社区|居委|村委|"
    r"[0-9一二三四五六七八九十]+队|[^0-9路街道]{1,5}(?:村|围|队)"
)
_ESTATE = re.compile("工业|科技|产业|高新|物流|新村|小区")
_MARKET_TOWN = re.compile("(?:老)?墟镇|老墟|墟")


def read_next(reading: DivisionReading, book: DivisionBook) -> bool:
    """Take one more bare name off the rest; False where none may be taken."""
    return (
        _read_bare_subdistrict(reading, book)
        or _read_sister_of_old_town(reading, book)
        or _read_village(reading, book)
        or _read_bare_district(reading, book)
    )


def _read_bare_district(reading: DivisionReading, book: DivisionBook) -> bool:
    """龙华第四工业村: nothing above is written, and district and sub-district bear one name."""
    numbers = book.by_core["district"].get(reading.rest[:2], ())
    has_read = reading.districts or reading.subdistricts or reading.communities
    if has_read or len(numbers) != 1 or BEARS_THE_NAME.match(reading.rest[2:]):
        return False
    reading.districts, reading.rest = numbers, reading.rest[2:]
    reading.variations.append(f"“{book.divisions[numbers[0]].name}”写作“{reading.rest[:2]}”")
    return True


def _read_sister_of_old_town(reading: DivisionReading, book: DivisionBook) -> bool:
    """布吉镇坂田村: 坂田 is a sub-district of its own today."""
    if reading.communities or not reading.subdistricts or not _is_old_town(reading, book):
        return False
    old = book.divisions[reading.subdistricts[0]].name
    for length in range(_LONGEST_BARE_NAME, 1, -1):
        known = book.by_core["subdistrict"].get(reading.rest[:length], ())
        numbers = book.inside(known, book.split_from(reading.subdistricts))
        if numbers and not BEARS_THE_NAME.match(reading.rest[length:]):
            written, after = reading.rest[:length], reading.rest[length:]
            reading.subdistricts, reading.rest = numbers, after
            village = book.inside(book.by_core["community"].get(written, ()), numbers)
            if after.startswith("村") and len(village) == 1:
                reading.communities = village
            reading.variations.append(f"{old}后来分出{book.divisions[numbers[0]].name}")
            return True
    return False


def _read_bare_subdistrict(reading: DivisionReading, book: DivisionBook) -> bool:
    if reading.subdistricts or reading.communities:
        return False
    for length in range(_LONGEST_BARE_NAME, 1, -1):
        written, after = reading.rest[:length], reading.rest[length:]
        numbers = book.narrow(book.by_core["subdistrict"].get(written, ()), reading.districts)
        is_district = not reading.districts and written in book.by_core["district"]
        if len(numbers) != 1 or len(written) < length or is_district:
            continue
        if BEARS_THE_NAME.match(after):
            continue
        reading.subdistricts, reading.rest = numbers, _MARKET_TOWN.sub("", after, count=1)
        reading.unknown_subdistrict = ""
        if book.divisions[numbers[0]].name != written:
            reading.variations.append(f"“{book.divisions[numbers[0]].name}”写作“{written}”")
        return True
    return False


def _read_village(reading: DivisionReading, book: DivisionBook) -> bool:
    """The community whose name begins the rest, or the last of several (龙华镇油松水斗老围村)."""
    taken = False
    while True:
        for length in range(_LONGEST_BARE_NAME, 1, -1):
            written, after = reading.rest[:length], reading.rest[length:]
            if len(written) == length and _may_be_village(written, after, reading, book):
                numbers = _communities_meant(written, reading, book)
                if len(numbers) == 1:
                    _take_village(numbers, written, reading, book)
                    reading.rest = after
                    taken = True
                    break
        else:
            return taken


def _may_be_village(written: str, after: str, reading: DivisionReading, book: DivisionBook) -> bool:
    """东门街道东门立新路 speaks of the quarter, not of 东门社区; a name alone may be anything."""
    if written in {book.divisions[number].core for number in reading.subdistricts}:
        return False
    if not (reading.districts or reading.subdistricts):
        return re.match("村|社区", after) is not None
    if BEARS_THE_NAME.match(after) or written in book.by_core["district"]:
        return False
    if reading.subdistricts and after and (_is_old_town(reading, book) or not _ESTATE.match(after)):
        return True
    return _VILLAGE_FOLLOWS.match(after) is not None


def _communities_meant(
    written: str, reading: DivisionReading, book: DivisionBook
) -> tuple[int, ...]:
    """Inside the sub-district written, in what was taken out of it, or, behind an old town's name, in the district."""
    known = book.by_core["community"].get(written, ())
    if not reading.subdistricts:
        return book.narrow(known, reading.districts)
    sisters = book.split_from(reading.subdistricts)
    inside = book.inside(known, reading.subdistricts) or book.inside(known, sisters)
    if inside or sisters or not _is_old_town(reading, book):
        return inside
    districts = {book.ancestors(number)[0] for number in reading.subdistricts}
    return book.inside(known, tuple(districts))


def _is_old_town(reading: DivisionReading, book: DivisionBook) -> bool:
    """Was the sub-district written without its 街道? Then the old town may be meant, which was larger."""
    name = book.divisions[reading.subdistricts[0]].name
    return any(words.startswith(f"“{name}”写作") for words in reading.variations)


def _take_village(
    numbers: Sequence[int], written: str, reading: DivisionReading, book: DivisionBook
) -> None:
    community = book.divisions[numbers[0]]
    today = book.ancestors(numbers[0])[1]
    if reading.subdistricts and today not in reading.subdistricts:
        old = book.divisions[reading.subdistricts[0]].name
        reading.variations.append(
            f"{old}一带后来重划，{community.name}今属{book.divisions[today].name}"
        )
        reading.subdistricts = (today,)
    reading.communities = tuple(numbers)
    reading.variations.append(f"“{community.name}”写作“{written}”")
