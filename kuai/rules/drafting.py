"""Rules asked of one draft record inside a form: laid over the published facts in the statement that asks.

The desk never writes into its tables: a draft is a few rows of constants, and every view is read by its codes alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import duckdb

from kuai.kit.engine import open_engine, rows_of
from kuai.kit.errors import Refusal
from kuai.rules.changing import localities_of
from kuai.rules.engine.asking_sql import CONCERNED, finding_sql, quoted
from kuai.rules.engine.lineage import CheckedRule
from kuai.rules.engine.locality import Way
from kuai.rules.engine.views import logical_views
from kuai.rules.finding_files import findings_of
from kuai.rules.running import (
    Populations,
    Question,
    execute_on,
    finding_rows_sql,
    group_rules,
    why_not_asked,
)
from kuai.rules.types import Finding, LogicalView, Rule, SubjectKind
from kuai.rules.view_tables import USUAL_VALUES, Rows, ViewFrame, open_views

Row = Mapping[str, Any]
Codes = frozenset[str]


class DraftDesk:
    """The facts of one build, open for drafts; holds the views its rules read in memory. Safe for threads.

    Made once a process and build; a draft leaves nothing behind.
    """

    def __init__(self, frame: ViewFrame, rules: Iterable[Rule], question: Question) -> None:
        self._lock = threading.Lock()
        self._question = question
        self._build = frame.core.parent.name
        self._parts: list[_DeskPart] = []
        for group in group_rules(rules, frame):
            engine = open_engine()
            open_views(engine, frame, sources=group.sources, names=group.views)
            # In a form nobody asks in which grid it is, and to look for it took half of the time.
            engine.execute(
                "create or replace temp view place_line as select '' as place_code, '' as grid_code where false"
            )
            populations = Populations(engine, question.day)
            asked = [
                one
                for one in group.rules
                if not why_not_asked(one.rule, populations.of(one), question)
                and None not in localities_of(one)
                # To count a community anew takes longer than anybody waits at a form.
                and one.rule.subject is not SubjectKind.COMMUNITY
            ]
            self._parts.append(_DeskPart(engine, asked))

    def try_draft(
        self, rows: Rows, *, instead_of: Sequence[str] = (), rules: Iterable[str] = ()
    ) -> list[Finding]:
        """What the rules find of whom these rows concern, were they true. `instead_of`: row_refs that they replace.

        `rules`: those the form asks; all if unsaid. A row of a view that no rule reads changes nothing. Refuses a value
        that is not of its column's kind.
        """
        named = frozenset(rules)
        found: list[Finding] = []
        with self._lock:
            for part in self._parts:
                touched = [
                    one
                    for one in part.asked
                    if one.views & rows.keys() and (not named or one.rule.rule_id in named)
                ]
                if touched:
                    found += self._ask(part, touched, rows, tuple(instead_of))
        return found

    def rules_reading(self, views: Iterable[str]) -> frozenset[str]:
        """The rules that a draft with rows of these views is asked of."""
        wanted = frozenset(views)
        return frozenset(
            one.rule.rule_id for part in self._parts for one in part.asked if one.views & wanted
        )

    def close(self) -> None:
        """Let go of the facts."""
        for part in self._parts:
            part.engine.close()

    def _ask(
        self,
        part: _DeskPart,
        touched: Sequence[CheckedRule],
        rows: Rows,
        gone: tuple[str, ...],
    ) -> list[Finding]:
        names = sorted({name for one in touched for name in one.views})
        try:
            draft = _Draft(part.engine, {name: rows.get(name, ()) for name in names}, gone)
            concerned = {
                code
                for one in touched
                for locality in localities_of(one)
                for way in (locality.ways if locality else ())
                for code in draft.follow(way)
            }
            if not concerned:
                return []
            ways = sorted({way for one in touched for way in part.ways[one.rule.rule_id]}, key=repr)
            near = [
                f"{part.tables[way]} as ({draft.near_sql(way, frozenset(concerned))})"
                for way in ways
            ]
            subjects = ", ".join(f"({quoted(code)})" for code in sorted(concerned))
            near.append(f"{CONCERNED} (subject_code) as (values {subjects})")
            # One statement for all: planning is most of the time a draft takes.
            union = " union all ".join(f"({part.sql[one.rule.rule_id]})" for one in touched)
            listed = finding_rows_sql(
                [one.rule for one in touched],
                day=self._question.day,
                build=self._build,
                found="found_of_draft",
            )
            sql = (
                f"with {', '.join(near)}, found_of_draft as ({union}) {listed} order by rule, subject_code"
            )  # fmt: skip
            return findings_of(rows_of(execute_on(part.engine, sql, self._question.day)))
        except duckdb.ConversionException:
            raise Refusal(
                "draft.value",
                "草稿里有一个值不是这一列该有的样子。",
                next_step="日期写成 2026-10-31 的样子，数写成数字。",
            ) from None


class _DeskPart:
    """An engine with the views of one group of rules, found by code; each rule's statement is written once."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, asked: Sequence[CheckedRule]) -> None:
        self.engine = engine
        self.asked = asked
        self.tables: dict[Way, str] = {}
        self.ways: dict[str, set[Way]] = {}
        self.sql: dict[str, str] = {}
        for one in asked:
            read: set[Way] = set()
            self.sql[one.rule.rule_id] = finding_sql(one, near=partial(self._name, read))
            self.ways[one.rule.rule_id] = read
        for number, (view, column) in enumerate(sorted(self._looked_up())):
            engine.execute(f'create index by_code_{number} on "{view}" ("{column}")')

    def _name(self, read: set[Way], way: Way) -> str:
        read.add(way)
        return self.tables.setdefault(way, f"near_{len(self.tables)}")

    def _looked_up(self) -> set[tuple[str, str]]:
        """The columns by which rows are found."""
        found = set()
        for way in self.tables:
            found.add((way.view, way.column))
            for hop in way.hops:
                found |= {(hop.view, hop.comes_by), (hop.view, hop.goes_by)}
        return found


@dataclass
class _Draft:
    """A draft's rows laid over the views of an engine, without a write."""

    engine: duckdb.DuckDBPyConnection
    rows: Rows
    gone: tuple[str, ...]
    _replaced: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def follow(self, way: Way) -> Codes:
        """The subjects to whom the rows that come or go lead."""
        codes = _codes(self._changed(way.view), way.column)
        for hop in way.hops:
            codes = self._hop(hop.view, hop.comes_by, hop.goes_by, codes) | _codes(
                [one for one in self._changed(hop.view) if one.get(hop.comes_by) in codes], hop.goes_by
            )  # fmt: skip
        return codes

    def near_sql(self, way: Way, subjects: Codes) -> str:
        """The rows, as they would be, that lead to these subjects by this way."""
        view = logical_views()[way.view]
        codes = self._leading(way, subjects)
        columns = ", ".join(f'"{one}"' for one in view.column_names)
        sql = f'select {columns} from "{view.name}" where {_among(way.column, codes)}'
        if self.gone and view.has_standing:
            sql += f" and not coalesce({_among('row_ref', self.gone)}, false)"
        rows = [_values(view, one) for one in self.rows[view.name] if one.get(way.column) in codes]
        return " union all ".join([sql, *rows])

    def _leading(self, way: Way, subjects: Codes) -> Codes:
        if not way.hops:
            return subjects
        first, beyond = way.hops[0], way.beyond()
        codes = self._leading(beyond, subjects)
        found = self._hop(first.view, first.goes_by, first.comes_by, codes)
        added = [one for one in self.rows.get(first.view, ()) if one.get(first.goes_by) in codes]
        return found | _codes(added, first.comes_by)

    def _hop(self, view: str, comes_by: str, goes_by: str, codes: Codes) -> Codes:
        if not codes:
            return codes
        found = self.engine.execute(
            f'select distinct "{goes_by}" from "{view}" where {_among(comes_by, codes)}'
        )
        return frozenset(code for (code,) in found.fetchall() if code is not None)

    def _changed(self, name: str) -> list[Row]:
        """Rows of a view that come or go."""
        view = logical_views()[name]
        if name not in self._replaced:
            self._replaced[name] = []
            if self.gone and view.has_standing:
                sql = f'select * from "{name}" where {_among("row_ref", self.gone)}'
                self._replaced[name] = rows_of(self.engine.execute(sql))
        return [*self._replaced[name], *self.rows[name]]


def _codes(rows: Iterable[Row], column: str) -> Codes:
    return frozenset(str(one[column]) for one in rows if one.get(column) is not None)


def _among(column: str, values: Iterable[str]) -> str:
    listed = ", ".join(quoted(one) for one in sorted(values))
    return f'"{column}" in ({listed})' if listed else "false"


def _values(view: LogicalView, row: Row) -> str:
    values = {one: row.get(one, USUAL_VALUES.get(one)) for one in view.column_names}
    return "select " + ", ".join(
        f'cast({"null" if values[one.name] is None else quoted(str(values[one.name]))} as {one.type}) as "{one.name}"'
        for one in view.columns
    )
