"""`kuai serve`: the portal, the job worker and the ledger's sealer, started together and stopped together."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from kuai.flows.searching import prepare_search
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.web.parting import SERVER_PID

PARTS = ("jobs", "sealer")
SECONDS_TO_STOP = 10
SECONDS_BEFORE_RESTART = 2
THREADS_A_WORKER = 4
# A browser keeps its connection open between two looks. With granian's own limit (1,024 for all workers together) the
# thousand-and-first person would wait for somebody else's browser to hang up (measured: a rush of 5,000 stood still).
CONNECTIONS_A_WORKER = 8_192
WAITING_CONNECTIONS = 4_096


def serve(store: Store, *, host: str = "127.0.0.1", port: int = 8000, workers: int = 2) -> None:
    """Serve the store until SIGTERM or Ctrl-C. Brings the work database up to date first; may be repeated."""
    prepare(store)
    prepare_search(store)
    os.environ[SERVER_PID] = str(os.getpid())
    # Forked workers would inherit bulk engines whose threads are not theirs, and die when one of them is cleared away.
    multiprocessing.set_start_method("spawn", force=True)
    # Because granian's workers read the settings anew, from the environment.
    from granian import Granian  # noqa: PLC0415 - a server is needed here only
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    server = Granian(
        "kuai.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS_A_WORKER,
        backlog=WAITING_CONNECTIONS,
        backpressure=CONNECTIONS_A_WORKER,
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=SECONDS_TO_STOP,
        # Because else one worker that dies takes the whole portal with it.
        respawn_failed_workers=True,
        respawn_interval=SECONDS_BEFORE_RESTART,
    )
    with background_parts():
        server.serve()


def open_reconciliation(store: Store, *, port: int) -> ThreadingHTTPServer:
    """The reconciliation service of the store's library, on this machine only; `serve_forever()` runs it."""
    from kuai.web.addresses.loopback import open_listener  # noqa: PLC0415 - a heavy import, wanted here only

    return open_listener(store, port=port)


def prepare(store: Store) -> None:
    """Settings for this store, its tables, its purposes; on a synthetic store the demo logins."""
    os.environ["KUAI_STORE"] = str(store.root.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuai.web.settings")
    store.create()
    import django  # noqa: PLC0415 - the settings read the environment set above

    django.setup()
    from kuai.flows.store_format import open_store  # noqa: PLC0415 - needs django.setup()
    from kuai.guard.access import load_purposes  # noqa: PLC0415

    open_store(store)
    from kuai.web.demo import open_demo_logins  # noqa: PLC0415

    load_purposes()
    open_demo_logins(store, at=utc_now())


@contextmanager
def background_parts() -> Iterator[None]:
    """The parts beside the server; one that dies is started again, all are stopped at the end."""
    stop = threading.Event()
    watchers = [threading.Thread(target=_keep_running, args=(part, stop)) for part in PARTS]
    for watcher in watchers:
        watcher.start()
    try:
        yield
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()


def _keep_running(part: str, stop: threading.Event) -> None:
    while not stop.is_set():
        # Its own session: Ctrl-C in the terminal reaches the server, which then stops this part in order.
        child = subprocess.Popen(
            [sys.executable, "-m", "kuai.web.background", part], start_new_session=True
        )
        while child.poll() is None and not stop.wait(0.2):
            pass
        if child.poll() is None:
            _end(child)
        stop.wait(SECONDS_BEFORE_RESTART)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(timeout=SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
