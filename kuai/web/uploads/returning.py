"""Rows on their way back: the values of one upload's refused rows, by a ticket of whoever handed it in.

The work that issues the ticket is the upload itself: it is open while something of it was refused, while it is what
lies in the vault, and for some days. Decision 0031.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError

from kuai.guard import access
from kuai.guard.types import Actor, Ticket, TicketKind, Zone
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.sources.actions import get_snapshot
from kuai.web.doors import current_store
from kuai.web.models import Upload, UploadState

# Whoever handed a file in has its rows at hand anyway; later it is a look into the vault like others.
HANDS_BACK_FOR = timedelta(days=5)
PURPOSE = "record_review"
FIELDS = ("refused_rows",)


def subject_of(upload: Upload) -> str:
    """How a ticket names the rows of one upload: by the upload's random number, never by a person."""
    return f"delivery:D-{upload.uuid.hex[:12].upper()}-0"


def issue_return_ticket(upload: Upload, *, to: Actor, at: datetime) -> Ticket:
    """A ticket for the refused rows of `upload`; refuses another's upload, and one that is over, apart or replaced."""
    if upload.zone != Zone.CORE.value:
        raise Refusal(
            "return.apart",
            "单独存放的来源，退回的行不带原值。",
            next_step="请原部门按行号和原因在自己的文件里改。",
        )
    wish = access.TicketRequest(
        kind=TicketKind.RETURN,
        origin=str(upload.uuid),
        purpose=PURPOSE,
        subjects=(subject_of(upload),),
        fields=FIELDS,
        ends_at=upload.uploaded_at + HANDS_BACK_FOR,
    )
    return access.issue_ticket(wish, holder=to, at=at)


def require_ticket_of(upload: Upload, ticket: Ticket) -> None:
    """Refuse a ticket of other work than this upload's."""
    if ticket.kind is not TicketKind.RETURN or subject_of(upload) not in ticket.subjects:
        raise Refusal(
            "return.other_work",
            "这张凭据不是为这次上传的退回行开的。",
            next_step="请在这次上传的页面上取凭据。",
        )


def find_ticket_of(upload: Upload, ticket_id: str, *, holder: Actor) -> Ticket | None:
    """The live ticket the session holds, if it is this upload's."""
    try:
        ticket = access.get_live_ticket(ticket_id, holder=holder, at=utc_now())
        require_ticket_of(upload, ticket)
    except Refusal:
        return None
    return ticket


def register_returns() -> None:
    """Let uploads issue tickets for their refused rows. Called when the portal starts."""
    access.register_origin(
        TicketKind.RETURN,
        is_open,
        names_subject=lambda origin, ref: (
            (upload := _upload_of(origin)) is not None and ref == subject_of(upload)
        ),
        is_held_by=lambda origin, actor: (
            (upload := _upload_of(origin)) is not None and upload.uploaded_by == actor.user_id
        ),
    )


def is_open(origin: str) -> bool:
    """Whether rows of this upload are still on their way back."""
    upload = _upload_of(origin)
    return (
        upload is not None
        and upload.state == UploadState.KEPT
        and upload.zone == Zone.CORE.value
        and utc_now() - upload.uploaded_at <= HANDS_BACK_FOR
        and is_what_lies_there(upload)
    )


def is_what_lies_there(upload: Upload) -> bool:
    """Is the delivery in the vault this upload, and no later one of somebody else for the same period?"""
    same = Upload.objects.filter(
        source=upload.source, period=upload.period, zone=upload.zone, state=UploadState.KEPT
    )
    newest = same.order_by("-uploaded_at").first()
    try:
        lying = get_snapshot(
            current_store(), zone=Zone(upload.zone), source=upload.source, period=upload.period
        )
    except Refusal:
        return False
    # By content: files of different months have one name, and one file may have two.
    return newest == upload and "" != upload.content_hash == lying.content_hash


def _upload_of(origin: str) -> Upload | None:
    try:
        return Upload.objects.filter(uuid=uuid.UUID(origin)).first()
    except (ValueError, ValidationError):
        return None
