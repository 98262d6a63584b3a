"""At a door: open it, choose what to say, two fields, a code, a receipt. Without a login, without scripts.

What was typed comes back in the form that asks for the code (bound by its mark), so that nothing of it is kept here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.services.residence import actions, queries
from kuai.services.residence.types import Act, Declared, Premises, Tenure, Wish
from kuai.web.declare import words
from kuai.web.declare.frame import address_of, kept_of, page, words_of
from kuai.web.declare.printing import receipt_pdf
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import anybody

# Numbers and marks of what this visitor declared: no name, no room.
DECLARED = "declared"
CHILD_YEARS = 15


@anybody("declare.enter")
@require_http_methods(["GET", "POST"])
def show_start(request: HttpRequest) -> HttpResponse:
    """Where the code on the sheet is typed; a QR code leads past it."""
    if request.method == "GET":
        return page(request, "start", {})
    code = request.POST.get("code", "")
    try:
        door = actions.open_door(current_store(), code, address=address_of(request), at=utc_now())
    except Refusal as refusal:
        return page(request, "start", {"refused": words_of(refusal)}, status=409)
    return HttpResponseRedirect(reverse("declare_door", args=[door.door_code]))


@anybody("declare.door")
@require_GET
def show_door(request: HttpRequest, code: str) -> HttpResponse:
    """The premises facts of one room and what may be declared of it."""
    try:
        door = _open(request, code)
    except Refusal as refusal:
        return page(request, "start", {"refused": words_of(refusal)}, status=404)
    acts = [(act.value, words.ACT_NAMES[act]) for act in words.DOOR_ACTS]
    return page(request, "door", {**_of_door(door), "acts": acts})


@anybody("declare.form")
@require_http_methods(["GET", "POST"])
def show_form(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The two fields of one act; posted, a code is sent and asked for."""
    try:
        door, act = _open(request, code), _act_of(kind)
    except Refusal as refusal:
        return page(request, "start", {"refused": words_of(refusal)}, status=404)
    if request.method == "GET":
        return _form(request, door, act)
    try:
        asked = actions.ask_for_code(
            current_store(),
            door.door_code,
            _wish(request, act),
            address=address_of(request),
            at=utc_now(),
        )
    except Refusal as refusal:
        return _form(request, door, act, refused=refusal)
    return _code_page(request, door, act, reference=asked.reference)


@anybody("declare.send")
@require_POST
def declare(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The code that was sent, with what was typed before: the declaration is recorded."""
    try:
        door, act = _open(request, code), _act_of(kind)
    except Refusal as refusal:
        return page(request, "start", {"refused": words_of(refusal)}, status=404)
    reference = request.POST.get("reference", "")
    try:
        made = actions.declare(
            current_store(),
            door.door_code,
            _wish(request, act),
            reference=reference,
            code=request.POST.get("code", ""),
            at=utc_now(),
        )
    except Refusal as refusal:
        return _code_page(request, door, act, reference=reference, refused=refusal)
    keep_receipt(request, made, text=door.standard_text)
    return HttpResponseRedirect(reverse("declare_done"))


@anybody("declare.done")
@require_http_methods(["GET", "POST"])
def show_done(request: HttpRequest) -> HttpResponse:
    """The receipt of what this visitor declared last; posted, this phone forgets it."""
    if request.method == "POST":
        request.session.flush()
        return HttpResponseRedirect(reverse("declare"))
    kept = kept_of(request, DECLARED)
    if kept is None:
        return HttpResponseRedirect(reverse("declare"))
    lines = receipt_lines(kept)
    asked = [str(words.QUESTION_TEXTS[one]) for one in kept["asked"]]
    return page(request, "done", {"kept": kept, "lines": lines, "asked": asked})


@anybody("declare.receipt")
@require_GET
def download_receipt(request: HttpRequest) -> HttpResponse:
    """The same receipt on paper, with the QR code that verifies it."""
    kept = kept_of(request, DECLARED)
    if kept is None:
        return HttpResponseRedirect(reverse("declare"))
    return receipt_on_paper(request, kept)


def receipt_on_paper(request: HttpRequest, kept: dict[str, Any]) -> HttpResponse:
    """The PDF of a kept receipt."""
    link = request.build_absolute_uri(reverse("verify", args=[kept["mark"]]))
    answer = HttpResponse(
        receipt_pdf(kept, receipt_lines(kept), link=link), content_type="application/pdf"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{kept["number"]}.pdf"'
    return answer


@anybody("declare.verify")
@require_http_methods(["GET", "POST"])
def show_verify_form(request: HttpRequest) -> HttpResponse:
    """Where the mark of a receipt is typed; its QR code leads past it."""
    if request.method == "POST":
        mark = "".join(request.POST.get("mark", "").upper().split()).replace("-", "")
        if mark.isalnum() and mark.isascii():
            return HttpResponseRedirect(reverse("verify", args=[mark[:40]]))
    return page(request, "verify", {"is_asked": False})


@anybody("declare.verified")
@require_GET
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Genuine, of which day, of which kind; nothing else, to whoever asks."""
    genuine = queries.verify_receipt(current_store(), code)
    kind = words.KIND_NAMES.get(genuine.kind, genuine.kind) if genuine else ""
    return page(
        request,
        "verify",
        {"is_asked": True, "genuine": genuine, "kind": kind},
        status=200 if genuine else 404,
    )


@anybody("declare.notice")
@require_GET
def show_notice(request: HttpRequest) -> HttpResponse:
    """The notice a declaration is made under."""
    version = queries.NOTICE_VERSION
    return page(
        request,
        "notice",
        {"version": version, "lines": queries.NOTICES[version], "basis": queries.LEGAL_BASIS},
    )


@anybody("declare.withdraw")
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Consent taken back by whoever declared in this session."""
    kept = kept_of(request, DECLARED)
    request.session.pop(DECLARED, None)
    if kept is None:
        return HttpResponseRedirect(reverse("declare"))
    actions.withdraw_declaration(current_store(), kept["number"], by=None, at=utc_now())
    return page(request, "start", {"withdrawn": kept["number"]})


def keep_receipt(request: HttpRequest, made: Declared, *, text: str, name: str = DECLARED) -> None:
    """What the next page and the PDF need; the address is the door's own, which its sheet shows."""
    request.session[name] = {
        "number": made.number,
        "mark": made.mark,
        "kind": made.act.value,
        "at": made.declared_at.isoformat(),
        "place": text,
        "was_known": made.was_known,
        "asked": list(made.questions),
        "has_left": bool(made.cases),
    }


def receipt_lines(kept: dict[str, Any]) -> list[tuple[str, str]]:
    """What was declared, masked, for the page and the paper of whoever just declared it."""
    shown = queries.read_receipt_lines(current_store(), kept["number"])
    own = [(str(words.FIELD_NAMES[key]), value or "") for key, value in shown.items()]
    return [
        (str(_("回执号")), kept["number"]),
        (str(_("时间")), _local(kept["at"])),
        (str(_("申报的事")), str(words.KIND_NAMES[kept["kind"]])),
        (str(_("房屋")), kept["place"]),
        *own,
    ]


def _local(text: str) -> str:
    return (
        datetime.fromisoformat(text)
        .astimezone(timezone.get_current_timezone())
        .strftime("%Y-%m-%d %H:%M")
    )


def _open(request: HttpRequest, code: str) -> Premises:
    door = actions.open_door(current_store(), code, address=address_of(request), at=utc_now())
    if request.method == "GET":
        # Of the premises; who looked is not known, and that a door was opened is no secret.
        note_look(request, "opened_door", kind="room", count=1)
    return door


def _act_of(kind: str) -> Act:
    if kind not in {act.value for act in words.DOOR_ACTS}:
        raise Refusal("declaration.act", _("没有这种申报。"))
    return Act(kind)


def _wish(request: HttpRequest, act: Act) -> Wish:
    said = request.POST
    tenure = said.get("tenure", Tenure.RENT.value)
    year = said.get("birth_year", "")
    return Wish(
        act=act,
        name=said.get("name", ""),
        phone=said.get("phone", ""),
        credit_code=said.get("credit_code", ""),
        tenure=Tenure(tenure) if tenure in set(Tenure) else Tenure.RENT,
        birth_year=int(year) if year.isdecimal() and len(year) == 4 else 0,
        since=_day(said.get("since", "")),
        has_consented=said.get("consent") == queries.NOTICE_VERSION,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _of_door(door: Premises) -> dict[str, Any]:
    return {"door": door, "shown_code": queries.shown_door_code(door.door_code)}


def _of_act(door: Premises, act: Act) -> dict[str, Any]:
    this_year = local_day(utc_now()).year
    return {
        **_of_door(door),
        "kind": act.value,
        "title": words.ACT_NAMES[act],
        "typed": queries.TYPED[act],
        "name_label": words.NAME_LABELS.get(act, words.TENANTS_NAME),
        "phone_label": words.PHONE_LABELS.get(act, words.YOUR_PHONE),
        "tenures": [(one.value, name) for one, name in words.TENURE_NAMES.items()]
        if act is Act.LIVE
        else [],
        "years": range(this_year, this_year - CHILD_YEARS, -1) if act is Act.CHILD else [],
        "notice": queries.NOTICE_VERSION,
    }


def _form(
    request: HttpRequest, door: Premises, act: Act, *, refused: Refusal | None = None
) -> HttpResponse:
    context = {
        **_of_act(door, act),
        "said": request.POST,
        "refused": words_of(refused) if refused else None,
    }
    return page(request, "form", context, status=409 if refused else 200)


def _code_page(
    request: HttpRequest,
    door: Premises,
    act: Act,
    *,
    reference: str,
    refused: Refusal | None = None,
) -> HttpResponse:
    kept = ("name", "phone", "credit_code", "tenure", "birth_year", "since", "consent")
    context = {
        **_of_act(door, act),
        "reference": reference,
        "said": [(name, request.POST[name]) for name in kept if request.POST.get(name)],
        "to_firm": act is Act.EMPLOY,
        "refused": words_of(refused) if refused else None,
    }
    return page(request, "code", context, status=409 if refused else 200)
