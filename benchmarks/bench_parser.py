"""The segment parser on the labelled set in ../shared: F1 against speed, models of several sizes, in one run.

    python benchmarks/bench_parser.py [--widths 128 96 64 32] [--keep FOLDER] [--processes 4]

Every model learns from `train` and is read on `dev`: networks of several widths, each as
`kuai train-parser --data ... --split train --width N` makes it, then the shipped model as it is, and a plain CRF
(python-crfsuite) where that is installed. Models are kept in no place but --keep, which spares their training again.

F1: exact (start, end, label), micro, all labels with `redundant`. Speed: processes with one thread each parse
for some seconds at the same time, texts to segments with everything; the median of several rounds, and the best, which
is nearer the truth on a machine that others use too; so are rows a second of processor time.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kuai.address import parsing
from kuai.address.parser.labelled import read_labelled
from kuai.address.parser.model_file import SHIPPED_MODEL
from kuai.address.parser.one_thread import one_thread_each
from kuai.address.parser.scoring import score_segments
from kuai.address.parser.training import LabelledRow

LABELLED = (
    Path(__file__).resolve().parents[2] / "shared" / "data" / "address_segments" / "train_dev.csv"
)
ROUNDS = 5
ROUND_SECONDS = 1.0


def rate_here(job: tuple[Path, tuple[str, ...]]) -> tuple[list[float], float]:
    """Rows a second of one process, round by round; and rows a second of processor time, over all rounds."""
    model, texts = job
    parser = parsing.open_parser(model)
    parser.parse(texts)
    rates, all_rows, cpu_began = [], 0, time.process_time()
    for _ in range(ROUNDS):
        began, rows = time.perf_counter(), 0
        while time.perf_counter() - began < ROUND_SECONDS:
            parser.parse(texts)
            rows += len(texts)
        rates.append(rows / (time.perf_counter() - began))
        all_rows += rows
    return rates, all_rows / (time.process_time() - cpu_began)


def rates_of(model: Path, texts: Sequence[str], processes: int) -> dict[str, int]:
    """Rows a second of one process alone, and of so many at once together: the median round and the best."""
    context = multiprocessing.get_context("spawn")
    job = (model, tuple(texts))
    with one_thread_each(), context.Pool(processes) as pool:
        (alone, alone_cpu), *_ = pool.map(rate_here, [job])
        together = pool.map(rate_here, [job] * processes, chunksize=1)
    rounds = [sum(rates) for rates in zip(*(rates for rates, _ in together), strict=True)]
    return {
        "rows_per_second_one_process": round(statistics.median(alone)),
        "best_one_process": round(max(alone)),
        "rows_per_cpu_second_one_process": round(alone_cpu),
        f"rows_per_second_{processes}_processes": round(statistics.median(rounds)),
        f"best_{processes}_processes": round(max(rounds)),
        f"rows_per_cpu_second_{processes}_processes": round(
            statistics.mean(c for _, c in together)
        ),
    }


def measured(
    name: str, model: Path, dev: Sequence[LabelledRow], processes: int, seconds: float
) -> dict[str, Any]:
    """One line of the frontier."""
    score = parsing.score_parser(LABELLED, split="dev", model=model)
    rates = rates_of(model, [row.text for row in dev], processes)
    return {
        "model": name,
        "f1": round(score.f1, 4),
        "f1_without_redundant": round(score.f1_meaning, 4),
        "rows_right": round(score.rows_right, 4),
        **rates,
        "megabytes": round(model.stat().st_size / 1e6, 1),
        "training_seconds": round(seconds),
        "load_average": round(os.getloadavg()[0], 1),
    }


# --- The peer: a plain CRF ----------------------------------------------------------------------------------


def crf_features(text: str) -> list[list[str]]:
    """Characters and their n-grams around each place, as a plain CRF takes them."""
    padded = f"^^^{text}$$$"
    rows = []
    for place in range(3, len(padded) - 3):
        around = [f"c{step}={padded[place + step]}" for step in range(-3, 4)]
        around += [f"d{step}={padded[place + step : place + step + 2]}" for step in range(-2, 2)]
        around += [f"t{step}={padded[place + step : place + step + 3]}" for step in range(-2, 1)]
        rows.append(around)
    return rows


def measure_crf(train: Sequence[LabelledRow], dev: Sequence[LabelledRow]) -> dict[str, Any]:
    """The peer, trained and read in the same run; single process, as it is."""
    import pycrfsuite

    def marks(row: LabelledRow) -> list[str]:
        return [
            f"{'I' if place else 'B'}-{label}"
            for label, text in row.segments
            for place in range(len(text))
        ]

    began = time.perf_counter()
    trainer = pycrfsuite.Trainer(verbose=False)
    for row in train:
        trainer.append(crf_features(row.text), marks(row))
    trainer.set_params({"c1": 0.1, "c2": 0.05, "max_iterations": 100})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crf"
        trainer.train(str(path))
        seconds = time.perf_counter() - began
        tagger = pycrfsuite.Tagger()
        tagger.open(str(path))
        began = time.perf_counter()
        found = [segments_of(row.text, tagger.tag(crf_features(row.text))) for row in dev]
        rate = len(dev) / (time.perf_counter() - began)
    score = score_segments([row.segments for row in dev], found)
    return {
        "model": "plain CRF (python-crfsuite)",
        "f1": round(score.f1, 4),
        "f1_without_redundant": round(score.f1_meaning, 4),
        "rows_right": round(score.rows_right, 4),
        "rows_per_second_one_process": round(rate),
        "training_seconds": round(seconds),
        "load_average": round(os.getloadavg()[0], 1),
    }


def segments_of(text: str, marks: Sequence[str]) -> list[tuple[str, str]]:
    segments: list[tuple[str, str]] = []
    for char, mark in zip(text, marks, strict=True):
        label = mark[2:]
        if mark[0] == "I" and segments and segments[-1][0] == label:
            segments[-1] = (label, segments[-1][1] + char)
        else:
            segments.append((label, char))
    return segments


def tried(name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A contender that fails is reported, and the run goes on."""
    try:
        figures = measure()
    except ImportError:
        figures = {"model": name, "left_out": "not installed"}
    print(json.dumps(figures, ensure_ascii=False), flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="*", default=[128, 96, 64, 32])
    parser.add_argument("--keep", type=Path, help="folder of models made before, or to be kept")
    parser.add_argument("--processes", type=int, default=4)
    wanted = parser.parse_args()
    if not LABELLED.exists():
        print(f"no labelled set at {LABELLED}: nothing to measure")
        return
    train, dev = (read_labelled(LABELLED, split=split) for split in ("train", "dev"))
    lines = [tried("plain CRF (python-crfsuite)", lambda: measure_crf(train, dev))]
    with tempfile.TemporaryDirectory(prefix="bench-parser-") as scratch:
        models = [("shipped model, untaught", SHIPPED_MODEL, 0.0)]
        for width in wanted.widths:
            out = (wanted.keep or Path(scratch)) / f"width-{width}.npz"
            seconds = 0.0
            if not out.exists():
                receipt = parsing.train_parser(out, labelled=LABELLED, split="train", width=width)
                seconds = receipt.notes["seconds"]
            models.append((f"network of width {width}", out, seconds))
        for name, path, seconds in models:
            lines.append(
                tried(name, lambda: measured(name, path, dev, wanted.processes, seconds))  # noqa: B023
            )
    show_ratios(lines)


def show_ratios(lines: Sequence[dict[str, Any]]) -> None:
    """Each contender against the first that was measured."""
    known = [line for line in lines if "f1" in line]
    base = known[0]
    for line in known[1:]:
        faster = line["rows_per_second_one_process"] / base["rows_per_second_one_process"]
        better = line["f1"] - base["f1"]
        print(f"{line['model']}: {faster:.1f} x the speed of {base['model']}, F1 {better:+.4f}")


if __name__ == "__main__":
    main()
