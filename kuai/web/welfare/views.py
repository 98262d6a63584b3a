"""The page of child-welfare staff: codes, a ticket for them, and what the ticket opens. For nobody else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.flows import welfare
from kuai.guard.access import reveal
from kuai.guard.route_rules import TICKET_IN_SESSION
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.web.doors import current_store
from kuai.web.rules import opens_welfare_file, sees_welfare, takes_welfare_ticket

# One visit at a time: a ticket for all of them would be a list of children in one hand.
MOST_AT_ONCE = 10


@sees_welfare
@require_GET
def show_welfare(request: HttpRequest) -> HttpResponse:
    """The codes, or why there are none."""
    return _page(request)


@takes_welfare_ticket
@require_POST
def take_ticket(request: HttpRequest) -> HttpResponse:
    """A ticket of the duty for the chosen codes; the session keeps it, no address does."""
    chosen = request.POST.getlist("person")
    try:
        if not 0 < len(chosen) <= MOST_AT_ONCE:
            raise Refusal("welfare.chosen", _("一次选 1 到 %d 个编码。") % MOST_AT_ONCE)
        ticket = welfare.issue_welfare_ticket(
            chosen,
            to=request.actor,  # type: ignore[attr-defined]
            at=utc_now(),
        )
    except Refusal as refusal:
        return _page(request, said=refusal, status=403)
    request.session[TICKET_IN_SESSION] = ticket.ticket_id
    return _page(request, opened=ticket.subjects)


@opens_welfare_file
@require_POST
def open_file(request: HttpRequest) -> HttpResponse:
    """Whom to ask for and where to call, of one person of the ticket; one entry in the ledger a look."""
    ticket = request.ticket  # type: ignore[attr-defined]
    try:
        card = reveal(
            request.POST.get("ref", ""),
            welfare.FIELDS,
            to=request.actor,  # type: ignore[attr-defined]
            ticket=ticket,
            at=utc_now(),
        )
    except Refusal as refusal:
        return _page(request, said=refusal, opened=ticket.subjects, status=403)
    return _page(request, card=card, opened=ticket.subjects)


def _page(
    request: HttpRequest,
    *,
    said: Refusal | None = None,
    opened: tuple[str, ...] = (),
    card: dict[str, str | None] | None = None,
    status: int = 200,
) -> HttpResponse:
    codes: tuple[str, ...] = ()
    as_of = listed = None
    try:
        listed = welfare.list_unguarded_minors(
            current_store(),
            to=request.actor,  # type: ignore[attr-defined]
            at=utc_now(),
        )
        codes, as_of = listed.person_codes, listed.as_of
    except Refusal as refusal:
        said = said or refusal
    context = {
        "codes": codes,
        "as_of": as_of,
        "listed": listed,
        "said": said,
        "opened": opened,
        "card": card,
        "most": MOST_AT_ONCE,
    }
    answer = render(request, "welfare/page.html", context, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
