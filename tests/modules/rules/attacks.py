"""Ways to get at somebody through a rule, as an attacker would try them; each must be refused."""

# ruff: noqa: E501 - the SQL of one attack is easier to read in one line

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kuai.rules.queries import get_rule
from kuai.rules.types import Rule
from tests.modules.rules.mutating import with_condition

# Where the condition is added `p` is a person, `h` their home.
CONDITIONS: Mapping[str, str] = {
    "a code put together of letters": "p.person_code = chr(80) || '-0000000A-0'",
    "a code put together of parts": "p.person_code = concat_ws('-', 'P', '0000000A', '0')",
    "a place put together of digits": "h.place_code = concat_ws('', '44031', '00010', '01010', '00010', '0')",
    "a code out of a subquery of constants": "p.person_code in (select 'AB')",
    "a code out of a union with a constant": "p.person_code in (select z.person_code from persons as z union select 'AB')",
    "a code under an alias": "exists (select 1 from (select z.person_code as c from persons as z) as y where y.c = 'AB')",
    "a code under an alias of a CTE": "exists (with z(c) as (select person_code from persons) select 1 from z where z.c = 'AB')",
    "a code in a CASE": "case p.person_code when 'AB' then true else false end",
    "a code in a CASE under an alias": "exists (select 1 from (select z.person_code as c from persons as z) as y where case y.c when 'AB' then true end)",
    "a code before another": "p.person_code < (select max(z.person_code) from persons as z)",
    "the first code of all": "p.person_code = (select min(z.person_code) from persons as z)",
    "the code in the seventeenth place": "exists (select 1 from (select z.person_code, row_number() over (order by z.person_code) as n from persons as z) as y where y.n = 17 and y.person_code = p.person_code)",
    "the seventeenth of a status": "exists (select 1 from (select z.person_code, row_number() over (partition by z.status order by z.confidence) as n from persons as z) as y where y.n = 17 and y.person_code = p.person_code)",
    "all codes in one text": "exists (select 1 from (select string_agg(z.person_code, ',') as s from persons as z) as y where y.s = 'AB')",
    "a code as a number": "cast(p.person_code as integer) = 5",
    "codes as a pair": "(p.person_code, 1) = ('AB', 1)",
    "any of a list": "p.person_code = any(['AB'])",
    "a row of a delivery": "p.row_ref = 'police:4'",
    "the first row": "p.row_ref = (select min(z.row_ref) from persons as z)",
    "a row under an alias": "exists (select 1 from (select z.row_ref as c from persons as z) as y where y.c < 'police:3')",
    "a birth date of so many days ago": "p.birth_date = :day - interval 21915 day",
    "a birth date of one day between two": "p.birth_date >= :day - interval 21915 day and p.birth_date < :day - interval 21914 day",
    "a birth date between and between": "p.birth_date between :day - interval 60 year and :day - interval 60 year",
    "a birth date not before and not after": "p.birth_date >= :day - interval 60 year and not (p.birth_date > :day - interval 60 year)",
    "a birth date in two subqueries": "p.birth_date >= :day - interval 21915 day and not exists (select 1 from persons as z where z.person_code = p.person_code and z.birth_date >= :day - interval 21914 day)",
    "a birth date from the year's first day": "p.birth_date >= date_trunc('year', :day) - interval 60 year and p.birth_date <= :day - interval 60 year",
    "a birth date in parts": "year(p.birth_date) = 1966 and month(p.birth_date) = 10 and day(p.birth_date) = 31",
    "a birth date as days between": "date_diff('day', p.birth_date, :day) = 21915",
    "a birth date cut off": "date_trunc('month', p.birth_date) = date_trunc('month', :day)",
    "a birth date as a text": "cast(p.birth_date as varchar) = '1966-10-31'",
    "a birth date put together": "p.birth_date = cast(concat_ws('-', '1966', '10', '31') as date)",
    "a birth date under an alias": "exists (select 1 from (select z.birth_date as d, z.person_code as c from persons as z) as y where y.d = :day - interval 60 year and y.c = p.person_code)",
    "a birth date like another's": "exists (select 1 from persons as z where z.birth_date = p.birth_date and z.person_code <> p.person_code)",
    "the oldest": "p.birth_date = (select min(z.birth_date) from persons as z)",
    "a day of moving in, by its date": "h.valid_from = date '2020-01-17'",
    "a whole row": "p is not null",
    "a whole row as a text": "concat_ws(' ', p) = 'AB'",
    "the number of a row": "p.rowid = 17",
    "a list by a forbidden word": "not exists (select 1 from list_members as z where z.list_name = 'disability_list' and z.person_code = p.person_code)",
    "a list by a forbidden word put together": "not exists (select 1 from list_members as z where z.list_name = concat_ws('_', 'disab', 'list') and z.person_code = p.person_code)",
    "one row of many": "p.person_code in (select distinct on (z.status) z.person_code from persons as z)",
    "columns by a pattern": "columns('.*') is not null",
    "a struct": "struct_pack(a := p.person_code).a = 'AB'",
    "a list of codes": "len([p.person_code]) > 0",
    "an escaped text": "p.person_code = e'\\x50\\x2d0000000A'",
    "a text in dollars": "p.person_code = $$P-0000000A-0$$",
    "a part of a code": "p.person_code like 'P%'",
    "the surroundings": "getenv('HOME') = 'a'",
    "a setting": "current_setting('home_directory') is not null",
    "a file": "exists (select 1 from read_text('/etc/passwd') as z)",
    "a file by its path": "exists (select 1 from '/etc/passwd' as z)",
    "a table of the engine": "exists (select 1 from duckdb_settings() as z)",
    "a table of values": "exists (select 1 from (values ('AB')) as z(c) where z.c = p.person_code)",
    "a lateral join": "exists (select 1 from homes as z, lateral (select z.person_code as c) as y where y.c = 'AB')",
    "a recursion": "exists (with recursive a as (select 'AB' as c union all select c from a) select 1 from a)",
    "a pivot": "exists (select 1 from (pivot homes on place_code using count(*)) as z)",
    "a join by position": "exists (select 1 from homes as a positional join homes as b)",
    "a sample": "exists (select 1 from persons as z using sample 1)",
    "a place in a list of days": "(select count(*) from homes as z where z.valid_from < h.valid_from) = 17",
    "a place in a list of days, tied by an or": "(select count(*) from homes as z where z.valid_from < h.valid_from and (z.place_code = h.place_code or true)) = 17",
    "a place in a list of days of pairs": "(select count(*) from (select a.valid_from as v, b.valid_from as w, a.person_code as c from homes as a cross join homes as b) as y where y.v > y.w and y.c = p.person_code) = 17",
    "whoever moved last": "h.valid_from = (select max(z.valid_from) from homes as z)",
    "whoever moved last, in a list": "h.valid_from in (select max(z.valid_from) from homes as z)",
    "whoever moved first, between": "h.valid_from between (select min(z.valid_from) from homes as z) and :day",
    "whoever moved last, joined": "exists (select 1 from (select max(q.valid_from) as m from homes as q) as w where w.m = h.valid_from)",
    "a day in its parts": "year(h.valid_from) = 2020 and month(h.valid_from) = 1 and day(h.valid_from) = 17",
    "a day in its parts under an alias": "exists (select 1 from (select z.valid_from as d, z.person_code as c from homes as z) as y where day(y.d) = 17 and y.c = p.person_code)",
    "a day with strokes": "h.valid_from = '2020/1/17'",
    "a day with strokes under an alias": "exists (select 1 from (select z.valid_from as d, z.person_code as c from homes as z) as y where y.d = '2020/1/17' and y.c = p.person_code)",
    "a day by its name": "h.valid_from = 'epoch'",
    "a confidence to four places": "h.confidence = 0.9137",
    "a confidence under an alias": "exists (select 1 from (select z.confidence as d, z.person_code as c from homes as z) as y where y.d = 0.91 and y.c = p.person_code)",
    "a phone with gaps": "h.status <> '138 0013 8000'",
    "a phone with dashes": "h.status <> '138-0013-8000'",
    "a phone in words": "h.status <> '一三八零零一三八零零零'",
    "a long number in few signs": "1e10 > 2",
    "a room by what is written on its door": "exists (select 1 from phantom_rooms as z where z.room_word = '601A')",
    "a subquery that looks beside itself": "exists (select 1 from homes as z, (select z.place_code as q) as l where l.q = h.place_code)",
    "a star that changes a column": "exists (select 1 from (select * replace ('AB' as person_code) from homes) as y where y.person_code = p.person_code)",
    "a star that leaves a column out": "exists (select * exclude (valid_from) from homes)",
    "a column by its number, sorted": "exists (select z.person_code from homes as z order by 1)",
    "a column by its number, grouped": "exists (select z.person_code, count(*) from homes as z group by 1)",
    "grouped by whatever is there": "exists (select z.person_code, count(*) as n from homes as z group by all)",
    "a half join": "exists (select 1 from homes as a semi join persons as b on a.person_code = b.person_code)",
    "a window's neighbour": "exists (select 1 from (select lag(z.person_code) over (partition by z.place_code order by z.valid_from) as c from homes as z) as y where y.c = p.person_code)",
    "a hash": "hash(p.person_code) % 1000 = 3",
    "a text in base 64": "p.person_code = from_base64('UA==')",
    "a text in bytes": "p.person_code = unhex('50')",
    "a slice": "p.person_code[1:3] = 'P-A'",
    "a JSON path": "json_extract('{}', '$.a') = 1",
    "a value behind a comment": "/* p.birth_date */ p.person_code = /* x */ 'AB'",
    "another parameter": "p.status = ?",
    "grouping sets": "exists (select count(*) from homes as z group by grouping sets ((z.place_code)))",
    "a filter": "(select count(*) filter (where z.person_code = 'AB') from persons as z) > 0",
}  # fmt: skip
_LEAKING_CTE = (
    "exists (with person as (select z.person_code from persons as z) select 1 from person)"
)


def _home(old: str, new: str, evidence: str = "", title: str = "x") -> Rule:
    rule = get_rule("first.turning_60")
    assert old in rule.sql
    more = {evidence: title} if evidence else {}
    return replace(rule, sql=rule.sql.replace(old, new, 1), evidence={**rule.evidence, **more})


def _room(column: str, evidence: bool = True) -> Rule:
    rule = get_rule("first.over_safe_occupancy")
    name = column.rpartition(" as ")[2]
    known = "max(s.most_persons) as most_persons"
    assert known in rule.sql
    return replace(
        rule,
        sql=rule.sql.replace(known, f"{known}, {column}", 1).replace(
            "group by r.place_code", "group by r.place_code, r.person_code"
        ),
        evidence={**rule.evidence, name: "x"} if evidence else rule.evidence,
    )


def _whole(sql: str) -> Rule:
    return replace(get_rule("first.turning_60"), sql=sql)


def statements() -> dict[str, Rule]:
    """Whole rules that must be refused, by what they try."""
    good = get_rule("first.turning_60")
    join = "join homes as h on h.person_code = p.person_code"
    leak = f"{join}\n  join person as q on q.person_code = p.person_code and {_LEAKING_CTE}"
    union = (
        "select 'AB' as subject_code, h.place_code, p.birth_date, concat_ws(' ', p.row_ref, h.row_ref) as rows,"
        f" least(p.confidence, h.confidence) as confidence, least(p.status, h.status) as status from persons as p {join}"
    )
    injected = "x\") , getenv('HOME'), coalesce(f.\"status"
    return {
        "a table of the build behind a CTE's name": _home(join, leak),
        "a view whose columns change names": _home(
            "persons as p", "persons as p(birth_date, person_code, row_ref, status, confidence)"
        ),
        "a constant as subject": _home("p.person_code as subject_code", "'AB' as subject_code"),
        "a constant as subject in a union": _whole(f"{good.sql}\nunion all {union}"),
        "columns by name in a union": _whole(f"{good.sql}\nunion all by name {good.sql}"),
        "SQL in the name of a column": _home(
            "p.birth_date,",
            f'p.birth_date, p.status as "{injected.replace(chr(34), chr(34) * 2)}",',
            injected,
        ),
        "a value among the rows": _home(
            "p.row_ref, h.row_ref", "p.row_ref, h.row_ref, h.valid_from"
        ),
        "a code among the rows": _home(
            "p.row_ref, h.row_ref", "p.row_ref, h.row_ref, h.place_code"
        ),
        "a person as the place": _home("h.place_code,", "p.person_code as place_code,"),
        "a score": _home("p.birth_date,", "p.birth_date, 5 as risk_score,", "risk_score"),
        "a whole row as evidence": _home("p.birth_date,", "cast(p as varchar) as birth_date,"),
        "another population": replace(
            good, population="select room_code as subject_code from rooms"
        ),
        "a population of one birthday": replace(
            good,
            population="select person_code as subject_code from persons where birth_date = :day - interval 60 year",
        ),
        "persons behind a room": _room("r.person_code as who"),
        "all persons behind a room": _room("string_agg(r.person_code, ' ') as who"),
        "a person as what tells two rooms apart": _room(
            "r.person_code as occasion", evidence=False
        ),
        "a database attached": _whole("attach 'x.db' as x"),
        "a setting changed": _whole("set memory_limit = '1GB'"),
        "a pragma": _whole("pragma database_list"),
        "a macro": _whole("create macro m(x) as x"),
        "a copy": _whole("copy (select * from persons) to 'x.csv'"),
        "a call": _whole("call duckdb_settings()"),
        "an extension": _whole("install httpfs"),
        "a second statement": _whole(f"{good.sql} -- x\n; select 1"),
        "columns by a pattern": _whole(f"select columns('.*') from ({good.sql}) as z"),
    }


def attacks() -> dict[str, Rule]:
    """Every attack by name."""
    good = get_rule("first.turning_60")
    return {
        **{name: with_condition(good, text) for name, text in CONDITIONS.items()},
        **statements(),
    }
