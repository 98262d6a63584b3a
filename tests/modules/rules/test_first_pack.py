"""Every rule of the house finds what its examples say, and only that."""

from __future__ import annotations

import pytest
import sqlglot

from kuai.rules.engine.forbidden_words import find_forbidden_word
from kuai.rules.engine.rule_files import read_rule
from kuai.rules.queries import check_rule, list_rules, list_views
from kuai.rules.types import Asks, Example, LogicalView, Rule
from tests.house.test_sql_carries_to_spark import faults_of
from tests.house.tracked_files import REPOSITORY
from tests.modules.rules.asking import subjects_found

RULES = list_rules()
CASES = [(rule, example) for rule in RULES for example in rule.examples]


@pytest.mark.parametrize(
    ("rule", "example"), CASES, ids=[f"{rule.rule_id}-{one.name}" for rule, one in CASES]
)
def test_a_rule_finds_what_its_example_says(rule: Rule, example: Example) -> None:
    assert subjects_found(rule, example.rows, example.day) == sorted(example.finds)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_may_run_and_has_one_example_of_each_kind(rule: Rule) -> None:
    assert check_rule(rule) == ()
    shown = {one.shows for one in rule.examples}
    assert {"triggers", "just_misses", "missing_data"} <= shown
    assert all(bool(one.finds) == (one.shows == "triggers") for one in rule.examples)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_examples_are_rows_of_views_as_they_are_declared(rule: Rule) -> None:
    columns = {view.name: set(view.column_names) for view in list_views()}
    for example in rule.examples:
        for view, rows in example.rows.items():
            assert all(set(row) <= columns[view] for row in rows), (example.name, view)


def test_the_house_has_at_least_twenty_rules_that_offer_ask_or_check() -> None:
    assert len(RULES) >= 20
    assert {rule.asks for rule in RULES} == set(Asks)
    offers = [rule for rule in RULES if rule.asks is Asks.OFFER]
    assert len(offers) >= 8


def test_the_rule_in_the_guide_may_run_and_finds_what_it_says() -> None:
    page = (REPOSITORY / "docs" / "writing-a-rule.md").read_text(encoding="utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    rule = read_rule(text, file="turning_65.yaml", pack="own")
    assert check_rule(rule) == ()
    for example in rule.examples:
        assert subjects_found(rule, example.rows, example.day) == list(example.finds)


@pytest.mark.parametrize("view", list_views(), ids=lambda view: view.name)
def test_a_view_carries_to_spark_and_yields_what_it_declares(view: LogicalView) -> None:
    if not view.sql:
        assert view.filled_by
        return
    assert faults_of(view.sql) == []
    assert sqlglot.parse_one(view.sql, read="duckdb").named_selects == list(view.column_names)


@pytest.mark.parametrize("view", list_views(), ids=lambda view: view.name)
def test_a_view_has_no_column_that_could_name_anybody(view: LogicalView) -> None:
    assert [
        name for name in view.column_names if name != "list_name" and find_forbidden_word(name)
    ] == []
    assert all(column.level < 4 for column in view.columns)
