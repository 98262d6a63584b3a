"""One element as of a day and as believed: a published build, with what was decided since laid over it. Private.

Belief is (build, place in the log of decisions); decisions 0004 and 0024. Its door is `queries`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from kuai.address.types import ADDRESS_ENTRY, ADDRESS_SUCCESSION
from kuai.guard.queries import is_synthetic_store
from kuai.kit.clock import local_day
from kuai.kit.engine import open_engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import VERSION_PATTERN, Store, read_json
from kuai.kit.tables import BulkTable
from kuai.registry import types
from kuai.registry.building import relation_types
from kuai.registry.engine.believed import certainty_on, lay_over, status_while_it_held
from kuai.registry.engine.fact_keys import FactKey, find_fact_key
from kuai.registry.engine.relation_types import RelationType
from kuai.registry.engine.sorted_rows import read_ends
from kuai.registry.freezing import last_sequence
from kuai.registry.overlay import FactWord, statuses_since, words_under
from kuai.registry.waiting import last_sequence_by, list_waiting

# Fewer persons than this are not told as a number.
FEWEST_TOLD = 10
MOST_STEPS = 50
# Measured 2026-11-22: one element of a city needs some megabytes; many readers share a machine.
MEMORY = "300MB"
PUBLIC_TIER = 1

ELEMENT_OF_PREFIX: Mapping[str, tuple[str, BulkTable, str]] = {
    "P": ("person", types.PERSON, "person_code"),
    "O": ("organisation", types.ORGANISATION, "organisation_code"),
    "E": ("event", types.EVENT, "event_code"),
    "C": ("contact", types.CONTACT, "contact_code"),
}
# Of the element's own row these say nothing to a reader.
_OF_THE_BUILD = frozenset({"founding_mention"})
_OF_LEGAL_PERSONS = frozenset({"industry", "industry_section", "industry_source"})


@dataclass(frozen=True)
class Belief:
    """What was believed: the build, and how far the log of decisions had come. `built_up_to`: the build's own share."""

    version: str
    sequence: int
    built_up_to: int


@dataclass(frozen=True)
class RelationState:
    """One relation that held on the day. `certainty`: holds, may_hold; `is_laid_over`: decided since the build."""

    relation_no: int
    type: str
    title: str
    from_code: str
    to_code: str
    role: str
    valid_from: date | None
    valid_to: date | None
    precision: str
    certainty: str
    status: str
    level: str
    ended_by: str
    is_contested: bool
    source: str
    period: str
    decision: int | None
    purposes: str
    is_laid_over: bool


@dataclass(frozen=True)
class Hidden:
    """Relations that the reader may not see, most of them with persons; `figure` only where it tells of nobody.

    Told of the build's own day and belief alone, and never of a room: two days beside each other would tell when
    somebody came or went.
    """

    type: str
    title: str
    figure: int | None


@dataclass(frozen=True)
class ConflictState:
    """Two statements about the element that cannot both be true."""

    kind: str
    explanation: str


@dataclass(frozen=True)
class LifeEventState:
    """One turn in the element's life, up to the day."""

    kind: str
    on_day: date | None
    precision: str
    source: str
    decision: int | None


@dataclass(frozen=True)
class WaitingDecision:
    """Decided, and taken in by the next build: who is who, births and ends."""

    sequence: int
    kind: str


@dataclass(frozen=True)
class ElementState:
    """One element as of `on` and as believed. `stage`: in_being, not_yet, over on that day;
    unnamed: no source of the build names it any more.
    """

    code: str
    asked_code: str
    element: str
    on: date
    stage: str
    belief: Belief
    values: Mapping[str, Any]
    relations: tuple[RelationState, ...]
    hidden: tuple[Hidden, ...]
    conflicts: tuple[ConflictState, ...]
    life_events: tuple[LifeEventState, ...]
    waiting: tuple[WaitingDecision, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data: what lies in it is plain but for one step of records."""
        return {
            name: [dict(vars(one)) for one in value] if isinstance(value, tuple) else value
            for name, value in vars(self).items()
        } | {"belief": dict(vars(self.belief)), "values": dict(self.values)}


def find_belief(store: Store, text: str = "", *, on: date | None = None) -> Belief:
    """The belief that `text` names: BUILD, BUILD:SEQUENCE, or nothing for the published build and all decisions.

    Given a day instead: the build published last by then, and what had been decided. Refuses what never was.
    """
    if on is not None:
        return _belief_of_day(store, on)
    version, _, asked = text.partition(":")
    version = version or store.current_build().name
    built = _built_up_to(store, version)
    if asked and not asked.isdecimal():
        raise Refusal("belief.form", "决定序号要写成数字。", next_step="写成 版本:序号。")
    newest = last_sequence()
    sequence = int(asked) if asked else built if text else max(newest, built)
    if not built <= sequence <= max(newest, built):
        raise Refusal(
            "belief.never",
            f"版本 {version} 含有到第 {built} 号为止的决定，台账到第 {newest} 号。",
            next_step=f"序号请在 {built} 和 {max(newest, built)} 之间。",
        )
    return Belief(version, sequence, built)


def state_of(
    store: Store,
    code: str,
    *,
    on: date | None = None,
    belief: Belief | None = None,
    persons: frozenset[str] | None = frozenset(),
    is_open: bool = False,
) -> ElementState:
    """The element of `code` as of a day (else the build's) and as believed (else by all that is known).

    `persons`: whom the reader may see (None: everybody, where all are invented). `is_open`: only what is public, of
    places and organisations; persons without their codes unless all are invented, children not at all. Refuses an
    unknown code, and a person who is not among them. May be repeated.
    """
    held = belief or find_belief(store)
    if is_open and code[:1] in "PCE":
        raise Refusal(
            "state.not_open",
            "这里只有房屋、楼栋和单位。",
            next_step="个人的历史用 kuai history，并要有凭据。",
        )
    core = store.builds / held.version / "core"
    reading = BuildReading(core)
    found, values = reading.resolve(code)
    element = element_of(found, values)
    if element == "person" and persons is not None and found not in persons:
        raise Refusal(
            "state.not_for_you",
            "个人的历史要有写明此人的凭据，或由本人查看。",
            next_step="请在写明此人、含 history 一项的凭据下再查。",
        )
    as_of = day_of(core.parent)
    day = on or as_of
    rows = list(believed_relations(reading, held, found, as_of=as_of))
    catalogue = catalogue_of(store)
    children = reading.children(rows) if is_open else frozenset[str]()
    masks_persons = is_open and not is_synthetic_store()
    shown, hidden = [], Counter[str]()
    for row, certainty in holding_on(rows, day):
        kind = catalogue.get(row["type"])
        if children & {row["from_code"], row["to_code"]}:
            continue
        other = row["to_code"] if row["from_code"] == found else row["from_code"]
        if _is_shown(kind, other, persons=persons, is_open=is_open, element=element):
            title = kind.title_zh if kind else row["type"]
            told = _without_persons(row) if masks_persons else row
            shown.append(_relation(told, title, certainty=certainty))
        else:
            hidden[row["type"]] += 1
    life = reading.life_events(found)
    is_frozen = day == as_of and held.sequence == held.built_up_to
    return ElementState(
        code=found,
        asked_code=code,
        element=element,
        on=day,
        stage=stage_of(element, values, life, day),
        belief=held,
        values=told_values(values),
        relations=tuple(shown),
        hidden=_hidden(hidden, catalogue) if is_frozen and element != "room" else (),
        conflicts=reading.conflicts(found),
        life_events=tuple(one for one in life if one.on_day is None or one.on_day <= day),
        waiting=tuple(
            WaitingDecision(sequence, kind)
            for sequence, kind in list_waiting(
                core, code=found, after=held.built_up_to, up_to=held.sequence
            )
        ),
    )


def _hidden(counted: Counter[str], catalogue: Mapping[str, RelationType]) -> tuple[Hidden, ...]:
    return tuple(
        Hidden(
            name,
            catalogue[name].title_zh if name in catalogue else name,
            count if count >= FEWEST_TOLD else None,
        )
        for name, count in sorted(counted.items())
    )


def _without_persons(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row, with nothing in the place of a person's code."""
    codes = {name: row[name] for name in ("from_code", "to_code")}
    return {**row, **{name: "" if code.startswith("P-") else code for name, code in codes.items()}}


def _is_shown(
    kind: RelationType | None,
    other: str,
    *,
    persons: frozenset[str] | None,
    is_open: bool,
    element: str,
) -> bool:
    is_public = kind is not None and kind.tier == PUBLIC_TIER
    if is_open:
        # What happened at a home is its people's business, whatever tier the relation has.
        return is_public and (element == "organisation" or not other.startswith("E-"))
    return is_public or persons is None or not other.startswith("P-") or other in persons


def believed_relations(
    reading: BuildReading, held: Belief, code: str, *, as_of: date
) -> Iterable[dict[str, Any]]:
    """The element's relations with what was decided since the build laid over them."""
    return laid_over(reading, held, reading.relations(code), as_of=as_of)


def laid_over(
    reading: BuildReading, held: Belief, rows: list[dict[str, Any]], *, as_of: date
) -> Iterable[dict[str, Any]]:
    """These relations with what was decided since the build laid over them."""
    if held.sequence == held.built_up_to:
        return rows
    words = words_of(reading, held, {row["fact_key"] for row in rows})
    return [
        {**lay_over(row, words[row["fact_key"]], as_of=as_of), "is_laid_over": True}
        if row["fact_key"] in words
        else row
        for row in rows
    ]


def words_of(reading: BuildReading, held: Belief, facts: set[str]) -> dict[str, FactWord]:
    """Of these facts, under their codes of the build: what the log says of those touched since the build.

    By all keys together: what is withdrawn under one code may still be contested under one that merged into it.
    """
    keys = {
        text: key
        for text in statuses_since(held.built_up_to, up_to=held.sequence)
        if (key := find_fact_key(text)) and key.is_relation
    }
    now = reading.living_codes(
        {code for key in keys.values() for code in (key.from_code, key.to_code)}
    )
    named: dict[str, set[str]] = {}
    for text, key in keys.items():
        living = FactKey(
            key.type, now.get(key.from_code, key.from_code), now.get(key.to_code, key.to_code)
        )
        if str(living) in facts:
            named.setdefault(str(living), set()).add(text)
    codes = {code for fact in named for code in fact.split("|")[1:]}
    merged = reading.merged_codes(codes)
    for fact, texts in named.items():
        kind, start, end = fact.split("|")
        texts.update(
            str(FactKey(kind, left, right))
            for left in (start, *merged.get(start, ()))
            for right in (end, *merged.get(end, ()))
        )
    return dict(words_under(named, up_to=held.sequence))


def holding_on(rows: Iterable[dict[str, Any]], day: date) -> Iterable[tuple[dict[str, Any], str]]:
    for row in rows:
        if row["status"] == "withdrawn":
            continue
        certainty = certainty_on(
            day,
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            precision=row["precision"],
            ended_by=row["ended_by"],
            known_since=row["recorded_on"] or row["said_since"],
        )
        if certainty:
            yield row, certainty


def _relation(row: Mapping[str, Any], title: str, *, certainty: str) -> RelationState:
    told = {
        name: row[name]
        for name in RelationState.__dataclass_fields__
        if name not in ("title", "certainty", "status", "is_laid_over")
    }
    return RelationState(
        **told,
        title=title,
        certainty=certainty,
        status=status_while_it_held(row),
        is_laid_over=bool(row.get("is_laid_over")),
    )


def told_values(
    values: Mapping[str, Any], *, without: frozenset[str] = _OF_THE_BUILD
) -> dict[str, Any]:
    """What a reader is told of an element's own row; what a sole trader does is a person's, decision 0035."""
    kept_back = without
    if values.get("kind") in ("sole_trader", "unknown"):
        kept_back |= _OF_LEGAL_PERSONS
    return {name: one for name, one in values.items() if name not in kept_back}


def element_of(code: str, values: Mapping[str, Any]) -> str:
    if code[:1] in ELEMENT_OF_PREFIX:
        return ELEMENT_OF_PREFIX[code[:1]][0]
    return str(values["level"])


def stage_of(
    element: str, values: Mapping[str, Any], life: Iterable[LifeEventState], day: date
) -> str:
    begins = {"founded", "built", "birth"}
    ends = {"ended", "demolished", "death"}
    known = sorted(
        (one for one in life if one.on_day is not None), key=lambda one: one.on_day or day
    )
    past = [one.kind for one in known if one.on_day and one.on_day <= day]
    last = next((kind for kind in reversed(past) if kind in ends | begins | {"resumed"}), "")
    if last in ends:
        return "over"
    if not values:
        return "unnamed"
    founded = values.get("founded_on") or values.get("birth_date")
    first = next((one.on_day for one in known if one.kind in begins), founded)
    if first is not None and first > day:
        return "not_yet"
    if element in ("building", "room") and not any(one.kind in ends for one in known):
        state = values.get("state")
        return {"planned": "not_yet", "in_use": "in_being"}.get(str(state), "over")
    return "in_being"


class BuildReading:
    """What one build has of one element. Connections are kept, one a thread and build."""

    def __init__(self, core: Path) -> None:
        self._core = core
        self._connection = _connection_of(str(core), threading.get_ident())

    @property
    def build(self) -> Path:
        return self._core.parent

    def resolve(self, code: str) -> tuple[str, dict[str, Any]]:
        """The code that goes on for `code`, and the element's own row; refuses a code that never was."""
        asked = code
        for _ in range(MOST_STEPS):
            values = self._own_row(asked)
            if values is not None:
                return asked, values
            further = self.living_codes([asked]).get(asked)
            if further is not None:
                asked = further
            elif self._was_born(asked):
                return asked, {}
            else:
                break
        raise Refusal(
            "element.unknown",
            f"这个版本里没有编码 {code}。",
            next_step="请核对编码；也可能是那时还没有它。",
        )

    def _was_born(self, code: str) -> bool:
        """Whether the ledger knows a code that no source of this build names."""
        return bool(self.rows(types.IDENTITY_LEDGER, "code = $code", code=code))

    def living_codes(self, codes: Iterable[str]) -> dict[str, str]:
        """For codes that were merged or renumbered: where they lead at last."""
        found: dict[str, str] = {}
        asked = {code: code for code in codes}
        for _ in range(MOST_STEPS):
            step = self._next_codes(set(asked.values()))
            if not step:
                break
            asked = {code: step.get(now, now) for code, now in asked.items()}
            found |= {code: now for code, now in asked.items() if code != now}
        return found

    def merged_codes(self, codes: Iterable[str]) -> dict[str, set[str]]:
        """For codes that go on: those that were merged into them, through whichever others."""
        lead_to = {code: code for code in codes if code[:1] in ELEMENT_OF_PREFIX}
        asked = set(lead_to)
        for _ in range(MOST_STEPS):
            if not asked:
                break
            found = self.rows(
                types.IDENTITY_LEDGER, "list_contains($codes, merged_into)", codes=sorted(asked)
            )
            asked = {row["code"] for row in found} - set(lead_to)
            lead_to |= {
                row["code"]: lead_to[row["merged_into"]] for row in found if row["code"] in asked
            }
        merged: dict[str, set[str]] = {}
        for code, living in lead_to.items():
            if code != living:
                merged.setdefault(living, set()).add(code)
        return merged

    def _next_codes(self, codes: set[str]) -> dict[str, str]:
        elements = sorted(code for code in codes if code[:1] in ELEMENT_OF_PREFIX)
        places = sorted(codes - set(elements))
        found: dict[str, str] = {}
        if elements:
            found |= {
                row["code"]: row["merged_into"]
                for row in self.rows(
                    types.IDENTITY_LEDGER,
                    "list_contains($codes, code) and merged_into is not null",
                    codes=elements,
                )
            }
        if places and (self._core / f"{ADDRESS_SUCCESSION.name}.parquet").exists():
            heirs: dict[str, set[str]] = {}
            for row in self.rows(
                ADDRESS_SUCCESSION,
                "list_contains($codes, address_code) and successor_code is not null"
                " and kind in ('renumbered', 'merged')",
                codes=places,
            ):
                heirs.setdefault(row["address_code"], set()).add(row["successor_code"])
            found |= {code: min(into) for code, into in heirs.items() if len(into) == 1}
        return found

    def _own_row(self, code: str) -> dict[str, Any] | None:
        _, table, column = ELEMENT_OF_PREFIX.get(code[:1], ("", ADDRESS_ENTRY, "address_code"))
        rows = self.rows(table, f"{column} = $code", code=code)
        if rows and code[:1] not in ELEMENT_OF_PREFIX and self._is_renumbered(code):
            return None
        return rows[0] if rows else None

    def _is_renumbered(self, code: str) -> bool:
        """A place that goes on under another code is asked for there."""
        return bool(self._next_codes({code}))

    def relations(self, code: str) -> list[dict[str, Any]]:
        """All rows at whose one end the element is, each once, in the build's order."""
        name = types.RELATION_END.name
        if (self._core / f"{name}.parquet").exists():
            rows = self.ends([code]).to_pylist()
        else:
            rows = self.rows(types.RELATION, "from_code = $code or to_code = $code", code=code)
        each = {row["relation_no"]: with_all_columns(row) for row in rows}
        return [each[number] for number in sorted(each)]

    def children(self, rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
        """Which of the persons in these relations are under fourteen."""
        ends = {code for row in rows for code in (row["from_code"], row["to_code"])}
        codes = sorted(code for code in ends if code.startswith("P-"))
        if not codes:
            return frozenset()
        found = self.rows(
            types.PERSON,
            # By a set and not by a list: a firm's thousand people against a million rows.
            "person_code in (select unnest($codes)) and is_child_under_14",
            codes=codes,
        )
        return frozenset(row["person_code"] for row in found)

    def conflicts(self, code: str) -> tuple[ConflictState, ...]:
        rows = self.rows(types.CONFLICT, "element_code = $code", code=code)
        told = {(row["kind"], row["explanation"]) for row in rows}
        return tuple(ConflictState(*one) for one in sorted(told))

    def life_events(self, code: str) -> tuple[LifeEventState, ...]:
        if not (self._core / f"{types.LIFE_EVENT.name}.parquet").exists():
            return ()
        rows = self.rows(types.LIFE_EVENT, "code = $code", code=code)
        events = [
            LifeEventState(
                row["kind"], row["on_day"], row["precision"], row["source"], row["decision"]
            )
            for row in rows
        ]
        return tuple(sorted(events, key=lambda one: (one.on_day or date.min, one.kind)))

    def ends(self, codes: Sequence[str], *, columns: Sequence[str] | None = None) -> pa.Table:
        """The relations of these codes, a row an end."""
        path = self._core / f"{types.RELATION_END.name}.parquet"
        return read_ends(path, codes, columns=columns)

    def has(self, table: BulkTable) -> bool:
        """Whether this build has the table: older ones lack some."""
        return (self._core / f"{table.name}.parquet").exists()

    def rows(
        self, table: BulkTable, where: str, *, columns: str = "*", **parameters: Any
    ) -> list[dict[str, Any]]:
        """The rows of a table that fit, as they lie."""
        path = self._core / f"{table.name}.parquet"
        found = self._connection.execute(
            f"select {columns} from {scan_sql([path])} where {where}", parameters
        )
        return rows_of(found)


def with_all_columns(row: dict[str, Any]) -> dict[str, Any]:
    """A relation of a build from before facts had keys reads as asserted by one row, decided by nobody."""
    key = f"{row['type']}|{row['from_code']}|{row['to_code']}"
    known = {
        "fact_key": key,
        "ended_by": "",
        "level": "",
        "is_contested": False,
        "decision": None,
        "said_since": None,
    }
    return {**known, **row}


@lru_cache(maxsize=64)
def _connection_of(core: str, thread: int) -> duckdb.DuckDBPyConnection:  # noqa: ARG001 - both are the key
    connection = open_engine(memory_limit=MEMORY, threads=2)
    # A published build never changes, so what its files say of themselves is read once. Measured on 551,600 rooms:
    # 41 ms instead of 72 for one element's relations; DuckDB 2 knows `enable_object_cache` and ignores it.
    connection.execute("set parquet_metadata_cache = true")
    return connection


@lru_cache(maxsize=64)
def day_of(build: Path) -> date:
    return date.fromisoformat(read_json(build / "receipts.json")["as_of"])


def _built_up_to(store: Store, version: str) -> int:
    """How far the log had come for this build; refuses a version that is not there."""
    build = store.builds / version
    if not VERSION_PATTERN.match(version) or not (build / "receipts.json").exists():
        raise Refusal(
            "belief.unknown",
            f"库里没有版本 {version}。",
            next_step="不写版本就是已发布的版本。",
        )
    return _share_of(build)


@lru_cache(maxsize=64)
def _share_of(build: Path) -> int:
    inputs = build / "inputs.json"
    return int(read_json(inputs)["decisions"]["up_to"]) if inputs.exists() else 0


def catalogue_of(store: Store) -> Mapping[str, RelationType]:
    """The relation types in force, by code; read anew when the city's own file changes."""
    own = store.root / "relations.yaml"
    return _catalogue_at(store.root, own.stat().st_mtime_ns if own.exists() else 0)


@lru_cache(maxsize=4)
def _catalogue_at(root: Path, changed: int) -> Mapping[str, RelationType]:  # noqa: ARG001 - part of the key
    return {one.code: one for one in relation_types(root)}


def _belief_of_day(store: Store, day: date) -> Belief:
    """The build published last by the end of `day`, and the log as it was then."""
    noted = [version for version, at in store.list_publications() if local_day(at) <= day]
    version = noted[-1] if noted else ""
    if not version:
        raise Refusal(
            "belief.before",
            f"{day} 那天还没有发布过版本，或没有记下发布的日子。",
            next_step="用 --believed 版本 直接指明。",
        )
    built = _built_up_to(store, version)
    return Belief(version, max(built, last_sequence_by(day)), built)
