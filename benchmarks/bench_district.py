"""A district of 551,600 rooms from departments' files to the published store: at most 90 s and 4 GB on 4 cores.

python benchmarks/bench_district.py [--rooms N] [--delta] [--keep FOLDER]

--delta changes 0.5 % of one source's rows and builds them as of the next day, twice: once on what is there, once with
nothing taken over. Twice the district (--rooms 1103200) works too, if the disk has room; a demo city has no more.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from measuring import Measured, measure

KUAI = str(Path(sys.executable).with_name("kuai"))
BAR_SECONDS, BAR_GB, BAR_DELTA = 90, 4.0, 0.1
MEASURED_ROOMS = 551_600
# Measured 2026-11-22 on 551,600 rooms: files 0.5 GB, store with one build 2.8 GB, and as much again while it builds.
CITY_BYTES_A_ROOM, STORE_BYTES_A_ROOM = 1_300, 5_300
CHANGED_SOURCE, CHANGED_SHARE = "rental_filings", 0.005


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--rooms", type=int, default=MEASURED_ROOMS)
    words.add_argument("--profile", default="planted")
    words.add_argument("--keep", type=Path, help="folder for city and store; else a temporary one")
    words.add_argument(
        "--delta", action="store_true", help="build a day's changed rows too, twice, and compare"
    )
    asked = words.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="kuai-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    city, store = folder / f"city-{asked.rooms}-{asked.profile}", folder / "store"
    try:
        if not _has_disk(folder, asked.rooms, stores=2 if asked.delta else 1):
            return 2
        if not city.exists():
            _make_city(city, asked.rooms, asked.profile)
        _forget_store(store)
        built = _build(city, store)
        if built is None:
            return 1
        _print_build(store, built, rooms=asked.rooms)
        _print_block_times(store)
        return 0 if not asked.delta or _bench_delta(city, store, built) else 1
    finally:
        if asked.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _has_disk(folder: Path, rooms: int, *, stores: int) -> bool:
    needed = rooms * (CITY_BYTES_A_ROOM + 2 * stores * STORE_BYTES_A_ROOM)
    free = shutil.disk_usage(folder).free
    if needed > free:
        print(
            f"not enough disk: {rooms:,} rooms need about {needed / 1e9:.0f} GB in {folder},"
            f" {free / 1e9:.0f} GB are free; fewer rooms, or --keep on another volume"
        )
    return needed <= free


def _make_city(city: Path, rooms: int, profile: str) -> None:
    words = [KUAI, "demo-city", str(city), "--rooms", str(rooms), "--profile", profile, "--json"]
    made = measure(words)
    print(f"demo city  {rooms:,} rooms  {made.seconds:.1f} s  {made.peak_gb:.2f} GB")


def _forget_store(store: Path) -> None:
    for old in (store, store.with_name(f"{store.name}.keys")):
        shutil.rmtree(old, ignore_errors=True)


def _build(package: Path, store: Path) -> Measured | None:
    built = measure([KUAI, "build", str(package), "--store", str(store), "--json"])
    if built.exit_code:
        print(f"build failed with exit code {built.exit_code}")
        return None
    return built


def _print_build(store: Path, built: Measured, *, rooms: int) -> None:
    answer = json.loads(built.output)
    rows = answer["receipt"]["received"]
    print(
        f"build      {rows:,} rows  {built.seconds:.1f} s  {built.cpu_seconds:.0f} s of processor"
        f"  {built.peak_gb:.2f} GB  {built.seconds / rows * 1e6:.1f} s a million rows"
    )
    _print_stages(store, built)
    if rooms != MEASURED_ROOMS:
        return
    within = built.seconds <= BAR_SECONDS and built.peak_gb <= BAR_GB
    print(f"bar        {BAR_SECONDS} s, {BAR_GB} GB: {'reached' if within else 'NOT reached'}")


def _print_stages(store: Path, built: Measured) -> None:
    version = json.loads(built.output)["version"]
    summary = json.loads((store / "builds" / version / "receipts.json").read_text())
    # Receiving and mapping have no marker of their own: what no stage took is theirs, and the start's.
    rest = [built.seconds, built.cpu_seconds]
    for stage in summary["stages"]:
        took = [stage["notes"].get(name, 0.0) for name in ("seconds", "cpu_seconds")]
        rest = [whole - part for whole, part in zip(rest, took, strict=True)]
        print(
            f"  {stage['stage']:<22}{took[0]:>8.1f} s{took[1]:>8.1f} cpu"
            f"  {stage['received']:>12,} {stage['what']}"
        )
    print(f"  {'receive, map, library':<22}{rest[0]:>8.1f} s{rest[1]:>8.1f} cpu")


def _bench_delta(city: Path, store: Path, full: Measured) -> bool:
    """The next day on what is there, and with nothing taken over; are their tables equal?"""
    package = city.with_name(f"{city.name}-next-day")
    _write_next_day(city, package)
    anew = store.with_name("store-anew")
    _forget_store(anew)
    shutil.copytree(store, anew)
    shutil.copytree(f"{store}.keys", f"{anew}.keys")
    _take_nothing_over(anew)
    delta, whole = _build(package, store), _build(package, anew)
    if delta is None or whole is None:
        return False
    print(
        f"delta      {delta.seconds:.1f} s  {delta.cpu_seconds:.0f} s of processor  {delta.peak_gb:.2f} GB"
    )
    _print_stages(store, delta)
    print(f"the same with nothing taken over  {whole.seconds:.1f} s  {whole.cpu_seconds:.0f} cpu")
    share = delta.seconds / full.seconds
    reached = "reached" if share <= BAR_DELTA else "NOT reached"
    print(f"bar        delta {share:.0%} of the full build, at most {BAR_DELTA:.0%}: {reached}")
    differing = _differing_tables(store, anew)
    print(f"hashes     {'differ in ' + ', '.join(differing) if differing else 'equal'}")
    return not differing


def _write_next_day(city: Path, package: Path) -> None:
    """The same files a day later, but of one source's rows 0.5 % gone, changed or new."""
    shutil.rmtree(package, ignore_errors=True)
    (package / "extracts").mkdir(parents=True)
    told = json.loads((city / "datapackage.json").read_text(encoding="utf-8"))
    told["as_of"] = (date.fromisoformat(told["as_of"]) + timedelta(days=1)).isoformat()
    (package / "datapackage.json").write_text(
        json.dumps(told, ensure_ascii=False), encoding="utf-8"
    )
    for path in (city / "extracts").iterdir():
        # As names of the same file, because a package may not lead out of its folder.
        os.link(path, package / "extracts" / path.name)
    target = package / "extracts" / f"{CHANGED_SOURCE}.csv"
    target.unlink()
    with (city / "extracts" / target.name).open(encoding="utf-8", newline="") as stream:
        heading, *rows = csv.reader(stream)
    part = max(1, int(len(rows) * CHANGED_SHARE / 3))
    changed = [
        [other[0], *row[1:]] for row, other in zip(rows[part : 2 * part], rows[::-1], strict=False)
    ]
    new = [[row[0], *other[1:]] for row, other in zip(rows[-part:], rows[::-2], strict=False)]
    with target.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([heading, *changed, *rows[2 * part :], *new])


def _take_nothing_over(store: Path) -> None:
    """Mentions go, and the build before says that another programme made it."""
    from kuai.kit.store import Store

    for made in store.glob("extracts/**/map.json"):
        made.unlink()
    inputs = Store(store).current_build() / "inputs.json"
    inputs.write_text(json.dumps(json.loads(inputs.read_text()) | {"code": "other", "links": {}}))


def _differing_tables(store: Path, other: Path) -> list[str]:
    from kuai.kit.store import Store

    left, right = (Store(one).current_build() / "core" for one in (store, other))
    names = sorted({path.name for core in (left, right) for path in core.glob("*.parquet")})
    return [name for name in names if _digest(left / name) != _digest(right / name)]


def _digest(path: Path) -> str:
    """Equal content gives equal bytes, because tables are written sorted; "" for a table that is not there."""
    if not path.exists():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _print_block_times(store: Path) -> None:
    from kuai.blocks.queries import open_blocks
    from kuai.kit.store import Store

    reader = open_blocks(Store(store).current_build())
    top = reader.top_blocks()[0].code
    square = {
        "type": "Polygon",
        "coordinates": [
            [[114.3, 22.65], [114.31, 22.65], [114.31, 22.66], [114.3, 22.66], [114.3, 22.65]]
        ],
    }
    reader.count_polygon(square)
    for name, ask in (
        ("block by code", lambda: reader.get_block(top)),
        ("polygon of 1 km", lambda: reader.count_polygon(square)),
        ("search of two characters", lambda: reader.search_places("坪山")),
    ):
        times = sorted(_seconds_of(ask) for _ in range(200))
        print(f"{name:<26} p50 {times[100] * 1e3:.1f} ms  p95 {times[190] * 1e3:.1f} ms")


def _seconds_of(ask) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


if __name__ == "__main__":
    raise SystemExit(main())
