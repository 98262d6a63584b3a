"""What an office is told when a rule of its own is not right yet: on which line, which column, what to do."""

from __future__ import annotations

import pytest

from kuai.rules.engine.rule_files import read_rule
from kuai.rules.queries import check_examples, check_rule, list_rules
from kuai.rules.types import Rule
from tests.house.tracked_files import REPOSITORY

PAGE = REPOSITORY / "docs" / "writing-a-rule.md"
TEXT = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]


def written(old: str, new: str) -> tuple[Rule, int]:
    """The rule of the guide with a slip in it, and the line of the slip."""
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    line = next(n for n, one in enumerate(text.splitlines(), start=1) if new.strip() in one)
    return read_rule(text, file="turning_65.yaml", pack="own"), line


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("p.birth_date,", "p.birthdate,", "p.birthdate"),
        ("join homes as h", "join home as h", "home"),
        ("p.birth_date > :day - interval 66 year", "p.person_code = 'P1'", "p.person_code"),
        ("p.birth_date > :day - interval 66 year", "p.birth_date > :today", ":today"),
        ("p.birth_date > :day - interval 66 year", "h.status = now()", ""),
        ("p.birth_date > :day - interval 66 year", "h.confidence = 0.91", "h.confidence"),
        ("p.birth_date > :day - interval 66 year", "h.valid_from = '2020/1/17'", "h.valid_from"),
    ],
)
def test_a_slip_is_told_with_its_own_line_its_column_and_what_to_do(
    old: str, new: str, column: str
) -> None:
    rule, line = written(old, new)
    faults = check_rule(rule)
    assert faults
    assert line in {one.line for one in faults}
    assert any(column in one.column for one in faults)
    assert any(one.remedy for one in faults)


def test_a_syntax_error_is_told_with_its_line() -> None:
    rule, line = written("and p.birth_date > :day - interval 66 year", "limit 5 and (")
    (fault,) = check_rule(rule)
    assert abs(fault.line - line) <= 1
    assert fault.remedy


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("finds: [P1],", "finds: [P2],", "写的是找到 P2，实际找到 P1"),
        ("birth_date: 1961-10-31}", "birthdate: 1961-10-31}", "“persons”没有“birthdate”这一列"),
        ("rows: {persons: [{person_code: P1, birth_date: 1961-10-31}",
         "rows: {people: [{person_code: P1, birth_date: 1961-10-31}", "没有视图“people”"),
        ("shows: missing_data", "shows: just_misses", "还没有 shows: missing_data"),
        ("birth_date: 1961-10-31}", "birth_date: last year}", "有一个值不是这一列该有的样子"),
    ],
)  # fmt: skip
def test_an_example_that_says_something_else_is_told(old: str, new: str, said: str) -> None:
    rule, _ = written(old, new)
    faults = check_examples(rule)
    assert any(said in one.sentence for one in faults), [str(one) for one in faults]
    assert all(one.line and one.remedy for one in faults)


def test_the_rules_of_the_house_find_what_their_examples_say() -> None:
    assert [str(one) for rule in list_rules()[:6] for one in check_examples(rule)] == []
