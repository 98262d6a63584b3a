"""The file of one room, building or organisation: what is public of it, by day and belief, with every source.

Persons stand in it by the kind of their relation, never by code. Private; its door is `queries`. Decision 0030.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kuai.address.types import ADDRESS_ENTRY
from kuai.blocks.queries import open_blocks
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import types
from kuai.registry.believing import (
    FEWEST_TOLD,
    PUBLIC_TIER,
    Belief,
    BuildReading,
    Hidden,
    WaitingDecision,
    catalogue_of,
    day_of,
    element_of,
    find_belief,
    holding_on,
    laid_over,
    stage_of,
    told_values,
    with_all_columns,
)
from kuai.registry.cases import CaseView, view_case
from kuai.registry.conflicts import ConflictLine
from kuai.registry.engine.believed import status_while_it_held
from kuai.registry.engine.case_moves import LIVING
from kuai.registry.engine.decision_kinds import DecisionKind
from kuai.registry.engine.relation_types import RelationType
from kuai.registry.freezing import in_force
from kuai.registry.models import DecisionSubject, VerificationCase
from kuai.registry.waiting import list_waiting

FACTS_A_PAGE = 50
# So many of each kind are drawn around the middle; the others are a number.
DRAWN_A_KIND = 4
MOST_TURNS = 40
MOST_CASES = 50
# Of an element's own row these say nothing to a reader.
_OF_THE_BUILD = frozenset({"founding_mention", "organisation_no", "purposes"})
# Read one by one out of groups of thousands of rows: what is not asked for is not unpacked.
_COLUMNS = [
    "relation_no",
    "type",
    "from_code",
    "to_code",
    "role",
    "valid_from",
    "valid_to",
    "precision",
    "ended_by",
    "recorded_on",
    "said_since",
    "source",
    "period",
    "status",
    "level",
    "is_contested",
    "decision",
]
# A fact's rows speak for it in this order.
_BEST_FIRST = ("verified", "disputed", "asserted", "ended")


@dataclass(frozen=True)
class Said:
    """One row of one delivery that states a fact, and the day of the row."""

    source: str
    period: str
    recorded_on: date | None


@dataclass(frozen=True)
class Verified:
    """One step of verification in force: at which level, by which login, with what."""

    level: str
    decided_by: str
    decided_on: date
    evidence_kind: str
    evidence_ref: str


@dataclass(frozen=True)
class FileFact:
    """One fact of the file. `other_code` is empty for a person. `at_code`: the room of a building it is about."""

    fact_key: str
    type: str
    title: str
    at_code: str
    other_code: str
    is_from: bool
    role: str
    valid_from: date | None
    valid_to: date | None
    precision: str
    certainty: str
    status: str
    level: str
    is_contested: bool
    is_laid_over: bool
    said: tuple[Said, ...]


@dataclass(frozen=True)
class FileKind:
    """One kind of relation in the file: how many facts hold, and the first of them, for the drawing."""

    type: str
    title: str
    count: int
    drawn: tuple[FileFact, ...]


@dataclass(frozen=True)
class Turn:
    """Something that began, ended or happened. `kind`: a life event's, or begins, ends."""

    on_day: date
    kind: str
    title: str
    other_code: str
    source: str
    precision: str


@dataclass(frozen=True)
class ElementFile:
    """One element as of `on` and as believed; `facts` is one page of those that held, `kinds` all of them."""

    code: str
    asked_code: str
    element: str
    on: date
    as_of: date
    stage: str
    belief: Belief
    values: Mapping[str, Any]
    sources: tuple[tuple[str, str], ...]
    kinds: tuple[FileKind, ...]
    facts: tuple[FileFact, ...]
    total: int
    next_after: int | None
    turns: tuple[Turn, ...]
    hidden: tuple[Hidden, ...]
    conflicts: tuple[ConflictLine, ...]
    cases: tuple[CaseView, ...]
    waiting: tuple[WaitingDecision, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    verified: Mapping[str, tuple[Verified, ...]] = field(default_factory=dict)


def read_element_file(
    store: Store,
    code: str,
    *,
    on: date | None = None,
    belief: Belief | None = None,
    rooms: Sequence[str] = (),
    kind: str = "",
    after: int = 0,
) -> ElementFile:
    """The file of `code`. `rooms`: of a building, those whose firms belong to its file. `kind` narrows the list.

    Refuses persons, events and contact points, and an unknown code. May be repeated.
    """
    if code[:1] in "PCE":
        raise Refusal(
            "file.not_open",
            "这里只有房屋、楼栋和单位的档案。",
            next_step="个人的资料只在手里有凭据的任务页里，或由本人查看。",
        )
    held = belief or find_belief(store)
    core = store.builds / held.version / "core"
    reading = BuildReading(core)
    found, values = reading.resolve(code)
    element = element_of(found, values)
    as_of = day_of(core.parent)
    day = on or as_of
    catalogue = catalogue_of(store)
    every = _rows_at(reading, sorted({found, *rooms}))
    public = _public_rows(every, is_place=element != "organisation", catalogue=catalogue)
    rows = list(laid_over(reading, held, public, as_of=as_of))
    life = reading.life_events(found)
    facts = _stated_facts(rows, day, catalogue=catalogue)
    listed = [one for one in facts if kind in ("", one.type)]
    told = partial(_fact, own={found, *rooms}, catalogue=catalogue)
    page = tuple(told(one) for one in listed[after : after + FACTS_A_PAGE])
    kinds = _kinds(facts, told=told)
    turns = _turns(rows, life, day, own={found, *rooms}, catalogue=catalogue)
    is_frozen = day == as_of and held.sequence == held.built_up_to
    shown = [*page, *(one for each in kinds for one in each.drawn)]
    return ElementFile(
        code=found,
        asked_code=code,
        element=element,
        on=day,
        as_of=as_of,
        stage=stage_of(element, values, life, day),
        belief=held,
        values=told_values(values, without=_OF_THE_BUILD),
        sources=_sources(rows, values),
        kinds=kinds,
        facts=page,
        total=len(listed),
        next_after=after + FACTS_A_PAGE if after + FACTS_A_PAGE < len(listed) else None,
        turns=turns,
        hidden=_hidden(every, day, catalogue) if is_frozen and element == "organisation" else (),
        conflicts=_conflicts(reading, found),
        cases=_cases(found, [one.fact_key for one in page], catalogue),
        waiting=tuple(
            WaitingDecision(sequence, word)
            for sequence, word in list_waiting(
                core, code=found, after=held.built_up_to, up_to=held.sequence
            )
        ),
        names=names_of(
            reading,
            {code for one in shown for code in (one.other_code, one.at_code)}
            | {one.other_code for one in turns},
        ),
        verified=_verified([one.fact_key for one in page], up_to=held.sequence),
    )


def _rows_at(reading: BuildReading, codes: Sequence[str]) -> pa.Table:
    """Every relation at these codes, a row an end; of an older build without that table, a row a relation."""
    if reading.has(types.RELATION_END):
        return reading.ends(codes, columns=_COLUMNS)
    found = reading.rows(
        types.RELATION,
        "list_contains($codes, from_code) or list_contains($codes, to_code)",
        codes=list(codes),
    )
    lines = [{name: with_all_columns(row).get(name) for name in _COLUMNS} for row in found]
    return pa.Table.from_pylist(lines) if lines else pa.table({name: [] for name in _COLUMNS})


def _public_rows(
    every: pa.Table, *, is_place: bool, catalogue: Mapping[str, RelationType]
) -> list[dict[str, Any]]:
    """Public relations, each once. Of a place nothing that happened there: that is its people's business."""
    public = pa.array(_public(catalogue), pa.string())
    found = every.filter(pc.is_in(every["type"].cast(pa.string()), value_set=public)).to_pylist()
    each = {
        row["relation_no"]: with_all_columns(row)
        for row in found
        if not (is_place and "E-" in (row["from_code"][:2], row["to_code"][:2]))
    }
    return [each[number] for number in sorted(each)]


def _public(catalogue: Mapping[str, RelationType]) -> list[str]:
    return sorted(one.code for one in catalogue.values() if one.tier == PUBLIC_TIER)


# The ends let whole groups of rows be left out.
_AMONG = "{column} between $low and $high and list_contains($codes, {column})"


def _asked(codes: Sequence[str]) -> dict[str, Any]:
    return {"low": min(codes), "high": max(codes), "codes": list(codes)}


@dataclass(frozen=True)
class _StatedFact:
    """A fact with the rows that state it: enough to count and order a thousand of them; those shown become lines."""

    best: Mapping[str, Any]
    rows: Sequence[tuple[dict[str, Any], str]]

    @property
    def type(self) -> str:
        return str(self.best["type"])


def _stated_facts(
    rows: Iterable[dict[str, Any]], day: date, *, catalogue: Mapping[str, RelationType]
) -> list[_StatedFact]:
    """What held on the day, a fact once whoever states it, by kind and beginning."""
    stated: dict[str, list[tuple[dict[str, Any], str]]] = defaultdict(list)
    for row, certainty in holding_on(rows, day):
        stated[row["fact_key"]].append((row, certainty))
    order = {code: place for place, code in enumerate(catalogue)}
    facts = [
        _StatedFact(both[0][0] if len(both) == 1 else best_row([one for one, _ in both]), both)
        for both in stated.values()
    ]
    return sorted(
        facts,
        key=lambda one: (
            order.get(one.type, len(order)),
            one.best["valid_from"] or date.min,
            one.best["fact_key"],
        ),
    )


def _fact(fact: _StatedFact, *, own: set[str], catalogue: Mapping[str, RelationType]) -> FileFact:
    row, stated = fact.best, fact.rows
    certainty = next(word for one, word in stated if one is row)
    is_from = row["from_code"] in own
    other = row["to_code"] if is_from else row["from_code"]
    known = catalogue.get(row["type"])
    return FileFact(
        fact_key=row["fact_key"],
        type=row["type"],
        title=known.title_zh if known else row["type"],
        at_code=row["from_code"] if is_from else row["to_code"],
        other_code=_told(other),
        is_from=is_from,
        role=row["role"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        precision=row["precision"],
        certainty=certainty,
        status=status_while_it_held(row),
        level=row["level"],
        is_contested=row["is_contested"],
        is_laid_over=bool(row.get("is_laid_over")),
        said=tuple(
            dict.fromkeys(
                Said(one["source"], one["period"], one["recorded_on"]) for one, _ in stated
            )
        ),
    )


def best_row(stated: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of the rows that state a fact the one that speaks for it."""
    return min(stated, key=lambda one: (_rank(one), one["relation_no"]))


def _rank(row: Mapping[str, Any]) -> int:
    status = row["status"]
    return _BEST_FIRST.index(status) if status in _BEST_FIRST else len(_BEST_FIRST)


def _told(code: str) -> str:
    """The other end's code; a person's is nobody's business here."""
    return "" if code.startswith("P-") else code


def _kinds(
    facts: Iterable[_StatedFact], *, told: Callable[[_StatedFact], FileFact]
) -> tuple[FileKind, ...]:
    by_type: dict[str, list[_StatedFact]] = {}
    for one in facts:
        by_type.setdefault(one.type, []).append(one)
    kinds = []
    for kind, those in by_type.items():
        drawn = tuple(told(one) for one in those[:DRAWN_A_KIND])
        kinds.append(FileKind(kind, drawn[0].title, len(those), drawn))
    return tuple(kinds)


def _turns(
    rows: Iterable[Mapping[str, Any]],
    life: Iterable[Any],
    day: date,
    *,
    own: set[str],
    catalogue: Mapping[str, RelationType],
) -> tuple[Turn, ...]:
    """What began, ended and happened up to the day, newest first."""
    # Plain, because of a thousand relations two thousand turns are told apart and forty are shown.
    found: set[tuple[Any, ...]] = {
        (one.on_day, one.kind, "", "", one.source, one.precision)
        for one in life
        if one.on_day is not None and one.on_day <= day
    }
    for row in rows:
        if row["status"] == "withdrawn":
            continue
        known = catalogue.get(row["type"])
        other = row["to_code"] if row["from_code"] in own else row["from_code"]
        for kind, turned in (("begins", row["valid_from"]), ("ends", row["valid_to"])):
            if turned is not None and turned <= day:
                title = known.title_zh if known else row["type"]
                found.add((turned, kind, title, _told(other), row["source"], row["precision"]))
    ordered = sorted(found, key=itemgetter(1, 2, 3, 4))
    newest = sorted(ordered, key=itemgetter(0), reverse=True)[:MOST_TURNS]
    return tuple(Turn(*one) for one in newest)


def _sources(
    rows: Iterable[Mapping[str, Any]], values: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """Which deliveries the file rests on; of the element's own row the one it was first named by."""
    found = {(row["source"], row["period"]) for row in rows}
    born = str(values.get("founding_mention") or "").partition(":")[0]
    if born and born not in {source for source, _ in found}:
        found.add((born, ""))
    return tuple(sorted(found))


def _hidden(
    every: pa.Table, day: date, catalogue: Mapping[str, RelationType]
) -> tuple[Hidden, ...]:
    """Relations with persons that the page does not list: how many, from ten on."""
    known = set(_public(catalogue))
    columns = ("type", "from_code", "to_code", "status", "valid_from", "valid_to")
    held = {
        (kind, start, end)
        for kind, start, end, status, since, until in zip(
            *(every[name].to_pylist() for name in columns), strict=True
        )
        if kind not in known
        and status not in ("ended", "withdrawn")
        and (since is None or since <= day)
        and (until is None or until > day)
    }
    counted = Counter(kind for kind, _, _ in held)
    return tuple(
        Hidden(
            kind,
            catalogue[kind].title_zh if kind in catalogue else kind,
            count if count >= FEWEST_TOLD else None,
        )
        for kind, count in sorted(counted.items())
    )


def _conflicts(reading: BuildReading, code: str) -> tuple[ConflictLine, ...]:
    rows = reading.rows(types.CONFLICT, "element_code = $code", code=code)
    return tuple(
        ConflictLine(
            number=row["conflict_no"],
            kind=row["kind"],
            element_code=code,
            explanation=row["explanation"],
            left_fact=row["left_fact"] or "",
            right_fact=row["right_fact"] or "",
            left_mention=row["left_mention"],
            right_mention=row["right_mention"],
        )
        for row in sorted(rows, key=lambda one: one["conflict_no"])
    )


def _cases(
    code: str, fact_keys: Sequence[str], catalogue: Mapping[str, RelationType]
) -> tuple[CaseView, ...]:
    """Open cases about what is public of it: that a home is contested is its people's business."""
    living = VerificationCase.objects.filter(state__in=list(LIVING)).order_by("due_on", "pk")
    named = living.filter(fact_key__contains=code) | living.filter(fact_key__in=fact_keys)
    public = set(_public(catalogue))
    return tuple(
        view_case(row)
        for row in named.distinct()[:MOST_CASES]
        if row.fact_key.partition("|")[0] in public
    )


def _verified(fact_keys: Sequence[str], *, up_to: int) -> dict[str, tuple[Verified, ...]]:
    """Verifications in force, by fact."""
    found: dict[str, list[Verified]] = {}
    if not fact_keys:
        return {}
    subjects = DecisionSubject.objects.filter(
        key__in=fact_keys, decision__in=in_force(up_to).filter(kind=DecisionKind.VERIFY)
    )
    for one in subjects.select_related("decision").order_by("decision_id"):
        said = one.decision.detail
        found.setdefault(one.key, []).append(
            Verified(
                level=said["level"],
                decided_by=one.decision.decided_by,
                decided_on=one.decision.decided_at.date(),
                evidence_kind=said["evidence_kind"],
                evidence_ref=said["evidence_ref"],
            )
        )
    return {key: tuple(steps) for key, steps in found.items()}


def _texts_of(reading: BuildReading, places: Sequence[str]) -> dict[str, str]:
    """Addresses by the serving file, which has an index; nothing from a build that this release cannot serve."""
    try:
        return open_blocks(reading.build).texts_of(places) if places else {}
    except Refusal:
        return {}


def names_of(reading: BuildReading, codes: set[str]) -> dict[str, str]:
    """What places, organisations and events of the page are called."""
    organisations = sorted(code for code in codes if code.startswith("O-"))
    events = sorted(code for code in codes if code.startswith("E-"))
    places = sorted(code for code in codes if code.isdigit())
    found = _texts_of(reading, places)
    places = [] if found else places
    for table, column, text, asked in (
        (types.ORGANISATION, "organisation_code", "name", organisations),
        (types.EVENT, "event_code", "kind", events),
        (ADDRESS_ENTRY, "address_code", "standard_text", places),
    ):
        if asked:
            rows = reading.rows(
                table,
                _AMONG.format(column=column),
                columns=f"{column}, {text}",
                **_asked(asked),
            )
            found |= {row[column]: row[text] for row in rows if row[text]}
    return found
