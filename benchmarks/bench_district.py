"""A district of 551,600 rooms from departments' files to the published store: at most 5 minutes and 6 GB on 4 cores.

python benchmarks/bench_district.py [--rooms N] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from measuring import measure

KUAI = str(Path(sys.executable).with_name("kuai"))
BAR_SECONDS, BAR_GB = 300, 6.0


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--rooms", type=int, default=551_600)
    words.add_argument("--profile", default="planted")
    words.add_argument("--keep", type=Path, help="folder for city and store; else a temporary one")
    asked = words.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="kuai-bench-"))
    city, store = folder / f"city-{asked.rooms}-{asked.profile}", folder / "store"
    try:
        if not city.exists():
            made = measure(
                [
                    KUAI,
                    "demo-city",
                    str(city),
                    "--rooms",
                    str(asked.rooms),
                    "--profile",
                    asked.profile,
                    "--json",
                ]
            )
            print(f"demo city  {asked.rooms:,} rooms  {made.seconds:.1f} s  {made.peak_gb:.2f} GB")
        for old in (store, store.with_name("store.keys")):
            shutil.rmtree(old, ignore_errors=True)
        built = measure([KUAI, "build", str(city), "--store", str(store), "--json"])
        if built.exit_code:
            print(f"build failed with exit code {built.exit_code}")
            return 1
        _print_build(store, json.loads(built.output), built.seconds, built.peak_gb)
        _print_block_times(store)
        return 0
    finally:
        if asked.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _print_build(store: Path, answer: dict, seconds: float, peak_gb: float) -> None:
    rows = answer["receipt"]["received"]
    print(
        f"build      {rows:,} rows  {seconds:.1f} s  {peak_gb:.2f} GB  {rows / seconds * 60 / 1e6:.2f} M rows/min"
    )
    summary = json.loads((store / "builds" / answer["version"] / "receipts.json").read_text())
    for stage in summary["stages"]:
        print(
            f"  {stage['stage']:<22}{stage['notes'].get('seconds', ''):>8} s  {stage['received']:>12,} {stage['what']}"
        )
    within = seconds <= BAR_SECONDS and peak_gb <= BAR_GB
    print(f"bar        {BAR_SECONDS} s, {BAR_GB} GB: {'reached' if within else 'NOT reached'}")


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
