"""The ledger for the auditor: who saw, changed, exported what. Read only, and reading it is an entry too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from kuai.guard.ledger import LedgerFilter, list_entries
from kuai.guard.types import Role
from kuai.web.ledger.standing import read_standing, verify_ledger
from kuai.web.ledger.words import action_name, outcome_name
from kuai.web.looks import note_look
from kuai.web.rules import sees_ledger
from kuai.web.words import ROLE_NAMES

ENTRIES_A_PAGE = 50


class LedgerForm(forms.Form):
    """What the auditor looks for."""

    actor = forms.CharField(label=_("登录名"), required=False, max_length=64)
    role = forms.ChoiceField(label=_("角色"), required=False)
    action = forms.CharField(label=_("动作"), required=False, max_length=48)
    about = forms.CharField(label=_("关于（编码）"), required=False, max_length=80)
    since = forms.DateField(label=_("从"), required=False)
    until = forms.DateField(label=_("到"), required=False)
    before = forms.IntegerField(required=False, min_value=1)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        choices = [("", _("全部")), *((role.value, ROLE_NAMES[role]) for role in Role)]
        self.fields["role"] = forms.ChoiceField(label=_("角色"), required=False, choices=choices)

    def as_filter(self) -> LedgerFilter:
        """The filter; days are the tenant's, `until` included."""
        values = self.cleaned_data
        wanted = LedgerFilter(
            actor=values["actor"],
            role=values["role"],
            action=values["action"],
            about=values["about"],
        )
        if values["since"]:
            wanted = replace(wanted, since=_beginning_of(values["since"]))
        if values["until"]:
            wanted = replace(wanted, until=_beginning_of(values["until"] + timedelta(days=1)))
        return wanted


def _beginning_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@sees_ledger
@require_GET
def show_ledger(request: HttpRequest) -> HttpResponse:
    """Entries, newest first, filtered by the address line."""
    form = LedgerForm(request.GET)
    is_asked = form.is_valid()
    wanted = form.as_filter() if is_asked else LedgerFilter()
    cursor = form.cleaned_data.get("before") if is_asked else None
    page = list_entries(wanted, limit=ENTRIES_A_PAGE, cursor=cursor)
    note_look(request, "viewed_ledger", kind="ledger", count=len(page.entries))
    context = {
        "form": form,
        "lines": [
            (entry, action_name(entry.action), outcome_name(entry.outcome))
            for entry in page.entries
        ],
        "is_filtered": wanted != LedgerFilter(),
        "is_first_page": cursor is None,
        "older_url": _older(request, page.next_cursor),
        "standing": read_standing(),
    }
    return render(request, "ledger/page.html", context)


def _older(request: HttpRequest, cursor: int | None) -> str:
    if cursor is None:
        return ""
    kept = {key: value for key, value in request.GET.items() if value and key != "before"}
    return "?" + urlencode({**kept, "before": cursor})


@sees_ledger
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Check the whole chain against its checkpoints, now."""
    verdict = verify_ledger()
    outcome = "whole" if verdict.is_whole else "damaged"
    note_look(request, "verified_ledger", kind="ledger", outcome=outcome)
    is_part = request.headers.get("HX-Request") == "true"
    context = {"verdict": verdict, "standing": read_standing()}
    return render(request, "ledger/verdict.html" if is_part else "ledger/verified.html", context)
