"""The SQL in which a rule is asked: its own, within its population, one row a finding."""

from __future__ import annotations

import re

from kuai.rules.types import Rule

_DAY = re.compile(r"(?<![:\w]):day\b")


def with_day(sql: str) -> str:
    """As DuckDB takes the one parameter that a rule has."""
    return _DAY.sub("$day", sql)


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def population_sql(rule: Rule) -> str:
    """How many the rule could be about."""
    return f"select count(distinct subject_code) from ({with_day(rule.population)}) as p"


def finding_sql(
    rule: Rule, *, columns: frozenset[str], within_population: bool = True, only_subjects: str = ""
) -> str:
    """What the rule finds: `columns` are those its SELECT yields; `only_subjects` a table that limits the subjects."""
    place = "coalesce(cast(f.place_code as varchar), '')" if "place_code" in columns else "''"
    occasion = "coalesce(cast(f.occasion as varchar), '')" if "occasion" in columns else "''"
    shown = ", ".join(
        f"{quoted(name)}, coalesce(cast(f.\"{name}\" as varchar), '')" for name in rule.evidence
    )
    within = " and f.subject_code in (select subject_code from population_of_rule)"
    limit = (
        f" and f.subject_code in (select subject_code from {only_subjects})"
        if only_subjects
        else ""
    )
    return (
        f"with population_of_rule as ({with_day(rule.population)}),"
        f" found as (select cast(f.subject_code as varchar) as subject_code, {place} as place_code,"
        f' {occasion} as occasion, json_object({shown}) as evidence, cast(f."rows" as varchar) as "rows",'
        " round(cast(f.confidence as double), 4) as confidence, f.status"
        f" from ({with_day(rule.sql)}) as f where f.subject_code is not null{within if within_population else ''}{limit})"
        f" select {quoted(rule.rule_id)} as rule, {rule.version} as rule_version,"
        # Not of the place: whoever moves is offered the same thing once.
        f" 'F-' || upper(left(md5(concat_ws('|', {quoted(rule.rule_id)}, subject_code, occasion)), 16)) as finding_id,"
        ' subject_code, place_code, occasion, cast(evidence as varchar) as evidence, "rows", confidence, status'
        f" from found where confidence >= {rule.least_confidence}"
        " qualify row_number() over (partition by subject_code, occasion"
        ' order by place_code, cast(evidence as varchar), "rows", confidence desc, status desc) = 1'
    )
