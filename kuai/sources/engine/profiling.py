"""A column's profile: how full, how varied, what its cells look like. Counts and shapes, never values.

Counts are over all rows, looks and shapes over an even sample of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from kuai.kit.engine import open_engine

# Shares are exact to a percent with this many rows, and take half a second for ten columns.
ROWS_SAMPLED = 10_000
PATTERNS = 5
# A shape seen more rarely could point at one person.
PATTERN_ROWS = 5
PATTERN_CHARACTERS = 24

_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚"
    "卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温"
    "康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂"
    "成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党"
    "宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官"
)
_COMPOUND = (
    "欧阳",
    "司徒",
    "上官",
    "诸葛",
    "司马",
    "东方",
    "独孤",
    "南宫",
    "夏侯",
    "皇甫",
    "慕容",
    "尉迟",
)
_ORGANISATION = re.compile(
    r"(?:公司|厂|店|部|中心|学校|幼儿园|医院|局|办事处|工作室|经营部|商行|合作社|事务所|集团|企业|银行|分行|吧|馆|铺|超市)(?:\(.*\))?$"
)
_FORMS: Mapping[str, re.Pattern[str]] = {
    "id_number": re.compile(r"^(?:\d{6}(?:18|19|20)\d{9}[\dX]|\d{15})$"),
    "phone": re.compile(r"^(?:(?:\+?86)?1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|1[3-9]\d{1,2}\*{4}\d{4})$"),
    "date": re.compile(
        r"^(?:18|19|20)\d{2}(?:[-/.年]\d{1,2}(?:[-/.月](?:\d{1,2}日?)?)?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"
        r"|(?:0[1-9]|1[0-2])(?:[0-3]\d)?)$"
    ),
    "credit_code": re.compile(r"^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$"),
    "number": re.compile(r"^-?\d{1,3}(?:,\d{3})+(?:\.\d+)?$|^-?\d{1,12}(?:\.\d+)?%?$"),
    "address": re.compile(
        r"(?:[省市区县镇街道乡村社路巷里坊园苑城]|大道|花园|大厦).*(?:\d|[一二三四五六七八九十])|\d+[号栋座幢楼室房]"
    ),
    "organisation": _ORGANISATION,
    "sex": re.compile(r"^(?:男|女|男性|女性|M|F)$"),
}
_NAME = re.compile(r"^[\u4e00-\u9fff]{2,4}$|^[\u4e00-\u9fff]{1,8}·[\u4e00-\u9fff]{1,8}$")
# The first kind that fits counts: an identity number is a number too, a day of eight digits as well.
KINDS = (
    "id_number",
    "credit_code",
    "phone",
    "date",
    "sex",
    "number",
    "organisation",
    "address",
    "name",
)


@dataclass(frozen=True)
class ColumnProfile:
    """What one column is like. `looks_like` gives the share of filled sampled cells by kind."""

    column: str
    heading: str
    filled: int
    distinct_estimate: int
    shortest: int
    longest: int
    looks_like: Mapping[str, float]
    patterns: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Profile:
    """All columns of one snapshot."""

    rows: int
    rows_sampled: int
    columns: tuple[ColumnProfile, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data beside the snapshot."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Profile:
        """Inverse of `as_json`."""
        columns = tuple(
            ColumnProfile(**{**column, "patterns": tuple((p, s) for p, s in column["patterns"])})
            for column in value["columns"]
        )
        return cls(value["rows"], value["rows_sampled"], columns)


def profile_snapshot(snapshot: pa.Table, *, headings: Sequence[str]) -> Profile:
    """The profile of a snapshot table (row_no, c0..cN)."""
    count = _count_exactly if snapshot.num_rows <= ROWS_SAMPLED else _count_in_bulk
    counts = count(snapshot, len(headings))
    step = max(1, snapshot.num_rows // ROWS_SAMPLED)
    sample = snapshot.take(pa.array(np.arange(0, snapshot.num_rows, step)))
    columns = []
    for index, heading in enumerate(headings):
        cells = [cell for cell in sample.column(f"c{index}").to_pylist() if cell and cell.strip()]
        filled, distinct, shortest, longest = counts[index]
        columns.append(
            ColumnProfile(
                column=f"c{index}",
                heading=heading,
                filled=filled,
                distinct_estimate=min(distinct, filled),
                shortest=shortest,
                longest=longest,
                looks_like=_looks(cells),
                patterns=_patterns(cells),
            )
        )
    return Profile(snapshot.num_rows, sample.num_rows, tuple(columns))


def _count_exactly(snapshot: pa.Table, width: int) -> list[tuple[int, int, int, int]]:
    """For small snapshots, because opening an engine takes longer than counting them."""
    counts = []
    for index in range(width):
        cells = [cell for cell in snapshot.column(f"c{index}").to_pylist() if cell]
        filled = [text for cell in cells if (text := cell.strip(" "))]
        lengths = [len(cell) for cell in cells]
        counts.append(
            (len(filled), len(set(filled)), min(lengths, default=0), max(lengths, default=0))
        )
    return counts


def _count_in_bulk(snapshot: pa.Table, width: int) -> list[tuple[int, int, int, int]]:
    parts = ", ".join(
        f"count(nullif(trim(c{i}), '')), approx_count_distinct(nullif(trim(c{i}), '')),"
        f" coalesce(min(length(nullif(c{i}, ''))), 0), coalesce(max(length(c{i})), 0)"
        for i in range(width)
    )
    connection = open_engine(threads=2)
    try:
        connection.register("snapshot", snapshot)
        figures = connection.execute(f"select {parts} from snapshot").fetchone() or ()
    finally:
        connection.close()
    return [tuple(figures[i : i + 4]) for i in range(0, 4 * width, 4)]  # type: ignore[misc]


def _looks(cells: Sequence[str]) -> dict[str, float]:
    counted = Counter(kind for cell in cells if (kind := kind_of(cell)))
    return {kind: round(counted[kind] / len(cells), 4) for kind in KINDS if counted[kind]}


def kind_of(cell: str) -> str:
    """What one cell looks like; empty if nothing known."""
    text = unicodedata.normalize("NFKC", cell).strip().strip("'").upper()
    return next((kind for kind in KINDS if _TESTS[kind](text)), "")


def _is_name(text: str) -> bool:
    if not _NAME.match(text):
        return False
    return "·" in text or text[0] in _SURNAMES or text.startswith(_COMPOUND)


_TESTS: dict[str, Callable[[str], object]] = {
    **{kind: form.search for kind, form in _FORMS.items()},
    "name": _is_name,
}


def _patterns(cells: Sequence[str]) -> tuple[tuple[str, float], ...]:
    counted = Counter(shape_of(cell) for cell in cells)
    return tuple(
        (shape, round(count / len(cells), 4))
        for shape, count in counted.most_common(PATTERNS)
        if count >= PATTERN_ROWS
    )


def shape_of(cell: str) -> str:
    """Digits as 9, Han as 汉, letters as A, other signs of other scripts as ?; cut at 24 signs."""
    return "".join(_sign(character) for character in cell[:PATTERN_CHARACTERS]) + (
        "…" if len(cell) > PATTERN_CHARACTERS else ""
    )


def _sign(character: str) -> str:
    if character.isdigit():
        return "9"
    if "\u3400" <= character <= "\u9fff":
        return "汉"
    if character.isalpha():
        return "A"
    return character if character.isascii() or not character.isalnum() else "?"
