"""`reveal`: the one way a personal value leaves the vault for somebody's eyes. Every look is in the ledger.

What lies where is told by the room that owns the kind of reference (`register_resolver`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction

from kuai.guard import actions
from kuai.guard.engine import reading
from kuai.guard.engine.purposes import require_purpose
from kuai.guard.engine.reading import ReadingDecision, ResolvedSubject, SealedMention
from kuai.guard.ledger import record_entry
from kuai.guard.masks import mask
from kuai.guard.models import SourceRecord
from kuai.guard.tickets import get_live_ticket
from kuai.guard.types import Actor, Ticket
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

SEALED_TABLE = "identity"
# Below this many rows it is cheaper to read them than to go on halving: the vault's chunk.
ROWS_READ_AT_ONCE = 65_536

_RESOLVERS: dict[str, Callable[[str], ResolvedSubject]] = {}


def register_resolver(kind: str, resolve: Callable[[str], ResolvedSubject]) -> None:
    """Tell how references "kind:code" resolve to sealed rows; `resolve` gets the code. Again replaces."""
    _RESOLVERS[kind] = resolve


def withdraw_resolver(kind: str) -> None:
    """References of this kind can no longer be revealed."""
    _RESOLVERS.pop(kind, None)


def reveal(
    ref: str,
    fields: Sequence[str],
    *,
    to: Actor,
    ticket: Ticket | str,
    at: datetime,
    store: Store | None = None,
    mention_key: str = "",
) -> dict[str, str | None]:
    """The values of `fields` of the person `ref`: clear where the live ticket names the field, else masked.

    With `mention_key` what that one naming of the person says, and nothing of the others.

    Refuses without a live ticket of the reader's for this person, outside role, zone and area, and any value of a
    child that the ticket does not name. The ledger entry is written before the values are returned, in a
    transaction of its own that no caller can roll back; a refusal is entered too. May be repeated: every look counts.
    """
    ticket_id = ticket if isinstance(ticket, str) else ticket.ticket_id
    # First and outside the ledger, because a malformed reference may be a name or a number.
    reading.split_ref(ref)
    try:
        live, subject, decision = _decide(ref, fields, reader=to, ticket_id=ticket_id, at=at)
        named = tuple(one for one in subject.mentions if mention_key in ("", one.mention_key))
        mentions = _permitted_mentions(named, purpose=live.purpose)
    except Refusal as refusal:
        _enter(ref, fields, reader=to, ticket_id=ticket_id, at=at, outcome=refusal.code)
        raise
    values = _read_values(mentions, fields, store=store or settings.STORE)
    shown = [field if field in decision.clear else f"masked:{field}" for field in fields]
    _enter(
        ref, shown, reader=to, ticket_id=ticket_id, at=at, outcome="allowed", purpose=live.purpose
    )
    return {
        field: values[field] if field in decision.clear else mask(field, values[field])
        for field in fields
    }


def _decide(
    ref: str, fields: Sequence[str], *, reader: Actor, ticket_id: str, at: datetime
) -> tuple[Ticket, ResolvedSubject, ReadingDecision]:
    live = get_live_ticket(ticket_id, holder=reader, at=at)
    kind, code = reading.split_ref(ref)
    # Before anything is looked up, because whether a person exists is an answer too.
    if ref not in live.subjects:
        raise Refusal("ticket.other_person", "这张凭据不是为这个人开的。")
    resolve = _RESOLVERS.get(kind)
    if resolve is None:
        raise Refusal("access.no_resolver", f"“{kind}”这类对象没有可以查看的资料。")
    subject = resolve(code)
    return (
        live,
        subject,
        reading.decide_reading(ref, fields, reader=reader, ticket=live, subject=subject),
    )


def _enter(
    ref: str,
    fields: Sequence[str],
    *,
    reader: Actor,
    ticket_id: str,
    at: datetime,
    outcome: str,
    purpose: str = "",
) -> None:
    kind, code = reading.split_ref(ref)
    # Durable: were this inside a caller's transaction, its rollback would erase a look that has happened.
    with transaction.atomic(durable=True):
        record_entry(
            actor=reader,
            action="person.read",
            object_kind=kind,
            object_refs=(code,),
            fields=tuple(fields),
            purpose=purpose,
            ticket_id=ticket_id,
            count=1,
            at=at,
            outcome=outcome,
        )


def _permitted_mentions(
    mentions: Iterable[SealedMention], *, purpose: str
) -> tuple[SealedMention, ...]:
    """The mentions whose source may be used for `purpose`; refuses if none may. An unregistered source may not."""
    mentions = tuple(mentions)
    if require_purpose(purpose).by_right:
        return mentions
    permitting = {
        record.source
        for record in SourceRecord.objects.filter(
            source__in={mention.source for mention in mentions}
        )
        if purpose in record.permitted_purposes
    }
    permitted = tuple(mention for mention in mentions if mention.source in permitting)
    if mentions and not permitted:
        raise Refusal("access.purpose", "这些资料的来源没有约定可以用于这项用途。")
    return permitted


def _read_values(
    mentions: Sequence[SealedMention], fields: Sequence[str], *, store: Store
) -> dict[str, str | None]:
    """The first non-empty value of each field, in the resolver's order; stops when all are found."""
    values: dict[str, str | None] = dict.fromkeys(fields)
    for mention in mentions:
        missing = [field for field in fields if not values[field]]
        if not missing:
            break
        values.update(_read_mention(mention, missing, store=store))
    return values


def _read_mention(
    mention: SealedMention, fields: Sequence[str], *, store: Store
) -> dict[str, str | None]:
    first, last = _rows_around(mention, store=store)
    window = _open_identity(mention, ("mention_key", *fields), rows=(first, last), store=store)
    found = window.filter(pc.equal(window["mention_key"], mention.mention_key))
    return {field: found[field][0].as_py() if found.num_rows else None for field in fields}


def _rows_around(mention: SealedMention, *, store: Store) -> tuple[int, int]:
    """A range of sealed rows, sorted by row_no, that holds every mention of the delivered row."""
    rows = actions.count_sealed_rows(
        store, zone=mention.zone, source=mention.source, period=mention.period, name=SEALED_TABLE
    )
    first, last = 0, rows
    while last - first > ROWS_READ_AT_ONCE:
        middle = (first + last) // 2
        row_no = _open_identity(mention, ("row_no",), rows=(middle, middle + 1), store=store)[
            "row_no"
        ][0].as_py()
        if row_no < mention.row_no:
            first = middle + 1
        elif row_no > mention.row_no:
            last = middle
        else:
            # Its neighbours may be of the same delivered row: take some on either side.
            return max(0, middle - ROWS_READ_AT_ONCE // 2), min(
                rows, middle + ROWS_READ_AT_ONCE // 2
            )
    return first, last


def _open_identity(
    mention: SealedMention, columns: Sequence[str], *, rows: tuple[int, int], store: Store
) -> pa.Table:
    return actions.open_sealed(
        store,
        zone=mention.zone,
        source=mention.source,
        period=mention.period,
        name=SEALED_TABLE,
        columns=list(columns),
        rows=rows,
    )
