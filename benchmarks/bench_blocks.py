"""Blocks: packing a district, and asking for blocks, areas and the whole district, with login, rule and ledger line.

    python benchmarks/bench_blocks.py [--store STORE] [--rooms N] [--asks N]

STORE's published build is packed anew into a scratch folder (nothing in it is changed). Without one a demo city of N
rooms is built first. Aims (server side, p95): block by code 10 ms, polygon up to 1 km 20 ms, all of it 50 ms.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

KUAI = str(Path(sys.executable).with_name("kuai"))
VERSION = "b-20261031-000000000001"
PASSWORD = "kuai-bench-2026"
AIMS_MS = {"block": 10.0, "polygon": 20.0, "all": 50.0}


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--store", type=Path)
    words.add_argument("--rooms", type=int, default=20_000)
    words.add_argument("--asks", type=int, default=300)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="kuai-bench-") as folder:
        source = asked.store or _build_demo(Path(folder), asked.rooms)
        store = Path(folder) / "packed"
        _repack(source, store)
        return 1 if _ask(store, asked.asks) else 0


def _build_demo(folder: Path, rooms: int) -> Path:
    for command in (
        ["demo-city", str(folder / "city"), "--rooms", str(rooms)],
        ["build", str(folder / "city"), "--store", str(folder / "store")],
    ):
        subprocess.run([KUAI, *command], check=True, stdout=subprocess.DEVNULL)
    return folder / "store"


def _repack(source: Path, target: Path) -> None:
    """Twice: a first build of a series, and one that keeps its cells."""
    from datetime import date

    from kuai.address.types import ADDRESS_ENTRY
    from kuai.blocks.actions import pack_blocks
    from kuai.blocks.types import PackFrame
    from kuai.kit.engine import engine, table_at
    from kuai.kit.store import Store
    from kuai.registry.types import EVENT, ORGANISATION, PERSON, RELATION

    core = Store(source).current_build() / "core"
    first, second = (target / "builds" / name / "core" for name in (VERSION[:-1] + "0", VERSION))
    for folder, before in ((first, None), (second, first)):
        folder.mkdir(parents=True)
        with engine(spill_to=target / "spill") as connection:
            inputs = {
                table.name: table_at(connection, table, core)
                for table in (ADDRESS_ENTRY, RELATION, ORGANISATION, EVENT, PERSON)
            }
            began, worked = time.perf_counter(), time.process_time()
            _, receipt = pack_blocks(
                connection,
                inputs=inputs,
                frame=PackFrame(
                    version=folder.parent.name,
                    as_of=date(2026, 10, 31),
                    library_title="统一地址库",
                    folder=folder,
                    before=before,
                ),
            )
            print(
                f"packed {receipt.kept:,} places{' with kept cells' if before else ''}:"
                f" {time.perf_counter() - began:.1f} s, {time.process_time() - worked:.1f} s of processor"
            )
    (target / "current").write_text(VERSION + "\n", encoding="utf-8")


def _ask(root: Path, asks: int) -> bool:
    os.environ["KUAI_STORE"] = str(root)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuai.web.settings")
    from kuai.kit.store import Store
    from kuai.web.serving import prepare

    store = Store(root)
    prepare(store)
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    from kuai.blocks.queries import open_blocks
    from kuai.guard.access import create_demo_accounts
    from kuai.kit.clock import utc_now

    settings.ALLOWED_HOSTS = ["testserver"]
    create_demo_accounts((), synthetic=True, at=utc_now(), password=PASSWORD)
    client = Client()
    client.force_login(get_user_model().objects.get(username="demo-leader"))
    reader = open_blocks(store.current_build())
    chance = random.Random(1)
    codes = _codes_of_all_levels(reader, chance, asks)
    circles = _circles(reader, chance, asks)
    (top, *_) = [block.code for block in reader.top_blocks()]
    buildings = [one.code for one in reader.list_for_choosing("building", limit=50_000)]
    missed = False

    def post(body: dict[str, Any]) -> Any:
        return client.post("/api/areas/count", body, content_type="application/json")

    def through(path: str) -> Callable[[], Any]:
        return lambda: client.get(path)

    lines: list[tuple[str, str, list[Callable[[], Any]]]] = [
        ("block by code, reader", "block", [lambda c=c: reader.get_block(c) for c in codes]),
        ("block by code, API and ledger", "block", [through(f"/api/blocks/{c}") for c in codes]),
        (
            "polygon of 1 km, reader",
            "polygon",
            [lambda c=c: reader.count_area(circle=c) for c in circles],
        ),
        ("polygon of 1 km, API", "polygon", [lambda c=c: post({"circle": c}) for c in circles]),
        ("all by code, API", "all", [lambda: post({"codes": [top]})] * (asks // 5)),
        (
            "all by polygon, reader",
            "all",
            [lambda: reader.count_area(shape=_everything(), with_outlines=False)] * (asks // 5),
        ),
        ("all by polygon, API", "all", [lambda: post({"shape": _everything()})] * (asks // 5)),
        ("heat of all requests", "all", [lambda: reader.heat(zoom=13)] * (asks // 5)),
        ("events of all by month", "all", [lambda: reader.count_events(top)] * (asks // 5)),
        (
            "floor plan",
            "block",
            [lambda c=c: reader.floor_plan(c) for c in chance.choices(buildings, k=asks)],
        ),
    ]
    _lift_pace()
    for name, aim, calls in lines:
        missed |= _measure(name, AIMS_MS[aim], calls)
    return missed


def _lift_pace() -> None:
    """A benchmark asks faster than an account may."""
    from kuai.web.addresses import limits

    limits._BUCKETS.take = lambda *_, **__: True  # type: ignore[method-assign]


def _codes_of_all_levels(reader: Any, chance: random.Random, asks: int) -> list[str]:
    levels = ("district", "subdistrict", "community", "grid", "building")
    by_level = [[one.code for one in reader.list_for_choosing(level)] for level in levels]
    return [chance.choice(chance.choice(codes)) for codes in [by_level] for _ in range(asks)]


def _circles(reader: Any, chance: random.Random, asks: int) -> list[tuple[float, float, float]]:
    """Circles of 1 km across around buildings."""
    (top, *_) = reader.top_blocks()
    points = [
        one["geometry"]["coordinates"] for one in reader.building_points(top.code)["features"]
    ]
    return [(x, y, 500.0) for x, y in chance.choices(points, k=asks)]


def _everything() -> dict[str, Any]:
    ring = [[100, 10], [130, 10], [130, 40], [100, 40], [100, 10]]
    return {"type": "Polygon", "coordinates": [ring]}


def _measure(name: str, aim_ms: float, calls: list[Callable[[], Any]]) -> bool:
    began = time.perf_counter()
    answer = calls[0]()
    first = (time.perf_counter() - began) * 1000
    if getattr(answer, "status_code", 200) != 200:
        raise SystemExit(f"{name}: {answer.status_code} {answer.content[:300]!r}")
    taken = []
    worked = time.process_time()
    for call in calls:
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    worked = (time.process_time() - worked) * 1000 / len(calls)
    p50, p95, p99 = np.percentile(taken, [50, 95, 99])
    missed = p95 > aim_ms
    print(
        f"{name:<32} p50 {p50:>7.2f}  p95 {p95:>7.2f}  p99 {p99:>7.2f} ms  cpu {worked:>6.2f}  first {first:>7.1f}"
        f"  aim {aim_ms:.0f}{'  MISSED' if missed else ''}"
    )
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
