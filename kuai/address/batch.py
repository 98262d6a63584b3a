"""Washing many texts: each distinct text once, over processes where it pays. Answers come in the texts' order."""

from __future__ import annotations

import gc
import multiprocessing
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Future,
    ProcessPoolExecutor,
    as_completed,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq

from kuai.address.engine.index_building import (
    ENTRY_COLUMNS,
    aliases_of,
    build_index,
    steps_of,
)
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.washing import AnswerFields, Washer
from kuai.address.gazetteer import packaged_elsewhere
from kuai.kit.engine import core_count
from kuai.kit.errors import Breakdown
from kuai.kit.progress import SILENT, Progress, progress_line

# Below this a pool costs more than it gives (start of a worker about 0.5 s, measured 2026-11-22).
SMALL_INPUT = 20_000
CHUNK = 4_000
# Rows of a library taken apart at once while its index is built.
BATCH_ROWS = 100_000

ANSWER_NAMES = (
    "address_code",
    "level",
    "grade",
    "matched_text",
    "explanation",
    "candidates",
    "unknown_place",
)
_ANSWER_SCHEMA = pa.schema([(name, pa.string()) for name in ("text", *ANSWER_NAMES)])
FileJob = tuple[Sequence[str], Path]

_washer: Washer | None = None


def index_of(
    entries: pa.Table,
    *,
    aliases: pa.Table | None = None,
    successions: pa.Table | None = None,
) -> PlaceIndex:
    """The look-ups of a library's tables (ADDRESS_ENTRY, ADDRESS_ALIAS, ADDRESS_SUCCESSION)."""
    wanted = entries.select(list(ENTRY_COLUMNS))
    with _no_collector():
        return build_index(
            lambda: wanted.to_batches(max_chunksize=BATCH_ROWS),
            packaged_elsewhere(),
            aliases=aliases_of(aliases),
            successions=steps_of(successions),
        )


def wash_texts(
    texts: Sequence[str], index: PlaceIndex, *, progress: Progress = SILENT, workers: int = 0
) -> list[AnswerFields]:
    """One answer a text, in order. `workers` 0 chooses by size and cores."""
    workers = workers or (1 if len(texts) < SMALL_INPUT or _may_start_none() else core_count())
    # Sorted, because neighbours share head and building: what was read for one is at hand for the next.
    order = sorted(range(len(texts)), key=texts.__getitem__)
    in_order = [texts[position] for position in order]
    answers: list[AnswerFields | None] = [None] * len(texts)
    with progress_line(progress, "清洗地址", total=len(texts), measure="条") as line:
        parts = (
            _wash_here(in_order, index) if workers == 1 else _wash_in_pool(in_order, index, workers)
        )
        position = 0
        for part in parts:
            for fields in part:
                answers[order[position]] = fields
                position += 1
            line.advance(len(part))
    return cast("list[AnswerFields]", answers)


def _may_start_none() -> bool:
    # A daemonic worker (some job runners use them) is not allowed children.
    return multiprocessing.current_process().daemon


def wash_to_files(
    texts: pa.ChunkedArray, index: PlaceIndex, folder: Path, *, progress: Progress = SILENT
) -> list[Path]:
    """Wash distinct, sorted `texts`; the answers are left in Parquet files in `folder` (text, ANSWER_NAMES).

    For millions of texts: no answer travels between processes, and this one holds none.
    """
    chunks = (texts.slice(start, CHUNK).to_pylist() for start in range(0, len(texts), CHUNK))
    jobs = ((part, folder / f"washed-{number:06d}.parquet") for number, part in enumerate(chunks))
    files: list[Path] = []
    with progress_line(progress, "清洗地址", total=len(texts), measure="条") as line:
        done = _files_here(jobs, index) if len(texts) < SMALL_INPUT else _files_in_pool(jobs, index)
        for path, washed in done:
            files.append(path)
            line.advance(washed)
    return sorted(files)


def _files_here(jobs: Iterable[FileJob], index: PlaceIndex) -> Iterator[tuple[Path, int]]:
    washer = Washer(index)
    for texts, path in jobs:
        yield _write_answers(washer, texts, path)


def _files_in_pool(jobs: Iterable[FileJob], index: PlaceIndex) -> Iterator[tuple[Path, int]]:
    with _pool(index, core_count()) as pool:
        running: set[Future[tuple[Path, int]]] = set()
        for job in jobs:
            running.add(pool.submit(_wash_to_file, job))
            # Few in flight, because waiting chunks are memory.
            if len(running) >= 4 * core_count():
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        yield from (future.result() for future in as_completed(running))


def _wash_to_file(job: FileJob) -> tuple[Path, int]:
    assert _washer is not None
    return _write_answers(_washer, *job)


def _write_answers(washer: Washer, texts: Sequence[str], path: Path) -> tuple[Path, int]:
    answers = [washer.wash_fields(text) for text in texts]
    columns = [list(column) for column in zip(*answers, strict=True)]
    table = pa.table([texts, *columns], schema=_ANSWER_SCHEMA)
    pq.write_table(table, path, compression="lz4")
    return path, len(texts)


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))


def _wash_here(texts: Sequence[str], index: PlaceIndex) -> Iterator[list[AnswerFields]]:
    washer = Washer(index)
    with _no_collector():
        for chunk in _chunks(texts):
            yield [washer.wash_fields(text) for text in chunk]


@contextmanager
def _no_collector() -> Iterator[None]:
    """No cycles are made here, and the collector would walk the whole index again and again (measured: 2x)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _wash_in_pool(
    texts: Sequence[str], index: PlaceIndex, workers: int
) -> Iterator[list[AnswerFields]]:
    with _pool(index, workers) as pool:
        yield from pool.map(_wash_chunk, _chunks(texts))


@contextmanager
def _pool(index: PlaceIndex, workers: int) -> Iterator[ProcessPoolExecutor]:
    """Workers start fresh and load the index from a file: a fork of a process with DuckDB's threads may hang."""
    with tempfile.TemporaryDirectory(prefix="kuai-address-") as folder:
        index.save(Path(folder))
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _load_washer, (folder,)) as pool:
            try:
                yield pool
            except BrokenProcessPool as cause:
                raise Breakdown("地址清洗的工作进程意外退出，多为内存不足") from cause


def _load_washer(folder: str) -> None:
    global _washer  # noqa: PLW0603 - a worker's own state, loaded once
    gc.disable()
    _washer = Washer(PlaceIndex.load(Path(folder)))


def _wash_chunk(texts: Sequence[str]) -> list[AnswerFields]:
    assert _washer is not None
    return [_washer.wash_fields(text) for text in texts]
