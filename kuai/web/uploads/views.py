"""Handing in a department's file: the form, the progress, the result."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.guard.queries import list_sources as list_registered
from kuai.guard.route_rules import TICKET_IN_SESSION
from kuai.guard.types import Zone
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.sources.actions import mended_period
from kuai.web.looks import note_look
from kuai.web.models import Upload, UploadState
from kuai.web.rules import opens_refused_values, takes_return_ticket, uploads
from kuai.web.sources.columns import list_columns
from kuai.web.sources.sheets import send_refused_rows
from kuai.web.uploads.forms import UploadForm
from kuai.web.uploads.limits import keep_until_received
from kuai.web.uploads.receiving import SILENT_FOR, folder_of, receive_upload
from kuai.web.uploads.returning import (
    find_ticket_of,
    is_open,
    issue_return_ticket,
    require_ticket_of,
)

LAST_SHOWN = 10


@uploads
@require_http_methods(["GET", "POST"])
def show_uploads(request: HttpRequest) -> HttpResponse:
    """The form and the last uploads; a good file goes on to its own page."""
    registered = {one.source: one for one in list_registered()}
    choices = [(one.source, f"{one.title}（{one.handler}）") for one in registered.values()]
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES, sources=choices)
        if form.is_valid():
            zone = registered[form.cleaned_data["source"]].zone.value
            upload = _take_in(request, form.cleaned_data, zone=zone)
            return HttpResponseRedirect(reverse("upload_state", args=[upload.uuid]))
    else:
        form = UploadForm(sources=choices, initial=_suggested(request))
    context = {
        "form": form,
        "choices": choices,
        "limit_mb": settings.KUAI_UPLOAD_LIMIT_BYTES // (1024 * 1024),
        "limit_bytes": settings.KUAI_UPLOAD_LIMIT_BYTES,
        "last": Upload.objects.order_by("-uploaded_at")[:LAST_SHOWN],
        "titles": {one.source: one.title for one in registered.values()},
    }
    return render(request, "uploads/form.html", context, status=400 if form.errors else 200)


def _suggested(request: HttpRequest) -> dict[str, str]:
    return {
        "source": request.GET.get("source", ""),
        "period": local_day(utc_now()).strftime("%Y-%m"),
    }


def _take_in(request: HttpRequest, cleaned: dict[str, Any], *, zone: str) -> Upload:
    file: UploadedFile = cleaned["file"]
    now = utc_now()
    upload = Upload(
        uuid=uuid.uuid4(),
        source=cleaned["source"],
        period=cleaned["period"],
        zone=zone,
        file_name=(file.name or "file")[-120:],
        size_bytes=file.size or 0,
        uploaded_by=request.actor.user_id,  # type: ignore[attr-defined]
        uploaded_at=now,
        changed_at=now,
    )
    folder_of(upload).mkdir(mode=0o700)
    keep_until_received(file, folder_of(upload) / upload.file_name)
    with transaction.atomic():
        upload.save(force_insert=True)
        note_look(request, "uploaded_file", kind="source", refs=(upload.source,))
        receive_upload.enqueue(str(upload.uuid))
    return upload


@uploads
@require_GET
def show_upload(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """One upload; the part with the progress asks for itself again until it is over."""
    return _upload_page(request, get_object_or_404(Upload, uuid=upload_id))


def _upload_page(
    request: HttpRequest, upload: Upload, *, said: Refusal | None = None, status: int = 200
) -> HttpResponse:
    is_part = request.headers.get("HX-Request") == "true"
    registered = {one.source: one.title for one in list_registered()}
    context = {
        "upload": upload,
        "title": registered.get(upload.source, upload.source),
        "is_silent": not upload.is_over and utc_now() - upload.changed_at > SILENT_FOR,
        "columns": list_columns(upload.source) if upload.state == UploadState.KEPT else [],
        "percent_done": None if upload.share_done is None else round(100 * upload.share_done),
        "said": said,
        "ticket": find_ticket_of(
            upload,
            request.session.get(TICKET_IN_SESSION, ""),
            holder=request.actor,  # type: ignore[attr-defined]
        ),
        "may_take_ticket": is_open(str(upload.uuid))
        and upload.uploaded_by == request.actor.user_id,  # type: ignore[attr-defined]
        "mends": mended_period(upload.period),
    }
    page = "uploads/state.html" if is_part else "uploads/one.html"
    return render(request, page, context, status=status)


@uploads
@require_GET
def download_upload_refused_rows(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponseBase:
    """The rows of this upload that go back to their office: which they are and why, without a value."""
    return _refused_rows(request, get_object_or_404(Upload, uuid=upload_id))


@takes_return_ticket
@require_POST
def take_return_ticket(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """A ticket for the values of this upload's refused rows; the session keeps it, no address does."""
    upload = get_object_or_404(Upload, uuid=upload_id)
    try:
        ticket = issue_return_ticket(upload, to=request.actor, at=utc_now())  # type: ignore[attr-defined]
    except Refusal as refusal:
        return _upload_page(request, upload, said=refusal, status=403)
    request.session[TICKET_IN_SESSION] = ticket.ticket_id
    return HttpResponseRedirect(reverse("upload_state", args=[upload.uuid]))


@opens_refused_values
@require_POST
def download_refused_values(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponseBase:
    """The same rows with their values, by the ticket; one entry in the ledger a download."""
    upload = get_object_or_404(Upload, uuid=upload_id)
    ticket = request.ticket  # type: ignore[attr-defined]
    try:
        require_ticket_of(upload, ticket)
    except Refusal as refusal:
        return _upload_page(request, upload, said=refusal, status=403)
    return _refused_rows(request, upload, ticket_id=ticket.ticket_id)


def _refused_rows(request: HttpRequest, upload: Upload, *, ticket_id: str = "") -> HttpResponseBase:
    return send_refused_rows(
        request,
        zone=Zone(upload.zone),
        source=upload.source,
        period=upload.period,
        title=upload.source,
        ticket_id=ticket_id,
    )
