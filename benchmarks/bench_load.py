"""Many people at the portal at once: no errors, and after a rush of five times as many, back to normal within 60 s.

python benchmarks/bench_load.py [--users 200] [--rooms 20000] [--workers 4]                       # SQLite
python scripts/with_private_postgres.py -- python benchmarks/bench_load.py --users 1000           # PostgreSQL

One in five reads over a slow line (50 kB/s). A user looks at a page, thinks 5 to 15 seconds, looks at the next. The
clients run on the same machine as the portal, and share the demo logins: signing in is not what is measured.
"""

from __future__ import annotations

# Before anything opens a socket: it makes waiting cooperative, for thousands of users in one process.
from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import re  # noqa: E402
import resource  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
import requests  # noqa: E402
from locust import HttpUser, between, task  # noqa: E402
from locust.env import Environment  # noqa: E402

KUAI = str(Path(sys.executable).with_name("kuai"))
PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"
ROLES = ("leader", "subdistrict-clerk", "data-steward", "grid-worker")
SLOW_SHARE, SLOW_BYTES_A_SECOND = 0.2, 50_000
RUSH = 5
BACK_WITHIN_SECONDS = 60
WINDOW_SECONDS = 5
SEARCHES = ("示例", "花园", "坪山", "科技", "1栋", "工业", "大道", "社区")


@dataclass
class Seen:
    """Every answer: when, how long in milliseconds, of what page, whether it failed."""

    answers: list[tuple[float, float, str, bool]] = field(default_factory=list)

    def note(self, name: str, response_time: float, exception: object) -> None:
        self.answers.append((time.monotonic(), response_time, name, exception is not None))

    def between(self, begin: float, end: float) -> list[tuple[float, float, str, bool]]:
        return [one for one in self.answers if begin <= one[0] < end]


def p95(answers: list[tuple[float, float, str, bool]]) -> float:
    times = sorted(one[1] for one in answers)
    return times[int(len(times) * 0.95)] if times else 0.0


class Visitor(HttpUser):
    """Somebody at work: blocks, files, the search box, the map's points."""

    wait_time = between(5, 15)
    sessions: list[dict[str, str]] = []
    codes: list[str] = []

    def on_start(self) -> None:
        self.client.cookies.update(random.choice(self.sessions))
        self.slow = random.random() < SLOW_SHARE

    def look(self, path: str, name: str) -> None:
        with self.client.get(
            path, name=name, stream=self.slow, timeout=60, catch_response=True
        ) as answer:
            # Without an answer there is no status, and no address either.
            if not 200 <= answer.status_code < 400 or "/login/" in (answer.url or "/login/"):
                answer.failure(f"HTTP {answer.status_code}: {answer.error}")
            elif self.slow:
                for part in answer.iter_content(16_384):
                    gevent.sleep(len(part) / SLOW_BYTES_A_SECOND)

    @task(5)
    def open_block(self) -> None:
        self.look(f"/blocks/{random.choice(self.codes)}/", "block page")

    @task(3)
    def ask_block(self) -> None:
        self.look(f"/api/blocks/{random.choice(self.codes)}", "block as JSON")

    @task(2)
    def search(self) -> None:
        text = random.choice(SEARCHES)
        for letters in range(1, len(text) + 1):
            self.look(f"/search/hits/?q={text[:letters]}", "search as you type")

    @task(1)
    def draw(self) -> None:
        self.look(f"/api/map/children?of={random.choice(self.codes)}", "map points")

    @task(1)
    def go_home(self) -> None:
        self.look("/", "home")


def sign_in(role: str, password: str) -> dict[str, str]:
    """The cookies of a login."""
    session = requests.Session()
    page = session.get(f"{ADDRESS}/login/", timeout=30).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    session.post(
        f"{ADDRESS}/login/",
        {"username": f"demo-{role}", "password": password, "csrfmiddlewaretoken": token[1]},
        headers={"Referer": ADDRESS},
        timeout=30,
    )
    return session.cookies.get_dict()


def find_codes(cookies: dict[str, str]) -> list[str]:
    """Blocks of all levels above the room."""
    found, level = [], ["440310"]
    for _ in range(4):
        below = []
        for code in level[:12]:
            url = f"{ADDRESS}/api/blocks/{code}/children"
            answer = requests.get(url, cookies=cookies, timeout=60)
            below += [one["code"] for one in answer.json()][:40] if answer.ok else []
        found += level
        level = below
    return found + level


def wait_until_up() -> None:
    for _ in range(300):
        try:
            if requests.get(f"{ADDRESS}/api/health", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        gevent.sleep(0.2)
    raise SystemExit("the portal did not come up within a minute")


def run(users: int, seconds: int, *, with_rush: bool) -> int:
    seen = Seen()
    surroundings = Environment(user_classes=[Visitor], host=ADDRESS)
    surroundings.events.request.add_listener(
        lambda name, response_time, exception, **_: seen.note(name, response_time, exception)
    )
    runner = surroundings.create_local_runner()
    runner.start(users, spawn_rate=users / 10)
    gevent.sleep(15)
    begin = time.monotonic()
    gevent.sleep(seconds)
    calm = seen.between(begin, time.monotonic())
    show(f"{users} users", calm, seconds)
    for name in sorted({one[2] for one in calm}):
        some = [one for one in calm if one[2] == name]
        print(f"  {name:<22}{len(some):>7} answers  p95 {p95(some):>7.0f} ms")
    if with_rush:
        began = time.monotonic()
        runner.start(users * RUSH, spawn_rate=users)
        gevent.sleep(30)
        runner.start(users, spawn_rate=users * RUSH)
        ended = time.monotonic()
        gevent.sleep(BACK_WITHIN_SECONDS + 15)
        show(f"rush of {users * RUSH}", seen.between(began, ended), round(ended - began))
        print(f"back to normal after the rush: {back_after(seen, ended, p95(calm))}")
    runner.quit()
    failed = sum(one[3] for one in seen.answers)
    for reason in sorted(surroundings.stats.errors.values(), key=lambda one: -one.occurrences)[:5]:
        print(f"  {reason.occurrences} x {reason.name}: {reason.error}")
    print(f"errors in all: {failed} of {len(seen.answers):,}")
    return 1 if failed else 0


def show(title: str, answers: list[tuple[float, float, str, bool]], seconds: float) -> None:
    failed = sum(one[3] for one in answers)
    print(
        f"{title:<22}{len(answers) / seconds:>7.0f} answers/s  p95 {p95(answers):.0f} ms  errors {failed}"
    )


def back_after(seen: Seen, ended: float, calm_ms: float) -> str:
    for step in range(0, BACK_WITHIN_SECONDS + 15, WINDOW_SECONDS):
        window = seen.between(ended + step, ended + step + WINDOW_SECONDS)
        if window and p95(window) <= max(2 * calm_ms, 200):
            return f"{step + WINDOW_SECONDS} s"
    return f"NOT within {BACK_WITHIN_SECONDS + 15} s"


def open_many_sockets() -> None:
    """A process may hold as many sockets as the system lets it: one a user."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> int:
    open_many_sockets()
    words = argparse.ArgumentParser()
    words.add_argument("--users", type=int, default=200)
    words.add_argument("--seconds", type=int, default=60)
    words.add_argument("--rooms", type=int, default=20_000)
    words.add_argument("--workers", type=int, default=4)
    words.add_argument("--without-rush", action="store_true")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="kuai-load-") as folder:
        store = Path(folder) / "store"
        made = subprocess.run(
            [
                *(KUAI, "run-demo", "--store", str(store)),
                *("--rooms", str(asked.rooms), "--no-serve"),
            ],
            capture_output=True,
            text=True,
        )
        found = re.search(r"kuai-demo-[0-9a-f]+", made.stdout)
        if made.returncode or not found:
            raise SystemExit(made.stderr[-2000:])
        portal = subprocess.Popen(
            [KUAI, "serve", "--store", str(store), "--port", str(PORT)]
            + ["--workers", str(asked.workers)],
        )
        try:
            wait_until_up()
            Visitor.sessions = [sign_in(role, found[0]) for role in ROLES]
            Visitor.codes = find_codes(Visitor.sessions[0])
            database = (
                "PostgreSQL" if "postgres" in os.environ.get("KUAI_DATABASE_URL", "") else "SQLite"
            )
            print(
                f"{database}, {asked.rooms:,} rooms, {asked.workers} workers, {len(Visitor.codes)} blocks"
            )
            return run(asked.users, asked.seconds, with_rush=not asked.without_rush)
        finally:
            portal.terminate()
            portal.wait(timeout=30)


if __name__ == "__main__":
    raise SystemExit(main())
