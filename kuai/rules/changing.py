"""Rules asked of what changed since the last run alone, by data or by the passing of days. Private.

What is kept of the last run and what is asked anew together are what asking everything would give (property test).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import duckdb
from sqlglot import exp

from kuai.rules.engine.asking_sql import CONCERNED, NOT_ASKED, population_sql, quoted
from kuai.rules.engine.lineage import CheckedRule
from kuai.rules.engine.locality import Locality, affected_sql
from kuai.rules.engine.views import logical_views
from kuai.rules.gathering import NearTables, gather_concerned
from kuai.rules.running import (
    Populations,
    Question,
    RuleGroup,
    ask_rule,
    group_rules,
    make_found_table,
    why_not_asked,
)
from kuai.rules.types import Rule, RuleCount, SubjectKind
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
    # Of each rule that ran, how many it could have been about.
    populations: Mapping[str, int] = field(default_factory=dict)

    def same_rows_as(self, frame: ViewFrame) -> bool:
        """Whether nothing but the day can differ."""
        return self.frame.core == frame.core and self.frame.overlay == frame.overlay


def ask_changes(
    engine: Engine, frame: ViewFrame, rules: Iterable[Rule], question: Question, last: LastRun
) -> tuple[list[RuleCount], dict[str, int]]:
    """Ask every rule of what changed since `last`; fills `found` with all that holds now."""
    make_found_table(engine)
    counts: list[RuleCount] = []
    sizes: dict[str, int] = {}
    for group in group_rules(rules, frame, last.frame):
        changed = _open_both(engine, frame, last, group, sizes)
        populations = known_populations(engine, group.rules, question, last, changed)
        counts += ask_changed_rules(
            engine, group.rules, question, populations, last=last, changed=changed
        )
    return counts, sizes


def _open_both(
    engine: Engine, frame: ViewFrame, last: LastRun, group: RuleGroup, sizes: dict[str, int]
) -> frozenset[str]:
    """Open the views of now; returns those with rows that came or went since the last run."""
    if last.same_rows_as(frame) and group.sources == group.earlier_sources:
        opened = open_views(engine, frame, sources=group.sources, names=group.views)
        changed: frozenset[str] = frozenset()
    else:
        open_views(engine, last.frame, sources=group.earlier_sources, names=group.views)
        for name in (*group.views, NOT_ASKED):
            engine.execute(f'drop table if exists "before_{name}"')
            engine.execute(f'alter table "{name}" rename to "before_{name}"')
        opened = open_views(engine, frame, sources=group.sources, names=group.views)
        changed = find_changed_rows(engine, group.views) | {NOT_ASKED}
        engine.execute(
            f"create or replace temp table changed_{NOT_ASKED} as"
            f" (select code from {NOT_ASKED} except select code from before_{NOT_ASKED})"
            f" union (select code from before_{NOT_ASKED} except select code from {NOT_ASKED})"
        )
    for name, rows in opened.items():
        sizes[name] = max(rows, sizes.get(name, 0))
    return changed


def find_changed_rows(engine: Engine, names: Iterable[str]) -> frozenset[str]:
    """Make changed_<view> of the rows that came or went; returns the views that have any."""
    changed = set()
    for name in names:
        columns = ", ".join(f'"{one}"' for one in logical_views()[name].column_names)
        # Two hashes of a row are 16 bytes: to group by them takes a fifth of the time that whole rows take, and that
        # two rows of some millions have both alike happens once in 10^25 comparisons.
        both = f"hash({columns}) as one, hash('other', {columns}) as other"
        engine.execute(
            "create or replace temp table came_or_went as select one, other from"
            f' (select {both}, 1 as side from "{name}" union all select {both}, -1 from "before_{name}")'
            " group by one, other having sum(side) <> 0"
        )
        if engine.execute("select 1 from came_or_went limit 1").fetchall():
            changed.add(name)
        engine.execute(
            f'create or replace temp table "changed_{name}" as '
            + " union ".join(
                f'select {columns} from "{side}" where hash({columns}) in (select one from came_or_went)'
                for side in (name, f"before_{name}")
            )
        )
        engine.execute(f'drop table "before_{name}"')
    return frozenset(changed)


def ask_changed_rules(
    engine: Engine,
    rules: Sequence[CheckedRule],
    question: Question,
    populations: Populations,
    *,
    last: LastRun,
    changed: frozenset[str],
) -> list[RuleCount]:
    """Ask rules of one group of the subjects whom a change can concern and keep the rest of what the last run found;
    ask those anew of which that cannot be told."""
    followed = [one for one in rules if not _must_ask_all(one, question, populations, last)]
    days = (last.day, question.day)
    parts = {
        one.rule.rule_id: [*changed_ways(one, changed), *_turned_ways(one, changed, days)]
        for one in followed
    }
    concerned = gather_concerned(engine, parts)
    near = NearTables(engine)
    counts = []
    for one in rules:
        rule = one.rule
        if rule.rule_id not in parts:
            counts.append(ask_rule(engine, one, question, populations))
        elif rule.rule_id in concerned:
            counts.append(ask_rule(engine, one, question, populations, near=near.table_of))
        else:
            population = populations.of(one)
            counts.append(RuleCount(rule.rule_id, rule.version, population, 0, 0.0, way="changes"))
    near.drop()
    return _keep_the_rest(engine, counts, last, concerned)


def _keep_the_rest(
    engine: Engine, counts: Iterable[RuleCount], last: LastRun, concerned: frozenset[str]
) -> list[RuleCount]:
    """Put what the last run found of everybody else into `found`; the counts with it."""
    told = list(counts)
    followed = ", ".join(quoted(one.rule) for one in told if one.way == "changes") or "''"
    asked = ", ".join(quoted(one) for one in sorted(concerned)) or "''"
    engine.execute(
        f"insert into found select {_KEPT} from {last.findings} as l where l.rule in ({followed}) and not"
        f" (l.rule in ({asked}) and l.subject_code in (select subject_code from {CONCERNED}))"
    )
    found = dict(engine.execute("select rule, count(*) from found group by rule").fetchall())
    return [replace(one, findings=found.get(one.rule, 0)) for one in told]


def known_populations(
    engine: Engine,
    rules: Iterable[CheckedRule],
    question: Question,
    last: LastRun,
    changed: frozenset[str],
) -> Populations:
    """The populations of rules; those that nothing changed are as the last run counted them."""
    known = {
        population_sql(one): last.populations[one.rule.rule_id]
        for one in rules
        if last.ran.get(one.rule.rule_id) == digest_of(one.rule)
        and one.rule.rule_id in last.populations
        and not {table.name for table in one.population.find_all(exp.Table)} & (changed | last.handed_in)
        and (question.day == last.day or one.population.find(exp.Placeholder) is None)
    }  # fmt: skip
    return Populations(engine, question.day, known)


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
    # Rows that are handed in are not in a build: what they were at the last run nobody knows. And a change anywhere
    # is a change of some community, to which a good part of the store leads.
    if last.handed_in & checked.views or rule.subject is SubjectKind.COMMUNITY:
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


def changed_ways(checked: CheckedRule, changed: frozenset[str]) -> Iterator[str]:
    """The ways from the changed rows of views to the rule's subjects; whoever is asked no more or again is one."""
    if NOT_ASKED in changed:
        yield f"select code from changed_{NOT_ASKED}"
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
