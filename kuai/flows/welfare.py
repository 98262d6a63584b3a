"""Minors of whom no source names a guardian or a grown-up head of household: a list for child-welfare staff alone.

It is made when somebody with that duty asks, written nowhere, counted nowhere, and shows codes only; who lies behind
a code is read by a ticket that this duty issues (decision 0027).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from kuai.blocks.queries import open_blocks
from kuai.guard import access, officials
from kuai.guard.queries import covers_any, find_actor_by_login, list_sources
from kuai.guard.types import Actor, Role, Ticket, TicketKind
from kuai.kit.engine import engine, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, read_json
from kuai.registry.queries import contested_facts
from kuai.registry.types import MENTION_ELEMENT, PERSON, RELATION

# The page that lists codes, and what the tickets that follow from it are for.
DUTY, PURPOSE = "child_welfare_duty", "child_welfare"
ROLE = Role.CHILD_WELFARE_WORKER
# A name to ask for and a number to call: what is needed to find out that a child is cared for.
FIELDS = ("name", "phone")
TICKET_LASTS = timedelta(days=5)
# From the day of the build: by then somebody has been to see.
LOOKED_AFTER_WITHIN = timedelta(days=14)
HOLDS = ("asserted", "verified", "disputed")
# Of so many minors at least one must have somebody named, else the registers that name them did not come and the list
# would be of children in general.
TOLD_OF = 2
# While one ticket is issued its holder's list is made once, not once a child; afterwards nothing of it is kept.
_WHILE_ISSUING: ContextVar[dict[str, frozenset[str]] | None] = ContextVar("issuing", default=None)


@dataclass(frozen=True)
class WelfareList:
    """Codes in their order, for this reader and this build. No place, no count: each is a child.

    `contested`: those of whom somebody contests something: they stay on the list, because a child does not wait for
    papers, but are marked, and no day runs.
    """

    version: str
    as_of: date
    person_codes: tuple[str, ...]
    contested: frozenset[str]
    responsible: str
    channel: str
    due_on: date


def list_unguarded_minors(store: Store, *, to: Actor, at: datetime) -> WelfareList:
    """The minors of `to`'s areas; entered in the ledger, a refusal too. Refuses every other role, and a build in
    which no source says who guards whom: then the list would be of all children."""
    try:
        found = _list_for(store, to)
    except Refusal as refusal:
        _enter(to, at=at, outcome=refusal.code)
        raise
    _enter(to, at=at, outcome="allowed")
    return found


def issue_welfare_ticket(person_codes: Iterable[str], *, to: Actor, at: datetime) -> Ticket:
    """A ticket of this duty for persons of the list; refuses anybody who is not on it."""
    _require_duty(to)
    request = access.TicketRequest(
        kind=TicketKind.DUTY,
        origin=_origin_of(to),
        purpose=PURPOSE,
        subjects=tuple(f"person:{code}" for code in person_codes),
        fields=FIELDS,
        ends_at=at + TICKET_LASTS,
    )
    issuing = _WHILE_ISSUING.set({})
    try:
        return access.issue_ticket(request, holder=to, at=at)
    finally:
        _WHILE_ISSUING.reset(issuing)


def register_welfare_duty() -> None:
    """Let the duty issue tickets; called once, when the portal's room starts."""
    access.register_origin(
        TicketKind.DUTY,
        _is_on_duty,
        names_subject=_names,
        is_held_by=lambda origin, actor: origin == _origin_of(actor),
    )


def _origin_of(actor: Actor) -> str:
    return f"{DUTY}:{actor.user_id}"


def _holder_of(origin: str) -> Actor | None:
    duty, _, user_id = origin.partition(":")
    actor = find_actor_by_login(user_id) if duty == DUTY else None
    return actor if actor is not None and actor.role is ROLE else None


def _is_on_duty(origin: str) -> bool:
    return _holder_of(origin) is not None


def _names(origin: str, ref: str) -> bool:
    holder = _holder_of(origin)
    if holder is None:
        return False
    listed = _WHILE_ISSUING.get()
    if listed is None:
        listed = {}
    if origin not in listed:
        listed[origin] = frozenset(_list_for(settings.STORE, holder).person_codes)
    return ref.removeprefix("person:") in listed[origin]


def _require_duty(actor: Actor) -> None:
    if actor.role is not ROLE:
        raise Refusal("welfare.not_yours", "这份名单只给儿童福利工作人员。")


def _list_for(store: Store, reader: Actor) -> WelfareList:
    _require_duty(reader)
    build = store.current_build()
    as_of = date.fromisoformat(read_json(build / "receipts.json")["as_of"])
    places = _unguarded(build / "core", as_of, sources=_permitting_sources())
    path_of = open_blocks(build).path_of
    codes = tuple(
        sorted(
            code
            for code, lived in places.items()
            if covers_any(reader.areas, [path_of(place) for place in lived])
        )
    )
    disputed = {part for key in contested_facts() for part in key.split("|")}
    return WelfareList(
        version=build.name,
        as_of=as_of,
        person_codes=codes,
        contested=frozenset(codes) & disputed,
        responsible=officials.speak_of(officials.CHILD_WELFARE),
        channel=officials.where_to_object(officials.CHILD_WELFARE),
        due_on=as_of + LOOKED_AFTER_WITHIN,
    )


def _permitting_sources() -> list[str]:
    """Sources whose agreement lets them be used for this; invented ones may."""
    return [
        one.source for one in list_sources() if one.synthetic or PURPOSE in one.permitted_purposes
    ]


def _unguarded(core: Path, as_of: date, *, sources: list[str]) -> dict[str, set[str]]:
    """Code of each minor nobody is named for -> the places they are known at."""
    tables = {
        "person": scan_sql([core / f"{PERSON.name}.parquet"]),
        "relation": scan_sql([core / f"{RELATION.name}.parquet"]),
        "mention": scan_sql([core / f"{MENTION_ELEMENT.name}.parquet"]),
    }
    with engine(memory_limit="1GB") as connection:
        rows = connection.execute(
            _UNGUARDED.format(**tables),
            {
                "as_of": as_of.isoformat(),
                "sources": sources,
                "holds": list(HOLDS),
                "told_of": TOLD_OF,
            },
        ).fetchall()
    if any(not is_told for _, _, is_told in rows):
        raise Refusal(
            "welfare.not_told",
            "没有来源说明监护关系或户内关系，不能判断谁没有监护人。",
            next_step="请先接入民政、法院、教育的监护登记或公安户籍，并在协议里约定儿童福利用途。",
        )
    found: dict[str, set[str]] = defaultdict(set)
    for code, place, _ in rows:
        found[code] |= {place} if place else set()
    return found


# A minor is under 18 (未成年人保护法第2条), by the latest day that the birth can mean: in doubt a minor. A guardian or
# head who is not known to be a minor counts as grown up. Who is held back in quarantine is on no list, nor is a person
# whom only sources speak of that may not be used for this. A contested guardian is nobody, a contested home is still
# where they live: an objection takes no child off the list,
# nor does a birth date found never to have been true where the rows tell a child.
_UNGUARDED = """
with minor as (
    select p.person_code from {person} as p
    where not p.quarantined
      and (case p.birth_precision
               when 'year' then p.birth_date + interval 1 year
               when 'month' then p.birth_date + interval 1 month
               else p.birth_date + interval 1 day
           end > cast($as_of as date) - interval 18 year + interval 1 day
           or (p.birth_date is null and p.is_child_under_14))
      and p.person_code in (
          select m.code from {mention} as m
          where m.element = 'person' and list_contains($sources, m.source) and m.code is not null
      )
),
named as (
    select type, case type when 'PP_GUARDIAN' then to_code else from_code end as ward,
           case type when 'PP_GUARDIAN' then from_code else to_code end as holder, is_contested
    from {relation}
    where type in ('PP_GUARDIAN', 'PP_HOUSEHOLD') and list_contains($holds, status)
      and list_contains($sources, source)
),
told as (
    select count(distinct m.person_code) * $told_of >= (select count(*) from minor) as is_told
    from minor as m
    join named as n on n.ward = m.person_code
)
select m.person_code, home.to_code, told.is_told
from minor as m
cross join told
left join {relation} as home
    on home.from_code = m.person_code and home.type in ('PH_RESIDE', 'PH_HUKOU', 'PH_RENT')
    and list_contains($holds, home.status)
where m.person_code not in (
    select n.ward from named as n
    where n.ward <> n.holder and not n.is_contested and n.holder not in (select person_code from minor)
)
"""


def _enter(actor: Actor, *, at: datetime, outcome: str) -> None:
    """That the list was asked for. Not whom it holds nor how many: others read the ledger too."""
    # Durable: a look that has happened is not forgotten by a caller's rollback.
    with transaction.atomic(durable=True):
        access.record_entry(
            actor=actor,
            action="welfare.listed",
            object_kind="person",
            purpose=DUTY,
            at=at,
            outcome=outcome,
        )
