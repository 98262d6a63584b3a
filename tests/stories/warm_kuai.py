"""A `kuai` whose modules are loaded: each command is a process of its own, forked from it instead of started anew.

Measured 2026-11-23: a command takes 3.3 s of processor before its first line of work, all of it loading modules, and a
new store's work database 2.9 s of migrations; forked, a command has them behind it in milliseconds. Only what a
process begins with differs: one seed of hashes for all commands of a worker. Who tests just that, or the start, or
the environment, asks for a cold one.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import pwd
import selectors
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_REQUEST = 1 << 18
# The rooms a command may need; pages are drawn by the server alone.
ROOMS = ("flows", "services", "rules", "registry", "linkage", "sources", "address", "blocks")
# What is read once a process from files that are shipped, never from a store or the environment. Measured
# 2026-11-23: 1.1 s of the processor a build.
READ_ONCE = (
    "kuai.address.engine.similarity._pinyin_table",
    "kuai.address.gazetteer.packaged_elsewhere",
    "kuai.address.parsing._shipped_parser",
    "kuai.blocks.engine.counters.counter_catalogue",
    "kuai.blocks.engine.counters.happening_tables",
    "kuai.blocks.engine.counters.person_tables",
    "kuai.flows.stage_log.code_digest",
    "kuai.flows.stage_log.model_digest",
    "kuai.guard.engine.purposes.permitted_purposes",
    "kuai.linkage.engine.agreements._model",
    "kuai.linkage.engine.names._forms_of_characters",
    "kuai.linkage.engine.names._sounds",
    "kuai.rules.engine.views.logical_views",
    "kuai.rules.rule_books._of_house",
    "kuai.services.forms.engine.form_fields.form_fields",
    "kuai.sources.engine.dictionary.load_dictionary",
    "kuai.sources.mapping_steps._stage_digest",
)
# Loaded anew by each command, because they read the environment once.
OF_THE_ENVIRONMENT = ("kuai.web.settings",)


class WarmKuai:
    """The test run's end: one a worker, started by the first command."""

    def __init__(self, environment: dict[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests = ours
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stories.warm_kuai", str(theirs.fileno())],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()

    def run(self, request: dict[str, Any], *, typed: str, timeout: float) -> tuple[int, str, str]:
        """Run a command to its end: exit code, stdout and stderr."""
        with (
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as stdout,
            tempfile.TemporaryFile() as stderr,
        ):
            stdin.write(typed.encode())
            stdin.seek(0)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours, theirs:
                files = [one.fileno() for one in (stdin, stdout, stderr, theirs)]
                socket.send_fds(self._requests, [json.dumps(request).encode()], files)
                theirs.close()
                ours.settimeout(timeout)
                answer = ours.recv(64)
            assert answer, f"the warm kuai ended: {self._process.poll()}"
            stdout.seek(0)
            stderr.seek(0)
            return int(answer), stdout.read().decode(), stderr.read().decode()

    def close(self) -> None:
        self._requests.close()
        self._process.wait()


_STARTED: list[WarmKuai] = []


def warm_kuai(environment: dict[str, str]) -> WarmKuai:
    """The worker's own, started if need be."""
    if not _STARTED:
        _STARTED.append(WarmKuai(environment))
        atexit.register(_STARTED[0].close)
    return _STARTED[0]


def serve(requests: socket.socket) -> None:
    """Fork a process for each request until the test run is over; returns in the forked ones, ready to run."""
    folder = Path(tempfile.mkdtemp(prefix="warm-kuai-"))
    template = _load_and_make_template(folder)
    running: dict[int, tuple[int, socket.socket]] = {}
    watched = selectors.DefaultSelector()
    watched.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is not requests:
                _tell_end(watched, key.fd, *running.pop(key.fd))
                continue
            text, files, _, _ = socket.recv_fds(requests, LONGEST_REQUEST, 4)
            if not text:
                shutil.rmtree(folder, ignore_errors=True)
                return
            pid = os.fork()
            if pid == 0:
                watched.close()
                requests.close()
                _become(json.loads(text), files, template)
            for file in files[:3]:
                os.close(file)
            pidfd = os.pidfd_open(pid)
            running[pidfd] = pid, socket.socket(fileno=files[3])
            watched.register(pidfd, selectors.EVENT_READ)


def _tell_end(
    watched: selectors.BaseSelector, pidfd: int, pid: int, answers: socket.socket
) -> None:
    watched.unregister(pidfd)
    os.close(pidfd)
    _, status = os.waitpid(pid, 0)
    with answers:
        answers.send(str(os.waitstatus_to_exitcode(status)).encode())


def _load_and_make_template(folder: Path) -> Path:
    """Load what commands need; an empty work database with all its tables, made the real way."""
    from kuai.cli import main, work_database
    from kuai.kit.store import Store

    store = Store(folder / "store").create()
    template = store.root / "work.sqlite3"
    work_database.start_django(store)
    for room in ROOMS:
        package = importlib.import_module(f"kuai.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"kuai.{room}."):
            if ".migrations" not in found.name:
                importlib.import_module(found.name)
    for name in READ_ONCE:
        module, function = name.rsplit(".", 1)
        getattr(importlib.import_module(module), function)()
    pid = os.fork()
    if pid == 0:
        from kuai.flows.store_format import bring_up_tables

        bring_up_tables()
        from django.db import connection

        connection.close()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0, "the template of work databases was not made"
    assert template.exists()
    assert main.app
    gc.collect()
    gc.freeze()
    return template


def _become(request: dict[str, Any], files: list[int], template: Path) -> None:
    """Make this forked process what a command started by the test would be, and run the command."""
    os.setsid()
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["kuai", *request["words"]]
    if login := request["login"]:
        pwd.getpwuid = lambda uid: SimpleNamespace(pw_name=login)
    # As in tests/conftest.py: nobody cuts the power.
    os.fsync = lambda file: None
    _forget_settings()
    _make_tables_from(template)
    code = _exit_code_of_main()
    # Not through the interpreter's end, which would take apart the modules of all commands for a quarter of a second.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _exit_code_of_main() -> int:
    from kuai.cli.main import main

    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - the outer edge of the forked process
        traceback.print_exc()
        return 1
    return 0


def _forget_settings() -> None:
    """Django reads its settings anew, and knows no connection of before."""
    from django.conf import settings
    from django.db import connections
    from django.utils.functional import empty

    settings._wrapped = empty
    connections.__dict__.pop("settings", None)
    connections._settings = None
    for alias in [one for one in ("default",) if hasattr(connections._connections, one)]:
        delattr(connections._connections, alias)
    for name in OF_THE_ENVIRONMENT:
        sys.modules.pop(name, None)
    package = sys.modules["kuai.web"]
    if hasattr(package, "settings"):
        del package.settings


def _make_tables_from(template: Path) -> None:
    """Tables of a new store on SQLite come from the template, all others the real way."""
    from django.db import connection

    from kuai.flows import store_format

    really = store_format.bring_up_tables

    def bring_up_tables() -> None:
        if connection.vendor != "sqlite" or connection.introspection.table_names():
            really()
            return
        with sqlite3.connect(f"file:{template}?mode=ro", uri=True) as made:
            made.backup(connection.connection)
        made.close()

    store_format.bring_up_tables = bring_up_tables


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(socket.socket(fileno=int(sys.argv[1])))
