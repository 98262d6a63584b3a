"""Rules asked of what changed since the last run alone, by data or by the passing of days. Private.

What is kept of the last run and what is asked anew together are what asking everything would give (property test).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from kuai.rules.engine.asking_sql import AFFECTED, quoted
from kuai.rules.engine.lineage import CheckedRule
from kuai.rules.engine.locality import Locality, affected_sql
from kuai.rules.engine.views import logical_views
from kuai.rules.running import (
    Populations,
    Question,
    RuleGroup,
    ask_rule,
    group_rules,
    make_found_table,
    why_not_asked,
)
from kuai.rules.types import Rule, RuleCount
from kuai.rules.view_tables import ViewFrame, open_views

Engine = duckdb.DuckDBPyConnection
_KEPT = 'rule, rule_version, finding_id, subject_code, place_code, occasion, evidence, "rows", confidence, status'


@dataclass(frozen=True)
class LastRun:
    """What the last run was asked of, which rules ran then (by id, as digests), and a scan of what they found."""

    frame: ViewFrame
    day: date
    ran: Mapping[str, str]
    findings: str
    # Views into which rows were handed, then or now.
    handed_in: frozenset[str] = frozenset()

    def same_rows_as(self, frame: ViewFrame) -> bool:
        """Whether nothing but the day can differ."""
        return self.frame.core == frame.core and self.frame.overlay == frame.overlay


def ask_changes(
    engine: Engine, frame: ViewFrame, rules: Iterable[Rule], question: Question, last: LastRun
) -> tuple[list[RuleCount], dict[str, int]]:
    """Ask every rule of what changed since `last`; fills `found` with all that holds now."""
    make_found_table(engine)
    make_concerned_table(engine)
    counts: list[RuleCount] = []
    sizes: dict[str, int] = {}
    for group in group_rules(rules, frame, last.frame):
        changed = _open_both(engine, frame, last, group, sizes)
        populations = Populations(engine, question.day)
        counts += [
            ask_changed_rule(engine, one, question, populations, last=last, changed=changed)
            for one in group.rules
        ]
    return keep_the_rest(engine, counts, last), sizes


def _open_both(
    engine: Engine, frame: ViewFrame, last: LastRun, group: RuleGroup, sizes: dict[str, int]
) -> frozenset[str]:
    """Open the views of now; returns those with rows that came or went since the last run."""
    if last.same_rows_as(frame) and group.sources == group.earlier_sources:
        opened = open_views(engine, frame, sources=group.sources, names=group.views)
        changed: frozenset[str] = frozenset()
    else:
        open_views(engine, last.frame, sources=group.earlier_sources, names=group.views)
        for name in group.views:
            engine.execute(f'drop table if exists "before_{name}"')
            engine.execute(f'alter table "{name}" rename to "before_{name}"')
        opened = open_views(engine, frame, sources=group.sources, names=group.views)
        changed = find_changed_rows(engine, group.views)
    for name, rows in opened.items():
        sizes[name] = max(rows, sizes.get(name, 0))
    return changed


def find_changed_rows(engine: Engine, names: Iterable[str]) -> frozenset[str]:
    """Make changed_<view> of the rows that came or went; returns the views that have any."""
    changed = set()
    for name in names:
        columns = ", ".join(f'"{one}"' for one in logical_views()[name].column_names)
        # One pass for both ways; EXCEPT ALL numbers equal rows in a window and took four times as long.
        engine.execute(
            f'create or replace temp table "changed_{name}" as select {columns} from'
            f' (select {columns}, 1 as side from "{name}" union all select {columns}, -1 from "before_{name}")'
            f" group by {columns} having sum(side) <> 0"
        )
        engine.execute(f'drop table "before_{name}"')
        if engine.execute(f'select 1 from "changed_{name}" limit 1').fetchall():
            changed.add(name)
    return frozenset(changed)


def ask_changed_rule(
    engine: Engine,
    checked: CheckedRule,
    question: Question,
    populations: Populations,
    *,
    last: LastRun,
    changed: frozenset[str],
) -> RuleCount:
    """Ask one rule of the subjects whom a change can concern (the rest is kept), or anew where that cannot be told."""
    if _must_ask_all(checked, question, populations, last):
        return ask_rule(engine, checked, question, populations)
    make_affected_table(engine, checked, changed, days=(last.day, question.day))
    rule = quoted(checked.rule.rule_id)
    concerned = engine.execute(
        f"insert into concerned select {rule}, subject_code from {AFFECTED}"
    ).fetchall()[0][0]
    if concerned:
        return ask_rule(engine, checked, question, populations, of_affected=True)
    population = populations.of(checked)
    return RuleCount(checked.rule.rule_id, checked.rule.version, population, 0, 0.0, way="changes")


def make_concerned_table(engine: Engine) -> None:
    """Empty the table of the subjects of each rule that were asked anew."""
    engine.execute("create or replace temp table concerned (rule varchar, subject_code varchar)")


def keep_the_rest(engine: Engine, counts: Iterable[RuleCount], last: LastRun) -> list[RuleCount]:
    """Put what the last run found of everybody else into `found`; the counts with it."""
    told = list(counts)
    followed = ", ".join(quoted(one.rule) for one in told if one.way == "changes") or "''"
    engine.execute(
        f"insert into found select {_KEPT} from {last.findings} as l where l.rule in ({followed}) and not exists"
        " (select 1 from concerned as c where c.rule = l.rule and c.subject_code = l.subject_code)"
    )
    found = dict(engine.execute("select rule, count(*) from found group by rule").fetchall())
    return [replace(one, findings=found.get(one.rule, 0)) for one in told]


def _must_ask_all(
    checked: CheckedRule,
    question: Question,
    populations: Populations,
    last: LastRun,
) -> bool:
    rule = checked.rule
    if last.ran.get(rule.rule_id) != digest_of(rule):
        return True
    if not rule.is_valid_on(last.day) or why_not_asked(rule, populations.of(checked), question):
        return True
    # Rows that are handed in are not in a build: what they were at the last run nobody knows.
    if last.handed_in & checked.views:
        return True
    return any(
        one is None or (question.day != last.day and one.days is None)
        for one in localities_of(checked)
    )


def localities_of(checked: CheckedRule) -> tuple[Locality | None, ...]:
    """How the rule's statements hang together: its population too, where a finding must be of it."""
    if not checked.population_is_subjects:
        return (checked.locality,)
    return checked.locality, checked.population_locality


def digest_of(rule: Rule) -> str:
    """What makes a rule another one for whoever compares two runs."""
    parts = (
        rule.version, rule.sql, rule.population, rule.purpose, rule.least_confidence, *rule.evidence,
    )  # fmt: skip
    return "|".join(str(one) for one in parts)


def make_affected_table(
    engine: Engine,
    checked: CheckedRule,
    changed: frozenset[str],
    *,
    days: tuple[date, date],
) -> None:
    """The subjects whom changed rows, or a condition on the day that turned between `days`, can concern."""
    parts = [*changed_ways(checked, changed), *_turned_ways(checked, changed, days)]
    engine.execute(f"create or replace temp table {AFFECTED} as {affected_subjects_sql(parts)}")


def affected_subjects_sql(parts: Iterable[str]) -> str:
    """The codes that these statements yield, each once; without null, because nothing is "not in" a list with one."""
    union = " union all ".join(f"select code from ({one})" for one in dict.fromkeys(parts))
    if not union:
        return "select '' as subject_code where false"
    return f"select distinct code as subject_code from ({union}) where code is not null"


def changed_ways(checked: CheckedRule, changed: frozenset[str]) -> Iterator[str]:
    """The ways from the changed rows of views to the rule's subjects."""
    for locality in localities_of(checked):
        for way in locality.ways if locality else ():
            if way.view in changed:
                yield affected_sql(way, f'"changed_{way.view}"', changed=sorted(changed))


def _turned_ways(
    checked: CheckedRule, changed: frozenset[str], days: tuple[date, date]
) -> Iterator[str]:
    """The ways from rows for which a condition on the day says something else on the second day."""
    for locality in localities_of(checked):
        for one in (locality and locality.days) or ():
            if days[0] == days[1]:
                return
            before, after = (
                one.condition.replace("$day", f"date '{day.isoformat()}'") for day in days
            )
            rows = f'(select * from "{one.way.view}" as row where ({before}) is distinct from ({after}))'
            yield affected_sql(one.way, rows, changed=sorted(changed))
