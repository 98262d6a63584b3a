"""Landlords by Excel: a phone is proven, the form goes out, comes in, and what was refused goes back with reasons."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.kit.clock import utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.services.residence import actions, queries
from kuai.services.residence.types import Act
from kuai.web.declare.frame import address_of, kept_of, page, words_of
from kuai.web.declare.printing import receipt_pdf
from kuai.web.doors import current_store
from kuai.web.rules import anybody

PROOF, SHEET = "sheet_proof", "sheet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 1024 * 1024
ACTS = ((Act.LET.value, _("房东")), (Act.SUBLET.value, _("二房东")), (Act.AGENT.value, _("中介")))
MOST_SHOWN = 20


@anybody("declare.tenants")
@require_http_methods(["GET", "POST"])
def show_tenants(request: HttpRequest) -> HttpResponse:
    """GET: the steps. POST: the landlord's number, then its code."""
    if request.method == "GET":
        return page(request, "tenants", _context(request))
    phone, reference = request.POST.get("phone", ""), request.POST.get("reference", "")
    try:
        if not reference:
            asked = actions.ask_for_sheet_code(
                current_store(), phone, address=address_of(request), at=utc_now()
            )
            return page(request, "tenants", {"phone": phone, "reference": asked.reference})
        actions.prove_sheet_code(
            current_store(), reference, request.POST.get("code", ""), phone=phone, at=utc_now()
        )
    except Refusal as refusal:
        said = {"phone": phone, "reference": reference, "refused": words_of(refusal)}
        return page(request, "tenants", said, status=409)
    request.session[PROOF] = reference
    return HttpResponseRedirect(reverse("declare_tenants"))


@anybody("declare.template")
@require_GET
def download_template(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The empty form: the same for everybody."""
    return _file(queries.write_template(), "申报表.xlsx", content_type=XLSX)


@anybody("declare.sheet")
@require_POST
def take_sheet(request: HttpRequest) -> HttpResponse:
    """A filled form, checked row by row."""
    handed = request.FILES.get("sheet")
    act = request.POST.get("act", "")
    try:
        if handed is None or not 0 < (handed.size or 0) <= MOST_BYTES:
            raise Refusal("sheet.size", _("请选一份填好的表，不超过 1 MB。"))
        taken = actions.take_sheet(
            current_store(),
            handed.read(),
            file=_("交上来的表"),
            act=Act(act) if act in set(Act) else Act.CONFIRM,
            reference=request.session.get(PROOF, ""),
            has_consented=request.POST.get("consent") == queries.NOTICE_VERSION,
            at=utc_now(),
        )
    except (Refusal, DataFault) as refused:
        said = {**_context(request), "refused": words_of(refused)}
        return page(request, "tenants", said, status=409)
    request.session[SHEET] = {
        "number": taken.number,
        "mark": taken.mark,
        "kind": "sheet",
        "at": utc_now().isoformat(),
        # Where, and why; never what stood there.
        "faults": [[one.sheet_row, one.reason] for one in taken.faults[:MOST_SHOWN]],
    }
    return HttpResponseRedirect(reverse("declare_sheet_done"))


@anybody("declare.sheet_done")
@require_http_methods(["GET", "POST"])
def show_sheet(request: HttpRequest) -> HttpResponse:
    """Sums and reasons of the sheet handed in last; posted, this phone or computer forgets it."""
    if request.method == "POST":
        request.session.flush()
        return HttpResponseRedirect(reverse("declare"))
    kept = kept_of(request, SHEET)
    if kept is None:
        return HttpResponseRedirect(reverse("declare_tenants"))
    sums = queries.get_sheet_sums(kept["number"])
    more = max(0, sums.refused - len(kept["faults"]))
    return page(request, "sheet", {"kept": kept, "sums": sums, "more": more})


@anybody("declare.sheet_returned")
@require_GET
def download_returned(request: HttpRequest) -> HttpResponse:
    """The refused rows with their reasons, to whoever handed them in."""
    kept = kept_of(request, SHEET)
    content = queries.read_returned_sheet(current_store(), kept["number"]) if kept else b""
    if not content:
        return HttpResponseRedirect(reverse("declare_tenants"))
    return _file(content, "退回的行.xlsx", content_type=XLSX)


@anybody("declare.sheet_receipt")
@require_GET
def download_sheet_receipt(request: HttpRequest) -> HttpResponse:
    """The stamped receipt of a sheet: its sums."""
    kept = kept_of(request, SHEET)
    if kept is None:
        return HttpResponseRedirect(reverse("declare_tenants"))
    sums = queries.get_sheet_sums(kept["number"])
    lines = [
        (_("回执号"), kept["number"]),
        (_("申报的事"), _("房东成批申报")),
        (_("收到"), _("%d 行") % sums.received),
        (_("收下"), _("%d 行") % sums.kept),
        (_("退回"), _("%d 行") % sums.refused),
    ]
    link = request.build_absolute_uri(reverse("verify", args=[kept["mark"]]))
    return _file(
        receipt_pdf(kept, lines, link=link), f"{kept['number']}.pdf", content_type="application/pdf"
    )


def _context(request: HttpRequest) -> dict[str, Any]:
    return {
        "is_proven": _is_proven(request),
        "acts": ACTS,
        "notice": queries.NOTICE_VERSION,
    }


def _is_proven(request: HttpRequest) -> bool:
    try:
        actions.find_proof(request.session.get(PROOF, ""), at=utc_now())
    except Refusal:
        return False
    return True


def _file(content: bytes, name: str, *, content_type: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=content_type)
    quoted = name.encode("utf-8").hex("%").upper()
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''%{quoted}"
    return answer
