"""Receipts with a mark: whoever scans it learns that it is ours, of which day, of which kind, and nothing else."""

from __future__ import annotations

import hmac
from datetime import datetime

from kuai.guard import access
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence.door_codes import mark_of
from kuai.services.residence.engine.marks import new_receipt_mark, read_receipt_mark
from kuai.services.residence.models import Declaration, StampedReceipt, TenantSheet
from kuai.services.residence.sealed_values import read_values
from kuai.services.residence.types import Genuine

SHEET_KIND = "sheet"
SHOWN_FIELDS = ("name", "phone", "id_number")


def stamp(
    store: Store, made: Declaration | TenantSheet, *, kind: str, at: datetime
) -> StampedReceipt:
    """Give out a receipt, in the caller's transaction."""
    mark, day = new_receipt_mark(), local_day(at)
    row = StampedReceipt(
        mark=mark,
        kind=kind,
        issued_on=day,
        issued_at=at,
        digest=_digest(store, mark, kind=kind, day=day.isoformat(), number=made.number),
        declaration=made if isinstance(made, Declaration) else None,
        sheet=made if isinstance(made, TenantSheet) else None,
    )
    row.save()
    return row


def verify_receipt(store: Store, mark: str) -> Genuine | None:
    """Day and kind of a genuine receipt, or None. Compared against the keyed digest, so that a row put into the
    database by hand is not genuine."""
    read = read_receipt_mark(mark)
    row = (
        StampedReceipt.objects.select_related("declaration", "sheet").filter(mark=read).first()
        if read
        else None
    )
    if row is None:
        return None
    made = row.declaration or row.sheet
    number = made.number if made else ""
    expected = _digest(store, read, kind=row.kind, day=row.issued_on.isoformat(), number=number)
    return Genuine(row.issued_on, row.kind) if hmac.compare_digest(expected, row.digest) else None


def read_receipt_lines(store: Store, number: str) -> dict[str, str | None]:
    """What was declared, masked, for the receipt of whoever just declared it; a child's values are left out.

    The caller makes sure who asks (the session that declared). No ledger entry: it is the declarant's own word.
    """
    row = Declaration.objects.filter(number=number).first()
    if row is None:
        raise Refusal("declaration.none", "没有这份申报。")
    if row.is_child_under_14:
        return {}
    values = read_values(store, row.sealed_period, row.sealed_row) if row.sealed_period else {}
    return {one: access.mask(one, values[one]) for one in SHOWN_FIELDS if values.get(one)}


def _digest(store: Store, mark: str, *, kind: str, day: str, number: str) -> str:
    return mark_of(store, f"receipt:{mark}:{kind}:{day}:{number}")
