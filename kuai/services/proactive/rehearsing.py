"""A rule replayed on past builds, in sums that single nobody out. Private: see the doors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.types import PERSON, RELATION
from kuai.rules.actions import evaluate_rules
from kuai.rules.queries import check_rule, list_rules
from kuai.rules.types import SMALLEST_POPULATION, Finding, Overlay, Rule
from kuai.services.proactive.engine.sums import SMALLEST_SHOWN, shown, tell_parts, tell_share

LAST_BUILDS = 3
Z95 = 1.959963984540054
_GROUPS = """
with home as (
    select from_code as code, min(to_code) as place, min(type) as tenure from {relation}
    where type in ('PH_RESIDE', 'PH_RENT', 'PH_OWN') and status in ('asserted', 'verified') group by from_code
)
select p.person_code as code,
       coalesce(cast((year($day) - year(p.birth_date)) // 15 * 15 as varchar), '') as age,
       coalesce(regexp_extract(h.place, '^[0-9]+'), '') as area,
       coalesce(h.tenure, '') as housing
from {person} as p left join home as h on h.code = p.person_code where not p.quarantined
"""


def rehearse(
    store: Store,
    rule: Rule,
    *,
    day: date,
    overlay: Overlay,
    smallest_population: int = SMALLEST_POPULATION,
) -> dict[str, object]:
    """The sums of a rehearsal: per build, per grid, overlap, hit twice, groups. Refuses a rule that may not run."""
    faults = check_rule(rule)
    if faults:
        raise Refusal(
            "rule.forbidden", str(faults[0]), next_step="运行 kuai rules check 看怎么改。"
        )
    builds = sorted(one.name for one in store.builds.iterdir() if (one / "core").is_dir())
    newest = store.current_build().name
    chosen = [one for one in builds if one <= newest][-LAST_BUILDS:]
    # One that is named differently still has its own say, and the others of today are asked beside it.
    per_build: dict[str, int | None] = {}
    found: list[Finding] = []
    for build in dict.fromkeys([*chosen, newest]):
        asked, counts = evaluate_rules(
            store, [rule], day=day, version=build, overlay=overlay,
            smallest_population=smallest_population,
        )  # fmt: skip
        if counts and counts[0].refused:
            raise Refusal("rule.not_asked", counts[0].refused)
        per_build[build] = shown(len(asked))
        found = asked if build == newest else found
    others = [
        one for one in list_rules(store) if one.rule_id != rule.rule_id and not check_rule(one)
    ]
    beside, _ = evaluate_rules(
        store, [replace(one) for one in others], day=day, overlay=overlay,
        smallest_population=smallest_population,
    )  # fmt: skip
    subjects = {one.subject_code for one in found}
    whole = len(subjects)
    also: Counter[str] = Counter()
    for rule_id, code in {(one.rule, one.subject_code) for one in beside}:
        also[rule_id] += code in subjects
    times = Counter(one.subject_code for one in found)
    twice = {code for code, count in times.items() if count > 1}
    twice |= subjects & {one.subject_code for one in beside}
    # With those of no grid, else the whole less the grids would tell of them.
    grids = Counter(one.grid_code for one in found)
    return {
        "builds": per_build,
        "found": shown(len(found)),
        "grids": tell_parts(grids),
        "overlap": {
            name: tell_share(count, of=whole) for name, count in sorted(also.items()) if count
        },
        "hit_twice": tell_share(len(twice), of=whole),
        "groups": _groups(store, subjects, day=day),
    }


def over_represented(
    hit: int, hits: int, group: int, everybody: int
) -> tuple[float, float, float] | None:
    """How much more often a group is found than its share of everybody, with a 95 % interval; None for small ones."""
    if hit < SMALLEST_SHOWN or group < SMALLEST_SHOWN or not hits or not everybody:
        return None
    # In tens, as the counts are: an exact ratio and a known share would give the count away.
    hit, hits, group, everybody = (one // 10 * 10 for one in (hit, hits, group, everybody))
    ratio = (hit / hits) / (group / everybody)
    spread = Z95 * math.sqrt(max(0.0, 1 / hit - 1 / hits + 1 / group - 1 / everybody))
    return (
        round(ratio, 2),
        round(ratio * math.exp(-spread), 2),
        round(ratio * math.exp(spread), 2),
    )


def _groups(store: Store, subjects: set[str], *, day: date) -> dict[str, dict[str, object]]:
    core = store.current_build() / "core"
    tables = {one.name: scan_sql([core / f"{one.name}.parquet"]) for one in (PERSON, RELATION)}
    with engine() as connection:
        rows = rows_of(connection.execute(_GROUPS.format(**tables), {"day": day}))
    return {
        name: dict(_ratios(name, rows, subjects))
        for name in ("age", "area", "housing")
    }  # fmt: skip


def _ratios(
    name: str, rows: Iterable[Mapping[str, str]], subjects: set[str]
) -> Iterable[tuple[str, object]]:
    everybody: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for row in rows:
        everybody[row[name]] += 1
        hit[row[name]] += row["code"] in subjects
    hits, total = sum(hit.values()), sum(everybody.values())
    told = tell_parts(hit)
    for group in sorted(hit):
        if told.get(group) is None:
            continue
        ratio = over_represented(hit[group], hits, everybody[group], total)
        if ratio is not None:
            yield group, {"ratio": ratio[0], "low": ratio[1], "high": ratio[2]}
