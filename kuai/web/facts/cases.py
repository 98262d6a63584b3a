"""校核 cases: which department is asked what by when, its file out and in, its answer, and how a case ends."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.guard.types import Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.registry import decisions, queries
from kuai.registry.decisions import LIVING, CaseAnswer, CaseState, CaseView, Outcome
from kuai.web.facts.shown import Reader
from kuai.web.facts.words import (
    ANSWER_NAMES,
    CASE_BADGES,
    CASE_STATES,
    OBJECTION_NAMES,
    OUTCOME_NAMES,
)
from kuai.web.looks import note_look
from kuai.web.rules import KEEPS_CASES, decides_facts, keeps_cases, sees_facts, settles_cases

MOST_FORM_BYTES = 4 * 1024 * 1024
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_SHOWN = 200
# What the list is filtered by; overdue is no state of a case.
OVERDUE = "overdue"


@sees_facts
@require_GET
def show_cases(request: HttpRequest) -> HttpResponse:
    """The cases of the reader's areas: open ones, late ones, those of one department."""
    reader = Reader(request)
    state = request.GET.get("state", "open")
    department = request.GET.get("department", "")
    today = local_day(utc_now())
    every = decisions.list_cases(reader.actor, store=reader.store)
    departments = sorted({one.department for one in every})
    department = department if department in departments else ""
    found = [one for one in every if not department or one.department == department]
    shown = [one for one in found if _fits(one, state, today)]
    note_look(request, "viewed_cases", kind="case", count=len(shown[:MOST_SHOWN]))
    context = {
        "lines": [_line(reader, one, today) for one in shown[:MOST_SHOWN]],
        "is_cut": len(shown) > MOST_SHOWN,
        "state": state,
        "states": [
            (key, name, sum(_fits(one, key, today) for one in found))
            for key, name in (
                ("open", _("在办")),
                (OVERDUE, _("逾期")),
                *((state.value, name) for state, name in CASE_STATES.items()),
            )
        ],
        "department": department,
        "departments": [
            (name, sum(one.department == name and one.state in _WAITING for one in every))
            for name in departments
        ],
        "may_keep": reader.actor.role in KEEPS_CASES,
    }
    return render(request, "facts/cases.html", context)


_WAITING = (CaseState.OPENED, CaseState.SENT)


def _fits(one: CaseView, state: str, today: date) -> bool:
    if state == OVERDUE:
        return one.is_overdue(today)
    return one.state == state if state in set(CaseState) else one.state in LIVING


@sees_facts
@require_GET
def show_case(request: HttpRequest, number: str) -> HttpResponse:
    """One case: which rows, what is said against them, its way so far, what may be done."""
    reader = Reader(request)
    case = _visible(reader, number)
    note_look(request, "viewed_case", kind="case", refs=(number,), count=1)
    role = reader.actor.role
    settled = _settled_by(case)
    context = {
        **_line(reader, case, local_day(utc_now())),
        "answers": list(ANSWER_NAMES.items()),
        "outcomes": list(OUTCOME_NAMES.items()),
        "answer_name": ANSWER_NAMES.get(case.answer) if case.answer else "",
        "statements": [
            (reader.source_title(line["source"]), line["period"], line["row_no"] + 1)
            for line in case.statements
        ],
        "moves": [(move, CASE_STATES[CaseState(move.end)]) for move in case.moves],
        "may_answer": role in KEEPS_CASES and case.state in _WAITING,
        "may_close": role is Role.DATA_STEWARD
        and case.state is CaseState.ANSWERED
        and not _has_answered(reader, case),
        "may_undo": role is Role.DATA_STEWARD
        and case.state is CaseState.CLOSED
        and settled is not None,
        "is_own": settled is not None and settled.decided_by == reader.actor.user_id,
        "next": request.path,
    }
    return render(request, "facts/case.html", context)


@keeps_cases
@require_POST
def answer(request: HttpRequest, number: str) -> HttpResponse:
    """Write down a department's answer by hand."""
    reader = Reader(request)
    _visible(reader, number)
    said = request.POST.get("answer", "")
    if said not in set(CaseAnswer):
        raise Refusal("case.answer", _("请选答复。"))
    decisions.answer_case(
        reader.store,
        number,
        CaseAnswer(said),
        ends_on=_day(request.POST.get("ends_on", "")),
        by=reader.actor,
        at=utc_now(),
    )
    messages.success(request, _("已登记答复。"))
    return HttpResponseRedirect(reverse("case", args=[number]))


@settles_cases
@require_POST
def close(request: HttpRequest, number: str) -> HttpResponse:
    """Settle it as answered, or as the steward says where the answers differ."""
    reader = Reader(request)
    outcome = request.POST.get("outcome", "")
    case = decisions.close_case(
        reader.store,
        number,
        reason=request.POST.get("reason", "").strip(),
        outcome=Outcome(outcome) if outcome in set(Outcome) else None,
        ends_on=_day(request.POST.get("ends_on", "")),
        by=reader.actor,
        at=utc_now(),
    )
    messages.success(request, _("已办结，记为决定 %(number)s。") % {"number": case.settled_with})
    return HttpResponseRedirect(reverse("case", args=[number]))


@decides_facts
@require_POST
def appeal(request: HttpRequest, number: str) -> HttpResponse:
    """One step higher, once."""
    reader = Reader(request)
    again = decisions.appeal_case(
        reader.store,
        number,
        reason=request.POST.get("reason", "").strip(),
        by=reader.actor,
        at=utc_now(),
    )
    messages.success(request, _("已申请复核。"))
    return HttpResponseRedirect(reverse("case", args=[again.cases[0].number]))


@keeps_cases
@require_POST
def download_form(request: HttpRequest) -> HttpResponse:
    """The return-flow file of one department, as XLSX or CSV; its cases count as sent."""
    reader = Reader(request)
    form = "csv" if request.POST.get("form") == "csv" else "xlsx"
    target = io.BytesIO()
    decisions.export_cases(
        reader.store,
        target,
        department=request.POST.get("department", ""),
        form=form,
        by=reader.actor,
        at=utc_now(),
    )
    response = HttpResponse(
        target.getvalue(), content_type="text/csv; charset=utf-8" if form == "csv" else SHEET_TYPE
    )
    day = local_day(utc_now()).strftime("%Y%m%d")
    response["Content-Disposition"] = f'attachment; filename="cases-{day}.{form}"'
    return response


@keeps_cases
@require_POST
def take_in_answers(request: HttpRequest) -> HttpResponse:
    """The file that came back: taken case by case, with the reason for each that is not."""
    reader = Reader(request)
    upload = request.FILES.get("file")
    if upload is None or not upload.size or upload.size > MOST_FORM_BYTES:
        raise DataFault("case.form_size", _("请选一份填好的校核单，不超过 4 MB"))
    taken = decisions.take_in_answers(
        reader.store,
        upload.read(),
        file=(upload.name or "")[-60:],
        by=reader.actor,
        at=utc_now(),
    )
    for one in taken:
        if not one.is_taken:
            messages.error(request, f"{one.number}：{one.sentence}")
    messages.success(
        request,
        _("答复 %(all)s 张，收下 %(taken)s 张。")
        % {"all": len(taken), "taken": sum(one.is_taken for one in taken)},
    )
    return HttpResponseRedirect(reverse("cases"))


def _visible(reader: Reader, number: str) -> CaseView:
    case = decisions.get_case(number)
    seen = decisions.list_cases(reader.actor, store=reader.store, fact=case.fact_key)
    if number not in {one.number for one in seen}:
        raise Refusal("fact.not_your_area", _("这一条不在你的辖区。"))
    return case


def _has_answered(reader: Reader, case: CaseView) -> bool:
    """As the registry will judge it of this case; it asks about the other departments' too."""
    return any(
        move.end == CaseState.ANSWERED
        and move.start in _WAITING
        and move.moved_by == reader.actor.user_id
        for move in case.moves
    )


def _settled_by(case: CaseView) -> queries.DecisionView | None:
    """The decision that settled it, if it may be taken back: that a fact stands is appealed, not undone."""
    about = queries.list_decisions(key=case.fact_key, living_only=True)
    return next((one for one in about if one.sequence == case.settled_with), None)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refusal("day.form", _("日期写成 2026-10-01 的样子。")) from None


def _line(reader: Reader, one: CaseView, today: date) -> dict[str, Any]:
    return {
        "one": one,
        "fact": reader.fact(one.fact_key),
        "says": OBJECTION_NAMES[one.says],
        "state_name": CASE_STATES[one.state],
        "badge": CASE_BADGES[one.state],
        "is_overdue": one.is_overdue(today),
    }
