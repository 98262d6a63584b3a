"""A rule that reads what it may not is refused before it runs, with the column named."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from kuai.rules.queries import check_rule, get_rule, list_rules
from kuai.rules.types import Asks
from tests.modules.rules.attacks import attacks
from tests.modules.rules.mutating import Mutant, mutants_of, with_condition

SEED, MANY = 20261122, 200
ALL = [one for rule in list_rules() for one in mutants_of(rule)]
MUTANTS = random.Random(SEED).sample(ALL, MANY)


def refuses(mutant: Mutant) -> bool:
    faults = check_rule(mutant.rule)
    named = mutant.column.split(".")[-1]
    return bool(faults) and (not named or any(named in one.column for one in faults))


def test_two_hundred_forbidden_rules_are_refused_with_the_column_named() -> None:
    assert len(ALL) > 5 * MANY
    passed = [
        (one.rule.rule_id, one.name, [str(f) for f in check_rule(one.rule)])
        for one in MUTANTS
        if not refuses(one)
    ]
    assert passed == []


@pytest.mark.parametrize(
    "name", sorted({one.name for one in mutants_of(get_rule("first.turning_60"))})
)
def test_every_kind_of_forbidden_rule_is_refused(name: str) -> None:
    (mutant,) = [one for one in mutants_of(get_rule("first.turning_60")) if one.name == name]
    assert refuses(mutant), [str(one) for one in check_rule(mutant.rule)]
    assert all(one.file.endswith("turning_60.yaml") and one.line for one in check_rule(mutant.rule))


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("p.minzu = '汉'", "不以民族作为特征"),
        ("p.native_place = '本地'", "不以籍贯作为特征"),
        ("p.religion is null", "不以宗教信仰作为特征"),
        ("p.health = 1", "不以健康作为特征"),
        ("exists (select 1 from mediations as z)", "调解记录不进规则"),
        ("exists (select 1 from callers as z)", "没有视图“callers”"),
        ("exists (select 1 from police_incidents as z)", "警情不进规则"),
        ("p.birth_date = date '1966-10-31'", "只能与 :day 相比"),
        ("p.person_code = 'P-0000000A-0'", "不能写人、单位、事件的编码"),
    ],
)
def test_the_reason_is_told_in_words(condition: str, why: str) -> None:
    said = [
        one.sentence for one in check_rule(with_condition(get_rule("first.turning_60"), condition))
    ]
    assert any(why in one for one in said), said


def test_a_rule_can_ask_for_nothing_but_an_offer_a_question_or_a_check() -> None:
    assert {one.value for one in Asks} == {"offer", "question", "check"}


def test_calls_for_help_feed_no_inspection() -> None:
    rule = replace(get_rule("first.requests_one_cause"), purpose="administrative_inspection")
    assert {one.column for one in check_rule(rule)} >= {
        "requests.category",
        "requests.building_code",
    }


ATTACKS = attacks()


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_an_attack_is_refused_with_what_is_at_fault_named(name: str) -> None:
    faults = check_rule(ATTACKS[name])
    assert faults
    assert all(one.sentence and (one.column or one.remedy) for one in faults)


@pytest.mark.parametrize(
    "condition",
    [
        "p.birth_date > :day - interval 60 year - interval 2 month",
        "h.valid_from = :day - interval 3 day",
        "exists (select 1 from homes as z where z.place_code = h.place_code and z.valid_from < h.valid_from)",
        "month(h.valid_from) = 9",
        "exists (select 1 from homes as z where z.place_code = h.place_code and z.person_code <> p.person_code)",
        "(select count(distinct z.person_code) from homes as z where z.place_code = h.place_code) = 1",
        "exists (with z as (select q.person_code from homes as q) select 1 from z where z.person_code = p.person_code)",
    ],
)
def test_what_says_nothing_of_anybody_is_still_allowed(condition: str) -> None:
    rule = get_rule("first.turning_60")
    faults = check_rule(with_condition(rule, condition))
    assert [one for one in faults if one.code != "standing"] == []
