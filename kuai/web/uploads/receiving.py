"""Receives one upload, in the background: progress into its row, then the receipt or a clear refusal."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django_tasks import task

from kuai.flows.handed_in import HandedIn, take_in
from kuai.guard.access import record_entry
from kuai.guard.queries import find_actor_by_login
from kuai.guard.types import Zone
from kuai.kit.clock import utc_now
from kuai.kit.errors import Breakdown, DataFault, Refusal
from kuai.kit.receipt import Receipt
from kuai.web.doors import current_store
from kuai.web.models import Upload, UploadState
from kuai.web.uploads.limits import uploads_folder
from kuai.web.work_progress import RowProgress, place_and_fault

log = logging.getLogger(__name__)
# An hour: longer than a build of a city takes.
SECONDS_BETWEEN_TRIES = 2
WAITS_FOR_LEASE = 1800
# A worker that was killed leaves its upload running; nothing healthy is silent for so long.
SILENT_FOR = timedelta(minutes=10)


@task()
def receive_upload(upload_id: str) -> None:
    """Receive the upload with this number; safe to run twice."""
    claimed = Upload.objects.filter(uuid=upload_id, state=UploadState.WAITING).update(
        state=UploadState.RUNNING, changed_at=utc_now()
    )
    if not claimed:
        return
    upload = Upload.objects.get(uuid=upload_id)
    try:
        _receive(upload)
    finally:
        # Whatever came of it, the file as uploaded does not stay.
        shutil.rmtree(folder_of(upload), ignore_errors=True)


def folder_of(upload: Upload) -> Path:
    """Where the uploaded file waits."""
    return uploads_folder() / str(upload.uuid)


def _receive(upload: Upload) -> None:
    try:
        with _lease_when_free(upload):
            handed_in = take_in(
                current_store(),
                folder_of(upload) / upload.file_name,
                source=upload.source,
                period=upload.period,
                zone=Zone(upload.zone),
                progress=RowProgress(upload),
            )
    except DataFault as fault:
        _end(upload, UploadState.REFUSED, sentence=place_and_fault(fault), next_step=fault.remedy)
    except Refusal as refusal:
        _end(upload, UploadState.REFUSED, sentence=refusal.sentence, next_step=refusal.next_step)
    except Exception as failure:
        # The outer edge of a job: state and event name are kept, and the cause goes on to the runner.
        log.error("uploads.broken upload=%s", upload.uuid)
        _end(
            upload,
            UploadState.BROKEN,
            sentence="系统在接收时出了故障，没有收下任何一行。",
            next_step="请再传一次；若再次出现，请告诉系统管理员。",
        )
        raise Breakdown("receiving an upload failed") from failure
    else:
        _end_kept(upload, handed_in)


@contextmanager
def _lease_when_free(upload: Upload) -> Iterator[None]:
    """The store's lease, waited for: a build that runs now is no fault of whoever hands in a file."""
    store = current_store()
    step = RowProgress(upload).begin("等另一项写入（例如构建）结束", measure="")
    for turn in range(WAITS_FOR_LEASE):
        lease = store.writer_lease()
        try:
            lease.__enter__()
        except Refusal:
            if turn == WAITS_FOR_LEASE - 1:
                raise
            step.write()
            time.sleep(SECONDS_BETWEEN_TRIES)
        else:
            break
    try:
        yield
    finally:
        lease.__exit__(None, None, None)


def _end_kept(upload: Upload, handed_in: HandedIn) -> None:
    receipt = handed_in.receipt
    upload.content_hash = handed_in.snapshot.content_hash
    upload.received, upload.kept = receipt.received, receipt.kept
    upload.refused, upload.quarantined = receipt.refused, receipt.quarantined
    sentence = ""
    if handed_in.together is not None:
        # By its own name in the vault: what it mends stays under its own.
        upload.period = handed_in.snapshot.period
        sentence = _sums_together(handed_in.together)
    if receipt.notes.get("already_received"):
        sentence = "这份文件以前收过，内容一样，没有重复收。" + sentence
    _end(upload, UploadState.KEPT, sentence=sentence, next_step="")


def _sums_together(together: Receipt) -> str:
    return (
        f"认出这是退回的行：改好的行已经补收，每行只计一次。这一期合在一起：接收 {together.received:,}"
        f" = 收下 {together.kept:,} + 不收 {together.refused:,} + 退回 {together.quarantined:,}。"
    )


def _end(upload: Upload, state: UploadState, *, sentence: str, next_step: str) -> None:
    upload.state, upload.sentence, upload.next_step = state, sentence, next_step
    upload.ended_at = upload.changed_at = utc_now()
    upload.save()
    actor = find_actor_by_login(upload.uploaded_by)
    if actor is not None:
        record_entry(
            actor=actor,
            action="received_delivery",
            object_kind="source",
            object_refs=(upload.source,),
            purpose="source_keeping",
            at=upload.ended_at,
            count=upload.kept or 0,
            outcome=state.value,
        )


def requeue_interrupted() -> int:
    """Uploads that a stopped worker left behind begin again if their file is there; called when a worker starts."""
    left = Upload.objects.filter(state=UploadState.RUNNING)
    requeued = 0
    for upload in left:
        if (folder_of(upload) / upload.file_name).exists():
            upload.state = UploadState.WAITING
            upload.save(update_fields=["state"])
            receive_upload.enqueue(str(upload.uuid))
            requeued += 1
        else:
            _end(
                upload,
                UploadState.BROKEN,
                sentence="接收中断，文件已不在。",
                next_step="请再传一次。",
            )
    return requeued
