"""The living library: 600,000 entries planned and applied, events recorded, folded, resolved; 10,000 events folded."""

from __future__ import annotations

import csv
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
DAY = date(2026, 11, 1)
BUILDINGS, ROOMS, GRIDS = 20_000, 29, 40
EVENTS, EVENTS_FOLDED = 200, 10_000
COMMUNITY, TEXT = "440399001001", "广东省深圳市青湾区松涛街道东岸社区"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="kuai-bench-library-") as folder:
        root = Path(folder)
        os.environ |= {
            "KUAI_STORE": str(root / "store"),
            "DJANGO_SETTINGS_MODULE": "kuai.web.settings",
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False)
        fold_many()
        live_through(root)


def rows() -> Iterator[tuple[str, ...]]:
    """A community of 20,000 buildings with 29 rooms each, as a city delivers it."""
    yield ("地址编码", "级别", "上级编码", "名称", "标准地址", "经度", "纬度", "用途")
    for code, level, name, text in (
        (COMMUNITY[:6], "区", "青湾区", TEXT[:9]),
        (COMMUNITY[:9], "街道", "松涛街道", TEXT[:13]),
        (COMMUNITY, "社区", "东岸社区", TEXT),
    ):
        above = {6: "4403", 9: COMMUNITY[:6], 12: COMMUNITY[:9]}[len(code)]
        yield (code, level, above, name, text, "", "", "")
    for grid in range(1, GRIDS + 1):
        yield (f"{COMMUNITY}{grid:02d}", "网格", COMMUNITY, f"第{grid}网格", "", "", "", "")
    for number in range(BUILDINGS):
        code = building(number)
        text = f"{TEXT}望潮村{number + 1}号"
        yield (code, "楼栋", code[:14], "望潮村", text, "114.1", "22.6", "住宅")
        for room in range(1, ROOMS + 1):
            name = f"{room // 10 + 1}{room % 10:02d}"
            yield (f"{code}{room:06d}", "房屋", code, name, f"{text}{name}房", "", "", "住宅")


def building(number: int) -> str:
    return f"{COMMUNITY}{number % GRIDS + 1:02d}{number // GRIDS + 1:05d}"


def live_through(root: Path) -> None:
    from kuai.address import library, record
    from kuai.address.types import EventKind
    from kuai.kit.store import Store

    store, path = Store(root / "store").create(), root / "library.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows())
    plan = timed("plan the first import", lambda: library.plan_import(store, path, by="b", day=DAY))
    timed("apply it", lambda: library.apply_plan(store, plan.plan_id, by="b", reason="b"))
    print(f"  {plan.added:,} entries added, {plan.refused} refused")
    again = timed("plan the same again", lambda: library.plan_import(store, path, by="b", day=DAY))
    assert again.changes_nothing

    def happen() -> None:
        for number in range(EVENTS):
            new = library.NewEntry("望潮村", standard_text=f"{TEXT}新望潮村{number}号")
            event = library.NewEvent(
                EventKind.RENUMBERED, DAY, "改号", codes=(building(number),), begins=(new,)
            )
            library.record_event(store, event, by="b")

    timed(f"record {EVENTS} events of {ROOMS} rooms", happen)
    record._OPEN.clear()
    opened = timed("open the record anew and fold them", lambda: library.open_record(store))
    chance = random.Random(1)
    alive = [building(chance.randrange(EVENTS, BUILDINGS)) for _ in range(200)]
    latency("resolve a living code", lambda code: opened.resolve(code), alive)
    latency(
        "resolve a code that ended",
        lambda code: opened.resolve(code),
        list(map(building, range(EVENTS))),
    )
    latency("children of a building", lambda code: opened.children(code), alive)


def fold_many() -> None:
    from kuai.address.life.events import effect_of
    from kuai.address.life.folding import LibraryState
    from kuai.address.life.shapes import Entry, NewEntry, NewEvent
    from kuai.address.log import decode_effect, encode_effect
    from kuai.address.types import EventKind, Level

    grid = f"{COMMUNITY}01"
    first = [Entry(grid, Level.GRID, None, "第1网格", "")]
    first += [
        Entry(f"{grid}{n:05d}", Level.BUILDING, grid, "村", f"{TEXT}{n}号") for n in range(1, 51)
    ]
    state, log, latest = LibraryState(), [], [one.address_code for one in first[1:]]
    state.put_all(first)
    for number in range(EVENTS_FOLDED):
        new = NewEntry("村", standard_text=f"{TEXT}新{number}号")
        code = latest[number % len(latest)]
        effect = effect_of(
            NewEvent(EventKind.RENUMBERED, DAY, "改号", codes=(code,), begins=(new,)), state
        )
        state.fold(effect)
        latest[number % len(latest)] = next(
            c.after.address_code for c in effect.changes if c.role == "begun"
        )
        log.append(encode_effect(effect))

    def fold() -> LibraryState:
        again = LibraryState()
        again.put_all(first)
        for effect in log:
            again.fold(decode_effect(effect))
        return again

    again = timed(f"fold {EVENTS_FOLDED:,} events", fold)
    assert again.entries == state.entries


def timed(what: str, work: Callable[[], T]) -> T:
    began, processor = time.perf_counter(), time.process_time()
    result = work()
    seconds = time.perf_counter() - began
    print(
        f"  {what}: {seconds:.2f} s (processor {time.process_time() - processor:.2f} s)", flush=True
    )
    return result


def latency(what: str, ask: Callable[[str], object], codes: list[str]) -> None:
    taken = []
    for code in codes:
        began = time.perf_counter()
        ask(code)
        taken.append(time.perf_counter() - began)
    taken.sort()
    print(
        f"  {what}: median {taken[len(taken) // 2] * 1e3:.1f} ms,"
        f" 95 % under {taken[int(len(taken) * 0.95)] * 1e3:.1f} ms"
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
