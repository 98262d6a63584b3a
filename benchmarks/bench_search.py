"""The search box: single questions in this process, then as people type at 300 requests a second over the portal.

    python benchmarks/bench_search.py [--store STORE] [--rate 300] [--seconds 20] [--workers 3]

Without STORE a demo city is built. The portal runs as `kuai serve` does, with its rules (role, area) and the login of
each request; the asking programme shares its cores. Latency is counted from the moment a request was due. Questions
are the beginnings of real names of the store: characters, pinyin, initials, codes, firms, texts with a slip, and
texts that are nowhere. Aim: p95 20 ms at 300 requests a second.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import bench_address_api as portal

from kuai.flows.searching import open_search
from kuai.kit.store import Store

SINGLE = 3_000
PREPARE = """
import sys
from pathlib import Path
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.web.serving import prepare
store = Store(Path(sys.argv[1]))
prepare(store)
from kuai.guard.access import create_demo_accounts
create_demo_accounts((), synthetic=True, at=utc_now(), password=sys.argv[2])
"""


def names_of(store: Store) -> tuple[list[str], list[str], list[str]]:
    """Own texts of buildings, names of firms, codes."""
    serving = store.current_build() / "core" / "serving.sqlite3"
    with sqlite3.connect(f"{serving.resolve().as_uri()}?mode=ro&immutable=1", uri=True) as rows:
        above = dict(
            rows.execute("select block_no, standard_text from block where level = 'community'")
        )
        grids = dict(rows.execute("select block_no, parent_no from block where level = 'grid'"))
        buildings = [
            text.removeprefix(above.get(parent) or above.get(grids.get(parent, 0)) or "")
            for text, parent in rows.execute(
                "select standard_text, parent_no from block where level = 'building' order by block_no"
            )
        ]
        firms = [
            name for (name,) in rows.execute("select name from organisation where name is not null")
        ]
        codes = [
            code for (code,) in rows.execute("select code from block where level = 'building'")
        ]
        codes += [code for (code,) in rows.execute("select credit_code from organisation") if code]
    return buildings, firms, codes


def questions(store: Store, count: int, seed: int) -> list[str]:
    """What people type: each letter is a question."""
    from pypinyin import Style, lazy_pinyin

    dice = random.Random(seed)
    buildings, firms, codes = names_of(store)
    asked: list[str] = []
    while len(asked) < count:
        way = dice.randrange(8)
        text = dice.choice(firms if way % 2 and firms else buildings)
        if way % 2 and dice.random() < 0.8:
            # Few people begin with the city.
            text = text[dice.randint(3, 6) :]
        if way in (2, 3):
            text = "".join(lazy_pinyin(text, style=Style.NORMAL))
        elif way in (4, 5):
            text = "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))
        elif way == 6:
            place = dice.randrange(len(text))
            text = text[:place] + dice.choice("的一是了我不人在他有") + text[place + 1 :]
        elif way == 7 and codes:
            text = dice.choice(codes)
        end = dice.randint(1, min(len(text), 18)) if text else 0
        if end:
            asked.append(text[:end])
    return asked


def measure_single(store: Store) -> None:
    began, used = time.perf_counter(), time.process_time()
    search = open_search(store)
    search.find("a")
    print(
        f"opened in {time.perf_counter() - began:.1f} s (processor {time.process_time() - used:.1f} s)"
    )
    taken = []
    asked = questions(store, SINGLE, seed=1)
    used = time.process_time()
    for text in asked:
        begin = time.perf_counter()
        search.find(text, limit=8)
        taken.append((time.perf_counter() - begin) * 1000)
    used = 1000 * (time.process_time() - used) / SINGLE
    print(portal.told("one question, this process", sorted(taken)), f" processor {used:.2f} ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory of this process {peak:.2f} GB")


def measure_portal(store: Store, chosen: argparse.Namespace) -> None:
    words = [sys.executable, "-c", PREPARE, str(store.root), portal.PASSWORD]
    subprocess.run(words, check=True, cwd=portal.ROOT, stdout=subprocess.DEVNULL)
    port = portal.free_port()
    kuai = str(Path(sys.executable).parent / "kuai")
    command = [kuai, "serve", "--store", str(store.root), "--port", str(port)]
    command += ["--workers", str(chosen.workers)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        portal.wait_for(port)
        roles = portal.ROLES
        sessions = [
            portal.Session(port, roles[number % len(roles)]) for number in range(portal.CONNECTIONS)
        ]
        for _ in range(3):
            for session in sessions:
                session.ask("/search/hits/?q=s")
        paths = [
            f"/search/hits/?q={quote(text)}"
            for text in questions(store, int(chosen.rate * chosen.seconds), seed=2)
        ]
        used = processor_seconds(server.pid)
        taken = portal.run_open_loop(sessions, paths, rate=chosen.rate, seconds=chosen.seconds)
        name = f"as you type at {chosen.rate:.0f}/s"
        used = 1000 * (processor_seconds(server.pid) - used) / len(paths)
        told = f"load {os.getloadavg()[0]:.1f}, processor of the server {used:.2f} ms a request"
        print(portal.told(name, taken), f" {told}")
        turns = iter(paths * 2)
        alone = portal.run_closed_loop(lambda: sessions[0].ask(next(turns)), times=500)
        print(portal.told("one after the other, portal", alone))
    finally:
        server.terminate()
        server.wait()


def processor_seconds(root: int) -> float:
    """What a process and all below it have used of the processor."""
    seconds, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        for task in Path(f"/proc/{pid}/task").iterdir():
            waiting += map(int, (task / "children").read_text().split())
    return seconds


def borrowed(store: Path, folder: Path) -> Store:
    """A store of our own over somebody's published build: theirs is read and never written."""
    own = Store(folder / "store").create()
    version = (store / "current").read_text(encoding="utf-8").strip()
    (own.builds / version).symlink_to((store / "builds" / version).resolve())
    shutil.copy(store / "current", own.root / "current")
    return own


def main() -> None:
    # The asking threads must not wait for each other, or their waiting would count as the portal's.
    sys.setswitchinterval(0.0005)
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path)
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kuai-bench-") as name:
        folder = Path(name)
        source = chosen.store
        if source is None:
            kuai = str(Path(sys.executable).parent / "kuai")
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            rooms = ["--rooms", str(portal.ROOMS_WITHOUT_FILE)]
            subprocess.run([kuai, "demo-city", str(folder / "city"), *rooms], check=True, **quiet)
            source = folder / "built"
            command = [kuai, "build", str(folder / "city"), "--store", str(source)]
            subprocess.run(command, check=True, **quiet)
        store = borrowed(source, folder)
        print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        measure_single(store)
        measure_portal(store, chosen)


if __name__ == "__main__":
    main()
