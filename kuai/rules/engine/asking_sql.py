"""The SQL in which a rule is asked: its own, within its population, one row a finding."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from kuai.rules.engine.lineage import CheckedRule
from kuai.rules.engine.locality import Way, read_near

# The codes of all subjects whom a change can concern.
CONCERNED = "concerned_subject"
# The codes of whom no rule says anything.
NOT_ASKED = "not_asked"


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def population_sql(checked: CheckedRule) -> str:
    """How many the rule could be about."""
    return f"select count(distinct subject_code) from ({checked.population.sql('duckdb')}) as p"


def finding_sql(checked: CheckedRule, *, near: Callable[[Way], str] | None = None) -> str:
    """What the rule finds; with `near` (which table has the rows of a way) of the subjects concerned alone."""
    rule = checked.rule
    asked = _statement(checked.asked, checked, near)
    population = _statement(checked.population, checked, near)
    place = (
        "coalesce(cast(f.place_code as varchar), '')" if "place_code" in checked.columns else "''"
    )
    occasion = (
        "coalesce(cast(f.occasion as varchar), '')" if "occasion" in checked.columns else "''"
    )
    shown = ", ".join(
        f"{quoted(name)}, coalesce(cast(f.\"{name}\" as varchar), '')" for name in rule.evidence
    )
    within = " and f.subject_code in (select subject_code from population_of_rule)"
    limit = f" and f.subject_code in (select subject_code from {CONCERNED})" if near else ""
    return (
        f"with population_of_rule as ({population}),"
        f" found as (select cast(f.subject_code as varchar) as subject_code, {place} as place_code,"
        f' {occasion} as occasion, json_object({shown}) as evidence, cast(f."rows" as varchar) as "rows",'
        " round(cast(f.confidence as double), 4) as confidence, f.status"
        f" from ({asked}) as f where f.subject_code is not null"
        f" and f.subject_code not in (select code from {NOT_ASKED} where code is not null)"
        f"{within if checked.population_is_subjects else ''}{limit})"
        f" select {quoted(rule.rule_id)} as rule, {rule.version} as rule_version,"
        # Not of the place: whoever moves is offered the same thing once.
        f" 'F-' || upper(left(md5(concat_ws('|', {quoted(rule.rule_id)}, subject_code, occasion)), 16)) as finding_id,"
        ' subject_code, place_code, occasion, cast(evidence as varchar) as evidence, "rows", confidence, status'
        f" from found where confidence >= {rule.least_confidence}"
        " qualify row_number() over (partition by subject_code, occasion"
        ' order by place_code, cast(evidence as varchar), "rows", confidence desc, status desc) = 1'
    )


def _statement(tree: exp.Query, checked: CheckedRule, near: Callable[[Way], str] | None) -> str:
    locality = checked.locality if tree is checked.asked else checked.population_locality
    if near is not None and locality is not None:
        tree = read_near(tree, locality, near)
    return tree.sql("duckdb")
