"""Applications to the owner of the library: drafted, filed, sent as a form, answered by hand or by that form."""

from __future__ import annotations

import io
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.address import learning, library
from kuai.address.learning import ApplicationKind, ApplicationState, ApplicationView
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.web.addresses.learning_words import APPLICATION_NAMES, APPLICATION_STATES, BADGES
from kuai.web.addresses.opened import standings_of
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import KEEPS_ADDRESSES, answers_applications, files_applications

MOST_FORM_BYTES = 4 * 1024 * 1024
LONGEST_REASON = 400
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@files_applications
@require_GET
def show_applications(request: HttpRequest) -> HttpResponse:
    """The applications of the reader's areas, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    state = request.GET.get("state", "")
    state = state if state in set(ApplicationState) else ""
    today = local_day(utc_now())
    found = learning.list_applications(actor, state=state)
    note_look(request, "viewed_address_applications", kind="application", count=len(found))
    context = {
        "lines": [_line(one, today) for one in found],
        "state": state,
        "states": list(APPLICATION_STATES.items()),
        "may_answer": actor.role in KEEPS_ADDRESSES,
        "has_filed": any(one.state is ApplicationState.FILED for one in found),
    }
    return render(request, "addresses/applications.html", context)


def _line(one: ApplicationView, today: Any) -> dict[str, Any]:
    return {
        "one": one,
        "kind_name": APPLICATION_NAMES[one.kind],
        "state_name": APPLICATION_STATES[one.state],
        "badge": BADGES[one.state],
        "is_overdue": one.is_overdue(today),
    }


@files_applications
@require_GET
def show_application(request: HttpRequest, number: str) -> HttpResponse:
    """One application: what is asked, on what evidence, its way so far, what may be done now."""
    actor = request.actor  # type: ignore[attr-defined]
    application = learning.get_application(number, actor)
    note_look(request, "viewed_address_applications", kind="application", refs=(number,))
    return _show(request, application)


def _show(
    request: HttpRequest, application: ApplicationView, *, refusal: Refusal | None = None
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    possible = set(application.next_states(actor))
    asks_parent = application.kind in (ApplicationKind.NEW_BUILDING, ApplicationKind.DIVIDED)
    context = {
        **_line(application, local_day(utc_now())),
        "refusal": refusal,
        "may_file": ApplicationState.FILED in possible,
        "may_withdraw": ApplicationState.WITHDRAWN in possible,
        "may_accept": ApplicationState.ACCEPTED in possible,
        "may_return": ApplicationState.RETURNED in possible,
        "waits_for_other": application.state is ApplicationState.FILED
        and actor.role in KEEPS_ADDRESSES
        and ApplicationState.ACCEPTED not in possible,
        "asks_parent": asks_parent
        and (application.kind is ApplicationKind.NEW_BUILDING or len(application.parts) == 1),
        "moves": [
            (move, APPLICATION_STATES[ApplicationState(move.end)]) for move in application.moves
        ],
        "said": request.POST,
    }
    return render(request, "addresses/application.html", context, status=409 if refusal else 200)


@files_applications
@require_http_methods(["GET", "POST"])
def open_new(request: HttpRequest) -> HttpResponse:
    """An application by hand: what no proposal says, for example that a building was pulled down."""
    if request.method == "GET":
        return _show_new(request)
    said = request.POST
    code = said.get("code", "").strip()
    try:
        place = standings_of([code]).get(code) if code else None
        if place is None:
            raise Refusal("application.no_place", _("地址库里没有这个编码。"))
        if said.get("kind") not in set(ApplicationKind):
            raise Refusal("application.kind", _("请选申请的类别。"))
        parts = tuple(part for part in said.get("parts", "").replace("，", " ").split() if part)
        wish = learning.Wish(
            ApplicationKind(said["kind"]), place, parts, said.get("wording", "").strip()
        )
        application = learning.open_application(
            wish,
            by=request.actor,  # type: ignore[attr-defined]
            at=utc_now(),
        )
    except Refusal as refusal:
        return _show_new(request, refusal=refusal)
    return HttpResponseRedirect(reverse("address_application", args=[application.number]))


def _show_new(request: HttpRequest, *, refusal: Refusal | None = None) -> HttpResponse:
    context = {"kinds": list(APPLICATION_NAMES.items()), "said": request.POST, "refusal": refusal}
    return render(
        request, "addresses/application_new.html", context, status=409 if refusal else 200
    )


@files_applications
@require_POST
def file(request: HttpRequest, number: str) -> HttpResponse:
    """Hand it to the owner."""
    return _step(request, number, learning.file_application)


@files_applications
@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take it back for good."""
    return _step(request, number, learning.withdraw_application, reason=_reason(request))


@answers_applications
@require_POST
def send_back(request: HttpRequest, number: str) -> HttpResponse:
    """The owner's no."""
    return _step(request, number, learning.return_application, reason=_reason(request))


@answers_applications
@require_POST
def accept(request: HttpRequest, number: str) -> HttpResponse:
    """The owner's yes: recorded in the library."""
    said = request.POST
    given = zip(said.getlist("part"), said.getlist("given_code"), strict=False)
    answer = learning.Answer(
        codes={part: code.strip() for part, code in given if code.strip()},
        parent_code=said.get("parent_code", "").strip(),
        reason=_reason(request),
    )
    return _step(
        request, number, learning.accept_application, answer=answer, record=recorder_of(request)
    )


def recorder_of(request: HttpRequest) -> Any:
    """How an accepted application gets into the library: as an event recorded by whoever accepts."""
    actor = request.actor  # type: ignore[attr-defined]
    store = current_store()
    return lambda event: library.record_event(store, event, by=actor.user_id).number


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:LONGEST_REASON]


def _step(request: HttpRequest, number: str, take: Any, **more: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    try:
        application = take(number, by=actor, at=utc_now(), **more)
    except Refusal as refusal:
        if refusal.code == "application.unknown":
            raise
        return _show(request, learning.get_application(number, actor), refusal=refusal)
    messages.success(
        request,
        _("申请单 %(number)s：%(state)s。")
        % {"number": number, "state": APPLICATION_STATES[application.state]},
    )
    return HttpResponseRedirect(reverse("address_application", args=[number]))


@files_applications
@require_POST
def download_form(request: HttpRequest) -> HttpResponse:
    """The form of all that is filed and not yet answered, as XLSX for the owner's system."""
    actor = request.actor  # type: ignore[attr-defined]
    filed = learning.list_applications(actor, state=ApplicationState.FILED.value)
    target = io.BytesIO()
    learning.write_form(map(learning.form_line, filed), target)
    note_look(
        request,
        "exported_address_applications",
        kind="application",
        refs=tuple(one.number for one in filed),
        count=len(filed),
    )
    response = HttpResponse(target.getvalue(), content_type=SHEET_TYPE)
    day = local_day(utc_now()).strftime("%Y%m%d")
    response["Content-Disposition"] = f'attachment; filename="address-applications-{day}.xlsx"'
    return response


@answers_applications
@require_POST
def take_in_answers(request: HttpRequest) -> HttpResponse:
    """The form that came back: each answer is a step of its own, and those refused are told one by one."""
    upload = request.FILES.get("file")
    if upload is None or not upload.size or upload.size > MOST_FORM_BYTES:
        raise DataFault("application.form_size", _("请选一份答复的申请单，不超过 4 MB"))
    answers = learning.read_answers(upload.read(), file=(upload.name or "")[-120:])
    taken = 0
    for one in answers:
        try:
            learning.answer_application(
                one,
                record=recorder_of(request),
                by=request.actor,  # type: ignore[attr-defined]
                at=utc_now(),
            )
        except Refusal as refusal:
            messages.error(request, f"{one.number}：{refusal}")
        else:
            taken += 1
    messages.success(
        request, _("答复 %(all)s 份，办成 %(taken)s 份。") % {"all": len(answers), "taken": taken}
    )
    return HttpResponseRedirect(reverse("address_applications"))
