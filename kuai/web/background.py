"""The two things that run beside the server, each in its own process: the job worker and the ledger's sealer.

`python -m kuai.web.background jobs|sealer`. Each ends by itself when its parent is gone.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.core.management import call_command

from kuai.web.parting import end_with_server

SECONDS_BETWEEN_JOB_LOOKS = 0.5


def run_jobs() -> None:
    """Receive uploads and work on the library until told to stop; begin again what a killed worker left."""
    # Models are there after django.setup() only.
    from kuai.web.addresses.working import requeue_interrupted_work  # noqa: PLC0415
    from kuai.web.uploads.receiving import requeue_interrupted  # noqa: PLC0415

    with only_job_worker():
        requeue_interrupted()
        requeue_interrupted_work()
        _work_through_jobs()


@contextmanager
def only_job_worker() -> Iterator[None]:
    """One job worker a store; a second one waits here, else it would take running uploads for interrupted ones."""
    from django.conf import settings  # noqa: PLC0415 - needs the environment set by main()

    with (settings.STORE.root / ".jobs").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _work_through_jobs() -> None:
    call_command(
        "db_worker",
        interval=SECONDS_BETWEEN_JOB_LOOKS,
        verbosity=0,
        reload=False,
        startup_delay=False,
    )


def seal_ledger(stop: threading.Event) -> None:
    """Seal the ledger's new entries until told to stop."""
    # Settings and models are there after django.setup() only.
    from django.conf import settings  # noqa: PLC0415

    from kuai.guard.ledger import run_sealer  # noqa: PLC0415

    run_sealer(settings.STORE, stop_event=stop)


def main(part: str) -> None:
    """Run one part."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuai.web.settings")
    end_with_server()
    django.setup()
    stop = threading.Event()
    if part == "jobs":
        run_jobs()
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    seal_ledger(stop)


if __name__ == "__main__":
    main(sys.argv[1])
