"""Washing many texts: each distinct text once, over processes where it pays. Answers come in the texts' order.

Workers map one index from files; texts and answers of a build travel in files too, those of a sheet as columns.
"""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.util
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc
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
# Texts of one answer file: large enough that opening and closing it does not count.
FILE_CHUNK = 20_000
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
# These repeat; codes and texts do not, and a dictionary of them would only cost.
_REPEATING = ["level", "grade", "explanation"]
_ANSWER_SCHEMA = pa.schema([(name, pa.string()) for name in ("text", *ANSWER_NAMES)])
Columns = list[list[str]]

_washer: Washer | None = None


def index_of(
    entries: pa.Table,
    *,
    aliases: pa.Table | None = None,
    successions: pa.Table | None = None,
) -> PlaceIndex:
    """The look-ups of a library's tables (ADDRESS_ENTRY, ADDRESS_ALIAS, ADDRESS_SUCCESSION)."""
    wanted = entries.select(list(ENTRY_COLUMNS))
    return _index_of_batches(
        lambda: wanted.to_batches(max_chunksize=BATCH_ROWS), aliases, successions
    )


def index_of_files(
    entries: Sequence[Path],
    *,
    aliases: pa.Table | None = None,
    successions: pa.Table | None = None,
) -> PlaceIndex:
    """As `index_of`, for Parquet files of ADDRESS_ENTRY: 11 million rows are never in memory at once."""

    def read_batches() -> Iterator[pa.RecordBatch]:
        for path in entries:
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(BATCH_ROWS, columns=list(ENTRY_COLUMNS))

    return _index_of_batches(read_batches, aliases, successions)


def _index_of_batches(
    read_batches: Callable[[], Iterable[pa.RecordBatch]],
    aliases: pa.Table | None,
    successions: pa.Table | None,
) -> PlaceIndex:
    with _no_collector():
        return build_index(
            read_batches,
            packaged_elsewhere(),
            aliases=aliases_of(aliases),
            successions=steps_of(successions),
        )


class OpenWash:
    """An index and its workers, for many batches of texts: `with open_wash(index) as wash`.

    Workers start with the first batch that is worth them and stay until the end.
    """

    def __init__(self, index: PlaceIndex, *, workers: int = 0) -> None:
        self._index = index
        self._workers = workers
        self._washer: Washer | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._open = ExitStack()

    def __enter__(self) -> OpenWash:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._open.__exit__(kind, fault, trace)

    def wash(self, texts: Sequence[str], *, progress: Progress = SILENT) -> list[AnswerFields]:
        """One answer a text, in order."""
        columns = self.wash_columns(texts, progress=progress)
        return list(zip(*columns, strict=True))  # type: ignore[arg-type]

    def wash_columns(self, texts: Sequence[str], *, progress: Progress = SILENT) -> Columns:
        """The answers as columns in the order of ANSWER_NAMES, each as long as `texts` and in their order."""
        self._pool_for(len(texts))
        order = _by_place(pa.array(texts, pa.string())).to_pylist()
        chunks = _chunks([texts[position] for position in order])
        answers: Columns = [[] for _ in ANSWER_NAMES]
        with progress_line(progress, "清洗地址", total=len(texts), measure="条") as line:
            for part in self._wash_chunks(chunks, len(texts)):
                for column, values in zip(answers, part, strict=True):
                    column.extend(values)
                line.advance(len(part[0]))
        places = [0] * len(order)
        for place, position in enumerate(order):
            places[position] = place
        return [list(map(column.__getitem__, places)) for column in answers]

    def wash_to_files(
        self, texts: pa.ChunkedArray, folder: Path, *, progress: Progress = SILENT
    ) -> list[Path]:
        """Wash distinct `texts`; the answers are left in Parquet files in `folder` (text, ANSWER_NAMES), in any order.

        For millions of texts: no answer travels between processes, and this one holds none.
        """
        self._pool_for(len(texts))
        source = folder / "texts.arrow"
        jobs = [
            (source, number, folder / f"washed-{number:06d}.parquet")
            for number in range(_write_texts(texts, source))
        ]
        with progress_line(progress, "清洗地址", total=len(texts), measure="条") as line:
            for washed in self._wash_files(jobs, len(texts)):
                line.advance(washed)
        return [path for _, _, path in jobs]

    def _wash_chunks(self, chunks: Iterable[Sequence[str]], texts: int) -> Iterator[Columns]:
        pool = self._pool_for(texts)
        if pool is not None:
            yield from pool.map(_wash_chunk, chunks)
            return
        with _no_collector():
            for chunk in chunks:
                yield _columns_of(self._own_washer(), chunk)

    def _wash_files(self, jobs: Sequence[_FileJob], texts: int) -> Iterator[int]:
        pool = self._pool_for(texts)
        if pool is not None:
            for future in as_completed([pool.submit(_wash_file, job) for job in jobs]):
                yield future.result()
            return
        with _no_collector():
            for job in jobs:
                yield _write_answers(self._own_washer(), job)

    def _own_washer(self) -> Washer:
        if self._washer is None:
            self._washer = Washer(self._index)
        return self._washer

    def _pool_for(self, texts: int) -> ProcessPoolExecutor | None:
        """The workers, where `texts` are enough for them; None means to wash in this process."""
        if self._pool is None and self._wants_pool(texts):
            self._pool = self._open.enter_context(_pool(self._index, self._workers or core_count()))
            # Workers start with the first task: let them, while this process puts the texts in order.
            self._pool.submit(_is_ready)
        return self._pool

    def _wants_pool(self, texts: int) -> bool:
        if self._workers:
            return self._workers > 1
        # A daemonic worker (some job runners use them) is not allowed children.
        return texts >= SMALL_INPUT and not multiprocessing.current_process().daemon


def open_wash(index: PlaceIndex, *, workers: int = 0) -> OpenWash:
    """A wash kept open over many batches. `workers` 0 chooses by size and cores."""
    return OpenWash(index, workers=workers)


def wash_texts(
    texts: Sequence[str], index: PlaceIndex, *, progress: Progress = SILENT, workers: int = 0
) -> list[AnswerFields]:
    """One answer a text, in order, for a single batch."""
    with open_wash(index, workers=workers) as wash:
        return wash.wash(texts, progress=progress)


# What stands before the place's own name in most texts; nothing but the order of work depends on it.
_BEFORE_PLACE = "^(?:.{0,12}区)?(?:[^区0-9]{2,4}(?:街道|办事处|镇|街))?(?:[^0-9]{2,6}社区)?"
# Texts that one thread looks at; Arrow leaves Python alone meanwhile.
_KEY_ROWS = 250_000


def _by_place(texts: pa.StringArray) -> pa.Array:
    """The order in which neighbours share name and building: what was read for one is at hand for the next.

    Measured: a quarter less time than in the texts' own order, where divisions come first.
    """
    slices = [texts.slice(start, _KEY_ROWS) for start in range(0, len(texts), _KEY_ROWS)]
    with ThreadPoolExecutor(core_count()) as threads:
        keys = list(threads.map(_place_of, slices))
    return pc.sort_indices(pa.chunked_array(keys, pa.string()))


def _place_of(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(texts, _BEFORE_PLACE, "")


# The file of texts, the number of a batch in it, the file for the answers.
_FileJob = tuple[Path, int, Path]


def _write_texts(texts: pa.ChunkedArray, path: Path) -> int:
    """One batch for every answer file; returns how many."""
    column = texts.cast(pa.string()).combine_chunks()
    table = pa.table({"text": column.take(_by_place(column))}).combine_chunks()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        batches = [
            batch
            for start in range(0, table.num_rows, FILE_CHUNK)
            for batch in table.slice(start, FILE_CHUNK).to_batches()
        ]
        for batch in batches:
            writer.write_batch(batch)
    return len(batches)


def _write_answers(washer: Washer, job: _FileJob) -> int:
    source, number, path = job
    with pa.memory_map(str(source)) as stream:
        texts = pa.ipc.open_file(stream).get_batch(number)["text"].to_pylist()
    table = pa.table([texts, *_columns_of(washer, texts)], schema=_ANSWER_SCHEMA)
    pq.write_table(
        table, path, compression="lz4", use_dictionary=_REPEATING, write_statistics=False
    )
    return len(texts)


def _columns_of(washer: Washer, texts: Sequence[str]) -> Columns:
    wash = washer.wash_fields
    columns = zip(*[wash(text) for text in texts], strict=True)
    return [list(column) for column in columns] or [[] for _ in ANSWER_NAMES]


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))


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


@contextmanager
def _pool(index: PlaceIndex, workers: int) -> Iterator[ProcessPoolExecutor]:
    """Workers start fresh and map the index from files: a fork of a process with DuckDB's threads may hang."""
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
    # Last of all, without taking apart what it remembers: measured, that kept a district's build waiting for 5 s.
    multiprocessing.util.Finalize(None, os._exit, args=(0,), exitpriority=-1_000)


def _is_ready() -> bool:
    return _washer is not None


def _wash_chunk(texts: Sequence[str]) -> Columns:
    assert _washer is not None
    return _columns_of(_washer, texts)


def _wash_file(job: _FileJob) -> int:
    assert _washer is not None
    return _write_answers(_washer, job)
