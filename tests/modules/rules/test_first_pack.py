"""Every rule of the house finds what its examples say, and only that."""

from __future__ import annotations

import pytest

from kuai.rules.queries import check_rule, list_rules, list_views
from kuai.rules.types import Asks, Example, Rule
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
