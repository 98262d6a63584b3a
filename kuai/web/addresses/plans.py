"""Pages of imports: the file, the plan of what it would change, and only then the change."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.address import library
from kuai.address.library import ImportPlan
from kuai.address.types import Level
from kuai.kit.clock import local_day, utc_now
from kuai.kit.coordinates import DATUMS
from kuai.kit.errors import Refusal
from kuai.web.addresses.forms import TAKEN_SUFFIXES, ImportForm, ReasonForm
from kuai.web.addresses.words import PLAN_STATES
from kuai.web.addresses.working import SILENT_FOR, folder_of, work_on_library
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.models import LibraryWork, UploadState, WorkKind
from kuai.web.rules import keeps_library
from kuai.web.sources.sheets import SHEET_TYPE
from kuai.web.uploads.limits import keep_until_received

LAST_SHOWN = 10
MOST_SAMPLES = 30
LINES_A_TURN = 5_000
# An Excel sheet ends at 1,048,576 rows.
MOST_SHEET_ROWS = 1_000_000


@keeps_library
@require_http_methods(["GET", "POST"])
def show_plans(request: HttpRequest) -> HttpResponse:
    """The form, the plans and what is under way; a good file goes on to the page of its work."""
    today = local_day(utc_now())
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES, today=today)
        if form.is_valid():
            work = _take_in(request, form.cleaned_data)
            return HttpResponseRedirect(reverse("address_work", args=[work.uuid]))
    else:
        form = ImportForm(today=today, initial={"day": today.isoformat(), "datum": "CGCS2000"})
    context = {
        "form": form,
        "datums": DATUMS,
        "suffixes": ",".join(TAKEN_SUFFIXES),
        "limit_mb": settings.KUAI_UPLOAD_LIMIT_BYTES // (1024 * 1024),
        "limit_bytes": settings.KUAI_UPLOAD_LIMIT_BYTES,
        "plans": [as_line(plan) for plan in library.list_plans()[:LAST_SHOWN]],
        "works": LibraryWork.objects.filter(state__in=_UNFINISHED).order_by("-asked_at")[
            :LAST_SHOWN
        ],
    }
    return render(request, "addresses/plans.html", context, status=400 if form.errors else 200)


_UNFINISHED = (
    UploadState.WAITING,
    UploadState.RUNNING,
    UploadState.REFUSED,
    UploadState.BROKEN,
)


def _take_in(request: HttpRequest, cleaned: Mapping[str, Any]) -> LibraryWork:
    file: UploadedFile = cleaned["file"]
    work = _begin(
        request,
        kind=WorkKind.PLAN,
        file_name=(file.name or "file")[-120:],
        size_bytes=file.size or 0,
        datum=cleaned["datum"],
        is_full=cleaned["extent"] == "full",
        happened_on=cleaned["day"],
    )
    folder_of(work).mkdir(mode=0o700)
    keep_until_received(file, folder_of(work) / work.file_name)
    _enqueue(request, work, "uploaded_library_file")
    return work


def _begin(request: HttpRequest, **values: Any) -> LibraryWork:
    now = utc_now()
    return LibraryWork(
        uuid=uuid.uuid4(),
        asked_by=request.actor.user_id,  # type: ignore[attr-defined]
        asked_at=now,
        changed_at=now,
        **values,
    )


def _enqueue(request: HttpRequest, work: LibraryWork, action: str) -> None:
    with transaction.atomic():
        work.save(force_insert=True)
        refs = (work.plan_id,) if work.plan_id else ()
        note_look(request, action, kind="address_plan", refs=refs)
        work_on_library.enqueue(str(work.uuid))


@keeps_library
@require_GET
def show_work(request: HttpRequest, work_id: uuid.UUID) -> HttpResponse:
    """One piece of work; the part with the progress asks for itself again until it is over."""
    work = get_object_or_404(LibraryWork, uuid=work_id)
    is_part = request.headers.get("HX-Request") == "true"
    if work.state == UploadState.KEPT and work.plan_id:
        url = reverse("address_plan", args=[work.plan_id])
        if not is_part:
            return HttpResponseRedirect(url)
        answer = HttpResponse(status=204)
        answer.headers["HX-Redirect"] = url
        return answer
    context = {
        "work": work,
        "is_silent": not work.is_over and utc_now() - work.changed_at > SILENT_FOR,
    }
    page = "addresses/work_state.html" if is_part else "addresses/work.html"
    return render(request, page, context)


@dataclass(frozen=True)
class PlanLine:
    """One plan in the list."""

    plan_id: str
    file_name: str
    state_words: str
    sums: str
    planned_at: datetime


def as_line(plan: ImportPlan) -> PlanLine:
    """What the list says of a plan."""
    sums = _("新增 %(added)s，改变 %(changed)s，停用 %(retired)s，退回 %(refused)s") % {
        "added": f"{plan.added:,}",
        "changed": f"{plan.changed:,}",
        "retired": f"{plan.retired:,}",
        "refused": f"{plan.refused:,}",
    }
    words = str(PLAN_STATES.get(plan.state, plan.state))
    return PlanLine(plan.plan_id, plan.file_name, words, sums, plan.planned_at)


def get_plan(plan_id: str) -> ImportPlan:
    """The plan, or 404."""
    try:
        return library.open_plan(plan_id)
    except Refusal as refusal:
        raise Http404(plan_id) from refusal


@keeps_library
@require_GET
def show_plan(request: HttpRequest, plan_id: str) -> HttpResponse:
    """One plan: sums, samples, what goes back; applied or dropped from here."""
    plan = get_plan(plan_id)
    note_look(request, "viewed_library_plan", kind="address_plan", refs=(plan_id,))
    return _plan_page(request, plan, form=None)


def _plan_page(request: HttpRequest, plan: ImportPlan, *, form: ReasonForm | None) -> HttpResponse:
    context = {
        "plan": plan,
        "state_words": PLAN_STATES.get(plan.state, plan.state),
        "is_open": plan.state == "open",
        "levels": [(level, plan.levels[level]) for level in Level if plan.levels.get(level)],
        "conflicts": plan.conflicts[:MOST_SAMPLES],
        "changes": [_as_change_line(one) for one in plan.changes[:MOST_SAMPLES]],
        "added": plan.added_entries[:MOST_SAMPLES],
        "retired": plan.retired_entries[:MOST_SAMPLES],
        "most_samples": MOST_SAMPLES,
        "form": form or ReasonForm(),
        "works": LibraryWork.objects.filter(
            plan_id=plan.plan_id, state__in=(UploadState.WAITING, UploadState.RUNNING)
        ),
    }
    return render(request, "addresses/plan.html", context, status=400 if form else 200)


def _as_change_line(change: library.PlannedChange) -> dict[str, Any]:
    """A shape is no text: that it is another one is all there is to say."""
    return {
        "address_code": change.address_code,
        "column": change.column,
        "old": change.old,
        "new": change.new,
        "is_shape": change.column == "图形" and not change.new,
    }


@keeps_library
@require_POST
def apply(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Apply the plan in the background: the reason is asked for, the progress has a page."""
    plan = get_plan(plan_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _plan_page(request, plan, form=form)
    work = _begin(
        request,
        kind=WorkKind.APPLY,
        plan_id=plan_id,
        file_name=plan.file_name,
        reason=form.cleaned_data["reason"].strip(),
    )
    _enqueue(request, work, "asked_to_apply_library_plan")
    return HttpResponseRedirect(reverse("address_work", args=[work.uuid]))


@keeps_library
@require_POST
def drop(request: HttpRequest, plan_id: str) -> HttpResponse:
    """Give the plan up; the library stays as it is."""
    get_plan(plan_id)
    library.drop_plan(plan_id, store=current_store())
    note_look(request, "dropped_library_plan", kind="address_plan", refs=(plan_id,))
    messages.success(request, _("计划已放弃，地址库没有变。"))
    return HttpResponseRedirect(reverse("address_plans"))


@keeps_library
@require_GET
def download_refused_rows(request: HttpRequest, plan_id: str) -> HttpResponseBase:
    """All rows that the plan sends back, with reason and remedy, as a sheet."""
    plan = get_plan(plan_id)
    store = current_store()
    with tempfile.TemporaryDirectory(dir=store.scratch) as folder:
        target = Path(folder) / "refused.xlsx"
        written = write_refused_rows(_all_conflicts(plan), target)
        # The open file outlives its name: nothing stays on disk once it is sent.
        stream = target.open("rb")
    note_look(request, "exported_refused_rows", kind="address_plan", refs=(plan_id,), count=written)
    name = f"{_('退回')}-{plan.file_name}-{plan_id}.xlsx"
    return FileResponse(stream, as_attachment=True, filename=name, content_type=SHEET_TYPE)


def _all_conflicts(plan: ImportPlan) -> Iterator[library.Conflict]:
    offset = 0
    while True:
        lines = library.list_plan_lines(
            current_store(), plan.plan_id, "conflicts", limit=LINES_A_TURN, offset=offset
        )
        for line in lines:
            if isinstance(line, library.Conflict):
                yield line
        offset += len(lines)
        if len(lines) < LINES_A_TURN:
            return


def write_refused_rows(conflicts: Iterable[library.Conflict], target: Path) -> int:
    """The sheet with its 错误原因 column; the number of rows written. Cells are text: no formula comes back."""
    book = xlsxwriter.Workbook(str(target), {"constant_memory": True})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for column, heading in enumerate(("行号", "地址编码", "列", "错误原因", "怎么改")):
        sheet.write_string(0, column, heading, bold)
    sheet.set_column(0, 4, 24)
    row = 0
    for one in conflicts:
        if row >= MOST_SHEET_ROWS:
            break
        row += 1
        sheet.write_number(row, 0, one.row)
        for column, value in enumerate((one.address_code, one.column, one.reason, one.remedy), 1):
            sheet.write_string(row, column, value)
    book.close()
    return row
