"""The ledger's doors: writing an entry, listing entries, deferring, erasing. Needs Django; sealing is `sealing`.

An entry is written in the transaction of the act and sealed within a second by another process, because a
hash chain inside the request makes every writer queue for its head (measured: less than half the throughput).
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import models, transaction

from kuai.guard.engine.chain import canonical_bytes, commitment_of
from kuai.guard.engine.purposes import is_list_secret, permitted_purposes
from kuai.guard.ledger_models import (
    LedgerDeferral,
    LedgerEntry,
    LedgerPending,
    LedgerSecret,
    LedgerSubject,
)
from kuai.guard.ledger_types import (
    EntryView,
    LedgerFilter,
    LedgerPage,
    OwnEntries,
    OwnEntry,
    OwnFilter,
)
from kuai.guard.sealing import (
    find_row_faults,
    get_ledger_health,
    require_sealing_alive,
    run_sealer,
    seal_pending,
)
from kuai.guard.types import Actor, Role
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store

__all__ = [
    "defer_showing",
    "erase_plain",
    "export_ledger",
    "find_row_faults",
    "get_ledger_health",
    "list_entries",
    "list_entries_about",
    "read_plain",
    "record_entry",
    "require_sealing_alive",
    "run_sealer",
    "seal_pending",
]

# One entry names at most so many elements; a larger export becomes several entries with parts "1/3".
MOST_OBJECTS = 1_000
LONGEST_DEFERRAL = timedelta(days=180)
DEFERRING_ROLES = (Role.LEADER,)
EVERY_LOOK = OwnFilter()
# `*~$=` are check characters of element codes.
REFERENCE = re.compile(r"^[\w.:/@+*~$=\-]{1,80}$")
# An identity number or a mobile number in a reference is a leak: the ledger outlives erasure.
IDENTITY_NUMBER = re.compile(r"^\d{6}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx]$")
MOBILE_NUMBER = re.compile(r"^1[3-9]\d{9}$")


def record_entry(  # noqa: PLR0913 - an entry's columns are its parameters
    *,
    actor: Actor | None,
    action: str,
    object_kind: str,
    object_refs: Sequence[str] = (),
    fields: Sequence[str] = (),
    purpose: str = "",
    ticket_id: str = "",
    count: int = 0,
    at: datetime,
    outcome: str = "",
    personal: Mapping[str, Any] | None = None,
    session: str = "",
    address: str = "",
) -> uuid.UUID:
    """Write who did what to which elements, in the caller's transaction; returns the (first) entry's reference.

    `object_refs` are codes ("person:P-..." or plain), never values. `personal` is what may not stand in the
    ledger openly (query conditions): it is kept beside it, salted, until erased. `session` is stored as a
    digest, `address` cut to its network. `actor` None: nobody was known. Repeating writes again.

    Under a purpose whose list is secret the persons' codes are kept as `personal` is: sealed by their commitment and
    told to the person concerned, never to who reads the ledger or its export.
    """
    _require_codes(object_refs, object_kind=object_kind)
    parts = [object_refs[at : at + MOST_OBJECTS] for at in range(0, len(object_refs), MOST_OBJECTS)]
    common: dict[str, Any] = {
        "recorded_at": at,
        "actor": actor.user_id if actor else "",
        "role": actor.role.value if actor else "",
        "action": action,
        "object_kind": object_kind,
        "fields_named": list(fields),
        "purpose": purpose,
        "ticket": ticket_id,
        "count_returned": count,
        "outcome": outcome,
        "session": hashlib.sha256(session.encode()).hexdigest()[:16] if session else "",
        "address": network_of(address),
    }
    with transaction.atomic():
        entries = [
            _add_entry(common, refs, part=_part(number, len(parts)), personal=personal)
            for number, refs in enumerate(parts or [()], start=1)
        ]
    return entries[0].reference


def list_entries(wanted: LedgerFilter, *, limit: int = 50, cursor: int | None = None) -> LedgerPage:
    """Entries for the auditor, newest first; `cursor` is the page's `next_cursor`.

    Asked about a code, those under a purpose whose list is secret are left out: that they come would tell.
    """
    rows = LedgerEntry.objects.select_related("seal").order_by("-pk")
    rows = rows.filter(**_conditions(wanted))
    if wanted.about:
        rows = rows.exclude(_secret_entries())
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    found = list(rows[: limit + 1])
    return LedgerPage(
        entries=tuple(_as_view(row) for row in found[:limit]),
        next_cursor=found[limit - 1].pk if len(found) > limit else None,
    )


def list_entries_about(
    person_code: str,
    *,
    at: datetime,
    wanted: OwnFilter = EVERY_LOOK,
    limit: int = 200,
    cursor: int | None = None,
) -> OwnEntries:
    """What the person concerned is shown: who looked at them, why, which fields, newest first.

    Other persons in the same act, sessions and addresses are left out. Entries under a running deferral are
    withheld until it ends, and shown then.
    """
    codes = [person_code, *wanted.also]
    deferred = LedgerDeferral.objects.filter(
        person_code__in=codes, begins_at__lte=at, ends_at__gt=at
    ).values_list("ticket", flat=True)
    about = LedgerSubject.objects.filter(code__in=codes).values("entry")
    rows = LedgerEntry.objects.select_related("seal").filter(pk__in=about).order_by("-pk")
    rows = rows.exclude(ticket__in=list(deferred))
    rows = rows.exclude(role__in=wanted.without_roles)
    rows = rows.exclude(purpose__in=wanted.without_purposes)
    if wanted.actor:
        rows = rows.filter(actor=wanted.actor)
    if wanted.not_actor:
        rows = rows.exclude(actor=wanted.not_actor)
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    found = list(rows[: limit + 1])
    return OwnEntries(
        person_code=person_code,
        entries=tuple(_as_own(row) for row in found[:limit]),
        next_cursor=found[limit - 1].pk if len(found) > limit else None,
    )


def defer_showing(
    person_code: str,
    *,
    ticket_id: str,
    legal_basis: str,
    reason: str,
    decided_by: Actor,
    begins_at: datetime,
    ends_at: datetime,
) -> uuid.UUID:
    """Keep one ticket's entries from the person concerned until a day; itself an entry.

    Refuses without legal basis, reason or ticket, beyond 180 days, by anyone but a leader, and by whoever made
    one of the looks. There is no deferral without end and none for all tickets at once.
    """
    if not (legal_basis.strip() and reason.strip() and ticket_id.strip()):
        raise Refusal(
            "ledger.deferral_unfounded",
            "延后告知要写明凭据、法律依据和理由。",
            next_step="补齐后再提交。",
        )
    if not begins_at < ends_at <= begins_at + LONGEST_DEFERRAL:
        raise Refusal(
            "ledger.deferral_endless",
            "延后告知必须有结束日，最长 180 天。",
            next_step="改短期限；到期后仍有必要的，重新决定。",
        )
    made_the_look = LedgerEntry.objects.filter(ticket=ticket_id, actor=decided_by.user_id).exists()
    if decided_by.role not in DEFERRING_ROLES or made_the_look:
        raise Refusal("ledger.deferral_role", "延后告知由未参与查看的领导决定。")
    with transaction.atomic():
        deferral = LedgerDeferral.objects.create(
            person_code=person_code,
            ticket=ticket_id,
            legal_basis=legal_basis,
            reason=reason,
            decided_by=decided_by.user_id,
            begins_at=begins_at,
            ends_at=ends_at,
        )
        # The person's code is not in this entry's refs, else the list would tell what is deferred.
        record_entry(
            actor=decided_by,
            action="ledger.deferred",
            object_kind="deferral",
            object_refs=(str(deferral.reference),),
            ticket_id=ticket_id,
            count=1,
            at=begins_at,
        )
    return deferral.reference


def erase_plain(references: Iterable[uuid.UUID], *, by: Actor, at: datetime) -> int:
    """Delete salt and text behind the entries' commitments; the chain stays valid. May be repeated."""
    wanted = list(references)
    with transaction.atomic():
        erased, _ = LedgerSecret.objects.filter(entry__reference__in=wanted).delete()
        if erased:
            record_entry(
                actor=by,
                action="ledger.plain_erased",
                object_kind="ledger_entry",
                object_refs=tuple(str(reference) for reference in wanted),
                count=erased,
                at=at,
            )
    return erased


def read_plain(reference: uuid.UUID) -> str | None:
    """The personal text an entry is committed to (JSON), or None once erased; Breakdown if it does not match."""
    secret = LedgerSecret.objects.select_related("entry").filter(entry__reference=reference).first()
    if secret is None:
        return None
    if commitment_of(bytes.fromhex(secret.salt), secret.plain.encode()) != secret.entry.commitment:
        raise Breakdown(f"the text kept for ledger entry {reference} is not what was committed")
    return secret.plain


def export_ledger(
    store: Store, *, out: Path, by: Actor | None, now: datetime, progress: Progress = SILENT
) -> Receipt:
    """Copy the sealed ledger (entries, checkpoints, public key) to `out` for an auditor; itself an entry in it."""
    record_entry(
        actor=by,
        action="ledger.exported",
        object_kind="ledger",
        count=LedgerEntry.objects.count() + 1,
        at=now,
    )
    seal_pending(store, now=now)
    out.mkdir(parents=True, exist_ok=True)
    # Because entries go before their checkpoints into the files, checkpoints copied first never lead.
    files = sorted(path for path in (store.root / "ledger").iterdir() if path.suffix)
    with progress_line(progress, "导出账本", total=len(files), measure="文件") as task:
        for path in files:
            with replace_when_complete(out / path.name) as scratch:
                shutil.copyfile(path, scratch)
            task.advance()
    sealed = get_ledger_health(now=now).sealed
    notes = {"files": [path.name for path in files]}
    return Receipt(stage="ledger.export", received=sealed, kept=sealed, what="entries", notes=notes)


def network_of(address: str) -> str:
    """The network an address is in (/24, /48): enough to see an odd place, not enough to follow a person."""
    if not address:
        return ""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unreadable"
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


def _add_entry(
    common: Mapping[str, Any],
    refs: Sequence[str],
    *,
    part: str,
    personal: Mapping[str, Any] | None,
) -> LedgerEntry:
    is_secret = bool(refs) and _keeps_secret(
        object_kind=common["object_kind"], purpose=common["purpose"], role=common["role"]
    )
    beside = {**(personal or {}), "objects": list(refs)} if is_secret else personal
    salt, plain = secrets.token_bytes(32), canonical_bytes(beside) if beside else b""
    entry = LedgerEntry.objects.create(
        **common,
        objects_seen=[] if is_secret else list(refs),
        part=part,
        commitment=commitment_of(salt, plain) if beside else "",
    )
    if beside:
        LedgerSecret.objects.create(entry=entry, salt=salt.hex(), plain=plain.decode())
    codes = sorted({ref.rpartition(":")[2] for ref in refs})
    LedgerSubject.objects.bulk_create([LedgerSubject(entry=entry, code=code) for code in codes])
    LedgerPending.objects.create(entry=entry)
    return entry


def _keeps_secret(*, object_kind: str, purpose: str, role: str) -> bool:
    return object_kind == "person" and is_list_secret(purpose, role=role)


def _secret_entries() -> models.Q:
    """Entries that `_keeps_secret` says yes to."""
    about = models.Q()
    for one in permitted_purposes().values():
        if one.keeps_list_secret:
            about |= models.Q(purpose=one.code) | models.Q(
                role__in=[role.value for role in one.roles]
            )
    return models.Q(object_kind="person") & about


def _part(number: int, parts: int) -> str:
    return f"{number}/{parts}" if parts > 1 else ""


def _require_codes(object_refs: Sequence[str], *, object_kind: str) -> None:
    for ref in object_refs:
        code = ref.rpartition(":")[2]
        is_number = IDENTITY_NUMBER.match(code) or MOBILE_NUMBER.match(code)
        # A login name is chosen by its owner; everything else has a code of ours.
        if not REFERENCE.match(ref) or (is_number and object_kind != "account"):
            raise ValueError("a ledger entry names elements by their codes, not by numbers or text")


def _conditions(wanted: LedgerFilter) -> dict[str, Any]:
    conditions: dict[str, Any] = {
        "actor": wanted.actor,
        "role": wanted.role,
        "action": wanted.action,
        "object_kind": wanted.object_kind,
        "purpose": wanted.purpose,
        "ticket": wanted.ticket_id,
        "outcome": wanted.outcome,
        "recorded_at__gte": wanted.since,
        "recorded_at__lt": wanted.until,
    }
    if wanted.about:
        subjects = LedgerSubject.objects.filter(code=wanted.about)
        conditions["pk__in"] = subjects.values("entry_id")
    return {name: value for name, value in conditions.items() if value not in ("", None)}


def _sequence_of(row: LedgerEntry) -> int | None:
    seal: models.Model | None = getattr(row, "seal", None)
    return getattr(seal, "sequence", None)


def _as_view(row: LedgerEntry) -> EntryView:
    is_secret = _keeps_secret(object_kind=row.object_kind, purpose=row.purpose, role=row.role)
    return EntryView(
        reference=row.reference,
        sequence=_sequence_of(row),
        recorded_at=row.recorded_at,
        actor=row.actor,
        role=row.role,
        action=row.action,
        object_kind=row.object_kind,
        # Of entries from before this was so, the codes are in the row.
        objects=() if is_secret else tuple(row.objects_seen),
        fields=tuple(row.fields_named),
        purpose=row.purpose,
        ticket_id=row.ticket,
        count=row.count_returned,
        outcome=row.outcome,
        part=row.part,
        session=row.session,
        address=row.address,
        commitment=row.commitment,
        keeps_objects_secret=is_secret,
    )


def _as_own(row: LedgerEntry) -> OwnEntry:
    return OwnEntry(
        reference=row.reference,
        sequence=_sequence_of(row),
        recorded_at=row.recorded_at,
        actor=row.actor,
        role=row.role,
        action=row.action,
        fields=tuple(row.fields_named),
        purpose=row.purpose,
        ticket_id=row.ticket,
        outcome=row.outcome,
    )
