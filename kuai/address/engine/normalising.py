"""First step of the wash: one spelling for one thing. Knows characters, not places.

Full width, brackets, dashes, spaces, traditional characters and Chinese numerals get one form. The library's
own names pass through here too, so a convention can never make the two sides differ.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Longer texts are not addresses; the tail can hold no room we would dare to name (issue 3, bad input).
LONGEST_TEXT = 400

_TRADITIONAL = (
    "龍華區號樓層棟單東廣灣鎮鄉園業廠門臺農興長馬龜橋頭觀瀾壢塊島會慶國寶崗個間舖後裏裡邊麗榮萬"
    "億陽鵬隴錦蓮雲貝湧鳳鹽羅蘭場車衛電"
)
_SIMPLIFIED = (
    "龙华区号楼层栋单东广湾镇乡园业厂门台农兴长马龟桥头观澜坜块岛会庆国宝岗个间铺后里里边丽荣万"
    "亿阳鹏陇锦莲云贝涌凤盐罗兰场车卫电"
)
_TO_SIMPLIFIED = str.maketrans(_TRADITIONAL, _SIMPLIFIED)
_ANY_TRADITIONAL = re.compile(f"[{_TRADITIONAL}]")
_PUNCTUATION = str.maketrans(
    dict.fromkeys("○◯", "〇")
    | dict.fromkeys("[{【〔〈《「『", "(")
    | dict.fromkeys("]}】〕〉》」』", ")")
    | dict.fromkeys("—–―‐‑−~_/\\", "-")
    | dict.fromkeys("、;:|。?!", ",")
)
_PLAIN = re.compile(r"[0-9A-Z\u3007\u4e00-\u9fff()\-#,]*")
_ODD = re.compile(r"[^0-9A-Z\u3007\u4e00-\u9fff()\-#,]+")
# 3 02房 and 3 0 2房 are one number, 2 101 are two: short groups that make a room's number belong together.
_PARTED_NUMBER = re.compile(
    r"(?<![0-9A-Z])(?<![0-9A-Z]\s)[0-9]{1,2}(?:\s+[0-9]{1,2})+(?![0-9A-Z号栋座幢#.]|\s*[0-9A-Z])"
)
_LETTER_APART = re.compile(r"(?<![0-9A-Z])([A-Z])\s+([0-9]{1,2})(?=\s*(?:栋|座|幢|号楼))")
_PARTED_LETTER = re.compile(r"([0-9])\s+([A-Z])(?=\s*(?:[号房室]|$))")
_GAP = re.compile(r"(?<=[0-9A-Z])[\s.&+*·]+(?=[0-9A-Z])")
# 1.… 2.…: the number of an item is no part of the address.
_ITEM = re.compile(r"^\s*[(（]?[0-9]{1,2}[)）.．、]\s*(?=[\u4e00-\u9fff])")
# 501@3栋 is 3栋501; 3/F is 3F.
_AT = re.compile(r"([0-9A-Z]+)@([0-9A-Z]+(?:号楼|栋|座|幢|#))")
_FLOOR_SLASH = re.compile(r"(?<=[0-9])/F(?![A-Z])")
# 二0一: a nought written as a figure between numerals.
_NOUGHT = re.compile(
    r"0(?:(?<=[一二三四五六七八九〇零]0)|(?<=[一二三四五六七八九]00))(?=[〇零0]?[一二三四五六七八九]|[号房室铺栋座层楼]|$)"
)
# 青湾区，松涛街道/石桥村: such a comma or stroke divides nothing.
_SEPARATOR_BETWEEN_LEVELS = re.compile(
    r"(?<![业园小东西南北0-9A-Z]区)(?<=[省市区县道镇])[,\-]+(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])-+(?=[\u4e00-\u9fff])"
)
# Only before something counted: 六和华府 and 八卦岭 keep their numeral, 十五巷 and 三栋 do not.
_COUNTED = (
    "号|栋|座|幢|楼|单元|层|梯|房|室|铺|商铺|档|巷|路|街|坊|区|里|弄|横|大道|道|组|队|村|片|围|屋|期|环|支|马路|"
    "社区|小区|工业|经济|联队|[至到][0-9一二三四五六七八九十]|排|条|胡同|直巷|大院|宿舍|厂房"
)
# One class first, so that the search finds runs at the speed of single characters.
_NUMERAL_RUN = re.compile(rf"[零〇一二两三四五六七八九十百廿]++(?=({_COUNTED}|[0-9A-Z()\-#,]|$)?)")
_ONLY_FIGURES = re.compile("[零〇一二三四五六七八九]{3,}")
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_BRACKET = re.compile(r"\(([^()]*)\)?")


def to_one_spelling(text: str) -> str:
    """Half width, simplified, capital letters, no spaces, Chinese numerals as digits."""
    text = text[:LONGEST_TEXT]
    if not _PLAIN.fullmatch(text):
        text = _clean_odd_characters(text)
    if _ANY_TRADITIONAL.search(text):
        text = text.translate(_TO_SIMPLIFIED)
    if "," in text or "-" in text:
        text = _SEPARATOR_BETWEEN_LEVELS.sub("", text)
    if "0" in text:
        text = _NOUGHT.sub("〇", text)
    return _NUMERAL_RUN.sub(_number_of_run, text)


def _clean_odd_characters(text: str) -> str:
    text = _ITEM.sub("", unicodedata.normalize("NFKC", text).upper())
    if "@" in text or "/F" in text:
        text = _FLOOR_SLASH.sub("F", _AT.sub(r"\2\1", text))
    text = text.translate(_PUNCTUATION)
    # Because "15号 3 101" means two numbers, a gap between two of them must survive.
    text = _LETTER_APART.sub(r"\1\2", text)
    text = _PARTED_LETTER.sub(r"\1\2", _PARTED_NUMBER.sub(_joined_number, text))
    return _ODD.sub("", _GAP.sub("-", text))


def _joined_number(match: re.Match[str]) -> str:
    joined = "".join(match.group().split())
    return joined if len(joined) in (3, 4) else match.group()


def _number_of_run(match: re.Match[str]) -> str:
    run = match.group()
    if match.group(1) is None and not _counts_without_unit(match):
        return run
    if run in ("百", "零", "两"):
        return run if run != "两" or not _is_counted_thing(match) else "2"
    digits = _read_numeral(run)
    if digits is None:
        return run
    # Because "202一楼" are two numbers, they must not melt into 2021.
    text, start, end = match.string, match.start(), match.end()
    before = "-" if start and text[start - 1].isascii() and text[start - 1].isalnum() else ""
    after = "-" if end < len(text) and text[end].isascii() and text[end].isdigit() else ""
    return f"{before}{digits}{after}"


def _counts_without_unit(match: re.Match[str]) -> bool:
    """第二工业区 and 三〇一餐厅 count though no unit follows."""
    if match.string[: match.start()].endswith("第"):
        return True
    return _ONLY_FIGURES.fullmatch(match.group()) is not None


def _is_counted_thing(match: re.Match[str]) -> bool:
    """两栋 is 2栋; 两路口 and 两村 are names."""
    return match.string[match.end() : match.end() + 1] in tuple("栋座幢单层号期梯")


@lru_cache(maxsize=10_000)
def _read_numeral(run: str) -> str | None:
    """二十四 -> 24, 一百零二 -> 102, 三〇一 -> 301; None where the run is no number (十百)."""
    run = run.replace("廿", "二十")
    if "十" not in run and "百" not in run:
        return "".join(str(_DIGITS[character]) for character in run)
    total, digit = 0, -1
    for character in run:
        if character in _DIGITS:
            if digit > 0:
                return None
            digit = _DIGITS[character]
        elif character == "百":
            if digit < 1 or total:
                return None
            total, digit = digit * 100, -1
        else:
            if total % 100:
                return None
            total, digit = total + (digit if digit > 0 else 1) * 10, -1
    return str(total + max(digit, 0))


class SplitText(NamedTuple):
    """A spelling without brackets, and what stood in them."""

    plain: str
    asides: tuple[str, ...]


def split_brackets(text: str) -> SplitText:
    """Take bracketed asides out; a bracketed room number is part of the address and stays."""
    if "(" not in text:
        return SplitText(text.replace(")", ""), ())
    asides: list[str] = []

    def keep_or_set_aside(match: re.Match[str]) -> str:
        content = match.group(1)
        if _ROOM_IN_BRACKETS.fullmatch(content):
            return "-" + content
        asides.append(content)
        before, after = text[: match.start()][-1:], text[match.end() : match.end() + 1]
        # Because 202(旧门牌)一楼 must not become 2021楼, two numbers stay apart.
        if _is_figure(before) and _is_figure(after):
            return "-"
        return "" if before and after.isalnum() else ","

    text = text.replace(")(", "),(")
    plain = _BETWEEN_BRACKETS.sub("", _BRACKET.sub(keep_or_set_aside, text))
    return SplitText(plain.replace(")", "").lstrip(",-"), tuple(asides[:MOST_ASIDES]))


# More brackets than these tell nothing of a place.
MOST_ASIDES = 6
# What is left of brackets side by side before a number: 某花园(北区)(某路177号)2栋.
_BETWEEN_BRACKETS = re.compile(r"(?<![0-9A-Z,]),{2,}+-?(?=[0-9A-Z])")


def _is_figure(character: str) -> bool:
    return character.isascii() and character.isalnum()


_ROOM_IN_BRACKETS = re.compile(
    r"(?:[0-9A-Z]{1,2}(?:单元|梯|层|楼))?(?:商铺|铺位|铺)?[0-9A-Z\-]+(?:房|室|号铺|号商铺|号铺位|号|铺|楼|层)?"
    r"|顶层|夹层|阁楼|负[0-9]+[层楼]"
)
