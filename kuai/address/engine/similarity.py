"""How two names differ by one character, and whether a slip of ear, eye or finger explains it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

# Characters that tell neighbouring places apart: 上围 is not 下围, 老村 is not 新村.
TELLING_APART = frozenset(
    "新老旧东西南北中上下前后左右内外大小高低长短0123456789ABCDEFGHIJ甲乙丙丁"
)
# Pairs mistaken by the eye; sound is looked up, so only pairs that sound different are listed.
_LOOK_ALIKE_PAIRS = (
    "沙抄 坑抗 坑炕 石右 田由 田甲 围困 围园 村材 水永 井并 头买 湖潮 浪狼 浪娘 龙尤 龙戊 木本 木未 末未 "
    "土士 己已 日目 白自 白百 金全 新斩 布市 背肯 窑窖 瓦互 清请 横模 岭领 竹行 樟障 澜谰 观现 塘搪 秀季 "
    "和知 南甫 民尼 治冶 治台 城诚 福幅 坳拗 老考 马乌 西酉 湾弯 溪奚 洲州 涌诵 坪评 岗冈 岗网 坝贝 埔捕 "
    "厦夏 兰三 贝见 麻床 陂坡 罗岁 玉王 凤风 鹏鹂 翠粹 苑宛 庭廷 轩杆 院完 丰半 丰手 平半 平乎 联朕 东车 "
    "东乐 江汪 朗郎 郎即 桥侨 桂挂 梅海 莲连 "
)
_LOOK_ALIKE = frozenset(
    frozenset(_LOOK_ALIKE_PAIRS[start : start + 2]) for start in range(0, len(_LOOK_ALIKE_PAIRS), 3)
)


@dataclass(frozen=True, slots=True)
class Slip:
    """One-character difference of `written` from `name`."""

    kind: str  # missing, extra, doubled, replaced, swapped
    written: str
    meant: str
    is_explained: bool

    def in_words(self) -> str:
        """The variation as the explanation names it."""
        if self.kind == "missing":
            return f"漏“{self.meant}”字"
        if self.kind == "doubled":
            return f"“{self.written}”字重复"
        if self.kind == "extra":
            return f"多“{self.written}”字"
        if self.kind == "swapped":
            return f"“{self.written}”疑为“{self.meant}”（字序颠倒）"
        why = (
            "（同音）"
            if same_sound(self.written, self.meant)
            else "（形近）"
            if self.is_explained
            else ""
        )
        return f"“{self.written}”疑为“{self.meant}”{why}"


@lru_cache(maxsize=100_000)
def find_slip(written: str, name: str) -> Slip | None:
    """The single slip that turns `name` into `written`; None if there is more than one or none."""
    if written == name or abs(len(written) - len(name)) > 1:
        return None
    start = 0
    while start < min(len(written), len(name)) and written[start] == name[start]:
        start += 1
    left, right = written[start:], name[start:]
    if len(left) == len(right):
        return _slip_of_equal_length(left, right)
    if len(left) < len(right):
        return Slip("missing", "", right[0], True) if left == right[1:] else None
    if left[1:] != right:
        return None
    is_doubled = start > 0 and left[0] == written[start - 1] and not left[0].isascii()
    return Slip("doubled" if is_doubled else "extra", left[0], "", True)


def _slip_of_equal_length(left: str, right: str) -> Slip | None:
    if left[1:] == right[1:]:
        a, b = left[0], right[0]
        if a in TELLING_APART and b in TELLING_APART:
            return None
        return Slip("replaced", a, b, same_sound(a, b) or frozenset((a, b)) in _LOOK_ALIKE)
    if left[2:] == right[2:] and left[0] == right[1] and left[1] == right[0]:
        return Slip("swapped", left[:2], right[:2], True)
    return None


def same_sound(a: str, b: str) -> bool:
    """Do two characters share a reading, tones and n/l, -n/-ng, z/zh left aside?"""
    return bool(_readings(a) & _readings(b))


@lru_cache(maxsize=20_000)
def _readings(character: str) -> frozenset[str]:
    written = _pinyin_table().get(ord(character), "") if len(character) == 1 else ""
    return frozenset(_plain_sound(reading) for reading in written.split(",") if reading)


def _plain_sound(reading: str) -> str:
    plain = "".join(
        c for c in unicodedata.normalize("NFD", reading) if not unicodedata.combining(c)
    )
    for spoken, heard in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if plain.startswith(spoken):
            plain = heard + plain[2:]
    return plain[:-1] if plain.endswith("ng") else plain


@cache
def _pinyin_table() -> dict[int, str]:
    # Because reading the table costs 0.2 s, a wash that meets no slip never pays for it.
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415

    return pinyin_dict


def one_character_less(name: str) -> set[str]:
    """All texts that arise from `name` by losing one character."""
    return {name[:i] + name[i + 1 :] for i in range(len(name))}
