"""A rule tried on its own examples: what it finds among a handful of rows, before it ever sees a store. Private."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from kuai.kit.engine import engine
from kuai.rules.engine.lineage import CheckedRule, look_through
from kuai.rules.engine.views import logical_views
from kuai.rules.running import Populations, Question, ask_rule, make_found_table
from kuai.rules.types import Example, Rule, RuleFault
from kuai.rules.view_tables import fill_views

# One of each kind says more than many of one.
KINDS = {"triggers": "触发", "just_misses": "差一点", "missing_data": "缺数据"}


def find_example_faults(rule: Rule) -> tuple[RuleFault, ...]:
    """Examples that are not of the views, kinds nobody gave, and what the rule finds otherwise; empty of a rule that
    may not run, which says so itself."""
    checked, _ = look_through(rule)
    if checked is None:
        return ()
    faults = [*_kind_faults(rule)]
    for one in rule.examples:
        misnamed = list(_name_faults(rule, one))
        faults += misnamed or _outcome_faults(checked, one)
    return tuple(faults)


def _kind_faults(rule: Rule) -> Iterator[RuleFault]:
    shown = {one.shows for one in rule.examples}
    for one in rule.examples:
        if one.shows not in KINDS:
            yield _fault(rule, one, f"shows 不认识“{one.shows}”", f"可写：{'、'.join(KINDS)}")
    for kind in KINDS:
        if kind not in shown:
            sentence = f"还没有 shows: {kind}（{KINDS[kind]}）的例子"
            yield _fault(rule, None, sentence, "补一个，写在 examples 里")


def _name_faults(rule: Rule, example: Example) -> Iterator[RuleFault]:
    for view, rows in example.rows.items():
        known = logical_views().get(view)
        if known is None:
            yield _fault(rule, example, f"没有视图“{view}”", "有哪些视图见 kuai rules views", view)
            continue
        for name in dict.fromkeys(name for row in rows for name in row):
            if name not in known.column_names:
                remedy = f"可写：{'、'.join(known.column_names)}"
                yield _fault(rule, example, f"“{view}”没有“{name}”这一列", remedy, name)


def _outcome_faults(checked: CheckedRule, example: Example) -> list[RuleFault]:
    rule = checked.rule
    with engine() as connection:
        try:
            fill_views(connection, example.rows, checked.views)
        except duckdb.ConversionException:
            remedy = "日期写成 2026-10-31，数写成数字"
            return [_fault(rule, example, "有一个值不是这一列该有的样子", remedy)]
        make_found_table(connection)
        populations = Populations(connection, example.day)
        told = ask_rule(connection, checked, Question(example.day, 0), populations)
        if told.refused:
            return [_fault(rule, example, told.refused, "例子的 day 要在规则的有效期内")]
        rows = connection.execute("select subject_code from found order by 1").fetchall()
    found = [str(code) for (code,) in rows]
    if found == sorted(example.finds):
        return []
    sentence = f"写的是找到 {_codes(example.finds)}，实际找到 {_codes(found)}"
    return [_fault(rule, example, sentence, "改 SQL，或改例子的 rows、finds", "finds")]


def _codes(codes: tuple[str, ...] | list[str]) -> str:
    return "、".join(sorted(codes)) or "没有"


def _fault(
    rule: Rule, example: Example | None, sentence: str, remedy: str, column: str = ""
) -> RuleFault:
    said = f"例子“{example.name}”：{sentence}" if example else sentence
    line = (example.line if example else 0) or rule.lines.get("examples", 0)
    return RuleFault(
        "example", said, column=column, remedy=remedy, file=rule.file, line=line, field="examples"
    )
