"""The subjects whom changes can concern, and the rows that lead to them, gathered once for all rules. Private.

Without it each rule looked through every view again: a hundred rules, a hundred times. Measured in `rules/README.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from kuai.rules.engine.asking_sql import CONCERNED
from kuai.rules.engine.locality import Way

Engine = duckdb.DuckDBPyConnection


def gather_concerned(engine: Engine, parts: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Fill the table of the subjects concerned from the statements of each rule; returns the rules that have any.

    A statement that several rules share is asked once. A subject of one rule is asked anew of all: never wrong.
    """
    numbers: dict[str, int] = {}
    of_rule = {
        rule: frozenset(numbers.setdefault(sql, len(numbers)) for sql in wanted)
        for rule, wanted in parts.items()
    }
    union = " union all ".join(
        f"select {number} as part, code from ({sql})" for sql, number in numbers.items()
    )
    reached = f"select distinct part, code from ({union}) where code is not null" if union else (
        "select 0 as part, '' as code where false"
    )  # fmt: skip
    engine.execute(f"create or replace temp table reached as {reached}")
    engine.execute(
        f"create or replace temp table {CONCERNED} as select distinct code as subject_code from reached"
    )
    met = {part for (part,) in engine.execute("select distinct part from reached").fetchall()}
    return frozenset(rule for rule, parts_of_it in of_rule.items() if parts_of_it & met)


class NearTables:
    """Tables of the rows that lead to the subjects concerned, by way; each is made when a rule first reads it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made: dict[Way, str] = {}

    def table_of(self, way: Way) -> str:
        """The table with the rows of this way."""
        if way not in self._made:
            codes = f"select subject_code from {CONCERNED}"
            if way.hops:
                through = way.beyond()
                codes = f'select "{way.hops[0].comes_by}" from {self.table_of(through)}'
            name = f"near_{len(self._made)}"
            self._engine.execute(
                f'create or replace temp table {name} as select * from "{way.view}"'
                f' where "{way.column}" in ({codes})'
            )
            self._made[way] = name
        return self._made[way]

    def drop(self) -> None:
        """Let go of the rows."""
        for name in self._made.values():
            self._engine.execute(f"drop table {name}")
        self._made.clear()
