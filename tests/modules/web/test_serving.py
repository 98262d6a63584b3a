"""`serve` as a process: it answers, seals, receives uploads, and leaves nothing running when it is told to stop."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kuai.kit.store import Store

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys
from pathlib import Path
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.web import serving
store = Store(Path(sys.argv[1]))
serving.prepare(store)
from kuai.guard.access import register_source
from tests.modules.web.conftest import STEWARD, a_registration
register_source(a_registration("police_residents", "实有人口登记"), by=STEWARD, at=utc_now())
serving.serve(store, port=int(sys.argv[2]), workers=1)
"""
STARTS_WITHIN_S = 60


class Portal:
    """A running portal and a browser without scripts."""

    def __init__(self, root: Path, port: int) -> None:
        self.root = root
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in ("KUAI_DATABASE_URL", "KUAI_STORE", "KUAI_KEYS")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(root), str(port)], cwd=REPOSITORY, env=environment
        )
        jar = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> str:
        return str(self.browser.open(self.url + path, timeout=10).read().decode())

    def wait(self) -> None:
        began = time.monotonic()
        while time.monotonic() - began < STARTS_WITHIN_S:
            assert self.process.poll() is None, "the portal ended while starting"
            try:
                self.get("/api/health")
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
            else:
                return
        raise AssertionError("the portal did not start")

    def post(self, path: str, body: bytes, kind: str) -> str:
        wish = urllib.request.Request(self.url + path, body, {"Content-Type": kind})
        return str(self.browser.open(wish, timeout=20).read().decode())

    def listens(self) -> bool:
        """Somebody still holds the port."""
        port = urllib.parse.urlsplit(self.url).port or 0
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def token(self, path: str) -> str:
        found = re.search(r'csrfmiddlewaretoken" value="([^"]+)', self.get(path))
        assert found
        return found.group(1)

    def log_in(self) -> None:
        password = json.loads((Store(self.root).keys / "demo.json").read_text("utf-8"))["password"]
        fields = {
            "username": "demo-data-steward",
            "password": password,
            "csrfmiddlewaretoken": self.token("/login/"),
        }
        self.post(
            "/login/", urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
        )

    def hand_in(self, content: bytes) -> str:
        edge = "edge-of-a-part"
        fields = {
            "csrfmiddlewaretoken": self.token("/uploads/"),
            "source": "police_residents",
            "period": "2026-10",
        }
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        head = "".join(parts) + (
            f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        )
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.post("/uploads/", body, f"multipart/form-data; boundary={edge}")


def parts_of(root: Path) -> list[int]:
    """Processes of this store that are alive, the server itself left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        ours = b"kuai.web.background" in line or b"kuai.web import serving" in line
        if ours and f"KUAI_STORE={root}".encode() in environment:
            found.append(int(folder.name))
    return found


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Portal]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    portal = Portal(tmp_path / "store", port)
    try:
        portal.wait()
        yield portal
    finally:
        if portal.process.poll() is None:
            portal.process.kill()
            portal.process.wait()


@pytest.mark.parametrize("stop_by", [signal.SIGTERM, signal.SIGINT])
def test_the_portal_serves_receives_seals_and_stops_cleanly(
    running: Portal, stop_by: signal.Signals
) -> None:
    running.log_in()
    answer = running.hand_in("姓名,现住址\n张三,示例花园1栋101\n".encode())
    (number,) = set(re.findall(r"/uploads/([0-9a-f-]{36})/", answer)) or {""}
    began = time.monotonic()
    while "已收下" not in answer and time.monotonic() - began < 30:
        time.sleep(0.3)
        answer = running.get(f"/uploads/{number}/")
    assert "已收下" in answer
    assert len(parts_of(running.root)) >= 2
    sealed = list((running.root / "ledger").glob("*"))
    assert sealed
    running.process.send_signal(stop_by)
    assert running.process.wait(timeout=30) == 0
    assert parts_of(running.root) == []


def test_a_killed_portal_takes_its_parts_with_it(running: Portal) -> None:
    began = time.monotonic()
    while len(parts_of(running.root)) < 2 and time.monotonic() - began < 30:
        time.sleep(0.3)
    running.process.kill()
    running.process.wait()
    while (parts_of(running.root) or running.listens()) and time.monotonic() - began < 60:
        time.sleep(0.3)
    assert parts_of(running.root) == []
    assert not running.listens()


def workers_of(portal: Portal) -> list[int]:
    """The processes that answer requests: children of the server that run no part of their own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == portal.process.pid and b"spawn_main" in line:
            found.append(int(folder.name))
    return found


def test_a_worker_that_dies_is_replaced_and_the_portal_goes_on(running: Portal) -> None:
    (worker,) = workers_of(running)
    os.kill(worker, signal.SIGSEGV)
    began = time.monotonic()
    while time.monotonic() - began < 30:
        try:
            running.get("/api/health")
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            if workers_of(running) not in ([], [worker]):
                break
    assert running.process.poll() is None
    assert running.get("/api/health")
