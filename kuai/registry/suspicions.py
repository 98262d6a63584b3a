"""The queue of what linkage holds back: what is odd, which tie to cut, who answered what. Private: see `decisions`.

Reads the published build's tables and the log of decisions; shows agreements, never values. A value is revealed by
a review of these persons alone, one field at a time, with a reason, through a ticket of minutes.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import transaction

from kuai.blocks.queries import open_blocks
from kuai.guard import access
from kuai.guard import queries as guard_queries
from kuai.guard.free_text import require_reason
from kuai.guard.types import Actor, Ticket, TicketKind
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.linkage.types import (
    ORGANISATION_LINK,
    ORGANISATION_SUSPICION,
    ORGANISATION_TIE,
    PERSON_LINK,
    PERSON_SUSPICION,
    PERSON_TIE,
    SUSPICION_KINDS,
)
from kuai.registry.deciding import record_decision, take_turn
from kuai.registry.engine.decision_kinds import MOST_MENTIONS_NAMED, DecisionKind
from kuai.registry.engine.sides import sides_of
from kuai.registry.freezing import has_log, in_force
from kuai.registry.models import DecisionSubject, SetAside
from kuai.registry.reviewing import (
    PURPOSE,
    REVIEWERS,
    close_looks,
    close_review,
    is_look_at,
    open_review,
)
from kuai.registry.types import MENTION_ELEMENT, PERSON

MEMORY = "500MB"
# Codes and agreements without a value: no ticket. A value takes one (PURPOSE).
LOOK_PURPOSE = "fact_upkeep"
TABLES = {
    "person": (PERSON_LINK, PERSON_SUSPICION, PERSON_TIE),
    "organisation": (ORGANISATION_LINK, ORGANISATION_SUSPICION, ORGANISATION_TIE),
}
MOST_LEAVING = 50
MOST_KEYS_ASKED_FOR = 200
# A glance at one field needs minutes; whoever needs longer asks again, and the ledger shows it.
REVEAL_MINUTES = 10
REVEALED_FIELDS = ("name", "id_number", "phone")
SAME_REASON, DIFFERENT_REASON = "核校：两侧为同一对象", "核校：两侧不是同一对象"
CONFIRM_REASON = "核校：情况属实"


@dataclass(frozen=True)
class HeldRecord:
    """One record of what is held back: where it was delivered, as what, on which side of the tie to cut."""

    mention_key: str
    code: str
    source: str
    period: str
    row_no: int
    role: str
    building_code: str
    is_right: bool


@dataclass(frozen=True)
class HeldTie:
    """One tie between two records: its key and how sure that is; not kept if a contradiction or a clerk forbade it."""

    left_mention: str
    right_mention: str
    key_code: str
    match_probability: float
    is_kept: bool


@dataclass(frozen=True)
class Suspicious:
    """One question: may the two sides of this tie be one? `state`: open, same, different, confirmed, aside.

    `other_path`: where the right record lies, if that is known too; whoever answers has to act in both areas.
    """

    item: str
    element: str
    kind: str
    explanation: str
    left_mention: str
    right_mention: str | None
    agreement: str
    clusters: tuple[str, ...]
    codes: tuple[str, ...]
    area_path: str
    other_path: str = ""
    state: str = "open"
    decision: int | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    set_aside_by: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return SUSPICION_KINDS[self.kind].title


@dataclass(frozen=True)
class OpenedSuspicion:
    """One question with its records (left side first) and ties. `has_child`: somebody in it is under fourteen."""

    question: Suspicious
    records: tuple[HeldRecord, ...]
    ties: tuple[HeldTie, ...]
    has_child: bool


def list_suspicious(store: Store, *, by: Actor) -> tuple[Suspicious, ...]:
    """Every question of the published build in the reviewer's areas, with what was answered since; in a fixed order."""
    return tuple(_with_states(_list_placed(store, by)))


def open_suspicious(store: Store, item: str, *, by: Actor, at: datetime) -> OpenedSuspicion:
    """One question with its records; a look at these persons, entered in the ledger. Refuses what is unknown."""
    question = _find(store, item, by=by)
    core = store.current_build() / "core"
    link, _, tie = TABLES[question.element]
    marks = ", ".join("?" * len(question.clusters))
    members = _rows(
        core / f"{link.name}.parquet", f"cluster_key in ({marks})", question.clusters, "mention_key"
    )
    keys = [row["mention_key"] for row in members]
    ties = _ties(core / f"{tie.name}.parquet", keys)
    right = sides_of(
        keys,
        [
            (one.match_probability, one.left_mention, one.right_mention)
            for one in ties
            if one.is_kept
        ],
        cut=(question.left_mention, question.right_mention),
    )
    records = _without_other_areas(store, _records(core, keys, right), by)
    _enter(question, by=by, at=at)
    _close_looks(by=by, at=at)
    return OpenedSuspicion(question, records, ties, _has_child(core, question.codes))


def answer_suspicious(
    store: Store, item: str, answer: str, *, by: Actor, at: datetime
) -> int | None:
    """`same`, `different` (recorded as a decision, whose sequence is returned) or `unsure` (left to a second person).

    Refuses what is answered already, `different` where one record stands alone, `same` and `different` by whoever
    was unsure, and other answers.
    """
    # In turn, because two who answer at one moment would both find the question open.
    with transaction.atomic():
        take_turn()
        question = _find(store, item, by=by)
        _require_open(question)
        _close_looks(by=by, at=at, item=item)
        if answer == "unsure":
            SetAside.objects.get_or_create(
                item=item, set_aside_by=by.user_id, defaults={"set_aside_at": at}
            )
            _enter(question, by=by, at=at, action="review.set_aside")
            return None
        if answer not in ("same", "different"):
            raise Refusal("suspicion.answer", "请答：同一人、不同人，或拿不准。")
        _require_second(question, by)
        if answer == "same":
            return _say_same(store, question, by=by, at=at)
        return _say_different(store, question, by=by, at=at)


def confirm_suspicious(store: Store, item: str, *, by: Actor, at: datetime) -> int:
    """What is odd of this kind is true: the cluster is not held back for it while it holds just these records."""
    with transaction.atomic():
        take_turn()
        question = _find(store, item, by=by)
        _require_open(question)
        _require_second(question, by)
        return _confirm(store, question, by=by, at=at)


def ask_to_read(
    store: Store, item: str, field: str, *, reason: str, by: Actor, at: datetime
) -> Ticket:
    """A review of the persons of a question, and its ticket for one field and a few minutes.

    Refuses a field that is none, no reason, and whatever the guard refuses.
    """
    question = _find(store, item, by=by)
    if question.element != "person" or field not in REVEALED_FIELDS:
        raise Refusal("suspicion.field", "这里没有这个字段。")
    why = require_reason(reason, what="查看", area="suspicion", longest=100)
    with transaction.atomic():
        _close_looks(by=by, at=at, item=item)
        review = open_review(question.codes, question=why, by=by, at=at, item=item)
        return access.issue_ticket(
            access.TicketRequest(
                kind=TicketKind.REVIEW,
                origin=review,
                purpose=PURPOSE,
                subjects=tuple(f"person:{code}" for code in question.codes),
                fields=(field,),
                ends_at=at + timedelta(minutes=REVEAL_MINUTES),
            ),
            holder=by,
            at=at,
        )


def read_for_review(
    store: Store, item: str, ticket: Ticket, *, by: Actor, at: datetime
) -> Mapping[str, str | None]:
    """What the two records of a question say in the ticket's field, by record; the review ends with this one look."""
    question = _find(store, item, by=by)
    if len(ticket.fields) != 1 or not is_look_at(ticket.origin, item):
        raise Refusal("suspicion.ticket", "这张凭据不是为看这一条的这一项发的。")
    (field,) = ticket.fields
    shown: dict[str, str | None] = {}
    try:
        for key, code in _ends(store, question):
            shown[key] = access.reveal(
                f"person:{code}", (field,), to=by, ticket=ticket, at=at, mention_key=key
            )[field]
    finally:
        close_review(ticket.origin, by=by, at=at)
        access.end_tickets(TicketKind.REVIEW, ticket.origin, at=at)
    return shown


def _close_looks(*, by: Actor, at: datetime, item: str = "") -> None:
    close_looks(by=by, at=at, item=item, lapsed_since=at - timedelta(minutes=REVEAL_MINUTES))


# --- answers -----------------------------------------------------------------------------------------


def _say_same(store: Store, question: Suspicious, *, by: Actor, at: datetime) -> int:
    if question.right_mention is None:
        return _confirm(store, question, by=by, at=at)
    return record_decision(
        DecisionKind.SAME,
        (question.left_mention, question.right_mention),
        reason=SAME_REASON,
        by=by,
        at=at,
    )


def _say_different(store: Store, question: Suspicious, *, by: Actor, at: datetime) -> int:
    if question.right_mention is None:
        raise Refusal(
            "suspicion.alone",
            "只有一条记录，没有可分开的。",
            next_step="属实请按“同一人（属实）”；数据有误请退回来源部门。",
        )
    opened = open_suspicious(store, question.item, by=by, at=at)
    leaving = [one.mention_key for one in opened.records if one.is_right]
    staying = [one.mention_key for one in opened.records if not one.is_right]
    fits = 0 < len(leaving) <= MOST_LEAVING and 0 < len(staying) <= MOST_MENTIONS_NAMED
    if len(question.clusters) == 1 and fits:
        return record_decision(
            DecisionKind.SPLIT,
            leaving,
            reason=DIFFERENT_REASON,
            by=by,
            at=at,
            detail={"staying": staying},
        )
    return record_decision(
        DecisionKind.DIFFERENT,
        (question.left_mention, question.right_mention),
        reason=DIFFERENT_REASON,
        by=by,
        at=at,
    )


def _confirm(store: Store, question: Suspicious, *, by: Actor, at: datetime) -> int:
    core = store.current_build() / "core"
    link = TABLES[question.element][0]
    members = _rows(
        core / f"{link.name}.parquet", "cluster_key = ?", question.clusters[:1], "mention_key"
    )
    if len(members) > MOST_MENTIONS_NAMED:
        raise Refusal(
            "suspicion.too_many",
            f"这一组有 {len(members)} 条记录，一个决定最多写明 {MOST_MENTIONS_NAMED} 条，不能核为属实。",
            next_step="请先把不属于同一对象的分开，或退回来源部门。",
        )
    return record_decision(
        DecisionKind.CONFIRM,
        question.codes[:1],
        reason=CONFIRM_REASON,
        by=by,
        at=at,
        detail={
            "mentions": [row["mention_key"] for row in members],
            "suspicion": question.kind,
        },
    )


# --- reading -----------------------------------------------------------------------------------------


def _require_open(question: Suspicious) -> None:
    if question.state not in ("open", "aside"):
        raise Refusal("suspicion.answered", f"这一条已经核定（决定 {question.decision}）。")


def _require_second(question: Suspicious, by: Actor) -> None:
    if by.user_id in question.set_aside_by:
        raise Refusal(
            "suspicion.second_person",
            "你答过“拿不准”，这一条要由第二个人来定。",
            next_step="请看下一条。",
        )


def _require_reviewer(by: Actor) -> None:
    if by.role not in REVIEWERS:
        raise Refusal("review.not_yours", "存疑记录由数据管理员或部门工作人员核定。")


def _list_placed(store: Store, by: Actor) -> list[Suspicious]:
    _require_reviewer(by)
    placed = _placed(store.current_build())
    return [one for one in placed if _acts_in_all(by, one)]


def _acts_in_all(by: Actor, one: Suspicious) -> bool:
    """Both records are opened by whoever reads one of them."""
    paths = (one.area_path, one.other_path or one.area_path)
    return all(guard_queries.covers_any(by.areas, (path,)) for path in paths)


def _find(store: Store, item: str, *, by: Actor) -> Suspicious:
    mine = [one for one in _list_placed(store, by) if one.item == item]
    found = next(iter(_with_states(mine)), None)
    if found is None:
        raise Refusal(
            "suspicion.unknown",
            "已发布的版本里没有这一条。",
            next_step="可能已在新版本里解决，请回到清单。",
        )
    return found


@lru_cache(maxsize=2)
def _placed(build: Path) -> tuple[Suspicious, ...]:
    """What the build asks, with where it lies; kept, because a build never changes."""
    found = [one for element in TABLES for one in _read(build / "core", element)]
    if not found:
        return ()
    paths = _paths(build, found)
    return tuple(
        replace(one, area_path=paths[one.item][0], other_path=paths[one.item][1]) for one in found
    )


def _read(core: Path, element: str) -> list[Suspicious]:
    """Of one element; what two clusters tell of one tie is one question."""
    _, suspicion, _ = TABLES[element]
    path = core / f"{suspicion.name}.parquet"
    if not path.exists():
        return []
    by_item: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(path, "true", (), "cluster_key, kind, left_mention, right_mention"):
        told = "|".join((element, row["kind"], row["left_mention"], row["right_mention"] or ""))
        by_item[hashlib.sha256(told.encode()).hexdigest()[:16]].append(row)
    keys = {row["cluster_key"] for rows in by_item.values() for row in rows}
    codes = _codes(core, keys)
    return [
        Suspicious(
            item=item,
            element=element,
            kind=rows[0]["kind"],
            explanation=rows[0]["explanation"],
            left_mention=rows[0]["left_mention"],
            right_mention=rows[0]["right_mention"],
            agreement=rows[0]["agreement"],
            clusters=tuple(row["cluster_key"] for row in rows),
            codes=tuple(codes.get(row["cluster_key"], "") for row in rows),
            area_path="",
        )
        for item, rows in by_item.items()
    ]


def _codes(core: Path, mention_keys: Iterable[str]) -> dict[str, str]:
    rows = _mentions(core, mention_keys)
    return {row["mention_key"]: row["code"] for row in rows}


def _mentions(core: Path, mention_keys: Iterable[str]) -> list[dict[str, Any]]:
    return _rows(
        core / f"{MENTION_ELEMENT.name}.parquet",
        "element in ('person', 'organisation') and list_contains(?, mention_key)",
        (sorted(mention_keys),),
        "source, period, row_no, role",
    )


def _records(core: Path, keys: Sequence[str], right: frozenset[str]) -> tuple[HeldRecord, ...]:
    records = [
        HeldRecord(
            mention_key=row["mention_key"],
            code=row["code"] or "",
            source=row["source"],
            period=row["period"],
            row_no=int(row["row_no"]),
            role=row["role"],
            building_code=_building(row["address_code"]),
            is_right=row["mention_key"] in right,
        )
        for row in _mentions(core, keys)
    ]
    return tuple(sorted(records, key=lambda one: (one.is_right, one.source, one.row_no, one.role)))


def _without_other_areas(
    store: Store, records: Sequence[HeldRecord], by: Actor
) -> tuple[HeldRecord, ...]:
    """Of records that lie where the reader does not act the building is not told either."""
    reader = open_blocks(store.current_build())
    return tuple(
        one
        if not one.building_code
        or guard_queries.covers_any(by.areas, (reader.path_of(one.building_code),))
        else replace(one, building_code="")
        for one in records
    )


def _building(address_code: str | None) -> str:
    """Of a room only its building is shown: whether the rooms are the same is told without naming them."""
    return (address_code or "")[:19]


def _ties(path: Path, keys: Sequence[str]) -> tuple[HeldTie, ...]:
    rows = _rows(
        path,
        "list_contains(?, left_mention) or list_contains(?, right_mention)",
        (list(keys), list(keys)),
        "match_probability desc, left_mention, right_mention, key_code",
    )
    names = ("left_mention", "right_mention", "key_code", "match_probability", "is_kept")
    return tuple(HeldTie(**{name: row[name] for name in names}) for row in rows)


def _ends(store: Store, question: Suspicious) -> list[tuple[str, str]]:
    core = store.current_build() / "core"
    keys = [key for key in (question.left_mention, question.right_mention) if key]
    codes = _codes(core, keys)
    return [(key, codes[key]) for key in keys]


def _has_child(core: Path, codes: Sequence[str]) -> bool:
    rows = _rows(
        core / f"{PERSON.name}.parquet",
        "list_contains(?, person_code) and is_child_under_14",
        (list(codes),),
        "person_code",
    )
    return bool(rows)


def _paths(build: Path, found: Sequence[Suspicious]) -> dict[str, tuple[str, str]]:
    """Where each question lies: the area of its left record's place, else of any, and of the right record's place
    ("": unknown); unplaced ones are the whole's."""
    ends = {key for one in found for key in (one.left_mention, one.right_mention) if key}
    places = {row["mention_key"]: row["address_code"] for row in _mentions(build / "core", ends)}
    reader = open_blocks(build)
    known = {place: reader.path_of(place) for place in sorted(set(filter(None, places.values())))}
    paths = {}
    for one in found:
        left, right = (places.get(key or "") or "" for key in (one.left_mention, one.right_mention))
        paths[one.item] = known.get(left or right, ""), known.get(right, "")
    return paths


def _with_states(found: Sequence[Suspicious]) -> Iterable[Suspicious]:
    """What the log says since: at once, not only after the next build."""
    keys = {key for one in found for key in (one.left_mention, one.right_mention) if key}
    codes = {code for one in found for code in one.codes}
    by_key: dict[str, list[Any]] = defaultdict(list)
    aside: dict[str, list[str]] = defaultdict(list)
    if has_log() and found:
        kinds = [
            kind.value
            for kind in (
                DecisionKind.SAME,
                DecisionKind.DIFFERENT,
                DecisionKind.SPLIT,
                DecisionKind.CONFIRM,
            )
        ]
        log, left = in_force().filter(kind__in=kinds), SetAside.objects.all()
        if len(keys) + len(codes) <= MOST_KEYS_ASKED_FOR:
            # One question needs its own decisions only; a whole list is quicker read in one go.
            named = DecisionSubject.objects.filter(key__in=keys | codes)
            log = log.filter(pk__in=named.values("decision_id"))
            left = left.filter(item__in=[one.item for one in found])
        for row in log:
            for key in {*row.subjects, *row.detail.get("staying", ())} & (keys | codes):
                by_key[key].append(row)
        for item, who in left.values_list("item", "set_aside_by"):
            aside[item].append(who)
    for one in found:
        yield _with_state(one, by_key, tuple(sorted(aside[one.item])))


def _with_state(
    one: Suspicious, by_key: Mapping[str, Sequence[Any]], aside: tuple[str, ...]
) -> Suspicious:
    about = {row.pk: row for row in by_key.get(one.left_mention, ())}
    both = [row for row in by_key.get(one.right_mention or "", ()) if row.pk in about]
    newest = max(both, key=lambda row: row.pk, default=None)
    confirmed = [
        row
        for code in one.codes
        for row in by_key.get(code, ())
        if row.kind == DecisionKind.CONFIRM and row.detail.get("suspicion", one.kind) == one.kind
    ]
    if one.kind == "clerk_contradiction":
        newest = None
    decided = newest or max(confirmed, key=lambda row: row.pk, default=None)
    if decided is None:
        return replace(one, state="aside" if aside else "open", set_aside_by=aside)
    return replace(
        one,
        state=_state_of(decided, one),
        decision=decided.pk,
        decided_by=decided.decided_by,
        decided_at=decided.decided_at,
        set_aside_by=aside,
    )


def _state_of(decided: Any, one: Suspicious) -> str:
    if decided.kind == DecisionKind.CONFIRM:
        return "confirmed"
    if decided.kind == DecisionKind.SAME:
        return "same"
    together = {one.left_mention, one.right_mention} <= set(decided.subjects)
    return "same" if decided.kind == DecisionKind.SPLIT and together else "different"


def _rows(path: Path, where: str, parameters: Sequence[Any], order: str) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with engine(memory_limit=MEMORY) as connection:
        found = connection.execute(
            f"select * from {scan_sql([path])} where {where} order by {order}", list(parameters)
        )
        return rows_of(found)


def _enter(question: Suspicious, *, by: Actor, at: datetime, action: str = "review.viewed") -> None:
    persons = tuple(code for code in question.codes if code.startswith("P-"))
    access.record_entry(
        actor=by,
        action=action,
        object_kind="person" if persons else "organisation",
        object_refs=persons or question.codes,
        purpose=LOOK_PURPOSE,
        count=len(question.codes),
        at=at,
    )
