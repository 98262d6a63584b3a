"""Long work on the address library, in the background: a file read into a plan, a plan applied."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django_tasks import task

from kuai.address import library
from kuai.guard.access import record_entry
from kuai.guard.queries import find_actor_by_login
from kuai.kit.clock import utc_now
from kuai.kit.errors import Breakdown, DataFault, Refusal
from kuai.web.doors import current_store
from kuai.web.models import LibraryWork, UploadState, WorkKind
from kuai.web.uploads.limits import uploads_folder
from kuai.web.work_progress import RowProgress, place_and_fault

log = logging.getLogger(__name__)
# A worker that was killed leaves its work running; nothing healthy is silent for so long.
SILENT_FOR = timedelta(minutes=10)
# Work that ended its worker twice would end it again, and what waits behind it would never be done.
MOST_BEGINNINGS = 2
_BEGINNINGS = ".beginnings"


@task()
def work_on_library(work_id: str) -> None:
    """Do the piece of work with this number; safe to run twice."""
    claimed = LibraryWork.objects.filter(uuid=work_id, state=UploadState.WAITING).update(
        state=UploadState.RUNNING, changed_at=utc_now()
    )
    if not claimed:
        return
    work = LibraryWork.objects.get(uuid=work_id)
    _note_beginning(work)
    try:
        _work(work)
    finally:
        # Whatever came of it, the file as handed in does not stay.
        shutil.rmtree(folder_of(work), ignore_errors=True)


def _note_beginning(work: LibraryWork) -> None:
    """A mark beside the file, because a worker that is killed can write nothing any more."""
    folder = folder_of(work)
    folder.mkdir(exist_ok=True, mode=0o700)
    (folder / _BEGINNINGS).write_text("|" * (_count_beginnings(work) + 1), encoding="ascii")


def _count_beginnings(work: LibraryWork) -> int:
    marks = folder_of(work) / _BEGINNINGS
    return len(marks.read_bytes()) if marks.exists() else 0


def folder_of(work: LibraryWork) -> Path:
    """Where the file handed in waits."""
    return uploads_folder() / f"library-{work.uuid}"


def _work(work: LibraryWork) -> None:
    steps: dict[str, Callable[[LibraryWork], None]] = {WorkKind.PLAN: _plan, WorkKind.APPLY: _apply}
    try:
        steps[work.kind](work)
    except DataFault as fault:
        _end(work, UploadState.REFUSED, sentence=place_and_fault(fault), next_step=fault.remedy)
    except Refusal as refusal:
        _end(work, UploadState.REFUSED, sentence=refusal.sentence, next_step=refusal.next_step)
    except Exception as failure:
        # The outer edge of a job: state and event name are kept, and the cause goes on to the runner.
        log.error("library_work.broken work=%s", work.uuid)
        _end(
            work,
            UploadState.BROKEN,
            sentence="系统出了故障，地址库没有变。",
            next_step="请再试一次；若再次出现，请告诉系统管理员。",
        )
        raise Breakdown("work on the address library failed") from failure
    else:
        _end(work, UploadState.KEPT)


def _plan(work: LibraryWork) -> None:
    RowProgress(work).begin("读文件，和现在的地址库比对", measure="")
    plan = library.plan_import(
        current_store(),
        folder_of(work) / work.file_name,
        by=work.asked_by,
        datum=work.datum,
        full=work.is_full,
        day=work.happened_on,
    )
    work.plan_id = plan.plan_id


def _apply(work: LibraryWork) -> None:
    RowProgress(work).begin("写入地址库", measure="")
    library.apply_plan(
        current_store(),
        work.plan_id,
        by=work.asked_by,
        reason=work.reason,
    )


def _end(work: LibraryWork, state: UploadState, *, sentence: str = "", next_step: str = "") -> None:
    work.state, work.sentence, work.next_step = state, sentence, next_step
    work.ended_at = work.changed_at = utc_now()
    work.save()
    actor = find_actor_by_login(work.asked_by)
    if actor is not None:
        record_entry(
            actor=actor,
            action="planned_library_import"
            if work.kind == WorkKind.PLAN
            else "applied_library_plan",
            object_kind="address_plan",
            object_refs=(work.plan_id,) if work.plan_id else (),
            purpose="address_upkeep",
            at=work.ended_at,
            outcome=state.value,
        )


def requeue_interrupted_work() -> int:
    """Work that a stopped worker left behind begins again; called when a worker starts. Applying twice is refused.

    What stopped its worker MOST_BEGINNINGS times is given up, with its file.
    """
    requeued = 0
    for work in LibraryWork.objects.filter(state=UploadState.RUNNING):
        if _count_beginnings(work) >= MOST_BEGINNINGS:
            shutil.rmtree(folder_of(work), ignore_errors=True)
            _end(
                work,
                UploadState.BROKEN,
                sentence=f"试了 {MOST_BEGINNINGS} 次都中断了，不再自动重试；地址库没有变。",
                next_step="请把文件拆小或另存为 CSV 再传；若再次出现，请告诉系统管理员。",
            )
        elif work.kind == WorkKind.APPLY or (folder_of(work) / work.file_name).exists():
            work.state = UploadState.WAITING
            work.save(update_fields=["state"])
            work_on_library.enqueue(str(work.uuid))
            requeued += 1
        else:
            _end(
                work, UploadState.BROKEN, sentence="中断了，文件已不在。", next_step="请再传一次。"
            )
    return requeued
