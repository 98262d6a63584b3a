"""What the address room learnt and asked for: proposals out of builds, applications to the library's owner. Private.

A proposal speaks of premises. Absent on purpose: sources by name, rows, persons, landlords, and who named a room.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.address.applying.moves import ApplicationKind, ApplicationState
from kuai.address.phantoms.clustering import ProposalKind
from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2 = Sensitivity.L1, Sensitivity.L2

PROPOSAL_STATES = ("open", "set_aside", "applied")


class Proposal(models.Model):
    """One row: rooms or a building that several sources name and the library lacks, as the newest build saw it.

    Not only added: a build refreshes it; what people did with it is in the ledger and in its application.
    """

    privacy: ClassVar = TablePrivacy(
        retention="while builds name it; what was set aside or applied for stays with its reason",
        levels={
            "id": L1,
            "key": L2,
            "kind": L1,
            "address_code": L2,
            "area_path": L1,
            "place_text": L2,
            "parts": L2,
            "sources": L2,
            "at_least_rows": L2,
            "first_period": L1,
            "last_period": L1,
            "notes": L2,
            "first_version": L1,
            "last_version": L1,
            "state": L1,
            "decided_by": L2,
            "decided_at": L2,
            "decided_because": L2,
        },
    )

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(
        max_length=16, choices=[(kind.value, kind.value) for kind in ProposalKind]
    )
    address_code = models.CharField(max_length=40, db_index=True)
    area_path = models.CharField(max_length=200)
    place_text = models.CharField(max_length=400)
    parts = models.JSONField()
    sources = models.PositiveSmallIntegerField()
    at_least_rows = models.PositiveIntegerField()
    first_period = models.CharField(max_length=16)
    last_period = models.CharField(max_length=16)
    notes = models.JSONField()
    first_version = models.CharField(max_length=24)
    last_version = models.CharField(max_length=24)
    state = models.CharField(max_length=12, choices=[(state, state) for state in PROPOSAL_STATES])
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_because = models.CharField(max_length=400, blank=True)

    class Meta:
        db_table = "address_proposal"
        ordering: ClassVar = ["area_path", "place_text", "id"]


class Application(models.Model):
    """One row: what a sub-district asks the owner of the library for, and where that stands.

    `state` repeats the newest move, so that lists need no look at the moves. `evidence` holds counts and periods.
    """

    privacy: ClassVar = TablePrivacy(
        retention="permanent: why a code was given stays known",
        levels={
            "id": L1,
            "number": L1,
            "kind": L1,
            "address_code": L2,
            "area_path": L1,
            "place_text": L2,
            "parts": L2,
            "wording": L2,
            "evidence": L2,
            "proposal": L1,
            "state": L1,
            "opened_by": L2,
            "opened_at": L2,
            "filed_by": L2,
            "due_on": L1,
            "given_codes": L1,
            "library_steps": L1,
        },
    )

    number = models.CharField(max_length=24, unique=True)
    kind = models.CharField(
        max_length=16, choices=[(kind.value, kind.value) for kind in ApplicationKind]
    )
    address_code = models.CharField(max_length=40, db_index=True)
    area_path = models.CharField(max_length=200)
    place_text = models.CharField(max_length=400)
    parts = models.JSONField()
    wording = models.CharField(max_length=400)
    evidence = models.JSONField()
    proposal = models.ForeignKey(
        Proposal, null=True, on_delete=models.SET_NULL, related_name="applications"
    )
    state = models.CharField(
        max_length=12, choices=[(state.value, state.value) for state in ApplicationState]
    )
    opened_by = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    filed_by = models.CharField(max_length=64, blank=True)
    due_on = models.DateField(null=True)
    given_codes = models.JSONField()
    library_steps = models.JSONField()

    class Meta:
        db_table = "address_application"
        ordering: ClassVar = ["-id"]


class ApplicationMove(OnlyAdded):
    """One row: one step in the life of an application: from, to, who, when, why. Only ever added."""

    only_added: ClassVar[str] = "moves of an application are only added"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: as the application it belongs to",
        levels={
            "id": L1,
            "application": L1,
            "start": L1,
            "end": L1,
            "moved_by": L2,
            "moved_at": L2,
            "reason": L2,
        },
    )

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="moves")
    start = models.CharField(max_length=12, blank=True)
    end = models.CharField(max_length=12)
    moved_by = models.CharField(max_length=64)
    moved_at = models.DateTimeField()
    reason = models.CharField(max_length=400, blank=True)

    class Meta:
        db_table = "address_application_move"
        ordering: ClassVar = ["id"]
