"""The values of everybody on a registered form's list at once, for a release by a named person. Its door is `access`.

As `reveal`, with the same decision a person; an entry a person stands in the ledger before anything is returned. Whom
the holder may not see, and what the ticket does not name, is left out and never masked. Decision 0038.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction

from kuai.guard import actions
from kuai.guard.engine import reading
from kuai.guard.engine.purposes import require_purpose
from kuai.guard.engine.reading import DELIVER_HOME, FIELD_LEVELS, ResolvedSubject, SealedMention
from kuai.guard.home_delivery import list_home_deliveries
from kuai.guard.ledger import record_entry
from kuai.guard.models import SourceRecord
from kuai.guard.revealing import SEALED_TABLE
from kuai.guard.tickets import get_live_ticket
from kuai.guard.types import Actor, Ticket, TicketKind
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

ListResolver = Callable[[Sequence[str]], Mapping[str, ResolvedSubject]]
_LIST_RESOLVERS: dict[str, ListResolver] = {}


@dataclass(frozen=True)
class SaidValue:
    """What one delivery says; a yes or no of the care zone has neither source nor period."""

    value: str
    source: str
    period: str


RevealedList = dict[str, dict[str, tuple[SaidValue, ...]]]


def register_list_resolver(kind: str, resolve: ListResolver) -> None:
    """As `register_resolver`, for many codes at once; codes it does not know are absent. Again replaces."""
    _LIST_RESOLVERS[kind] = resolve


def withdraw_list_resolver(kind: str) -> None:
    """References of this kind can no longer be revealed by lists."""
    _LIST_RESOLVERS.pop(kind, None)


def reveal_list(
    asked: Mapping[str, Sequence[str]],
    *,
    to: Actor,
    ticket: str,
    at: datetime,
    action: str,
    is_masked: bool = False,
    store: Store | None = None,
) -> RevealedList:
    """All that permitted deliveries say of the asked fields of each person; persons who may not be seen are absent.

    Every value that differs is there, so that the caller can hold a conflict back. With `is_masked` the caller shows
    masks only: the entries say so, and no yes or no of the care zone is read. Refuses without a live ticket of a form.
    """
    live = get_live_ticket(ticket, holder=to, at=at)
    if live.kind is not TicketKind.FORM:
        raise Refusal("ticket.wrong_kind", "名单只凭登记报表的凭据读取。")
    store = store or settings.STORE
    subjects = _decided(asked, live=live, reader=to)
    _enter(asked, subjects, live=live, to=to, at=at, action=action, is_masked=is_masked)
    known = _read(asked, subjects, purpose=live.purpose, store=store)
    if not is_masked:
        _add_home_deliveries(known, asked, subjects, store=store)
    return known


def _decided(
    asked: Mapping[str, Sequence[str]], *, live: Ticket, reader: Actor
) -> dict[str, ResolvedSubject]:
    codes: dict[str, list[str]] = defaultdict(list)
    for ref in asked:
        kind, code = reading.split_ref(ref)
        if ref in live.subjects:
            codes[kind].append(code)
    found: dict[str, ResolvedSubject] = {}
    for kind, listed in codes.items():
        resolve = _LIST_RESOLVERS.get(kind)
        if resolve is None:
            raise Refusal("access.no_resolver", f"“{kind}”这类对象没有可以查看的资料。")
        found |= {f"{kind}:{code}": subject for code, subject in resolve(listed).items()}
    return {
        ref: subject
        for ref, subject in found.items()
        if _may_read(ref, asked[ref], live=live, reader=reader, subject=subject)
    }


def _may_read(
    ref: str, fields: Sequence[str], *, live: Ticket, reader: Actor, subject: ResolvedSubject
) -> bool:
    sealed = [field for field in fields if field in FIELD_LEVELS] or ["name"]
    if subject.is_child_under_14 or not set(fields) <= set(live.fields):
        return False
    try:
        decision = reading.decide_reading(ref, sealed, reader=reader, ticket=live, subject=subject)
    except Refusal:
        return False
    asked_sealed = [field for field in fields if field in FIELD_LEVELS]
    return set(asked_sealed) <= set(decision.clear)


def _enter(
    asked: Mapping[str, Sequence[str]],
    subjects: Mapping[str, ResolvedSubject],
    *,
    live: Ticket,
    to: Actor,
    at: datetime,
    action: str,
    is_masked: bool,
) -> None:
    # Durable: were this inside a caller's transaction, its rollback would erase looks that have happened.
    with transaction.atomic(durable=True):
        for ref in sorted(subjects):
            kind, code = reading.split_ref(ref)
            fields = tuple(f"masked:{field}" if is_masked else field for field in asked[ref])
            record_entry(
                actor=to,
                action=action,
                object_kind=kind,
                object_refs=(code,),
                fields=fields,
                purpose=live.purpose,
                ticket_id=live.ticket_id,
                count=1,
                at=at,
                outcome="allowed",
            )


def _read(
    asked: Mapping[str, Sequence[str]],
    subjects: Mapping[str, ResolvedSubject],
    *,
    purpose: str,
    store: Store,
) -> RevealedList:
    permitting = permitting_sources(purpose)
    known: RevealedList = {ref: {} for ref in subjects}
    owner: dict[str, str] = {}
    places: dict[tuple[object, str, str], list[SealedMention]] = defaultdict(list)
    for ref, subject in subjects.items():
        for mention in subject.mentions:
            if mention.source in permitting:
                places[(mention.zone, mention.source, mention.period)].append(mention)
                owner[mention.mention_key] = ref
    fields = sorted({field for listed in asked.values() for field in listed} & set(FIELD_LEVELS))
    for (_zone, source, period), mentions in sorted(places.items(), key=lambda one: one[0][1:]):
        for row in _rows(mentions, fields, store=store):
            ref = owner[row["mention_key"]]
            for field in set(fields) & set(asked[ref]):
                if row[field]:
                    said = SaidValue(row[field], source, period)
                    known[ref][field] = (*known[ref].get(field, ()), said)
    return known


def permitting_sources(purpose: str) -> frozenset[str]:
    """The registered sources whose agreement names `purpose`."""
    require_purpose(purpose)
    return frozenset(
        record.source
        for record in SourceRecord.objects.all()
        if purpose in record.permitted_purposes
    )


def _rows(
    mentions: Sequence[SealedMention], fields: Sequence[str], *, store: Store
) -> list[dict[str, str]]:
    """The sealed rows of these mentions, all of one delivery."""
    if not fields:
        return []
    first = mentions[0]
    wanted = pa.array(sorted(one.mention_key for one in mentions))
    found: list[dict[str, str]] = []
    for batch in actions.open_sealed_batches(
        store,
        zone=first.zone,
        source=first.source,
        period=first.period,
        name=SEALED_TABLE,
        columns=["mention_key", *fields],
    ):
        found += batch.filter(pc.is_in(batch["mention_key"], value_set=wanted)).to_pylist()
    return found


def _add_home_deliveries(
    known: RevealedList,
    asked: Mapping[str, Sequence[str]],
    subjects: Mapping[str, ResolvedSubject],
    *,
    store: Store,
) -> None:
    wanted = {ref: subjects[ref] for ref in known if DELIVER_HOME in asked[ref]}
    if not wanted:
        return
    to_the_door = list_home_deliveries(wanted, store=store)
    for ref, is_delivered in to_the_door.items():
        word = "yes" if is_delivered else "no"
        known[ref][DELIVER_HOME] = (SaidValue(word, "", ""),)
