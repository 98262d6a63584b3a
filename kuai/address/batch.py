"""Washing many texts: each distinct text once, over processes where it pays. Answers come in the texts' order."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa

from kuai.address.engine.place_index import Entry, PlaceIndex, build_index
from kuai.address.engine.washing import Washer
from kuai.address.gazetteer import packaged_elsewhere
from kuai.address.types import WashedAddress
from kuai.kit.progress import SILENT, Progress, progress_line

# Below this a pool costs more than it gives (start of a worker about 0.5 s, measured 2026-11-22).
SMALL_INPUT = 20_000
CHUNK = 4_000

_washer: Washer | None = None


def index_of(library: pa.Table) -> PlaceIndex:
    """The look-ups of a library table (columns of ADDRESS_ENTRY)."""
    columns = (
        library[name].to_pylist()
        for name in ("address_code", "level", "parent_code", "name", "standard_text")
    )
    return build_index(map(Entry, *columns), packaged_elsewhere())


def wash_texts(
    texts: Sequence[str], index: PlaceIndex, *, progress: Progress = SILENT, workers: int = 0
) -> list[WashedAddress]:
    """One answer a text, in order. `workers` 0 chooses by size and cores."""
    workers = workers or (1 if len(texts) < SMALL_INPUT else cores())
    with progress_line(progress, "清洗地址", total=len(texts), measure="条") as line:
        answers: list[WashedAddress] = []
        parts = _wash_here(texts, index) if workers == 1 else _wash_in_pool(texts, index, workers)
        for part in parts:
            answers.extend(part)
            line.advance(len(part))
    return answers


def cores() -> int:
    """Processors this process may use."""
    return int(os.environ.get("KUAI_THREADS", "0")) or len(os.sched_getaffinity(0))


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))


def _wash_here(texts: Sequence[str], index: PlaceIndex) -> Iterator[list[WashedAddress]]:
    washer = Washer(index)
    for chunk in _chunks(texts):
        yield [washer.wash(text) for text in chunk]


def _wash_in_pool(
    texts: Sequence[str], index: PlaceIndex, workers: int
) -> Iterator[list[WashedAddress]]:
    """Workers start fresh and load the index from a file: a fork of a process with DuckDB's threads may hang."""
    with tempfile.TemporaryDirectory(prefix="kuai-address-") as folder:
        path = Path(folder) / "index.pickle"
        with path.open("wb") as stream:
            pickle.dump(index, stream, protocol=pickle.HIGHEST_PROTOCOL)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _load_washer, (str(path),)) as pool:
            yield from pool.map(_wash_chunk, _chunks(texts))


def _load_washer(path: str) -> None:
    global _washer  # noqa: PLW0603 - a worker's own state, loaded once
    with Path(path).open("rb") as stream:
        _washer = Washer(pickle.load(stream))  # noqa: S301 - written by our parent a moment ago


def _wash_chunk(texts: Sequence[str]) -> list[WashedAddress]:
    assert _washer is not None
    return [_washer.wash(text) for text in texts]
