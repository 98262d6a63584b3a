"""What a finding rests on: the rows with source and number, since when, how sure, what would clear it. Private."""

from __future__ import annotations

from kuai.guard.queries import list_sources
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.types import MENTION_ELEMENT, RELATION
from kuai.rules.queries import get_finding
from kuai.rules.types import Finding
from kuai.services.proactive.types import GroundRow, Grounds

MOST_ROWS = 20
_ROWS = """
select m.source, m.period, m.row_no, coalesce(r.type, '') as says, min(r.valid_from) as since
from {mention} as m
left join {relation} as r
    on r.mention_key = m.mention_key and (r.from_code in ($subject, $place) or r.to_code in ($subject, $place))
where list_contains($keys, m.mention_key)
group by all order by m.source, m.period, m.row_no, says
"""


def find_grounds(store: Store, finding_id: str) -> Grounds | None:
    """The grounds of a finding of the newest run; None where it is found no longer."""
    try:
        return grounds_of(store, get_finding(store, finding_id))
    except Refusal:
        return None


def grounds_of(store: Store, finding: Finding) -> Grounds:
    """What the finding rests on, rows counted from one as an office counts them."""
    core = store.builds / finding.build / "core"
    mention, relation = (core / f"{table.name}.parquet" for table in (MENTION_ELEMENT, RELATION))
    rows: tuple[GroundRow, ...] = ()
    if finding.rows and mention.exists() and relation.exists():
        titles = {one.source: one.title for one in list_sources()}
        with engine() as connection:
            found = rows_of(
                connection.execute(
                    _ROWS.format(mention=scan_sql([mention]), relation=scan_sql([relation])),
                    {
                        "keys": sorted(set(finding.rows))[:MOST_ROWS],
                        "subject": finding.subject_code,
                        "place": finding.place_code,
                    },
                )
            )
        rows = tuple(
            GroundRow(
                source=one["source"],
                title=titles.get(one["source"]) or one["source"],
                period=one["period"],
                row=one["row_no"] + 1,
                says=one["says"],
                since=one["since"],
            )
            for one in found
        )
    return Grounds(
        rows=rows,
        more_rows=max(0, len(set(finding.rows)) - MOST_ROWS),
        first_found=finding.first_found,
        found_on=finding.found_on,
        confidence=finding.confidence,
        status=finding.status,
        clears=finding.clears_zh,
    )
