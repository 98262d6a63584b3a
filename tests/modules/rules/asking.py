"""Asks one rule of a handful of rows, as its examples do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from kuai.kit.engine import engine
from kuai.rules.engine.lineage import CheckedRule, require_runnable
from kuai.rules.running import Populations, Question, ask_rule, make_found_table
from kuai.rules.types import Rule
from kuai.rules.view_tables import fill_views

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
# Looking a rule through takes longer than asking it of five rows.
LOOKED_THROUGH: dict[tuple[str, str], CheckedRule] = {}


def subjects_found(rule: Rule, rows: Rows, day: date) -> list[str]:
    """Whom the rule finds among these rows."""
    key = (rule.rule_id, rule.sql)
    if key not in LOOKED_THROUGH:
        LOOKED_THROUGH[key] = require_runnable(rule)
    checked = LOOKED_THROUGH[key]
    with engine() as connection:
        fill_views(connection, rows, checked.views)
        make_found_table(connection)
        question = Question(day, smallest_population=0)
        ask_rule(connection, checked, question, Populations(connection, day))
        found = connection.execute("select subject_code from found order by subject_code")
        return [row[0] for row in found.fetchall()]
