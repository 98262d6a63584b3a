"""How a name may be typed: its characters, their pinyin, their initials. Both readings where a name has two.

Slow by itself (a look-up a name), so it runs when the side file is written and never while somebody types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from pypinyin import Style, lazy_pinyin

# Characters of place names that are read in more than one way, by rule or by local habit; the dictionary's own
# list has many readings that nobody uses there.
_TWO_WAYS = """
长 chang zhang|重 chong zhong|厦 xia sha|埔 pu bu|涌 yong chong|乐 le yue|行 xing hang|朝 chao zhao|曾 zeng ceng
大 da dai|番 fan pan|莞 guan wan|会 hui kuai|藏 cang zang|车 che ju|单 dan shan|盛 sheng cheng|石 shi dan
宿 su xiu|尾 wei yi|校 xiao jiao|叶 ye xie|仔 zi zai|吓 xia he|陂 bei pi|圩 xu wei|厂 chang an|广 guang an
泊 bo po|朴 pu piao|柏 bai bo|栅 zha shan|都 du dou|角 jiao jue|调 diao tiao|还 huan hai|降 jiang xiang|强 qiang jiang
六 liu lu|台 tai|便 bian pian|传 chuan zhuan|弄 nong long|解 jie xie|覃 tan qin|洗 xi xian|冼 xian|查 cha zha|盖 gai ge
任 ren|种 zhong chong|牟 mou mu|堡 bao pu bu|铺 pu|坂 ban fan|巷 xiang hang|蚌 bang beng|茄 qie jia|泌 mi bi|卜 bu bo
夹 jia|峒 dong tong|垌 dong tong|塱 lang|畲 she|燕 yan|澄 cheng deng|晟 sheng cheng|缝 feng|挑 tiao|壳 ke qiao
粘 zhan nian|凹 ao wa|坳 ao|岙 ao|岽 dong|蚝 hao|鹤 he hao|学 xue xiao|鹿 lu|麓 lu
""".strip()
READINGS = {
    line.split()[0]: tuple(line.split()[1:]) for line in _TWO_WAYS.replace("\n", "|").split("|")
}
# A name with many doubtful characters has few readings that anybody types.
MOST_SPELLINGS = 8
_UNIT = re.compile(r"[0-9]+|[a-z]|.")
_LATIN = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """One character, or one run of digits, and how it may be read aloud."""

    text: str
    readings: tuple[str, ...]


def units_of(name: str) -> tuple[Unit, ...]:
    """The units of a name that has passed `normalising`, in lower case."""
    texts = _UNIT.findall(name)
    spoken = lazy_pinyin(
        [text if not _LATIN.fullmatch(text) else "," for text in texts], style=Style.NORMAL
    )
    if len(spoken) != len(texts):
        spoken = [lazy_pinyin(text, style=Style.NORMAL)[0] for text in texts]
    return tuple(
        Unit(text, _readings(text, said)) for text, said in zip(texts, spoken, strict=True)
    )


@lru_cache(maxsize=50_000)
def _readings(text: str, said: str) -> tuple[str, ...]:
    if _NUMBER.fullmatch(text) and len(text) < 3:
        return (text, "".join(_said_number(text)))
    if _LATIN.fullmatch(text):
        return (text,)
    said = said if said.isascii() and said.isalpha() else ""
    found = [said, *lazy_pinyin(text, style=Style.NORMAL), *READINGS.get(text, ())]
    # lü and nü are typed with a v or with a u.
    found.extend(one.replace("v", "u") for one in tuple(found) if "v" in one)
    return tuple(dict.fromkeys(one for one in found if one.isascii() and one.isalpha()))


_DIGITS = ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu")


def _said_number(text: str) -> list[str]:
    """十五 as it is said: shi, wu. The library's one spelling has 15 there."""
    ten, one = divmod(int(text), 10)
    if not ten:
        return [_DIGITS[one]]
    return ([_DIGITS[ten]] if ten > 1 else []) + ["shi"] + ([_DIGITS[one]] if one else [])


def pinyin_spellings(units: tuple[Unit, ...]) -> list[str]:
    """The name in full pinyin, in every reading up to MOST_SPELLINGS."""
    ways = product(*(unit.readings or (unit.text,) for unit in units))
    return list(dict.fromkeys("".join(way) for way in islice(ways, MOST_SPELLINGS)))


def initial_spellings(units: tuple[Unit, ...]) -> list[str]:
    """The name in initials; a number stays whole."""
    firsts = [_firsts(unit) for unit in units]
    return list(dict.fromkeys("".join(way) for way in islice(product(*firsts), MOST_SPELLINGS)))


def _firsts(unit: Unit) -> tuple[str, ...]:
    if _NUMBER.fullmatch(unit.text):
        said = (
            "".join(one[0] for one in _said_number(unit.text)) if len(unit.text) < 3 else unit.text
        )
        return (unit.text, said)
    return tuple(dict.fromkeys(one[0] for one in unit.readings or (unit.text,)))
