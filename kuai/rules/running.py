"""One run of rules: over a whole build, into a table of findings of the session. Private; its door is `actions`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from kuai.rules.engine.asking_sql import finding_sql, population_sql, quoted
from kuai.rules.engine.lineage import CheckedRule, require_runnable
from kuai.rules.engine.locality import Way
from kuai.rules.types import SMALLEST_POPULATION, Rule, RuleCount
from kuai.rules.view_tables import BuildSource, ViewFrame, open_views

Engine = duckdb.DuckDBPyConnection
FOUND_COLUMNS = (
    "rule varchar, rule_version integer, finding_id varchar, subject_code varchar, place_code varchar,"
    ' occasion varchar, evidence varchar, "rows" varchar, confidence double, status varchar'
)


@dataclass(frozen=True)
class Question:
    """When and of how many at least a run asks."""

    day: date
    smallest_population: int = SMALLEST_POPULATION


@dataclass(frozen=True)
class RuleGroup:
    """Rules that see the same: those of purposes that the same sources permit, now and in an earlier build."""

    rules: tuple[CheckedRule, ...]
    sources: tuple[BuildSource, ...]
    earlier_sources: tuple[BuildSource, ...] = ()

    @property
    def views(self) -> frozenset[str]:
        return frozenset(name for one in self.rules for name in one.views)


def group_rules(
    rules: Iterable[Rule], frame: ViewFrame, earlier: ViewFrame | None = None
) -> list[RuleGroup]:
    """The rules, each looked through before it may run; refuses the first that may not."""
    known, before = frame.list_sources(), earlier.list_sources() if earlier else ()
    groups: dict[tuple[tuple[BuildSource, ...], ...], list[CheckedRule]] = {}
    for rule in rules:
        key = tuple(
            tuple(one for one in sources if one.permits(rule.purpose))
            for sources in (known, before)
        )
        groups.setdefault(key, []).append(require_runnable(rule))
    return [RuleGroup(tuple(group), *key) for key, group in groups.items()]


def make_found_table(engine: Engine, *, name: str = "found") -> None:
    """The empty table into which rules put what they find."""
    engine.execute(f"create or replace temp table {name} ({FOUND_COLUMNS})")


def ask_rules(
    engine: Engine, frame: ViewFrame, rules: Iterable[Rule], question: Question
) -> tuple[list[RuleCount], dict[str, int]]:
    """Ask every rule of the whole build; fills `found`. Returns the counts, and how many rows each view had."""
    make_found_table(engine)
    counts: list[RuleCount] = []
    sizes: dict[str, int] = {}
    for group in group_rules(rules, frame):
        opened = open_views(engine, frame, sources=group.sources, names=group.views)
        for name, rows in opened.items():
            sizes[name] = max(rows, sizes.get(name, 0))
        populations = Populations(engine, question.day)
        counts += [ask_rule(engine, one, question, populations) for one in group.rules]
    return counts, sizes


class Populations:
    """How many each rule of a group could be about; counted once a wording, because many rules have the same."""

    def __init__(self, engine: Engine, day: date, known: Mapping[str, int] | None = None) -> None:
        self._engine = engine
        self._day = day
        self._counted: dict[str, int] = dict(known or {})

    def of(self, checked: CheckedRule) -> int:
        sql = population_sql(checked)
        if sql not in self._counted:
            self._counted[sql] = count_of(self._engine, sql, self._day)
        return self._counted[sql]


def why_not_asked(rule: Rule, population: int, question: Question) -> str:
    """Why the rule is not asked on this day of this store; empty if it is."""
    if not rule.is_valid_on(question.day):
        return "不在有效期内"
    if population < question.smallest_population:
        return f"目标人群只有 {population} 个，少于 {question.smallest_population}，不运行"
    return ""


def ask_rule(
    engine: Engine,
    checked: CheckedRule,
    question: Question,
    populations: Populations,
    *,
    near: Callable[[Way], str] | None = None,
) -> RuleCount:
    """Ask one rule of the views that are open, into `found`; too few it could be about, and it is not asked.

    `near`: of the subjects concerned alone, from the tables with the rows that lead to them.
    """
    began = time.perf_counter()
    rule = checked.rule
    population = populations.of(checked)
    refused = why_not_asked(rule, population, question)
    found = 0
    if not refused:
        sql = f"insert into found {finding_sql(checked, near=near)}"
        found = int(execute_on(engine, sql, question.day).fetchall()[0][0])
    seconds = time.perf_counter() - began
    way = "changes" if near else "whole"
    return RuleCount(rule.rule_id, rule.version, population, found, seconds, refused, way)


def execute_on(engine: Engine, sql: str, day: date) -> duckdb.DuckDBPyConnection:
    """Run SQL that may ask which day it is."""
    return engine.execute(sql, {"day": day} if "$day" in sql else None)


def count_of(engine: Engine, sql: str, day: date) -> int:
    """The one number that `sql` yields."""
    return int(execute_on(engine, sql, day).fetchall()[0][0])


def finding_rows_sql(
    rules: Sequence[Rule], *, day: date, build: str, before: str = "", found: str = "found"
) -> str:
    """What was found as rows of the table `finding`; `before` is a scan of the last run's, for the first day."""
    lines = ", ".join(
        "(" + ", ".join(
            quoted(text)
            for text in (one.rule_id, one.asks, one.to_whom, one.purpose, one.subject, one.clears_zh)
        ) + ")"
        for one in rules
    )  # fmt: skip
    first = "coalesce(b.first_found, $today)" if before else "$today"
    join = f" left join {before} as b on b.finding_id = f.finding_id" if before else ""
    return (
        "select f.finding_id, f.rule, f.rule_version, r.asks, r.to_whom, r.purpose, r.subject_kind, f.subject_code,"
        " f.place_code, coalesce(g.grid_code, '') as grid_code, f.occasion, f.evidence, f.\"rows\", f.confidence,"
        f" f.status, r.clears, {first} as first_found, $today as found_on, {quoted(build)} as build"
        f" from {found} as f join (values {lines}) as r (rule, asks, to_whom, purpose, subject_kind, clears)"
        " on r.rule = f.rule left join place_line as g on g.place_code = case when f.place_code <> '' then f.place_code"
        f" when r.subject_kind in ('room', 'building') then f.subject_code else '' end{join}"
    ).replace("$today", f"date '{day.isoformat()}'")
