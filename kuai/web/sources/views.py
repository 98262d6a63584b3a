"""Pages of sources: who handles them, on what basis, how fresh, what came in and what went back."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kuai.flows.missing_sources import list_missing
from kuai.guard.types import Zone
from kuai.kit.clock import local_day, utc_now
from kuai.web.looks import note_look
from kuai.web.rules import KEEPS_SOURCES, sees_sources, takes_refused_rows
from kuai.web.sources.columns import list_columns
from kuai.web.sources.history import history_of
from kuai.web.sources.sheets import send_refused_rows
from kuai.web.sources.standing import SourceStanding, list_standings


@sees_sources
@require_GET
def show_sources(request: HttpRequest) -> HttpResponse:
    """All sources with their sums and grades."""
    standings = list_standings(today=local_day(utc_now()))
    note_look(request, "viewed_sources", kind="source", count=len(standings))
    context = {
        "standings": standings,
        "missing": list_missing(one.line for one in standings) if standings else (),
        "may_upload": request.actor.role in KEEPS_SOURCES,  # type: ignore[attr-defined]
        "sees_apart": _sees_apart(request),
    }
    return render(request, "sources/list.html", context)


@sees_sources
@require_GET
def show_source(request: HttpRequest, source: str) -> HttpResponse:
    """One source: registration, last delivery, each column with the reason for what was done with it."""
    standing = _get_standing(source)
    note_look(request, "viewed_sources", kind="source", refs=(source,))
    # Of sources that lie apart not even a count is for everybody.
    is_shown = not standing.is_apart or _sees_apart(request)
    history = (
        history_of(source, refresh_days=standing.line.refresh_days, today=local_day(utc_now()))
        if is_shown
        else None
    )
    context = {
        "one": standing,
        "history": history,
        "columns": list_columns(source),
        "sees_apart": _sees_apart(request),
        "may_take_rows": request.actor.role in KEEPS_SOURCES,  # type: ignore[attr-defined]
    }
    return render(request, "sources/one.html", context)


def _sees_apart(request: HttpRequest) -> bool:
    """Figures of care and reporters' sources are for whoever keeps them; for others they are not even a count."""
    return request.actor.role in KEEPS_SOURCES  # type: ignore[attr-defined]


def _get_standing(source: str) -> SourceStanding:
    for standing in list_standings(today=local_day(utc_now())):
        if standing.line.source == source:
            return standing
    raise Http404(source)


@takes_refused_rows
@require_GET
def download_refused_rows(request: HttpRequest, source: str) -> HttpResponseBase:
    """The quarantined rows of the last delivery, for their office."""
    standing = _get_standing(source)
    return send_refused_rows(
        request,
        zone=Zone(standing.line.zone),
        source=standing.line.source,
        period=standing.line.period,
        title=standing.line.title,
    )
