"""Constants in a rule: none may single somebody out. Codes join with codes and with nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from kuai.rules.engine.forbidden_words import find_forbidden_word
from kuai.rules.engine.views import logical_views
from kuai.rules.types import RuleFault

# A number of so many digits is a place, a phone or an identity number; amounts in rules are smaller.
LONGEST_NUMBER = 5
_ELEMENT_CODE = re.compile(r"(?i)\b[POEC]-[0-9A-Z]")
_LONG_DIGITS = re.compile(r"[0-9０-９〇零一二三四五六七八九]{6,}")
# What may stand between the digits of a number that somebody wrote down.
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9０-９])[\s\-–—_.()（）]+(?=[0-9０-９])")
_DATE = re.compile(r"^\s*[+-]?\d{4,}\s*[-/\\ .年]?\s*\d{1,2}\s*[-/\\ .月]?\s*\d{1,2}")
_DAY_WORDS = frozenset({"epoch", "infinity", "-infinity", "now", "today", "yesterday", "tomorrow"})
_CODES = frozenset(
    column.name
    for view in logical_views().values()
    for column in view.columns
    if column.kind in ("code", "ref", "text")
)
_BIRTH = frozenset(
    column.name
    for view in logical_views().values()
    for column in view.columns
    if column.kind == "day" and column.level >= 3
)
_HOLDERS = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.In,
    exp.Between,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)


def line_of(node: exp.Expr) -> int:
    """On which line of the statement it was written, from 1; 0 if nobody wrote it."""
    named = node.this if isinstance(node, exp.Column) else node
    return int(named.meta.get("line", 0))


def find_literal_faults(tree: exp.Expr) -> Iterator[RuleFault]:
    """Constants that could be somebody's, and codes or birth dates that are held against a constant."""
    for literal in tree.find_all(exp.Literal):
        reason = _reason(literal)
        if reason:
            column = _neighbour(literal)
            yield RuleFault(
                "literal", f"不能写{reason}" + (f"（与“{column}”相比）" if column else ""),
                column=column or literal.sql("duckdb"), remedy="规则说的是一类情形，不是某个人、某间房、某个号码",
                line=line_of(literal),
            )  # fmt: skip
    for joined in tree.find_all(exp.ConcatWs):
        # Else a word that may not be written could be put together.
        for part in joined.expressions[1:]:
            if (
                not isinstance(part, exp.Column)
                and part.find(exp.Literal, exp.Cast)
                and not part.find(exp.GroupConcat)
            ):
                yield RuleFault(
                    "literal", "concat_ws 里只能有列", column=part.sql("duckdb"), remedy="去掉常数"
                )
    for holder in tree.find_all(*_HOLDERS):
        yield from _held_faults(holder)


def _reason(literal: exp.Literal) -> str:
    text = str(literal.this)
    if not literal.is_string:
        digits = re.sub(r"[^0-9]", "", text)
        # 1e10 is long in few signs.
        return "这么长的数" if len(digits) > LONGEST_NUMBER or "e" in text.lower() else ""
    if _ELEMENT_CODE.search(text):
        return "人、单位、事件的编码"
    if _DATE.match(text) or text.strip().lower() in _DAY_WORDS:
        return "某一天（只有 :day）"
    if _LONG_DIGITS.search(_BETWEEN_DIGITS.sub("", text)):
        return "地址编码、电话或证件号一类的数字"
    if find_forbidden_word(text):
        return f"“{text}”：{find_forbidden_word(text)}"
    return ""


def _held_faults(holder: exp.Expr) -> Iterator[RuleFault]:
    columns = [one for one in holder.find_all(exp.Column) if one.find_ancestor(*_HOLDERS) is holder]
    constants = [
        one
        for one in holder.find_all(exp.Literal)
        if one.find_ancestor(*_HOLDERS) is holder and not one.find_ancestor(exp.Interval)
    ]
    for column in columns:
        # How many there are says nothing of which.
        is_counted = isinstance(column.find_ancestor(exp.Count, *_HOLDERS), exp.Count)
        if column.name in _CODES and constants and not is_counted:
            yield RuleFault(
                "literal", f"“{column.sql('duckdb')}”不能与常数相比：编码只能与编码对接",
                column=column.sql("duckdb"), remedy="去掉这个条件", line=line_of(column),
            )  # fmt: skip
        if column.name in _BIRTH and any(_DATE.match(str(one.this)) for one in constants):
            yield RuleFault(
                "literal", f"“{column.sql('duckdb')}”只能与 :day 相比，不能写某一天",
                column=column.sql("duckdb"), remedy="去掉这个条件", line=line_of(column),
            )  # fmt: skip


def _neighbour(literal: exp.Literal) -> str:
    holder = literal.find_ancestor(*_HOLDERS, exp.Func)
    found = next(iter(holder.find_all(exp.Column)), None) if holder is not None else None
    return found.sql("duckdb") if found is not None else ""
