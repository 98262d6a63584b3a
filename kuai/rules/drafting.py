"""Rules asked of one draft record inside a form: laid over the published facts, answered, taken away again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb

from kuai.kit.engine import open_engine, rows_of
from kuai.rules.changing import affected_subjects_sql, changed_ways, localities_of
from kuai.rules.engine.asking_sql import AFFECTED, finding_sql
from kuai.rules.engine.lineage import CheckedRule
from kuai.rules.engine.views import logical_views
from kuai.rules.finding_files import findings_of
from kuai.rules.running import (
    Populations,
    Question,
    execute_on,
    finding_rows_sql,
    group_rules,
    make_found_table,
    why_not_asked,
)
from kuai.rules.types import Finding, Rule
from kuai.rules.view_tables import Rows, ViewFrame, insert_rows, open_views

Row = Mapping[str, Any]


class DraftDesk:
    """The facts of one build, open for drafts; holds the views its rules read in memory. Safe for threads.

    Made once a process and build; a draft leaves nothing behind.
    """

    def __init__(self, frame: ViewFrame, rules: Iterable[Rule], question: Question) -> None:
        self._lock = threading.Lock()
        self._question = question
        self._build = frame.core.parent.name
        self._sql: dict[str, str] = {}
        self._parts: list[tuple[duckdb.DuckDBPyConnection, list[CheckedRule]]] = []
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
            ]
            self._sql |= {one.rule.rule_id: finding_sql(one, of_affected=True) for one in asked}
            for name in group.views:
                engine.execute(
                    f'create temp table "changed_{name}" as select * from "{name}" where false'
                )
            self._parts.append((engine, asked))

    def try_draft(
        self, rows: Rows, *, instead_of: Sequence[str] = (), rules: Iterable[str] = ()
    ) -> list[Finding]:
        """What the rules find of whom these rows concern, were they true. `instead_of`: row_refs that they replace.

        `rules`: those the form asks; all if unsaid. A row of a view that no rule reads changes nothing. Leaves
        nothing behind.
        """
        named = frozenset(rules)
        found: list[Finding] = []
        with self._lock:
            for engine, asked in self._parts:
                touched = [
                    one
                    for one in asked
                    if one.views & rows.keys() and (not named or one.rule.rule_id in named)
                ]
                if touched:
                    found += self._ask(engine, touched, rows, tuple(instead_of))
        return found

    def close(self) -> None:
        """Let go of the facts."""
        for engine, _ in self._parts:
            engine.close()

    def _ask(
        self,
        engine: duckdb.DuckDBPyConnection,
        touched: Sequence[CheckedRule],
        rows: Rows,
        gone: tuple[str, ...],
    ) -> list[Finding]:
        engine.execute("begin transaction")
        try:
            names = frozenset(name for one in touched for name in one.views)
            changed = _lay_over(engine, names, rows, gone)
            # One statement for all: planning is most of the time a draft takes.
            parts = [way for one in touched for way in changed_ways(one, changed)]
            engine.execute(
                f"create or replace temp table {AFFECTED} as {affected_subjects_sql(parts)}"
            )
            make_found_table(engine)
            asked_sql = " union all ".join(f"({self._sql[one.rule.rule_id]})" for one in touched)
            execute_on(engine, f"insert into found {asked_sql}", self._question.day)
            return self._found(engine, [one.rule for one in touched])
        finally:
            engine.execute("rollback")

    def _found(self, engine: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> list[Finding]:
        sql = finding_rows_sql(rules, day=self._question.day, build=self._build)
        return findings_of(
            rows_of(engine.execute(f"select * from ({sql}) order by rule, subject_code"))
        )


def _lay_over(
    engine: duckdb.DuckDBPyConnection, names: Iterable[str], rows: Rows, gone: tuple[str, ...]
) -> frozenset[str]:
    """Put the draft's rows in place of those it replaces; returns the views it changes."""
    changed = set()
    for name in sorted(names):
        view = logical_views()[name]
        if gone and view.has_standing:
            engine.execute(
                f'insert into "changed_{name}" select * from "{name}" where row_ref in (select unnest($gone))',
                {"gone": list(gone)},
            )
            engine.execute(
                f'delete from "{name}" where row_ref in (select unnest($gone))',
                {"gone": list(gone)},
            )
        insert_rows(engine, view, rows.get(name, ()))
        insert_rows(engine, view, rows.get(name, ()), table=f"changed_{name}")
        if rows.get(name) or gone:
            changed.add(name)
    return frozenset(changed)
