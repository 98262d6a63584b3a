"""Who answers for each office's rules, questions and lists, by name: kept by the office itself, or the steward."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.guard import officials
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.rules.queries import list_rules
from kuai.services.forms.queries import list_forms
from kuai.web.doors import current_store
from kuai.web.proactive.rules import owns_rules


@owns_rules
@never_cache
@require_GET
def show_officials(request: HttpRequest) -> HttpResponse:
    """Every office that asks, offers or lists, and the person who answers for it."""
    return _page(request)


@owns_rules
@require_POST
def name_official(request: HttpRequest) -> HttpResponse:
    """From now on this person answers for the office."""
    said = request.POST
    try:
        named = officials.name_official(
            said.get("office", ""),
            name=said.get("name", ""),
            post=said.get("post", ""),
            channel=said.get("channel", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=utc_now(),
        )
    except Refusal as refusal:
        return _page(request, refused=refusal)
    messages.success(request, _("已写明：%(who)s") % {"who": named.spoken})
    return HttpResponseRedirect(reverse("officials"))


def _page(request: HttpRequest, *, refused: Refusal | None = None) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    answers_for = _answers_for()
    lines = [
        (office, official, "、".join(answers_for.get(office, ())))
        for office, official in officials.list_officials(answers_for)
    ]
    # Whoever is wanting first, and the reader's own office before others'.
    lines.sort(key=lambda line: (line[1] is not None, line[0] != actor.department, line[0]))
    context: dict[str, Any] = {
        "lines": lines,
        "unnamed": [office for office, official, __ in lines if official is None],
        "own": actor.department,
        "may_name_all": actor.role is Role.DATA_STEWARD or not actor.department,
        "kept": request.POST if refused else {},
        "refused": refused,
    }
    return render(request, "proactive/officials.html", context, status=400 if refused else 200)


def _answers_for() -> dict[str, list[str]]:
    """Office -> what it answers for, in words."""
    found: dict[str, list[str]] = {
        officials.DECLARATIONS: [_("自主申报")],
        officials.FORM_KEEPING: [_("退回函")],
        officials.CHILD_WELFARE: [_("没有登记监护人的未成年人")],
    }
    rules = Counter(one.owner for one in list_rules(current_store()))
    for owner, count in rules.items():
        found.setdefault(owner, []).append(_("%(count)s 条规则") % {"count": count})
    for form in list_forms(on=local_day(utc_now())):
        found.setdefault(form.wish.office, []).append(form.wish.title)
    return found
