"""The list of doubtful merges: persons whom no more than a name, a near name or a building holds together.

They are not held back, because nearly all of them are right; but none of them is silent: each weak tie is listed with
the two rows it joins, so that somebody can look (`kuai explain pair`) and part them (`kuai decide different`).
Rows and keys only, no code and no value. Private: see `decisions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kuai.blocks.queries import open_blocks
from kuai.guard import queries as guard_queries
from kuai.guard.types import Actor
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.linkage.queries import list_person_keys
from kuai.linkage.types import DOUBTFUL_PROBABILITY, PERSON_TIE
from kuai.registry.engine.decision_kinds import DecisionKind
from kuai.registry.freezing import has_log, in_force
from kuai.registry.reviewing import REVIEWERS
from kuai.registry.types import MENTION_ELEMENT

MEMORY = "500MB"
# As the query tells it: probability, key, then of each end mention, source, period, row, place.
WeakTie = tuple[Any, ...]
_WEAK_TIES = """
select t.match_probability, t.key_code, t.left_mention, l.source, l.period, l.row_no, l.address_code,
       t.right_mention, r.source, r.period, r.row_no, r.address_code
from person_tie as t
join mention_element as l on l.mention_key = t.left_mention and l.element = 'person'
join mention_element as r on r.mention_key = t.right_mention and r.element = 'person'
where t.is_kept and t.match_probability <= $doubtful and l.code = r.code
order by t.match_probability, t.key_code, t.left_mention, t.right_mention
"""


@dataclass(frozen=True)
class DoubtfulRow:
    """One end of a weak tie: where its row was delivered."""

    mention_key: str
    source: str
    period: str
    row_no: int


@dataclass(frozen=True)
class DoubtfulTie:
    """Two rows held for one person by no better key than this."""

    match_probability: float
    key_code: str
    reason: str
    left: DoubtfulRow
    right: DoubtfulRow


@dataclass(frozen=True)
class DoubtfulPage:
    """How many weak ties there are in the reader's areas, by key, and the least sure of them."""

    total: int
    by_key: Mapping[str, int]
    ties: tuple[DoubtfulTie, ...]


def list_doubtful(store: Store, *, by: Actor, limit: int = 50) -> DoubtfulPage:
    """The weak ties of the published build in the reader's areas, the least sure first, without those answered since.

    A tie lies where its two rows lie; of no known place it is the whole's. Refuses whoever does not review.
    """
    if by.role not in REVIEWERS:
        raise Refusal("review.not_yours", "存疑记录由数据管理员或部门工作人员核定。")
    build = store.current_build()
    reasons = {key.code: key.reason for key in list_person_keys()}
    found = _weak_ties(build / "core")
    answered = _answers_on({key for row in found for key in (row[2], row[7])})
    nothing: set[int] = set()
    still = [
        row for row in found if not answered.get(row[2], nothing) & answered.get(row[7], nothing)
    ]
    mine = _within(build, still, by)
    ties = [
        DoubtfulTie(
            row[0], row[1], reasons[row[1]], DoubtfulRow(*row[2:6]), DoubtfulRow(*row[7:11])
        )
        for row in mine[:limit]
    ]
    counts = Counter(row[1] for row in mine)
    return DoubtfulPage(len(mine), dict(sorted(counts.items())), tuple(ties))


def _weak_ties(core: Path) -> list[WeakTie]:
    with engine(memory_limit=MEMORY) as connection:
        for table in (PERSON_TIE, MENTION_ELEMENT):
            path = core / f"{table.name}.parquet"
            if not path.exists():
                return []
            connection.execute(f"create temp view {table.name} as select * from {scan_sql([path])}")
        return connection.execute(_WEAK_TIES, {"doubtful": DOUBTFUL_PROBABILITY}).fetchall()


def _answers_on(keys: set[str]) -> dict[str, set[int]]:
    """Which decisions that a person made of identity name a record, among `keys`."""
    named: dict[str, set[int]] = {}
    if keys and has_log():
        kinds = (DecisionKind.SAME, DecisionKind.DIFFERENT, DecisionKind.SPLIT)
        for row in in_force().filter(kind__in=[kind.value for kind in kinds]):
            for key in {*row.subjects, *row.detail.get("staying", ())} & keys:
                named.setdefault(key, set()).add(row.pk)
    return named


def _within(build: Path, found: Sequence[WeakTie], by: Actor) -> list[WeakTie]:
    if guard_queries.covers_any(by.areas, ()):
        return list(found)
    reader = open_blocks(build)
    places = {place for row in found for place in (row[6], row[11]) if place}
    path_of = {place: reader.path_of(place) for place in sorted(places)}
    return [
        row
        for row in found
        if row[6]
        and row[11]
        and all(
            guard_queries.covers_any(by.areas, (path_of[place],)) for place in (row[6], row[11])
        )
    ]
