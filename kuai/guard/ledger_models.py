"""Tables of the ledger: who saw, changed, exported what for which ticket. Private: others use `ledger`.

All but `LedgerSecret` and `LedgerPending` only ever grow: the ORM refuses, and database triggers refuse below
it (migration 0002). Decision 0014.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from kuai.guard import only_added
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2, L3, L4 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3, Sensitivity.L4
KEPT = "three years after the act (PIPL art. 54-56 practice); sealed files as long as the audit office asks"


class OnlyAdded(only_added.OnlyAdded):
    """Base of the ledger's tables."""

    only_added: ClassVar[str] = "ledger rows are only added"

    class Meta:
        abstract = True


class LedgerEntry(OnlyAdded):
    """One row: one act upon data by one actor, written in the transaction of the act.

    Absent on purpose: values seen, names, numbers, query texts. What was personal in a query is here as a
    salted commitment only; salt and text lie in `LedgerSecret` and can be erased without breaking the chain.
    """

    privacy: ClassVar = TablePrivacy(
        retention=KEPT,
        levels={
            "id": L2,
            "reference": L2,
            "recorded_at": L2,
            "actor": L3,
            "role": L2,
            "action": L2,
            "object_kind": L2,
            "objects_seen": L3,
            "fields_named": L2,
            "purpose": L2,
            "ticket": L2,
            "count_returned": L2,
            "outcome": L2,
            "part": L2,
            "session": L2,
            "address": L3,
            "commitment": L2,
        },
    )

    reference = models.UUIDField(unique=True, default=uuid.uuid4)
    recorded_at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=64, blank=True, default="", db_index=True)
    role = models.CharField(max_length=32, blank=True, default="")
    action = models.CharField(max_length=48)
    object_kind = models.CharField(max_length=32)
    objects_seen = models.JSONField(default=list)
    fields_named = models.JSONField(default=list)
    purpose = models.CharField(max_length=64, blank=True, default="")
    ticket = models.CharField(max_length=64, blank=True, default="", db_index=True)
    count_returned = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=64, blank=True, default="")
    part = models.CharField(max_length=16, blank=True, default="")
    session = models.CharField(max_length=16, blank=True, default="")
    address = models.CharField(max_length=48, blank=True, default="")
    commitment = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        app_label = "guard"


class LedgerSubject(OnlyAdded):
    """One row: one element (by code) that an entry is about; the index behind "who looked at me"."""

    privacy: ClassVar = TablePrivacy(retention=KEPT, levels={"id": L2, "entry": L2, "code": L3})

    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="subjects")
    code = models.CharField(max_length=80, db_index=True)

    class Meta:
        app_label = "guard"


class LedgerSecret(models.Model):
    """One row: salt and plain text behind an entry's commitment. May be deleted (erasure), never changed."""

    privacy: ClassVar = TablePrivacy(
        retention="until erased, at most as long as the entry",
        levels={"entry": L2, "salt": L4, "plain": L4},
    )

    entry = models.OneToOneField(
        LedgerEntry, on_delete=models.PROTECT, primary_key=True, related_name="secret"
    )
    salt = models.CharField(max_length=64)
    plain = models.TextField()

    class Meta:
        app_label = "guard"


class LedgerPending(models.Model):
    """One row: an entry that waits for its seal; written with the entry, removed by the sealer.

    Because the sealer reads this list and not "ids after the last", a transaction that commits late is sealed.
    """

    privacy: ClassVar = TablePrivacy(retention="until sealed, about a second", levels={"entry": L2})

    entry = models.OneToOneField(
        LedgerEntry, on_delete=models.PROTECT, primary_key=True, related_name="pending"
    )

    class Meta:
        app_label = "guard"


class LedgerSeal(OnlyAdded):
    """One row: the place of one entry in the sealed order, with its leaf and its link to the one before."""

    privacy: ClassVar = TablePrivacy(
        retention=KEPT, levels={"entry": L2, "sequence": L2, "leaf": L1, "chain": L1}
    )

    entry = models.OneToOneField(
        LedgerEntry, on_delete=models.PROTECT, primary_key=True, related_name="seal"
    )
    sequence = models.BigIntegerField(unique=True)
    leaf = models.CharField(max_length=64)
    chain = models.CharField(max_length=64)

    class Meta:
        app_label = "guard"


class LedgerCheckpoint(OnlyAdded):
    """One row: a signed statement "the ledger had `size` entries and this root", made at every sealing."""

    privacy: ClassVar = TablePrivacy(
        retention=KEPT,
        levels={"size": L1, "sealed_at": L1, "chain": L1, "frontier": L1, "note": L1},
    )

    size = models.BigIntegerField(primary_key=True)
    sealed_at = models.DateTimeField()
    chain = models.CharField(max_length=64)
    frontier = models.JSONField(default=list)
    note = models.TextField()

    class Meta:
        app_label = "guard"


class LedgerDeferral(OnlyAdded):
    """One row: the person concerned is not yet shown the entries of one ticket, by law, by name, until a day."""

    privacy: ClassVar = TablePrivacy(
        retention=KEPT,
        levels={
            "id": L2,
            "reference": L2,
            "person_code": L3,
            "ticket": L2,
            "legal_basis": L2,
            "reason": L3,
            "decided_by": L3,
            "begins_at": L2,
            "ends_at": L2,
        },
    )

    reference = models.UUIDField(unique=True, default=uuid.uuid4)
    person_code = models.CharField(max_length=80, db_index=True)
    ticket = models.CharField(max_length=64)
    legal_basis = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)
    decided_by = models.CharField(max_length=64)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        app_label = "guard"
