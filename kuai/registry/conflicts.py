"""The lists behind the pages: conflicts and the base library of the published build, as far as a reader may see them.

Codes, sources, days and states only. Private; its door is `queries`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import tee
from pathlib import Path
from typing import Any

from kuai.blocks.queries import open_blocks
from kuai.guard import queries as guard_queries
from kuai.guard.types import Actor
from kuai.kit.engine import engine, read_sql, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.believing import catalogue_of
from kuai.registry.engine.fact_keys import find_fact_key
from kuai.registry.facts import MEMORY
from kuai.registry.types import BASE_FACT, CONFLICT, FACT_LINE, MENTION_ELEMENT, RELATION

# Somebody of one area reads a list through this many rows of the city at most.
MOST_LOOKED_THROUGH = 20_000
# So many at a time, because most areas have a page's worth among them.
LOOKED_THROUGH_AT_ONCE = 2_000
LISTED_ANEW = read_sql(__file__, FACT_LINE.name)
# Of a conflict's two facts neither may be of a kind that stands on no list.
_LISTED = (
    "not list_contains($unlisted, split_part(coalesce(left_fact, ''), '|', 1))"
    " and not list_contains($unlisted, split_part(coalesce(right_fact, ''), '|', 1))"
)
BASE_STATUSES = ("asserted", "verified", "disputed", "contested")


@dataclass(frozen=True)
class ConflictLine:
    """Two statements that cannot both be true. `left_fact` and `right_fact` are empty where it is about values."""

    number: int
    kind: str
    element_code: str
    explanation: str
    left_fact: str
    right_fact: str
    left_mention: str
    right_mention: str


@dataclass(frozen=True)
class Side:
    """One side of a conflict: which row says so, since when, how it stands in the build."""

    source: str
    period: str
    row_no: int
    fact_key: str
    role: str
    status: str
    level: str
    valid_from: date | None
    valid_to: date | None
    recorded_on: date | None
    purposes: tuple[str, ...]


@dataclass(frozen=True)
class FactLine:
    """One fact on the page of the base library: its number in the build. `level` is empty below the first step."""

    number: int
    fact_key: str
    type: str
    status: str
    level: str
    sources: tuple[str, ...]
    valid_from: date | None
    disputed_by: str


@dataclass(frozen=True)
class Page:
    """Some lines (perhaps none), and the number of the last one looked at (None: that was the end)."""

    lines: tuple[Any, ...]
    next_after: int | None


def count_conflicts(store: Store, by: Actor) -> dict[str, int]:
    """How many conflicts of each kind the reader may see, by kind."""
    if _sees_all(by):
        rows = _fetch(
            store,
            f"select kind, count(*) from conflict where {_LISTED} group by kind order by kind",
            {"unlisted": _unlisted(store)},
        )
        return {kind: int(count) for kind, count in rows}
    found = Counter(one.kind for one in _in_area(store, by, _conflicts(store, "", 0)))
    return dict(sorted(found.items()))


def list_conflicts(
    store: Store, by: Actor, *, kind: str = "", after: int = 0, limit: int = 20
) -> Page:
    """Conflicts after number `after`, in order."""
    return _page(store, by, _conflicts(store, kind, after, limit=_most(by, limit)), limit)


def get_conflict(store: Store, by: Actor, number: int) -> tuple[ConflictLine, Side, Side]:
    """One conflict with both its sides; refuses an unknown number and another area's."""
    found = next(iter(_conflicts(store, "", number - 1, limit=1)), None)
    if found is None or found.number != number:
        raise Refusal(
            "conflict.unknown",
            "当前版本里没有这个冲突。",
            next_step="版本更新后编号会变，请回到清单。",
        )
    if not list(_in_area(store, by, [found])):
        raise Refusal("fact.not_your_area", "这一条不在你的辖区。")
    left = _side(store, found.left_fact, found.left_mention)
    return found, left, _side(store, found.right_fact, found.right_mention)


def list_base_facts(
    store: Store,
    by: Actor,
    *,
    status: str = "verified",
    relation: str = "",
    after: int = 0,
    limit: int = 20,
) -> Page:
    """Facts by standing after number `after`: asserted ones of the collected library, verified and disputed of the
    base, contested ones. Numbers are the build's own and tell nothing of the fact.
    """
    return _page(store, by, _facts(store, status, relation, after, limit=_most(by, limit)), limit)


def count_base_facts(store: Store) -> dict[str, dict[str, int]]:
    """Facts of the published build by type and standing; whole figures, so for the page's head only."""
    found: dict[str, dict[str, int]] = {}
    for (standing, kind), (first, last) in sorted(_sections(store).items()):
        found.setdefault(kind, {})[standing] = last - first + 1
    return found


def _sections(store: Store) -> dict[tuple[str, str], tuple[int, int]]:
    """First and last line of each standing and listed kind: lines are numbered in this order, without gaps."""
    unlisted = set(_unlisted(store))
    every = _sections_of(store, store.current_version() or "")
    return {section: ends for section, ends in every.items() if section[1] not in unlisted}


def _unlisted(store: Store) -> list[str]:
    """Kinds whose facts stand on no list: who guards whom, whose number it is, who took part in what."""
    return sorted(one.code for one in catalogue_of(store).values() if not one.is_listed)


@lru_cache(maxsize=2)
def _sections_of(store: Store, version: str) -> dict[tuple[str, str], tuple[int, int]]:  # noqa: ARG001
    """Kept a version, because a published build never changes."""
    rows = _fetch(
        store,
        "select standing, type, min(line_no), max(line_no) from fact_line group by standing, type",
    )
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in rows}


def _conflicts(store: Store, kind: str, after: int, *, limit: int = 0) -> Iterator[ConflictLine]:
    rows = _fetch(
        store,
        "select conflict_no, kind, element_code, explanation, coalesce(left_fact, ''),"
        " coalesce(right_fact, ''), left_mention, right_mention from conflict"
        f" where conflict_no > $after and ($kind = '' or kind = $kind) and {_LISTED}"
        " order by conflict_no limit $most",
        {
            "after": after,
            "kind": kind,
            "most": limit or MOST_LOOKED_THROUGH,
            "unlisted": _unlisted(store),
        },
    )
    for row in rows:
        yield ConflictLine(int(row[0]), *row[1:])


def _facts(
    store: Store, status: str, relation: str, after: int, *, limit: int
) -> Iterator[FactLine]:
    """Lines by their numbers, so that only the groups of rows that hold them are read; at most `limit`."""
    among = [
        ends
        for (standing, kind), ends in _sections(store).items()
        if standing == status and relation in ("", kind)
    ]
    for start, until in _stretches(among, after, limit):
        rows = _fetch(
            store,
            "select line_no, fact_key, type, standing, level, sources, valid_from, disputed_by"
            " from fact_line where line_no between $start and $until order by line_no",
            {"start": start, "until": until},
        )
        for number, fact_key, kind, standing, level, sources, valid_from, disputed_by in rows:
            named = tuple(sources.split(","))
            yield FactLine(
                int(number), fact_key, kind, standing, level, named, valid_from, disputed_by
            )


def _stretches(
    among: Iterable[tuple[int, int]], after: int, limit: int
) -> Iterator[tuple[int, int]]:
    """The first `limit` numbers behind `after` in these sections, as stretches to be read at once."""
    runs: list[tuple[int, int]] = []
    for first, last in sorted(among):
        if runs and runs[-1][1] + 1 == first:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    left = limit
    for first, last in runs:
        start = max(after + 1, first)
        end = min(last, start + left - 1)
        while start <= end:
            until = min(end, start + LOOKED_THROUGH_AT_ONCE - 1)
            yield start, until
            left -= until - start + 1
            start = until + 1


def _side(store: Store, fact: str, mention: str) -> Side:
    """The row of a mention, and what it states of the fact, the newest statement first."""
    rows = _fetch(
        store,
        "select m.source, m.period, m.row_no, r.role, r.status, r.level, r.valid_from, r.valid_to,"
        " r.recorded_on, r.purposes from mention_element as m"
        " left join relation as r on r.mention_key = m.mention_key and r.fact_key = $fact"
        " where m.mention_key = $mention order by r.relation_no nulls last limit 1",
        {"fact": fact, "mention": mention},
    )
    if not rows:
        # Carried over from an earlier build: the row itself is not in this one.
        rows = _fetch(
            store,
            "select source, period, -1, role, status, level, valid_from, valid_to, recorded_on, purposes"
            " from relation where mention_key = $mention and fact_key = $fact limit 1",
            {"fact": fact, "mention": mention},
        ) or [(mention.split(":", 1)[0], "", -1, "", "", "", None, None, None, "")]
    row = rows[0]
    return Side(
        source=row[0],
        period=row[1],
        row_no=int(row[2]),
        fact_key=fact,
        role=row[3] or "",
        status=row[4] or "asserted",
        level=row[5] or "",
        valid_from=row[6],
        valid_to=row[7],
        recorded_on=row[8],
        purposes=tuple(word for word in (row[9] or "").split(",") if word),
    )


def _page(store: Store, by: Actor, lines: Iterable[ConflictLine | FactLine], limit: int) -> Page:
    """The first `limit` lines the reader may see; the next page goes on behind the last one looked at."""
    found: list[Any] = []
    seen, looked_at = 0, 0
    lines, again = tee(lines)
    shown = again if _sees_all(by) else _marked(store, by, again)
    for line, one in zip(lines, shown, strict=True):
        if len(found) == limit:
            return Page(tuple(found), looked_at)
        seen, looked_at = seen + 1, line.number
        if one is not None:
            found.append(one)
    return Page(tuple(found), looked_at if seen == MOST_LOOKED_THROUGH else None)


def _marked(store: Store, by: Actor, lines: Iterable[Any]) -> Iterator[Any]:
    """Each line, or None where it lies outside the reader's areas."""
    reader = open_blocks(store.current_build())
    for one in lines:
        paths = [reader.path_of(code) for code in _places_of(one)]
        yield one if guard_queries.covers_any(by.areas, [path for path in paths if path]) else None


def _in_area(store: Store, by: Actor, lines: Iterable[ConflictLine]) -> Iterator[ConflictLine]:
    if _sees_all(by):
        yield from lines
        return
    yield from (one for one in _marked(store, by, lines) if one is not None)


def _places_of(one: ConflictLine | FactLine) -> Sequence[str]:
    texts = (
        (one.left_fact, one.right_fact, one.element_code)
        if isinstance(one, ConflictLine)
        else (one.fact_key,)
    )
    found = []
    for text in texts:
        key = find_fact_key(text)
        codes = (key.from_code, key.to_code) if key else (text,)
        found += [code for code in codes if code.isdigit()]
    return found


def _most(by: Actor, limit: int) -> int:
    """How many lines a page may have to look at: one more than it shows, unless the reader's areas pick among them."""
    return limit + 1 if _sees_all(by) else MOST_LOOKED_THROUGH


def _sees_all(by: Actor) -> bool:
    return "" in by.areas


def _fetch(
    store: Store, sql: str, parameters: dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    core: Path = store.current_build() / "core"
    with engine(memory_limit=MEMORY) as connection:
        for table in (CONFLICT, RELATION, BASE_FACT, MENTION_ELEMENT):
            connection.execute(
                f"create temp view {table.name} as select * from {scan_sql([core / f'{table.name}.parquet'])}"
            )
        # A build from before there was this table is read the long way.
        listed = core / f"{FACT_LINE.name}.parquet"
        made = f"select * from {scan_sql([listed])}" if listed.exists() else LISTED_ANEW
        connection.execute(f"create temp view {FACT_LINE.name} as {made}")
        return connection.execute(sql, parameters).fetchall()
