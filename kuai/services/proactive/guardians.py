"""Whose offers somebody reads: their own once grown up, and those of children they are guardians of. Private."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from kuai.guard import access
from kuai.guard.queries import list_sources
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.store import Store
from kuai.registry.types import PERSON, RELATION
from kuai.rules.queries import overlay_of

# Guardians are read for offers alone, from sources whose agreement names that.
PURPOSE = "proactive_benefit"
# By the latest day that the birth can mean: in doubt a child (as in flows.welfare).
_CHILDREN = """
select person_code from {person}
where list_contains($codes, person_code)
  and (case birth_precision
           when 'year' then birth_date + interval 1 year
           when 'month' then birth_date + interval 1 month
           else birth_date + interval 1 day
       end > cast($on as date) - interval 18 year + interval 1 day
       or (birth_date is null and is_child_under_14))
"""
# Who has a guardian and no birth on record is taken for a child too.
_UNBORN = "select person_code from {person} where list_contains($codes, person_code) and birth_date is null"
_GUARDED = """
select distinct to_code as ward, from_code as guardian, fact_key, source from {relation}
where type = 'PP_GUARDIAN' and status in ('asserted', 'verified') and not is_contested and from_code <> to_code
  and (list_contains($codes, to_code) or list_contains($codes, from_code))
  and (valid_from is null or valid_from <= cast($on as date))
  and (valid_to is null or valid_to > cast($on as date))
"""


def find_children(store: Store, codes: Iterable[str], *, on: date) -> frozenset[str]:
    """Those of `codes` who are under eighteen, or in doubt."""
    asked = sorted(set(codes))
    born = {str(row["person_code"]) for row in _ask(store, _CHILDREN, PERSON.name, asked, on=on)}
    unborn = {str(row["person_code"]) for row in _ask(store, _UNBORN, PERSON.name, asked)}
    wards = {str(row["ward"]) for row in _ask(store, _GUARDED, RELATION.name, asked, on=on)}
    return frozenset(born | (unborn & wards))


def find_guardians(
    store: Store, children: Iterable[str], *, on: date
) -> Mapping[str, frozenset[str]]:
    """The grown-up guardians of each child whom a source that may say so names, and nobody contests."""
    asked = frozenset(children)
    return {
        ward: holders for ward, holders in _holders(store, asked, on=on).items() if ward in asked
    }


def readable_by(store: Store, code: str, *, on: date) -> tuple[str, ...]:
    """Whose offers the person of this code reads and answers; a child reads none, not even their own."""
    if find_children(store, [code], on=on):
        return ()
    held = _holders(store, frozenset({code}), on=on)
    wards = {ward for ward, holders in held.items() if code in holders}
    return (code, *sorted(find_children(store, wards, on=on) - {code}))


def _holders(store: Store, codes: frozenset[str], *, on: date) -> Mapping[str, frozenset[str]]:
    rows = _ask(store, _GUARDED, RELATION.name, sorted(codes), on=on)
    if not rows:
        return {}
    permitting = access.permitting_sources(PURPOSE) | {
        one.source for one in list_sources() if one.synthetic
    }
    out_of_use = overlay_of(store).facts
    held: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["source"] in permitting and row["fact_key"] not in out_of_use:
            held[str(row["ward"])].add(str(row["guardian"]))
    children = find_children(store, {one for many in held.values() for one in many}, on=on)
    return {ward: frozenset(many - children) for ward, many in held.items()}


def _ask(
    store: Store, sql: str, table: str, codes: list[str], *, on: date | None = None
) -> list[dict[str, Any]]:
    path = store.current_build() / "core" / f"{table}.parquet"
    if not codes or not path.exists():
        return []
    named: dict[str, Any] = {"codes": codes} | ({"on": on.isoformat()} if on else {})
    with engine() as connection:
        return rows_of(connection.execute(sql.format(**{table: scan_sql([path])}), named))
