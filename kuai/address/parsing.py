"""The door to the segment parser: texts and files into labelled segments, and training it. Decision 0015.

Labels as in `parser.labels`: from `country` and `prov` down to `roomno`, with `redundant` for what is said twice or
says nothing. Takes any text; refuses files that cannot be read and models that are none.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from kuai.address.parser.generating import generate_rows
from kuai.address.parser.labelled import read_labelled
from kuai.address.parser.labels import Segment
from kuai.address.parser.learning import (
    INVENTED_ROWS,
    learn_from_inventions,
    learn_from_labelled,
)
from kuai.address.parser.model_file import SHIPPED_MODEL, load_network, save_network
from kuai.address.parser.one_thread import one_thread_each
from kuai.address.parser.scoring import ParserScore, score_segments
from kuai.address.parser.segmenting import SegmentParser
from kuai.address.parser.training import LabelledRow
from kuai.address.sheets import open_sheet, sheet_writer, texts_of
from kuai.kit.engine import core_count
from kuai.kit.errors import Breakdown, DataFault, Refusal, Where
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.receipt import Receipt

ADDED_COLUMN = "segments"
# Below this a pool costs more than it gives: a worker starts in about 1 s (numpy, the model folded).
SMALL_INPUT = 20_000
CHUNK = 4_096
FEWEST_LABELLED = 50

_worker_parser: SegmentParser | None = None


def open_parser(model: Path | None = None) -> SegmentParser:
    """A parser of `model`, or of the shipped one (opened once a process). Keep it: opening takes a second."""
    return _shipped_parser() if model is None else SegmentParser(load_network(model)[0])


@cache
def _shipped_parser() -> SegmentParser:
    return SegmentParser(load_network(SHIPPED_MODEL)[0])


def parse_text(text: str) -> list[Segment]:
    """(label, text) of each segment of `text`, in order; joined they are the text. Repeatable."""
    return open_parser().parse([text])[0]


def parse_texts(
    texts: Sequence[str],
    *,
    model: Path | None = None,
    progress: Progress = SILENT,
    workers: int = 0,
) -> list[list[Segment]]:
    """Segments of many texts, in their order. `workers` 0 chooses by size and cores. Repeatable."""
    with (
        _parsed_chunks(model, _wanted_workers(workers, len(texts))) as parsed,
        progress_line(progress, "解析地址", total=len(texts), measure="条") as line,
    ):
        answers = []
        for part in parsed(texts):
            answers += [_from_json(text) for text in part]
            line.advance(len(part))
    return answers


def parse_file(
    source: Path,
    *,
    text_column: str,
    out: Path,
    model: Path | None = None,
    progress: Progress = SILENT,
) -> Receipt:
    """`kuai parse-address`: the input's columns plus ADDED_COLUMN (JSON), one line a row, in order.

    The file is there once it is whole. Refuses a sheet without `text_column` or with ADDED_COLUMN already. Repeatable.
    """
    rows = segments = 0
    with open_sheet(source, text_column) as sheet:
        if ADDED_COLUMN in sheet.heading:
            raise DataFault(
                "address.column_taken",
                f"输入已有列 {ADDED_COLUMN}，结果会重名",
                where=Where(file=source.name, column=ADDED_COLUMN),
                remedy="请先改名或删去该列",
            )
        position = sheet.heading.index(text_column)
        with (
            sheet_writer(out, (*sheet.heading, ADDED_COLUMN)) as writer,
            progress_line(progress, "解析地址", total=sheet.rows, measure="行") as line,
            _parsed_chunks(model, _wanted_workers(0, sheet.rows)) as parsed,
        ):
            for columns in sheet.batches:
                answers: list[str] = []
                for part in parsed(texts_of(columns[position])):
                    answers += part
                    line.advance(len(part))
                writer.write([*columns, answers])
                rows += len(answers)
                segments += sum(answer.count("],[") + (answer != "[]") for answer in answers)
    return Receipt("parse_file", rows, rows, notes={"segments": segments})


def train_parser(
    out: Path,
    *,
    labelled: Path | None = None,
    split: str = "",
    test_split: str = "",
    invented: int = INVENTED_ROWS,
    width: int = 0,
    seed: int = 1,
    progress: Progress = SILENT,
) -> Receipt:
    """Train a parser and write it to `out`; its score on rows held back is in the receipt's notes.

    Without `labelled`: from rows the project invents (the shipped model is made so). With it: the shipped model learns
    on from the labelled rows (columns address, segments; of `split` where given), and `test_split` is scored, never
    learnt from; `width` makes the model smaller and quicker. The same rows and seed give the same model on the same
    machine. Refuses fewer than 50 labelled rows.
    """
    began = time.perf_counter()
    if labelled is None:
        network = judged = learn_from_inventions(
            invented, seed=seed, width=width, progress=progress
        )
        held_back = generate_rows(min(5_000, max(200, invented // 20)), seed=seed + 1_000_003)
        kept, notes = invented, {"rows_invented": invented}
    else:
        rows = read_labelled(labelled, split=split)
        if len(rows) < FEWEST_LABELLED:
            raise Refusal(
                "parser.too_few_rows",
                f"只有 {len(rows)} 行标注，训练不了。",
                next_step="检查 --data 和 --split；至少要 50 行。",
            )
        start, _ = load_network(SHIPPED_MODEL)
        network, judged, held_back = learn_from_labelled(
            rows, start, seed=seed, width=width, progress=progress
        )
        kept, notes = len(rows), {"rows_labelled": len(rows)}
    figures: dict[str, Any] = {**notes, "seed": seed}
    figures |= _figures(_score(SegmentParser(judged), held_back))
    save_network(network, out, made=figures)
    if labelled is not None and test_split:
        test_rows = read_labelled(labelled, split=test_split)
        scored = _figures(_score(open_parser(out), test_rows))
        figures |= {f"{test_split}_{name}": figure for name, figure in scored.items()}
    figures["seconds"] = round(time.perf_counter() - began, 1)
    return Receipt("train_parser", kept, kept, notes=figures)


def score_parser(labelled: Path, *, split: str = "", model: Path | None = None) -> ParserScore:
    """Read labelled rows with a model and compare."""
    return _score(open_parser(model), read_labelled(labelled, split=split))


def _score(parser: SegmentParser, rows: Sequence[LabelledRow]) -> ParserScore:
    found = parser.parse([row.text for row in rows])
    return score_segments([row.segments for row in rows], found)


def _figures(score: ParserScore) -> dict[str, Any]:
    return {
        "rows_scored": score.rows,
        "f1": round(score.f1, 4),
        "f1_without_redundant": round(score.f1_meaning, 4),
        "rows_right": round(score.rows_right, 4),
    }


# --- Many texts, over processes -----------------------------------------------------------------------------


def _wanted_workers(asked: int, rows: int | None) -> int:
    if multiprocessing.current_process().daemon:
        # A daemonic worker is not allowed children.
        return 1
    small = rows is not None and rows < SMALL_INPUT
    return asked or (1 if small else core_count())


@contextmanager
def _parsed_chunks(model: Path | None, workers: int) -> Iterator[Any]:
    """A function: texts -> JSON texts, chunk by chunk. A file of unknown length starts workers when it proves long."""
    if workers == 1:
        parser = open_parser(model)
        yield lambda texts: (_as_json(parser.parse(part)) for part in _chunks(texts))
        return
    if model is not None:
        # Here, so that a bad model is told as one.
        load_network(model)
    pools: list[ProcessPoolExecutor] = []

    def parsed(texts: Sequence[str]) -> Iterator[list[str]]:
        if not pools and len(texts) < SMALL_INPUT:
            parser = open_parser(model)
            return (_as_json(parser.parse(part)) for part in _chunks(texts))
        if not pools:
            context = multiprocessing.get_context("spawn")
            pools.append(ProcessPoolExecutor(workers, context, _load_parser, (model,)))
        return pools[0].map(_parse_chunk, _chunks(texts))

    try:
        with one_thread_each():
            yield parsed
    except BrokenProcessPool as cause:
        raise Breakdown("地址解析的工作进程意外退出，多为内存不足") from cause
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def _load_parser(model: Path | None) -> None:
    global _worker_parser  # noqa: PLW0603 - a worker's own state, loaded once
    _worker_parser = open_parser(model)


def _parse_chunk(texts: Sequence[str]) -> list[str]:
    assert _worker_parser is not None
    return _as_json(_worker_parser.parse(texts))


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))


def _as_json(parsed: Sequence[Sequence[Segment]]) -> list[str]:
    # JSON text travels between processes three times faster than lists of tuples.
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return [encode(segments) for segments in parsed]


def _from_json(text: str) -> list[Segment]:
    return [(label, part) for label, part in json.loads(text)]
