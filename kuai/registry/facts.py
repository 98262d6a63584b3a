"""What the published build says of a fact: which rows state it, where it lies, how it stands. Private.

Reads bulk tables only; shows codes, sources and days, never a name, a number or an address text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kuai.blocks.queries import open_blocks
from kuai.guard import queries as guard_queries
from kuai.guard.types import Actor, Role
from kuai.kit.element_codes import is_element_code
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, read_json
from kuai.registry.code_history import resolve_codes
from kuai.registry.engine.fact_keys import FactKey, find_fact_key
from kuai.registry.types import IDENTITY_LEDGER, MENTION_ELEMENT, RELATION

MEMORY = "1GB"
MOST_STATEMENTS = 50
_OVER = ("ended", "withdrawn")


@dataclass(frozen=True)
class Statement:
    """One row of one source that states a fact."""

    source: str
    period: str
    row_no: int
    mention_key: str
    type: str
    status: str
    valid_from: date | None = None
    valid_to: date | None = None
    recorded_on: date | None = None
    level: str = ""
    is_contested: bool = False
    purposes: tuple[str, ...] = ()
    # Of an element; places keep their codes.
    to_mention: str = ""


def read_fact_key(text: str) -> FactKey:
    """The key in `text`; refuses what is none, without repeating it."""
    key = find_fact_key(text.strip())
    if key is None:
        raise Refusal(
            "fact.key",
            "这不是一条事实的编号。",
            next_step="写成“关系|从编码|到编码”，如 PH_RESIDE|P-XXXXXXXX-C|房屋编码。",
        )
    return key


def list_statements(store: Store, key: FactKey) -> list[Statement]:
    """The rows of the published build that state the fact, those in force first."""
    core = store.current_build() / "core"
    return _stated(core, key) if key.is_relation else _said_of(core, key)


def living_key(store: Store, key: FactKey) -> FactKey:
    """The same fact under the codes into which its codes were merged; the key itself where a code was never given."""
    given = [code for code in (key.from_code, key.to_code) if is_element_code(code)]
    try:
        living = resolve_codes(given, store=store)
    except Refusal:
        return key
    return FactKey(key.type, *(living.get(code, code) for code in (key.from_code, key.to_code)))


def published_sequence(store: Store) -> int:
    """How far the log of decisions had come when the published build took it in; 0 for a build without decisions."""
    if store.current_version() is None:
        return 0
    receipts = store.current_build() / "receipts.json"
    # Without receipts every decision is taken for newer than the build: rather laid over twice than not at all.
    for stage in read_json(receipts).get("stages", ()) if receipts.exists() else ():
        if stage["stage"] == "decisions":
            return int(stage["notes"].get("sequence", 0))
    return 0


def department_of(source: str) -> str:
    """Who answers for a source: its registered handler."""
    registered = guard_queries.find_source(source)
    return registered.handler if registered and registered.handler else source


def title_of(source: str) -> str:
    """A source's title as registered."""
    registered = guard_queries.find_source(source)
    return registered.title if registered else source


def require_in_area(store: Store, key: FactKey, by: Actor) -> None:
    """Refuse whoever does not act where it lies (of no known place: for the whole). Residents act for themselves."""
    if by.role is Role.RESIDENT or guard_queries.covers_any(by.areas, ()):
        return
    if not guard_queries.covers_any(by.areas, paths_of(store, key)):
        raise Refusal("fact.not_your_area", "这一条不在你的辖区。")


def paths_of(store: Store, key: FactKey) -> tuple[str, ...]:
    """Where a fact lies: its own place, else the living places of who it is about."""
    build = store.current_build()
    places = [code for code in (key.to_code, key.from_code) if code.isdigit()]
    if not places:
        places = _places_of(build / "core", (key.from_code, key.to_code))
    if not places and (now := living_key(store, key)) != key:
        places = _places_of(build / "core", (now.from_code, now.to_code))
    return _paths_to(build, places)


def paths_of_records(store: Store, keys: Sequence[str]) -> tuple[str, ...]:
    """Where records lie, and elements by their records: `keys` are record keys and codes."""
    build = store.current_build()
    rows = _fetch(
        build / "core",
        "select distinct address_code from mention_element where address_code is not null"
        " and (list_contains($keys, mention_key) or list_contains($keys, code)) order by address_code",
        {"keys": list(keys)},
    )
    places = [str(place) for (place,) in rows]
    return _paths_to(build, [*places, *(key for key in keys if key.isdigit())])


def _paths_to(build: Path, places: Sequence[str]) -> tuple[str, ...]:
    reader = open_blocks(build)
    found = set()
    for place in places:
        try:
            found.add(reader.path_of(place))
        except Refusal:
            continue
    return tuple(sorted(found))


def known_as(store: Store, key: FactKey) -> list[str]:
    """All keys this fact may have been decided under: its own first, then by codes that were merged into its codes."""
    return known_as_all(store, [key])[str(key)]


def known_as_all(store: Store, keys: Sequence[FactKey]) -> dict[str, list[str]]:
    """`known_as` of many facts, in one reading of the ledger of codes."""
    older = _merged_into(
        store, sorted({code for one in keys for code in (one.from_code, one.to_code)})
    )
    found = {}
    for one in keys:
        names = [
            str(FactKey(one.type, start, end))
            for start in (one.from_code, *older.get(one.from_code, ()))
            for end in (one.to_code, *older.get(one.to_code, ()))
        ]
        found[str(one)] = list(dict.fromkeys(names))
    return found


def _merged_into(store: Store, codes: Sequence[str]) -> dict[str, list[str]]:
    """By living code the codes that were merged into it, at whatever remove."""
    if store.current_version() is None or not codes:
        return {}
    path = store.current_build() / "core" / f"{IDENTITY_LEDGER.name}.parquet"
    with engine(memory_limit=MEMORY) as connection:
        merged = connection.execute(
            "with recursive line as ("
            f" select code, merged_into as now from {scan_sql([path])}"
            " where list_contains($codes, merged_into)"
            " union select l.code, w.now"
            f" from {scan_sql([path])} as l join line as w on l.merged_into = w.code)"
            " select now, code from line order by now, code",
            {"codes": list(codes)},
        ).fetchall()
    older: dict[str, list[str]] = {}
    for now, code in merged:
        older.setdefault(now, []).append(code)
    return older


def _stated(core: Path, key: FactKey) -> list[Statement]:
    rows = _fetch(
        core,
        "select r.source, r.period, m.row_no, r.mention_key, r.type, r.status, r.valid_from, r.valid_to,"
        " r.recorded_on, r.level, r.is_contested, r.purposes, r.to_mention from relation as r"
        " left join mention_element as m on m.mention_key = r.mention_key and m.element = $element"
        " where r.type = $type and r.from_code = $start and r.to_code = $end"
        f" order by r.status in {_OVER}, r.source, r.period, m.row_no, r.mention_key limit {MOST_STATEMENTS}",
        {
            "type": key.type,
            "start": key.from_code,
            "end": key.to_code,
            "element": _element_of(key.from_code),
        },
    )
    return [
        Statement(
            source=row[0],
            period=row[1],
            row_no=-1 if row[2] is None else int(row[2]),
            mention_key=row[3],
            type=row[4],
            status=row[5],
            valid_from=row[6],
            valid_to=row[7],
            recorded_on=row[8],
            level=row[9],
            is_contested=row[10],
            purposes=_words(row[11]),
            to_mention="" if key.to_code.isdigit() else row[12],
        )
        for row in rows
    ]


def _said_of(core: Path, key: FactKey) -> list[Statement]:
    """Rows that name the person: which of them tell a birth date is in the vault, not here."""
    rows = _fetch(
        core,
        "select source, period, row_no, mention_key from mention_element"
        " where element = 'person' and code = $code"
        f" order by source, period, row_no, mention_key limit {MOST_STATEMENTS}",
        {"code": key.from_code},
    )
    return [
        Statement(
            source=source,
            period=period,
            row_no=int(row_no),
            mention_key=mention_key,
            type=key.type,
            status="asserted",
        )
        for source, period, row_no, mention_key in rows
    ]


def _places_of(core: Path, codes: Sequence[str]) -> list[str]:
    rows = _fetch(
        core,
        "select distinct to_code from relation where list_contains($codes, from_code)"
        f" and status not in {_OVER} and regexp_matches(to_code, '^[0-9]+$') order by to_code",
        {"codes": [code for code in codes if code]},
    )
    return [str(code) for (code,) in rows]


def _fetch(core: Path, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with engine(memory_limit=MEMORY) as connection:
        for table in (RELATION, MENTION_ELEMENT):
            connection.execute(
                f"create temp view {table.name} as select * from {scan_sql([core / f'{table.name}.parquet'])}"
            )
        return connection.execute(sql, parameters).fetchall()


def _element_of(code: str) -> str:
    return {"P": "person", "O": "organisation", "E": "event", "C": "contact"}.get(
        code[:1], "address"
    )


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word for word in (text or "").split(",") if word)
