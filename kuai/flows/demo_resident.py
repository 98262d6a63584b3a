"""An invented resident for the demo login: somebody of whom several departments speak, bound by the seed.

And live work about them in the demo officers' hands, so that a look can be tried from both sides. Synthetic stores
alone: both doors refuse where a real source is registered.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kuai.blocks.types import BLOCK
from kuai.guard import access
from kuai.guard.queries import find_actor_by_login, is_synthetic_store, list_live_tickets
from kuai.guard.types import Actor, TicketKind
from kuai.kit.clock import local_day
from kuai.kit.engine import engine, scan_sql
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry.queries import is_record_of
from kuai.registry.types import MENTION_ELEMENT, PERSON, RELATION

TICKET_LASTS = timedelta(days=5)
FIELDS = ("name", "phone")
QUESTION = "演示：核对一位居民的登记"
# Somebody grown up, named by many rows, with one home: the story is about one wrong line, not about a muddle. Best
# somebody who turned sixty this year, can be reached, has no card yet and lives on the demo clerk's ground: day one is
# about them, and the clerk's list.
_CHOSEN = """
with home as (
    select from_code as code, count(distinct to_code) as homes, count(distinct source) as sources
    from {relation} where type = 'PH_RESIDE' and status in ('asserted', 'verified') group by from_code
),
newly_sixty as (
    select person_code as code from {person}
    where birth_date <= cast($on as date) - interval 60 year and year(birth_date) = year(cast($on as date)) - 60
      and person_code in (select from_code from {relation} where type in ('PT_REGISTERED', 'PT_USES'))
      and person_code not in (
          select code from {mention_element} where source = 'transit_list' and element = 'person' and code is not null
      )
      and person_code in (
          select r.from_code from {relation} as r join {block} as b on b.code = r.to_code
          where r.type = 'PH_RESIDE' and exists (
              select 1 from (select unnest($areas) as area) as own
              where own.area = '' or b.path = own.area or starts_with(b.path, own.area || '/')
          )
      )
)
select p.person_code, p.founding_mention from {person} as p join home on home.code = p.person_code
where not p.is_child_under_14 and not p.quarantined and home.homes = 1
order by p.person_code in (select code from newly_sixty) desc,
    home.sources desc, p.mentions desc, p.person_code
limit 1
"""


def seed_demo_resident(
    store: Store, username: str, *, officers: tuple[str, ...], at: datetime
) -> bool:
    """Bind the demo resident and give the demo officers live work about them; False where there is nobody to be.

    May be repeated: a binding that still leads to its person stays.
    """
    actor = find_actor_by_login(username)
    if actor is None or not is_synthetic_store() or store.current_version() is None:
        return False
    bound = access.find_binding(actor)
    if bound is None or not is_record_of(store, bound.record, bound.person_code):
        clerk = find_actor_by_login("demo-subdistrict-clerk")
        areas = clerk.areas if clerk and clerk.areas else ("",)
        chosen = _choose(store, on=local_day(at), areas=areas)
        if chosen is None:
            return False
        bound = access.seed_resident(username, chosen[0], record=chosen[1], at=at)
    for name in officers:
        officer = find_actor_by_login(name)
        if officer is not None:
            _give_work(officer, bound.person_code, at=at)
    return True


def _choose(store: Store, *, on: date, areas: tuple[str, ...]) -> tuple[str, str] | None:
    core = store.current_build() / "core"
    read = (BLOCK, MENTION_ELEMENT, PERSON, RELATION)
    paths = {one.name: core / f"{one.name}.parquet" for one in read}
    if not all(path.exists() for path in paths.values()):
        return None
    tables = {name: scan_sql([path]) for name, path in paths.items()}
    with engine(memory_limit="1GB") as connection:
        asked = {"on": on.isoformat(), "areas": list(areas)}
        row = connection.execute(_CHOSEN.format(**tables), asked).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))


def _give_work(officer: Actor, code: str, *, at: datetime) -> None:
    subject = f"person:{code}"
    if any(subject in one.subjects for one in list_live_tickets(officer, at=at)):
        return
    review = decisions.open_review([code], question=QUESTION, by=officer, at=at)
    access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.REVIEW,
            origin=review,
            purpose="record_review",
            subjects=(subject,),
            fields=FIELDS,
            ends_at=at + TICKET_LASTS,
        ),
        holder=officer,
        at=at,
    )
