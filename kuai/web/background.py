"""The two things that run beside the server, each in its own process: the job worker and the ledger's sealer.

`python -m kuai.web.background jobs|sealer`. Each ends by itself when its parent is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import django
from django.core.management import call_command

SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_BETWEEN_JOB_LOOKS = 0.5


def end_with_parent(parent: int, stop: threading.Event) -> None:
    """A killed server must not leave workers behind that write to its store."""
    while not stop.wait(SECONDS_BETWEEN_LOOKS):
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def run_jobs() -> None:
    """Receive uploads until told to stop; begin again what a killed worker left."""
    from kuai.web.uploads.receiving import requeue_interrupted  # noqa: PLC0415 - needs django.setup()

    requeue_interrupted()
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
    django.setup()
    stop = threading.Event()
    threading.Thread(target=end_with_parent, args=(os.getppid(), stop), daemon=True).start()
    if part == "jobs":
        run_jobs()
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    seal_ledger(stop)


if __name__ == "__main__":
    main(sys.argv[1])
