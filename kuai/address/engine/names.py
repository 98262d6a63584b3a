"""Fourth step: which of the library's names does the written name mean?

A name as the library has it is taken as it stands. Otherwise the readings a slip or an office habit explains
are offered, each with the variation named; numbers and divisions decide later, never this step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from kuai.address.engine.place_index import PlaceIndex, short_forms_of, skeleton_of
from kuai.address.engine.similarity import TELLING_APART, Slip, find_slip, one_character_less

_ADDED_ENDING = re.compile(r"(?:[0-9]+期|小区|花园|公寓|大厦|住宅区|商住楼|宿舍)$")
MOST_READINGS = 12
REMEMBERED_READINGS = 50_000
SHORT_NAME = 4
_NUMBER = re.compile(r"[0-9]+")
# 路 and 街 are left out: 景芬路 and 景芬二路 are two roads, a 巷 without number is none.
_LANE_NUMBER = re.compile(r"[0-9]+(?=巷|坊|弄|排)")


class Trust(IntEnum):
    """How far a reading of a name may go: to grade A, to B, to B only with a room to prove it, to C."""

    EXACT = 0
    SURE = 1
    NEEDS_PROOF = 2
    GUESS = 3


@dataclass(frozen=True, slots=True)
class NameReading:
    """One library name the text may mean."""

    name: str
    trust: Trust
    variation: str = ""


def read_name(written: str, index: PlaceIndex) -> tuple[NameReading, ...]:
    """The library's names `written` may mean, best first; empty where nothing explains it."""
    if not written:
        return ()
    if written in index.names:
        return (NameReading(written, Trust.EXACT),)
    known = index.names_read.get(written)
    if known is None:
        if len(index.names_read) >= REMEMBERED_READINGS:
            index.names_read.clear()
        known = index.names_read[written] = _weigh_name(written, index)
    return known


def _weigh_name(written: str, index: PlaceIndex) -> tuple[NameReading, ...]:
    found: dict[str, NameReading] = {}
    for reading in (
        *_without_added_ending(written, index),
        *_by_short_form(written, index),
        *_by_slip(written, index),
        *_short_form_with_slip(written, index),
        *_by_lost_numeral(written, index),
    ):
        known = found.get(reading.name)
        if known is None or reading.trust < known.trust:
            found[reading.name] = reading
    ranked = sorted(found.values(), key=lambda reading: (reading.trust, reading.name))
    return tuple(ranked[:MOST_READINGS])


def _without_added_ending(written: str, index: PlaceIndex) -> list[NameReading]:
    """招商嘉雅居一期 where the library has no phases, 富润西公馆小区 where it says no 小区."""
    ending = _ADDED_ENDING.search(written)
    if ending is None:
        return []
    words = f"多“{ending.group()}”"
    bare = written[: ending.start()]
    if bare in index.names:
        return [NameReading(bare, Trust.SURE, words)]
    return [
        NameReading(
            reading.name, max(reading.trust, Trust.NEEDS_PROOF), f"{words}；{reading.variation}"
        )
        for reading in (*_by_short_form(bare, index), *_by_slip(bare, index))
    ]


def _by_short_form(written: str, index: PlaceIndex) -> list[NameReading]:
    return [
        NameReading(name, Trust.SURE, f"“{name}”简写作“{written}”")
        for name in index.short_forms.get(written, ())
    ]


def _by_slip(written: str, index: PlaceIndex) -> list[NameReading]:
    readings = []
    for name in sorted(_one_slip_away(written, index)):
        slip = find_slip(written, name)
        if slip is not None:
            readings.append(NameReading(name, trust_of_slip(slip, written, name), slip.in_words()))
    return readings


def trust_of_slip(slip: Slip, written: str, name: str) -> Trust:
    """How far the one slip from `name` to `written` may be trusted."""
    changed = slip.written + slip.meant
    if changed.isascii() or not same_numbers(written, name):
        # Because 5区 is not 15区 badly written but another place, a digit is never a slip to rely on; only a
        # lane whose whole number is gone (老村巷 for 老村七巷) can be proved by its room.
        return Trust.NEEDS_PROOF if _lost_lane_number(written, name) else Trust.GUESS
    if slip.kind == "replaced" and (
        slip.written.isascii()
        or slip.meant.isascii()
        or _KINDS.issuperset((slip.written, slip.meant))
    ):
        return Trust.GUESS
    if slip.kind == "doubled":
        return Trust.SURE
    if slip.kind == "extra":
        # 松坪山 is not 坪山 with a character too many; offices lose characters, they do not invent them.
        return Trust.GUESS
    if not slip.is_explained and len(name) < SHORT_NAME:
        # 贵屋村 for 霞屋村 sounds and looks like nothing; in a city of 150,000 rooms one such guess was wrong.
        return Trust.GUESS
    tells_apart = changed in TELLING_APART
    return (
        Trust.SURE if slip.is_explained and len(name) > 2 and not tells_apart else Trust.NEEDS_PROOF
    )


# 十一巷 is not 十一区: what kind of place it is tells places apart too.
_KINDS = frozenset("巷坊区排弄里路街道村围屋城苑园阁轩庭楼栋座")


def same_numbers(written: str, name: str) -> bool:
    """1区2排 is not 12排 with a character too many."""
    return _NUMBER.findall(written) == _NUMBER.findall(name)


def _lost_lane_number(written: str, name: str) -> bool:
    return any(
        written == name[: number.start()] + name[number.end() :]
        for number in _LANE_NUMBER.finditer(name)
    )


def _one_slip_away(written: str, index: PlaceIndex) -> set[str]:
    if len(written) < 2:
        return set()
    candidates = set(index.slips.get(written, ()))
    for shorter in one_character_less(written):
        if len(shorter) > 1:
            candidates.update(index.slips.get(shorter, ()))
    return candidates


def _short_form_with_slip(written: str, index: PlaceIndex) -> list[NameReading]:
    """坳村十五巷 for 坳背村十五巷 is a slip; 鹏城粹 for 鹏城翠花园 is a slip in a short form."""
    if len(written) < 3:
        return []
    names = set(index.short_slips.get(written, ()))
    for shorter in one_character_less(written):
        names.update(index.short_slips.get(shorter, ()))
    readings = []
    for name in sorted(names):
        for form in sorted(short_forms_of(name)):
            slip = find_slip(written, form)
            if slip is not None and slip.is_explained and not (slip.written + slip.meant).isascii():
                words = f"“{name}”简写，{slip.in_words()}"
                readings.append(NameReading(name, Trust.NEEDS_PROOF, words))
    return readings


def _by_lost_numeral(written: str, index: PlaceIndex) -> list[NameReading]:
    """十坊 for 十五坊: the number is another one now, so this is never more than a candidate."""
    readings = []
    for name in index.skeletons.get(skeleton_of(written), ()):
        pairs = zip(_NUMBER.findall(written), _NUMBER.findall(name), strict=True)
        if all(_may_be_what_is_left(before, after) for before, after in pairs):
            words = f"“{name}”疑漏数字"
            readings.append(NameReading(name, Trust.GUESS, words))
    return readings


def _may_be_what_is_left(written: str, meant: str) -> bool:
    """10 or 5 of 15 (十五), 20, 24 or 14 of 24 (二十四)."""
    if written == meant:
        return True
    if len(meant) != 2 or not 11 <= int(meant) <= 99:
        return False
    tens, ones = meant[0], meant[1]
    return written in {tens + "0", ones, "1" + ones, tens + ones if tens != "1" else ""}


def find_name_at_end(written: str, index: PlaceIndex) -> tuple[str, str] | None:
    """(lead, name): the longest library name that ends `written`, with what stands before it.

    松坪山村 does not contain 坪山村: see `is_sentence_lead`.
    """
    for start in range(1, len(written) - 1):
        if written[start:] in index.names:
            return written[:start], written[start:]
    return None
