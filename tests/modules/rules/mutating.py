"""Makes forbidden rules of good ones: each adds one thing that no rule may do, and names the column at fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kuai.rules.types import Rule


@dataclass(frozen=True)
class Mutant:
    """A rule that must be refused, and a word that the refusal's column must hold."""

    name: str
    rule: Rule
    column: str


FORBIDDEN_COLUMNS = (
    "name", "id_number", "phone", "minzu", "ethnic_group", "native_place", "jiguan", "religion", "health", "disease",
    "disability", "sex", "caller", "name_token", "民族", "籍贯", "宗教", "姓名", "手机号", "健康状况",
)  # fmt: skip
FORBIDDEN_TABLES = (
    "mediations", "police_incidents", "callers", "cases", "identity", "person", "relation", "event", "care_list",
    "information_schema.tables",
)  # fmt: skip
# What a code is held against; the number is of nobody: a division code kept for invented people.
LITERALS = ("P-0000000A-0", "440310001001010000100", "13800000000", "44038019900101001X")
FUNCTIONS = (
    "current_date", "now()", "random()", "getenv('HOME')", "md5({c})", "substr({c}, 1, 4)", "hash({c})",
    "regexp_matches({c}, '1')", "list({c})", "uuid()",
)  # fmt: skip


def first_alias(rule: Rule) -> str:
    """The alias of the first view the rule reads."""
    found = re.search(r"\bfrom (\w+) as (\w+)", rule.sql)
    assert found
    return found.group(2)


def first_code(rule: Rule) -> str:
    """The column that the rule's subjects come from, as it is written."""
    found = re.search(r"select\s+(\w+\.\w+) as subject_code", rule.sql)
    assert found
    return found.group(1)


def with_condition(rule: Rule, condition: str) -> Rule:
    """The rule with one more condition on its rows."""
    head, where, tail = rule.sql.partition("\nwhere ")
    if where:
        return replace(rule, sql=f"{head}\nwhere ({condition}) and {tail}")
    head, group, tail = rule.sql.partition("\ngroup by ")
    return replace(rule, sql=f"{head}\nwhere {condition}{group}{tail}")


def mutants_of(rule: Rule) -> Iterator[Mutant]:
    """Forbidden rules made of a good one."""
    alias, code = first_alias(rule), first_code(rule)
    for column in FORBIDDEN_COLUMNS:
        wanted = with_condition(rule, f"{alias}.{column} = 'x'")
        yield Mutant(f"condition on {column}", wanted, column)
    for column in ("ethnic_group", "phone", "native_place"):
        shown = rule.sql.replace(" as subject_code", f" as subject_code, {alias}.{column}", 1)
        yield Mutant(f"shows {column}", replace(rule, sql=shown), column)
        nested = f"exists (select 1 from rooms as z where z.use = {alias}.{column})"
        yield Mutant(f"{column} in a subquery", with_condition(rule, nested), column)
        within = f"with a as (select {column} from persons) select * from a"
        hidden = f"exists (select 1 from ({within}) as z)"
        yield Mutant(f"{column} in a CTE", with_condition(rule, hidden), column)
        window = f"row_number() over (partition by {alias}.{column} order by {code}) = 1"
        yield Mutant(
            f"{column} in a window", replace(rule, sql=f"{rule.sql}\nqualify {window}"), column
        )
    for table in FORBIDDEN_TABLES:
        wanted = with_condition(rule, f"exists (select 1 from {table} as z)")
        yield Mutant(f"reads {table}", wanted, table.split(".")[-1])
    for literal in LITERALS:
        yield Mutant(f"code = {literal}", with_condition(rule, f"{code} = '{literal}'"), code)
        yield Mutant(f"code in {literal}", with_condition(rule, f"{code} in ('{literal}')"), code)
    yield Mutant("code like", with_condition(rule, f"{code} like 'P%'"), code)
    yield Mutant("code = word", with_condition(rule, f"'A' || {code} = 'AB'"), code)
    born = f"z.person_code = {code} and z.birth_date = date '1966-10-31'"
    on_a_day = f"exists (select 1 from persons as z where {born})"
    yield Mutant("birth day", with_condition(rule, on_a_day), "birth_date")
    for function in FUNCTIONS:
        text = function.replace("{c}", code)
        word = code if "{c}" in function else function.split("(")[0]
        yield Mutant(f"calls {function}", with_condition(rule, f"{text} is not null"), word)
    if rule.purpose == "administrative_inspection":
        used = f"exists (select 1 from requests as z where z.category = 'x' and z.building_code = {code})"
        yield Mutant("requests for enforcement", with_condition(rule, used), "requests.category")
        born = f"exists (select 1 from persons as z where z.birth_date < :day and z.person_code = {code})"
        yield Mutant(
            "birth dates for enforcement", with_condition(rule, born), "persons.birth_date"
        )
    for purpose in ("person_scoring", "crime_prediction", "child_welfare", "nothing_of_ours"):
        yield Mutant(f"purpose {purpose}", replace(rule, purpose=purpose), "")
    yield Mutant("everything", replace(rule, sql="select * from persons"), "subject_code")
    yield Mutant("changes a table", replace(rule, sql="delete from persons"), "")
    yield Mutant("two statements", replace(rule, sql=f"{rule.sql}; drop table persons"), "")
    yield Mutant(
        "reads a file", replace(rule, sql="select * from read_csv('/etc/passwd')"), "read_csv"
    )
    yield Mutant("few of them", replace(rule, sql=f"{rule.sql}\nlimit 1"), "limit")
    yield Mutant("another parameter", with_condition(rule, f"{code} = :who"), "who")
    counted = f"(select count(case when {code} = 'AB' then 1 end) from persons as z) > 0"
    yield Mutant("code in a count", with_condition(rule, counted), code)
    if " as status" in rule.sql:
        other = replace(rule, sql=rule.sql.replace(" as status", " as standing", 1))
        yield Mutant("without standing", other, "status")
