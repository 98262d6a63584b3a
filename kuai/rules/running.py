"""One run of rules: over a whole build, into a table of findings of the session. Private; its door is `actions`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from kuai.kit.engine import scan_sql
from kuai.rules.engine.asking_sql import finding_sql, population_sql, quoted
from kuai.rules.engine.lineage import CheckedRule, require_runnable
from kuai.rules.types import FINDING, SMALLEST_POPULATION, Rule, RuleCount
from kuai.rules.view_tables import ViewFrame, open_views

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


def group_by_purpose(rules: Iterable[Rule]) -> dict[str, list[CheckedRule]]:
    """The rules, each looked through before it may run, by purpose; refuses the first that may not."""
    groups: dict[str, list[CheckedRule]] = {}
    for rule in rules:
        groups.setdefault(rule.purpose, []).append(require_runnable(rule))
    return {purpose: groups[purpose] for purpose in sorted(groups)}


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
    for purpose, group in group_by_purpose(rules).items():
        names = {name for one in group for name in one.views}
        opened = open_views(engine, frame, purpose=purpose, names=names)
        sizes |= {f"{purpose}.{name}": rows for name, rows in opened.items()}
        counts += [ask_rule(engine, one, question) for one in group]
    return counts, sizes


def ask_rule(
    engine: Engine, checked: CheckedRule, question: Question, *, only_subjects: str = ""
) -> RuleCount:
    """Ask one rule of the views that are open; too few it could be about, and it is not asked."""
    began = time.perf_counter()
    rule = checked.rule
    population = _count(engine, population_sql(rule), question.day)
    if not rule.is_valid_on(question.day):
        return _refused(rule, population, began, "不在有效期内")
    if population < question.smallest_population:
        sentence = f"目标人群只有 {population} 个，少于 {question.smallest_population}，不运行"
        return _refused(rule, population, began, sentence)
    before = _count(engine, "select count(*) from found", None)
    sql = finding_sql(
        rule,
        columns=checked.columns,
        within_population=checked.population_is_subjects,
        only_subjects=only_subjects,
    )
    _execute(engine, f"insert into found {sql}", question.day)
    found = _count(engine, "select count(*) from found", None) - before
    return RuleCount(rule.rule_id, rule.version, population, found, time.perf_counter() - began)


def _refused(rule: Rule, population: int, began: float, sentence: str) -> RuleCount:
    seconds = time.perf_counter() - began
    return RuleCount(rule.rule_id, rule.version, population, 0, seconds, refused=sentence)


def _execute(engine: Engine, sql: str, day: date | None) -> duckdb.DuckDBPyConnection:
    return engine.execute(sql, {"day": day} if day and "$day" in sql else None)


def _count(engine: Engine, sql: str, day: date | None) -> int:
    return int(_execute(engine, sql, day).fetchall()[0][0])


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
    assert FINDING.columns
    return (
        "select f.finding_id, f.rule, f.rule_version, r.asks, r.to_whom, r.purpose, r.subject_kind, f.subject_code,"
        " f.place_code, coalesce(g.grid_code, '') as grid_code, f.occasion, f.evidence, f.\"rows\", f.confidence,"
        f" f.status, r.clears, {first} as first_found, $today as found_on, {quoted(build)} as build"
        f" from {found} as f join (values {lines}) as r (rule, asks, to_whom, purpose, subject_kind, clears)"
        " on r.rule = f.rule left join place_line as g on g.place_code = case when f.place_code <> '' then f.place_code"
        f" when r.subject_kind in ('room', 'building') then f.subject_code else '' end{join}"
    ).replace("$today", f"date '{day.isoformat()}'")


def scan_findings(path: object) -> str:
    """A FROM item over a run's findings."""
    return scan_sql([path])  # type: ignore[list-item]
