"""A grid's visits: its sheet of the week as PDF and Excel, and what comes back, by file or by row codes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.flows import questions as outbox
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.services.questions import actions, queries
from kuai.web.doors import BlockReader, current_reader, current_store
from kuai.web.questions.rules import draws_sheets
from kuai.web.questions.staff import actor_of, paper

MOST_BYTES = 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@draws_sheets
@require_GET
def show_visits(request: HttpRequest) -> HttpResponse:
    """Grids with doors that wait or are out."""
    return _page(request)


@draws_sheets
@require_POST
def draw(request: HttpRequest) -> HttpResponse:
    """The sheet of this week; again shows the same."""
    at = utc_now()
    try:
        sheet = actions.draw_sheet(
            current_store(),
            request.POST.get("grid", ""),
            on=local_day(at),
            by=actor_of(request),
            at=at,
        )
    except Refusal as refusal:
        return _page(request, said=refusal)
    return HttpResponseRedirect(reverse("question_sheet", args=[sheet.number]))


@draws_sheets
@require_GET
def show_sheet(request: HttpRequest, number: str) -> HttpResponse:
    """A sheet as a page, floor by floor; a row leads to its question, where a ticket may be taken."""
    try:
        sheet = queries.get_sheet(current_store(), number, by=actor_of(request))
    except Refusal as refusal:
        return _page(request, said=refusal)
    return render(request, "questions/sheet.html", {"sheet": sheet})


@draws_sheets
@require_GET
def download(request: HttpRequest, number: str, kind: str) -> HttpResponse:
    """A sheet to take along: `pdf` to print, `xlsx` to fill."""
    try:
        sheet = queries.get_sheet(current_store(), number, by=actor_of(request))
        if kind == "pdf":
            return paper(actions.visit_sheet_pdf(sheet), "application/pdf", f"{number}.pdf")
        return paper(queries.write_visit_sheet(sheet), XLSX, f"{number}.xlsx")
    except Refusal as refusal:
        return _page(request, said=refusal)


@draws_sheets
@require_POST
def take_in(request: HttpRequest) -> HttpResponse:
    """What came back; bad rows say why, the others go in."""
    try:
        lines = _lines(request)
        receipt, faults = outbox.take_in_returns(
            current_store(), lines, by=actor_of(request), at=utc_now()
        )
    except (Refusal, DataFault) as refused:
        return _page(request, said=refused)
    told = _("共 %(all)d 行：收下 %(kept)d，没收 %(refused)d。")
    tell = messages.success if receipt.kept else messages.warning
    tell(
        request,
        told % {"all": receipt.received, "kept": receipt.kept, "refused": receipt.refused},
    )
    # What was typed and not taken stays, to be mended in place.
    left = {line for line, _code, _reason in faults}
    typed = request.POST.get("rows", "")[:MOST_BYTES].splitlines()
    rows = "\n".join(one for at, one in enumerate(typed, start=1) if at in left)
    return _page(request, faults=faults, rows=rows)


def _lines(request: HttpRequest) -> list[tuple[int, str, str, str]]:
    given = request.FILES.get("file")
    if given is not None:
        if (given.size or 0) > MOST_BYTES:
            raise Refusal("visits.size", _("请选一份填好的核对表，不超过 1 MB。"))
        return queries.read_visits(given.read(), file=_("交回的表"))
    typed = [line.split() for line in request.POST.get("rows", "")[:MOST_BYTES].splitlines()]
    lines = [
        (at, parts[0], parts[1] if len(parts) > 1 else "", parts[2] if len(parts) > 2 else "")
        for at, parts in enumerate(typed, start=1)
        if parts
    ]
    if not lines:
        raise Refusal("visits.empty", _("请选一份填好的表，或者写行码和结果。"))
    return lines


def _page(
    request: HttpRequest,
    *,
    said: Refusal | DataFault | None = None,
    faults: tuple[tuple[int, str, str], ...] = (),
    rows: str = "",
) -> HttpResponse:
    reader = current_reader()
    grids = queries.list_waiting_grids(by=actor_of(request))
    context: dict[str, Any] = {
        "grids": [(code, _name(reader, code), waiting, out) for code, waiting, out in grids],
        "words": [(digit, word) for digit, word in queries.DIGITS.items()],
        "faults": faults,
        "rows": rows or (request.POST.get("rows", "")[:MOST_BYTES] if said else ""),
        "said": said,
    }
    return render(request, "questions/visits.html", context, status=409 if said else 200)


def _name(reader: BlockReader, code: str) -> str:
    try:
        return reader.get_block(code).name
    except Refusal:
        return code
