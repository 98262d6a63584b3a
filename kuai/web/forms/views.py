"""Registered forms: the list, registering by two people, unregistered ones sent back by letter."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.guard.types import Actor
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.services.forms import actions, queries
from kuai.services.forms.types import FormState, FormView, FormWish, ListKind
from kuai.web.doors import current_reader, current_store
from kuai.web.forms import words
from kuai.web.forms.rules import (
    APPROVES_FORMS,
    FILLS_FORMS,
    REGISTERS_FORMS,
    approves_forms,
    registers_forms,
    sees_forms,
    sends_back_forms,
)
from kuai.web.words import purpose_title

DEFAULT_TERM = timedelta(days=365)


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


@sees_forms
@require_GET
def show_forms(request: HttpRequest) -> HttpResponse:
    """Every registered form, and where an unregistered one goes."""
    today = local_day(utc_now())
    context = {
        "lines": [_line(one) for one in queries.list_forms(on=today)],
        "may_register": actor_of(request).role in REGISTERS_FORMS,
    }
    return render(request, "forms/list.html", context)


@sees_forms
@require_GET
def show_form(request: HttpRequest, number: str) -> HttpResponse:
    """One form: on what basis, who approved, its sheets so far, the next one in."""
    return form_page(request, number)


def form_page(
    request: HttpRequest, number: str, *, said: Refusal | DataFault | None = None
) -> HttpResponse:
    """The page of one form, after a fault with what was said."""
    form = queries.get_registered_form(number, on=local_day(utc_now()))
    actor = actor_of(request)
    is_own_ground = queries.may_fill(number, actor)
    context = {
        "line": _line(form),
        "form": form,
        "fields": [words.field_name(key) for key in form.wish.fields],
        "moves": [(words.MOVE_NAMES[m], who, at, why) for m, who, at, why in form.moves],
        "may_decide": actor.role in APPROVES_FORMS
        and form.state in (FormState.WAITING, FormState.IN_FORCE),
        "is_own": form.registered_by == actor.user_id,
        "may_fill": actor.role in FILLS_FORMS
        and form.state is FormState.IN_FORCE
        and is_own_ground,
        "fillings": [
            {**one, "state_name": words.FILLING_NAMES[str(one["state"])], "may_open": is_own_ground}
            for one in queries.list_fillings(number)
        ],
        "said": said,
    }
    return render(request, "forms/one.html", context, status=400 if said else 200)


@registers_forms
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """The form to register a form."""
    said: Refusal | None = None
    if request.method == "POST":
        try:
            number = actions.register_form(_wish(request), by=actor_of(request), at=utc_now())
        except Refusal as refusal:
            said = refusal
        else:
            messages.success(request, _("已登记，等另一位有审批职责的人批准。"))
            return HttpResponseRedirect(reverse("form", args=[number]))
    about = request.POST.get("about") or request.GET.get("about") or "person"
    about = about if about in words.ABOUT_NAMES else "person"
    today = local_day(utc_now())
    context = {
        "said": said,
        "kept": request.POST,
        "about": about,
        "abouts": list(words.ABOUT_NAMES.items()),
        "fields": [
            (one.key, words.field_name(one.key), one.level)
            for one in queries.fields_about(about)
            if one.key not in queries.NEVER_FILLED
        ],
        "chosen": request.POST.getlist("fields"),
        "purposes": [(code, purpose_title(code)) for code in queries.purposes_of_forms()],
        "lists": [
            (kind.value, name) for kind, name in words.LIST_NAMES.items() if _fits(kind, about)
        ],
        "areas": _areas(),
        "expires_on": request.POST.get("expires_on") or (today + DEFAULT_TERM).isoformat(),
        "period_first": request.POST.get("period_first") or f"{today.year}-01-01",
        "period_last": request.POST.get("period_last") or f"{today.year}-12-31",
    }
    return render(request, "forms/new.html", context, status=400 if said else 200)


def _fits(kind: ListKind, about: str) -> bool:
    starts = {"person": "persons_", "room": "rooms", "firm": "firms"}
    return kind is ListKind.NONE or kind.value.startswith(starts[about])


def _areas() -> list[tuple[str, str]]:
    """District, sub-districts and communities, by path, to choose from."""
    found = [("", str(_("全部区域")))]
    try:
        reader = current_reader()
        for top in reader.top_blocks():
            found.append((top.code, top.name))
            for sub in reader.list_children(top.code):
                found.append((f"{top.code}/{sub.code}", f"　{sub.name}"))
                found += [
                    (f"{top.code}/{sub.code}/{one.code}", f"　　{one.name}")
                    for one in reader.list_children(sub.code)
                ]
    except Refusal:
        return found
    return found


def _wish(request: HttpRequest) -> FormWish:
    said = request.POST
    kind = said.get("list_kind", "")
    is_aged = kind in (ListKind.TURNING.value, ListKind.RESIDENTS.value)
    return FormWish(
        title=said.get("title", ""),
        office=said.get("office", ""),
        basis=said.get("basis", ""),
        approval_no=said.get("approval_no", ""),
        about=said.get("about", ""),
        fields=tuple(said.getlist("fields")),
        area=said.get("area", ""),
        purpose=said.get("purpose", ""),
        expires_on=_day(said.get("expires_on", "")),
        list_kind=ListKind(kind) if kind in set(ListKind) else ListKind.NONE,
        age=int(said["age"]) if is_aged and said.get("age", "").isdecimal() else 0,
        period_first=_day(said.get("period_first", "")) if is_aged else None,
        period_last=_day(said.get("period_last", "")) if is_aged else None,
        home_delivery_because=said.get("home_delivery_because", ""),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("form.day", _("日期写成 2026-12-31 这样。")) from None


@approves_forms
@require_POST
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Approve, refuse or withdraw, with a reason."""
    try:
        actions.decide_form(
            number,
            request.POST.get("move", ""),
            reason=request.POST.get("reason", ""),
            by=actor_of(request),
            at=utc_now(),
        )
    except Refusal as refusal:
        return form_page(request, number, said=refusal)
    messages.success(request, _("已记下。"))
    return HttpResponseRedirect(reverse("form", args=[number]))


@sends_back_forms
@require_http_methods(["GET", "POST"])
def show_unregistered(request: HttpRequest) -> HttpResponse:
    """A form that nobody registered: how much the store could fill, in tens, and the letter that sends it back."""
    said: Refusal | DataFault | None = None
    coverage: tuple[Any, ...] = ()
    about = request.POST.get("about", "person")
    file = request.FILES.get("file")
    if request.method == "POST" and file is not None:
        try:
            coverage = queries.count_coverage(
                current_store(),
                file.read(),
                file_name=file.name or "",
                about=about if about in words.ABOUT_NAMES else "person",
                by=actor_of(request),
            )
        except (Refusal, DataFault) as fault:
            said = fault
    context = {
        "said": said,
        "coverage": coverage,
        "about": about,
        "abouts": list(words.ABOUT_NAMES.items()),
        "may_count": actor_of(request).role in FILLS_FORMS,
        "reasons": list(words.REASON_NAMES.items()),
        "letters": queries.list_letters(),
    }
    return render(request, "forms/unregistered.html", context, status=400 if said else 200)


@sends_back_forms
@require_POST
def write_letter(request: HttpRequest) -> HttpResponse:
    """Keep the letter and hand it out as PDF."""
    number = actions.write_refusal_letter(
        title=request.POST.get("title", ""),
        office=request.POST.get("office", ""),
        fields=(),
        reasons=tuple(request.POST.getlist("reasons")),
        by=actor_of(request),
        at=utc_now(),
    )
    return HttpResponseRedirect(reverse("form_letter", args=[number]))


@sends_back_forms
@require_GET
def download_letter(request: HttpRequest, number: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The letter as PDF."""
    answer = HttpResponse(actions.read_letter(number), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{number}.pdf"'
    return answer


def _line(form: FormView) -> dict[str, Any]:
    return {
        "one": form,
        "state_name": words.STATE_NAMES[form.state],
        "badge": words.STATE_BADGES.get(form.state, ""),
        "purpose": purpose_title(form.wish.purpose),
        "list_name": words.LIST_NAMES[form.wish.list_kind],
        "about": words.ABOUT_NAMES[form.wish.about],
    }
