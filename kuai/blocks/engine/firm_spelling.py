"""How a firm's name may be typed, and what of a sole trader's name is not answered. Pure.

A firm's name is public, its owner's is not: a sole trader may be called by the owner's name alone (张三) or with a
trade behind it (张三小吃店). The first is not in the index at all; of the second nobody finds the firm by the part
that may be a person's name: some of what follows must be typed too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kuai.kit.readings import pinyin_spellings, units_of

# A name is found from any of its first places on; firms are told apart long before.
MOST_STARTS = 18
# Bytes of a key: thirteen characters, or as many letters.
LONGEST_KEY = 40
# Of a start at most so many other readings (长 chang, zhang), one character changed at a time.
MOST_OTHER_READINGS = 3
_NOT_TYPED = re.compile(r"[^0-9a-z㐀-鿿\U00020000-\U0002ffff]+")
_SOLE_TRADER_WORDS = re.compile(r"个体工商户|个体经营户|个体户")
# The commonest 150 family names, some 96 in 100 of all people (public statistics of 2020), and compound ones.
_FAMILIES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜"
    "倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成"
)
_COMPOUND = ("欧阳", "上官", "司徒", "诸葛", "司马", "皇甫", "夏侯", "尉迟", "令狐", "慕容")


class Way(StrEnum):
    """The tables of keys, one a way of typing."""

    CHARACTERS = "characters"
    PINYIN = "pinyin"
    INITIALS = "initials"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a firm. What is typed of it is no answer while it ends between `hidden_from` and `hidden_to`."""

    text: str
    hidden_from: int = 0
    hidden_to: int = 0


@dataclass(frozen=True, slots=True)
class _Hidden:
    """The places of a name that may be a person's: what is typed must not end behind one of them."""

    first: int
    last: int


def fold_typed(text: str) -> str:
    """Width and case folded, blanks, brackets and marks left out."""
    return _NOT_TYPED.sub("", unicodedata.normalize("NFKC", text).lower())


def reads_as_person(text: str) -> bool:
    """Whether a text could be nothing but a person's name: a family name and one or two characters."""
    family = _family_length(text)
    return bool(family) and family < len(text) <= family + 2 and not text.isascii()


def is_personal(name: str, *, kind: str, credit_code: str, areas: frozenset[str]) -> bool:
    """Whether this firm is called by what may be its owner's name alone; then the name stays out of the index."""
    if kind == "enterprise" and credit_code:
        return False
    folded = fold_typed(_SOLE_TRADER_WORDS.sub("", name))
    return reads_as_person(folded) or reads_as_person(folded[area_length(folded, areas) :])


def area_length(folded: str, areas: frozenset[str]) -> int:
    """How much at the name's beginning says only where it is: 深圳市坪山."""
    length = 0
    while True:
        step = next(
            (
                size
                for size in range(min(8, len(folded) - length), 1, -1)
                if folded[length : length + size] in areas
            ),
            0,
        )
        if not step:
            return length
        length += step


def keys_of(name: str, *, is_sole: bool, areas: frozenset[str]) -> Iterator[tuple[Way, Key]]:
    """Every key by which the name is found."""
    folded = fold_typed(name)
    units = units_of(folded)
    if not units:
        return
    texts = [unit.text for unit in units]
    readings = [unit.readings[:2] or (unit.text,) for unit in units]
    hidden = _hidden_part(folded, texts, areas) if is_sole else None
    for start in range(max(1, min(len(units) - 1, MOST_STARTS))):
        yield Way.CHARACTERS, _key(texts[start:], start, hidden)
        for spelled in _ways_to_say(readings[start : start + LONGEST_KEY]):
            yield Way.PINYIN, _key(spelled, start, hidden)
            yield Way.INITIALS, _key([_initial(one) for one in spelled], start, hidden)


def _ways_to_say(readings: list[tuple[str, ...]]) -> Iterator[list[str]]:
    """The usual reading, and others of the first characters, one changed at a time."""
    usual = [one[0] for one in readings]
    yield usual
    for number, others in enumerate(readings[:MOST_OTHER_READINGS]):
        for other in others[1:]:
            yield [*usual[:number], other, *usual[number + 1 :]]


def _initial(reading: str) -> str:
    # A number stays whole: 88号 is 88h.
    return reading if reading.isdigit() else reading[:1]


def _hidden_part(folded: str, texts: list[str], areas: frozenset[str]) -> _Hidden | None:
    begins = area_length(folded, areas)
    family = _family_length(folded[begins:])
    if not family:
        return None
    # Places are counted in units; a run of digits or one Latin letter is one unit.
    before = 0
    for number, text in enumerate(texts):
        if before >= begins:
            return _Hidden(number, number + family + 2)
        before += len(text)
    return None


def _key(pieces: Sequence[str], start: int, hidden: _Hidden | None) -> Key:
    text = "".join(pieces)
    if hidden is None or start >= hidden.last:
        return Key(text)
    ends = [0]
    for piece in pieces:
        ends.append(ends[-1] + len(piece.encode()))
    first = ends[min(max(hidden.first - start, 0), len(pieces))] + 1
    last = ends[min(max(hidden.last - start, 0), len(pieces))]
    return Key(text, first, last)


def _family_length(text: str) -> int:
    if text.startswith(_COMPOUND):
        return 2
    return 1 if text[:1] in _FAMILIES else 0


def spoken(text: str) -> list[str]:
    """A typed text of characters (and letters) in full pinyin, in the readings people use."""
    return pinyin_spellings(units_of(text))


def spoken_name(name: str) -> str:
    """A name in its usual reading."""
    return "".join((unit.readings or (unit.text,))[0] for unit in units_of(fold_typed(name)))
