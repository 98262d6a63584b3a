"""The wash's throughput on all cores: >= 200,000 addresses/s against 600,000 entries, >= 50,000/s against 11 million
with at most 6 GB in the whole process tree. Distinct hard texts are the headline; rows with repeats stand beside.

python benchmarks/bench_wash_speed.py [--districts 1 19] [--texts N] [--keep FOLDER] [--repeats N]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measuring import measure

ROOMS = 551_600
TEXTS = 2_000_000
# Texts that come again: how often on average.
REPEATED = 4
BARS = {1: 200_000, 19: 50_000}
BAR_GB = 6.0
SAMPLE_FOR_SHARE = 50_000


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--districts", type=int, nargs="+", default=[1, 19])
    words.add_argument("--rooms", type=int, default=ROOMS, help="of one district")
    words.add_argument("--texts", type=int, default=TEXTS)
    words.add_argument("--seed", type=int, default=20261122)
    words.add_argument("--repeats", type=int, default=1, help="measure so often, print each")
    words.add_argument("--keep", type=Path, help="folder for libraries; else a temporary one")
    words.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.child:
        return wash_once(asked.child)
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="kuai-bench-"))
    try:
        for districts in asked.districts:
            made = folder / f"library-{districts}x{asked.rooms}-{asked.texts}-{asked.seed}"
            if not (made / "texts.parquet").exists():
                write_library(made, districts, asked.rooms, texts=asked.texts, seed=asked.seed)
            for _ in range(asked.repeats):
                print_measured(made, districts)
        return 0
    finally:
        if asked.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def write_library(folder: Path, districts: int, rooms: int, *, texts: int, seed: int) -> None:
    """Invented districts beside each other, one after the other: none is in memory with the next."""
    from kuai.address.types import ADDRESS_ENTRY
    from kuai.demo_city.engine.places import lay_out

    folder.mkdir(parents=True, exist_ok=True)
    names = [(column.name, _arrow_type(column.type)) for column in ADDRESS_ENTRY.columns]
    written: list[pa.Array] = []
    with pq.ParquetWriter(folder / "address_entry.parquet", pa.schema(names)) as writer:
        for number in range(districts):
            places = lay_out(rooms, seed=seed + number)
            writer.write_table(_entries_of(places, number).cast(pa.schema(names)))
            written.append(_texts_of(places, number, texts // districts, seed=seed + number))
    distinct = pc.unique(pa.chunked_array(written))
    distinct = distinct.take(pc.sort_indices(distinct))
    pq.write_table(pa.table({"text": distinct}), folder / "texts.parquet")


def _arrow_type(sql: str) -> pa.DataType:
    return pa.float64() if sql == "DOUBLE" else pa.string()


# 坪山区 is the demo city's one district; the others are called by a number nobody reads as one.
_STEMS = "青红白玄紫碧丹翠金银玉石松竹梅兰菊荷桂枫"


def _name_of(number: int) -> str:
    return "坪山区" if number == 0 else f"{_STEMS[number]}澜区"


def _moved(texts: pa.Array, number: int) -> pa.Array:
    """The texts of district 0 as those of another."""
    if number == 0:
        return texts
    for written in ("坪山新区", "坪山区", "平山区"):
        texts = pc.replace_substring(texts, written, _name_of(number), max_replacements=1)
    return texts


def _entries_of(places: object, number: int) -> pa.Table:
    from kuai.address.reading import LEVEL_OF_WORD
    from kuai.demo_city.engine.library import library_columns

    columns = library_columns(places)
    levels = pc.dictionary_encode(columns["级别"])
    english = pa.array([str(LEVEL_OF_WORD[word.as_py()]) for word in levels.dictionary])
    rows = len(levels)
    return pa.table(
        {
            "address_code": _recoded(columns["地址编码"], number),
            "level": english.take(levels.indices),
            "parent_code": _recoded(columns["上级编码"], number),
            "name": _moved(columns["名称"], number),
            "standard_text": _moved(columns["标准地址"], number),
            "longitude": pa.nulls(rows, pa.float64()),
            "latitude": pa.nulls(rows, pa.float64()),
            "use": columns["用途"],
            "state": pa.array(["in_use"]).take(pa.array(np.zeros(rows, np.int64))),
        }
    )


def _recoded(codes: pa.Array, number: int) -> pa.Array:
    return pc.if_else(
        pc.equal(pc.binary_length(codes), 4),
        codes,
        pc.binary_replace_slice(codes, 0, 6, f"4403{10 + number:02d}"),
    )


def _texts_of(places: object, number: int, rows: int, *, seed: int) -> pa.Array:
    """As offices write, with twice the noise measured in real files; half careful, half loose."""
    from kuai.demo_city.engine.address_texts import LOOSE_HABIT, REGISTER_HABIT, write_places

    chance = np.random.default_rng(seed)
    written = [
        write_places(
            places,
            chance.integers(0, places.rooms, rows // 2),
            habit=habit,
            noise=2.0,
            random=chance,
        ).texts
        for habit in (REGISTER_HABIT, LOOSE_HABIT)
    ]
    return _moved(pa.concat_arrays(written), number)


def print_measured(folder: Path, districts: int) -> None:
    began = measure([sys.executable, __file__, "--child", str(folder)])
    if began.exit_code:
        print(f"the wash failed with exit code {began.exit_code}")
        return
    found = json.loads(began.output)
    rate = found["distinct"] / found["seconds"]
    bar = BARS.get(districts)
    reached = rate >= (bar or 0) and began.peak_gb <= BAR_GB
    print(f"library       {found['entries']:,} entries, indexed in {found['index_seconds']:.1f} s")
    print(
        f"distinct      {found['distinct']:,} texts  {found['seconds']:.1f} s  {rate:,.0f}/s"
        f"  on {found['cores']} cores (start of the workers included)"
    )
    print(
        f"processor     {found['cpu_seconds']:.0f} s in all processes: {found['distinct'] / found['cpu_seconds']:,.0f}"
        f" texts per second and core; load average {found['load']:.1f}"
    )
    print(
        f"with repeats  {found['rows']:,} rows  {found['rows_seconds']:.1f} s"
        f"  {found['rows'] / found['rows_seconds']:,.0f} rows/s"
    )
    print(f"short way     {found['short_share']:.1%} of texts; grades {found['grades']}")
    print(f"memory        {began.peak_gb:.2f} GB at most, whole process tree")
    if bar:
        print(f"bar           {bar:,}/s, {BAR_GB} GB: {'reached' if reached else 'NOT reached'}")


def wash_once(folder: Path) -> int:
    """What the measured process does; prints its findings as JSON."""
    from kuai.address.batch import index_of_files, open_wash
    from kuai.kit.engine import core_count

    entries = folder / "address_entry.parquet"
    began = time.perf_counter()
    index = index_of_files([entries])
    found: dict[str, object] = {
        "entries": pq.ParquetFile(entries).metadata.num_rows,
        "index_seconds": time.perf_counter() - began,
        "cores": core_count(),
        "load": os.getloadavg()[0],
    }
    texts = pq.read_table(folder / "texts.parquet")["text"]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        began, used = time.perf_counter(), _processor_seconds()
        with open_wash(index) as wash:
            files = wash.wash_to_files(texts, Path(scratch))
        found |= {
            "distinct": len(texts),
            "seconds": time.perf_counter() - began,
            "cpu_seconds": _processor_seconds() - used,
            "grades": _grades_of(files),
        }
    found |= _wash_with_repeats(texts, index)
    found["short_share"] = _short_share(texts, index)
    print(json.dumps(found))
    return 0


def _processor_seconds() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _grades_of(files: list[Path]) -> dict[str, int]:
    grades = pa.concat_tables([pq.read_table(path, columns=["grade"]) for path in files])["grade"]
    counts = sorted(pc.value_counts(grades).to_pylist(), key=lambda one: one["values"])
    return {one["values"]: one["counts"] for one in counts}


def _wash_with_repeats(texts: pa.ChunkedArray, index: object) -> dict[str, object]:
    """As many rows, each text several times: found once, washed once, laid out for every row."""
    from kuai.address.batch import open_wash

    chance = np.random.default_rng(len(texts))
    few = chance.choice(len(texts), len(texts) // REPEATED, replace=False)
    rows = texts.take(pa.array(chance.choice(few, len(texts))))
    began = time.perf_counter()
    coded = rows.combine_chunks().dictionary_encode()
    with open_wash(index) as wash:
        answers = wash.wash_columns(coded.dictionary.to_pylist())
    for column in answers:
        pa.array(column).take(coded.indices)
    return {"rows": len(rows), "rows_seconds": time.perf_counter() - began}


def _short_share(texts: pa.ChunkedArray, index: object) -> float:
    from kuai.address.engine.normalising import to_one_spelling
    from kuai.address.engine.washing import Washer

    washer = Washer(index)
    chosen = random.Random(1).sample(range(len(texts)), min(SAMPLE_FOR_SHARE, len(texts)))
    short = sum(
        washer.takes_short_way(to_one_spelling(texts[place].as_py())) for place in sorted(chosen)
    )
    return short / len(chosen)


if __name__ == "__main__":
    raise SystemExit(main())
