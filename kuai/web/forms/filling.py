"""One sheet of a registered form: in, previewed with masks and counts, released by a named person, out."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.services.forms import actions, queries
from kuai.services.forms.types import CellState, ColumnCount, FillingView
from kuai.web.doors import current_store
from kuai.web.forms import words
from kuai.web.forms.rules import FILLS_FORMS, fills_forms, releases_forms, sees_forms
from kuai.web.forms.views import actor_of, form_page

SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@fills_forms
@require_POST
def take_in(request: HttpRequest, number: str) -> HttpResponse:
    """A blank or half-filled sheet comes in; nothing leaves yet."""
    file = request.FILES.get("file")
    try:
        if file is None:
            raise Refusal("form.no_file", _("请选要填的表。"))
        filling = actions.prepare_filling(
            current_store(),
            number,
            file.read(),
            file_name=file.name or "",
            by=actor_of(request),
            at=utc_now(),
        )
    except (Refusal, DataFault) as fault:
        return form_page(request, number, said=fault)
    return HttpResponseRedirect(reverse("form_filling", args=[filling]))


@sees_forms
@never_cache
@require_GET
def show_filling(request: HttpRequest, filling_id: uuid.UUID) -> HttpResponse:
    """Counts a column, a masked sample, what the headings mean, the release."""
    return _page(request, filling_id)


@fills_forms
@require_POST
def correct(request: HttpRequest, filling_id: uuid.UUID) -> HttpResponse:
    """Say what the headings mean, and plan anew."""
    meanings = {
        name.removeprefix("column-"): str(value)
        for name, value in request.POST.items()
        if name.startswith("column-")
    }
    try:
        actions.correct_headings(
            current_store(), str(filling_id), meanings, by=actor_of(request), at=utc_now()
        )
    except (Refusal, DataFault) as fault:
        return _page(request, filling_id, said=fault)
    messages.success(request, _("已按您说的栏目重新核对。"))
    return HttpResponseRedirect(reverse("form_filling", args=[filling_id]))


@releases_forms
@require_POST
def release(request: HttpRequest, filling_id: uuid.UUID) -> HttpResponse:
    """The act: filled under this person's name and for this reason; the page then offers the file."""
    try:
        actions.release_filling(
            current_store(),
            str(filling_id),
            reason=request.POST.get("reason", ""),
            by=actor_of(request),
            at=utc_now(),
        )
    except (Refusal, DataFault) as fault:
        return _page(request, filling_id, said=fault)
    messages.success(request, _("已放行，名单上每个人的台账都记下了这一次。"))
    return HttpResponseRedirect(reverse("form_filling", args=[filling_id]))


@releases_forms
@require_POST
def fetch(request: HttpRequest, filling_id: uuid.UUID) -> HttpResponse:
    """The released file, for who released it."""
    try:
        name, content = actions.fetch_filled(
            current_store(), str(filling_id), by=actor_of(request), at=utc_now()
        )
    except Refusal as refusal:
        return _page(request, filling_id, said=refusal)
    answer = HttpResponse(content, content_type=SHEET_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@fills_forms
@require_POST
def drop(request: HttpRequest, filling_id: uuid.UUID) -> HttpResponse:
    """End a sheet without release."""
    form = queries.view_filling(
        current_store(), str(filling_id), by=actor_of(request), on=local_day(utc_now())
    ).form
    try:
        actions.drop_filling(current_store(), str(filling_id), by=actor_of(request), at=utc_now())
    except Refusal as refusal:
        return _page(request, filling_id, said=refusal)
    messages.success(request, _("已结束，表已销毁，什么也没有送出。"))
    return HttpResponseRedirect(reverse("form", args=[form.number]))


def _page(
    request: HttpRequest, filling_id: uuid.UUID, *, said: Refusal | DataFault | None = None
) -> HttpResponse:
    actor = actor_of(request)
    view = queries.view_filling(current_store(), str(filling_id), by=actor, on=local_day(utc_now()))
    context = {
        "said": said,
        "view": view,
        "state_name": words.FILLING_NAMES[view.state],
        "columns": [_column(one) for one in view.columns],
        "choices": [
            (one.key, words.field_name(one.key))
            for one in queries.fields_about(view.form.wish.about)
        ],
        "sample": _sample(view),
        "states": list(CellState),
        "may_release": actor.role in FILLS_FORMS
        and view.state == "prepared"
        and view.prepared_by == actor.user_id,
        "may_fetch": view.state == "released" and view.released_by == actor.user_id,
    }
    answer = render(request, "forms/filling.html", context, status=400 if said else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _column(one: ColumnCount) -> dict[str, Any]:
    counts = [
        (words.CELL_NAMES[CellState(key)], words.CELL_BADGES.get(CellState(key), ""), count)
        for key, count in sorted(one.counts.items())
    ]
    return {"one": one, "name": words.field_name(one.field), "counts": counts}


def _sample(view: FillingView) -> list[list[dict[str, Any]]]:
    return [
        [
            {
                "heading": column.heading,
                "text": cell.text,
                "state": words.CELL_NAMES[CellState(cell.state)] if cell.state else "",
                "badge": words.CELL_BADGES.get(CellState(cell.state), "") if cell.state else "",
            }
            for column, cell in zip(view.columns, row, strict=False)
        ]
        for row in view.sample
    ]
