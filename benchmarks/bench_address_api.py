"""The address interface under load: type-ahead at 300 requests a second, batches of the wash, reverse, reconciliation.

    python benchmarks/bench_address_api.py [LIBRARY.csv] [--rate 300] [--seconds 30]

The portal runs as `kuai serve` does (2 processes, 4 threads each); the asking programme shares its cores. Latency
is counted from the moment a request was due, so that a stalled server is not flattered. Aims: p95 20 ms,
p99 50 ms at 300 requests a second against 600,000 entries.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parents[1]
VERSION = "b-20261031-000000000000"
PASSWORD = "kuai-bench-2026"
ROLES = (
    "data-steward",
    "subdistrict-clerk",
    "grid-worker",
    "department-clerk",
    "leader",
    "auditor",
)
CONNECTIONS = 24
ROOMS_WITHOUT_FILE = 20_000

PREPARE = """
import sys
from pathlib import Path
import pyarrow.parquet as pq
from kuai.address.places import write_side_file
from kuai.address.reading import library_table, read_delivered_library
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.web.serving import prepare
store = Store(Path(sys.argv[1]))
prepare(store)
from kuai.guard.access import create_demo_accounts
create_demo_accounts((), synthetic=True, at=utc_now(), password=sys.argv[3])
core = store.builds / sys.argv[4] / "core"
core.mkdir(parents=True)
entries = library_table(read_delivered_library(Path(sys.argv[2])))
pq.write_table(entries.sort_by("address_code"), core / "address_entry.parquet", row_group_size=122_880)
write_side_file(core / "suggest.sqlite3", entries)
(store.root / "current").write_text(sys.argv[4] + "\\n")
print(entries.num_rows)
"""


class Session:
    """One signed-in connection that stays open."""

    def __init__(self, port: int, role: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        token = self._cookies("GET", "/login/", b"", {})["csrftoken"]
        form = {"username": f"demo-{role}", "password": PASSWORD, "csrfmiddlewaretoken": token}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={token}",
        }
        session = self._cookies("POST", "/login/", urlencode(form).encode(), headers)
        self._headers = {"Cookie": f"sessionid={session['sessionid']}"}

    def _cookies(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> dict[str, str]:
        self._connection.request(method, path, body or None, headers)
        answer = self._connection.getresponse()
        answer.read()
        lines = answer.headers.get_all("Set-Cookie") or []
        return dict(line.split(";")[0].split("=", 1) for line in lines)

    def ask(self, path: str, body: object = None) -> bytes:
        content = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        self._connection.request(
            "GET" if body is None else "POST", path, content, self._headers | kind
        )
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {text[:200]!r}")
        return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the portal did not start")


def typed_texts(library: Path, count: int, seed: int) -> list[str]:
    """What people type of real names of the library: every beginning of characters, pinyin and initials."""
    from pypinyin import Style, lazy_pinyin

    with library.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    community = {
        row["地址编码"]: row["标准地址"] for row in rows if row["级别"] in ("社区", "网格")
    }
    above = {row["地址编码"]: row["上级编码"] for row in rows}
    buildings = [row for row in rows if row["级别"] == "楼栋"]
    random.seed(seed)
    typed = []
    for row in random.choices(buildings, k=count):
        up = row["上级编码"]
        prefix = community.get(up) or community.get(above.get(up, ""), "")
        own = row["标准地址"].removeprefix(prefix)
        way = random.randrange(3)
        if way == 1:
            own = "".join(lazy_pinyin(own, style=Style.NORMAL))
        elif way == 2:
            own = "".join(lazy_pinyin(own, style=Style.FIRST_LETTER))
        typed.append(own[: random.randint(1, len(own))])
    return typed


def run_open_loop(
    sessions: list[Session], paths: list[str], *, rate: float, seconds: float
) -> list[float]:
    """Requests at a fixed rate whatever the answers take; milliseconds from due to done."""
    begin = time.perf_counter() + 0.2
    total = int(rate * seconds)
    taken: list[float] = [0.0] * total
    turn = iter(range(total))
    lock = threading.Lock()

    def work(session: Session) -> None:
        while True:
            with lock:
                number = next(turn, None)
            if number is None:
                return
            due = begin + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            session.ask(paths[number % len(paths)])
            taken[number] = (time.perf_counter() - due) * 1000

    threads = [threading.Thread(target=work, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(taken)


def run_closed_loop(ask: Callable[[], object], *, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - begin) * 1000)
    return sorted(taken)


def told(name: str, taken: list[float]) -> str:
    def at(share: float) -> float:
        return taken[min(len(taken) - 1, int(share * len(taken)))]

    shares = "  ".join(f"p{100 * share:.0f} {at(share):7.1f}" for share in (0.5, 0.95, 0.99))
    return f"{name:<28} n {len(taken):>6}  {shares}  max {taken[-1]:7.1f} ms"


def main() -> None:
    # The asking threads must not wait for each other, or their waiting would count as the portal's.
    sys.setswitchinterval(0.0005)
    parser = argparse.ArgumentParser()
    parser.add_argument("library", nargs="?", type=Path)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=30)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kuai-bench-") as folder:
        measure_portal(Path(folder), chosen)


def measure_portal(folder: Path, chosen: argparse.Namespace) -> None:
    library = chosen.library
    kuai = str(Path(sys.executable).parent / "kuai")
    if library is None:
        city = folder / "city"
        command = [kuai, "demo-city", str(city), "--rooms", str(ROOMS_WITHOUT_FILE)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        library = city / "extracts" / "address_library.csv"
    store, port = folder / "store", free_port()
    words = [sys.executable, "-c", PREPARE, str(store), str(library), PASSWORD, VERSION]
    done = subprocess.run(words, check=True, cwd=ROOT, capture_output=True, text=True)
    print(
        f"{int(done.stdout):,} entries; load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    command = [kuai, "serve", "--store", str(store), "--port", str(port), "--workers", "2"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        measure_routes(port, library, chosen)
    finally:
        server.terminate()
        server.wait()


def measure_routes(port: int, library: Path, chosen: argparse.Namespace) -> None:
    sessions = [Session(port, ROLES[number % len(ROLES)]) for number in range(CONNECTIONS)]
    # Both processes open their files before anything is counted.
    for session in sessions:
        session.ask("/api/addresses/suggest?q=s")
    typed = typed_texts(library, int(chosen.rate * chosen.seconds), seed=2)
    paths = [f"/api/addresses/suggest?q={quote(text)}" for text in typed]
    taken = run_open_loop(sessions, paths, rate=chosen.rate, seconds=chosen.seconds)
    print(told(f"suggest at {chosen.rate:.0f}/s", taken), f" load {os.getloadavg()[0]:.1f}")
    with library.open(encoding="utf-8-sig", newline="") as lines:
        texts = [row["标准地址"] for row in csv.DictReader(lines) if row["级别"] == "房屋"]
    random.seed(5)
    batches = [random.sample(texts, min(1_000, len(texts))) for _ in range(10)]
    for session in sessions[:6]:
        session.ask("/api/addresses/wash", {"texts": ["x"]})
    turn = iter(batches * 10)

    def wash() -> None:
        sessions[0].ask("/api/addresses/wash", {"texts": next(turn)})
        time.sleep(0.2)

    washed = [one - 200 for one in run_closed_loop(wash, times=10)]
    size = len(batches[0])
    print(
        told(f"wash, {size} texts a batch", washed),
        f" {1000 * size / washed[len(washed) // 2]:,.0f} texts/s",
    )
    points = [f"/api/addresses/reverse?lon={114 + n / 1000}&lat=22.65" for n in range(50)]
    turns = iter(points * 4)
    for session in sessions[:6]:
        session.ask(points[0])
    print(told("reverse", run_closed_loop(lambda: sessions[1].ask(next(turns)), times=100)))


if __name__ == "__main__":
    main()
