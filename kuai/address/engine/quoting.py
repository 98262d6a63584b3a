"""Names as people write them: the engine compares 15巷, its words say 十五巷 where the text or the library does."""

from __future__ import annotations

import re
from functools import lru_cache

_QUOTED = re.compile(r"“([^”]*[0-9][^”]*)”")
_RUN = re.compile(r"[0-9]+|[^0-9]+")
_DIGITS = "零一二三四五六七八九"
_HIGHEST_IN_WORDS = 199


def in_words_of(words: str, text: str) -> str:
    """`words` with every quoted name that `text` writes with Chinese numerals written so too."""
    if "“" not in words:
        return words
    return _QUOTED.sub(
        lambda match: f"“{as_written(match.group(1), text) or match.group(1)}”", words
    )


def as_written(spelled: str, text: str) -> str:
    """The part of `text` that reads as `spelled`, numerals in either form; empty if there is none."""
    found = _pattern_of(spelled).search(text)
    return found.group() if found else ""


@lru_cache(maxsize=10_000)
def _pattern_of(spelled: str) -> re.Pattern[str]:
    parts = []
    for run in _RUN.findall(spelled):
        if not run.isdigit():
            parts.append(r"[\s(（]*".join(map(re.escape, run)))
            continue
        ways = [run, "".join(_DIGITS[int(digit)] for digit in run)]
        if not run.startswith("0") and int(run) <= _HIGHEST_IN_WORDS:
            ways.append(numeral(int(run)))
        parts.append("(?:" + "|".join(ways) + ")")
    return re.compile("".join(parts), re.IGNORECASE)


def numeral(value: int) -> str:
    """十五, 二十, 一百零三: 1 to 199."""
    if value >= 100:
        rest = value % 100
        joint = "零" if 0 < rest < 10 else "一" if 10 <= rest < 20 else ""
        return "一百" + (joint + numeral(rest) if rest else "")
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else _DIGITS[tens] + "十"
    return head + (_DIGITS[ones] if ones or not tens else "")
