"""The two courses of training: from inventions alone (the shipped model), and on from it with labelled rows.

Learning on is done by several members that start alike and draw differently; the mean of their weights is the model,
as good as asking them all and no slower than one (measured 2026-11-22, decision 0015). Each member is a process with
one thread, so that the result does not hang on the number of cores.
"""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields, replace
from queue import Empty
from typing import Any

import numpy as np

from kuai.address.parser.chain import ChainWeights
from kuai.address.parser.generating import generate_rows
from kuai.address.parser.network import (
    SLOTS,
    Network,
    NetworkShape,
    narrowed,
    new_network,
    widened,
)
from kuai.address.parser.one_thread import one_thread_each
from kuai.address.parser.recurrent import RecurrentWeights
from kuai.address.parser.training import (
    LabelledRow,
    Recipe,
    Trainer,
    steps_of,
    train_network,
    vocabulary_of,
)
from kuai.kit.engine import core_count
from kuai.kit.errors import Breakdown
from kuai.kit.progress import SILENT, Progress, ProgressTask, progress_line

INVENTED_ROWS = 1_500_000
ROWS_AT_A_TIME = 64_000
VOCABULARY_ROWS = 320_000
MOST_PAIRS = 20_000
MEMBERS = 4
# Chosen for speed with a margin: width 128 is .004 to .007 better in F1 and takes twice as long (decision 0015).
LABELLED_WIDTH = 64
# A few hundred rows do not make up for units left out (measured: they ended below the shipped model).
ROWS_TO_NARROW = 4_000
HELD_BACK_SHARE = 0.1
# Inventions are plenty: one pass, less forgetting, no decay.
INVENTION_RECIPE = Recipe(epochs=1, batch=64, drop=0.2, decay=0.0, table_rate=5.0)
LABELLED_RECIPE = Recipe()


@dataclass(frozen=True)
class Course:
    """What one member does: `start` where it learns on, else rows it invents itself."""

    seed: int
    recipe: Recipe
    shape: NetworkShape
    rows: tuple[LabelledRow, ...] = ()
    start: Network | None = None
    invented: int = 0

    @property
    def steps(self) -> int:
        """Steps of gradient it takes."""
        return steps_of(self.invented or len(self.rows), self.recipe)


def learn_from_inventions(
    count: int, *, seed: int, width: int = 0, progress: Progress = SILENT
) -> Network:
    """A network (of `width` units a direction) that has seen `count` invented addresses once."""
    recipe = replace(INVENTION_RECIPE, seed=seed)
    shape = NetworkShape(hidden=width) if width else NetworkShape()
    course = Course(seed, recipe, shape, invented=count)
    return _learned([course], progress)[0]


def learn_from_labelled(
    rows: Sequence[LabelledRow],
    start: Network,
    *,
    seed: int,
    members: int = MEMBERS,
    width: int = 0,
    progress: Progress = SILENT,
) -> tuple[Network, Network, list[LabelledRow]]:
    """The model of all rows; one member's model without the rows held back; and those, to score it by.

    It has `width` units a direction: the less weighty ones of `start` are left out before it learns on. If 0,
    LABELLED_WIDTH where there are rows enough to make up for that, else all.
    """
    if not width and len(rows) >= ROWS_TO_NARROW:
        width = LABELLED_WIDTH
    if 0 < width < start.shape.hidden:
        start = narrowed(start, width)
    kept, held_back = _held_back(rows, seed)
    chance = np.random.default_rng(seed)
    wide = widened(start, *vocabulary_of([row.text for row in rows]), chance)
    judged = widened(start, *vocabulary_of([row.text for row in kept]), chance)
    courses = [Course(seed, replace(LABELLED_RECIPE, seed=seed), start.shape, tuple(kept), judged)]
    for member in range(members):
        drawn = replace(LABELLED_RECIPE, seed=seed * 1000 + member)
        courses.append(Course(seed, drawn, start.shape, tuple(rows), wide))
    single, *learned = _learned(courses, progress)
    return mean_of(learned), single, held_back


def _held_back(
    rows: Sequence[LabelledRow], seed: int
) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """Rows to learn from and rows to judge by; a text is never in both."""
    texts = sorted({row.text for row in rows})
    random.Random(seed).shuffle(texts)
    aside = set(texts[: max(1, int(len(texts) * HELD_BACK_SHARE))])
    return (
        [row for row in rows if row.text not in aside],
        [row for row in rows if row.text in aside],
    )


def mean_of(networks: Sequence[Network]) -> Network:
    """The network whose every weight is the mean of theirs. They must share their start and vocabulary."""

    def mean(parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.asarray(np.mean(parts, axis=0, dtype=np.float32))

    first = networks[0]
    return replace(
        first,
        tables={slot: mean([one.tables[slot] for one in networks]) for slot in SLOTS},
        layer=RecurrentWeights(
            **{
                part.name: mean([getattr(one.layer, part.name) for one in networks])
                for part in fields(RecurrentWeights)
            }
        ),
        output=mean([one.output for one in networks]),
        output_bias=mean([one.output_bias for one in networks]),
        chain=ChainWeights(
            **{
                part.name: mean([getattr(one.chain, part.name) for one in networks])
                for part in fields(ChainWeights)
            }
        ),
    )


# --- Members as processes -----------------------------------------------------------------------------------


def _learned(courses: Sequence[Course], progress: Progress) -> list[Network]:
    context = multiprocessing.get_context("spawn")
    tidings = context.Queue()
    with (
        one_thread_each(),
        ProcessPoolExecutor(
            min(core_count(), len(courses)), context, _begin_member, (tidings,)
        ) as pool,
        progress_line(progress, "训练", measure="批") as line,
    ):
        try:
            running = [pool.submit(_take_course, course) for course in courses]
            line.set_total(sum(course.steps for course in courses))
            _tell(tidings, running, line)
            return [one.result() for one in running]
        except BrokenProcessPool as cause:
            raise Breakdown("训练的工作进程意外退出，多为内存不足") from cause


def _tell(tidings: Any, running: Sequence[Future[Network]], line: ProgressTask) -> None:
    while not all(one.done() for one in running):
        try:
            line.advance(tidings.get(timeout=0.2))
        except Empty:
            continue


_tidings: Any = None


def _begin_member(tidings: Any) -> None:
    global _tidings  # noqa: PLW0603 - a worker's own state: a queue cannot travel with a task
    _tidings = tidings


class _Telling:
    """A member's progress: told to the process that started it, some batches at a time."""

    EVERY = 20

    def __init__(self) -> None:
        self._untold = 0

    def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> ProgressTask:  # noqa: ARG002
        return self

    def end(self, task: ProgressTask) -> None:  # noqa: ARG002
        _tidings.put(self._untold)

    def advance(self, amount: int = 1) -> None:
        self._untold += amount
        if self._untold >= self.EVERY:
            _tidings.put(self._untold)
            self._untold = 0

    def set_total(self, total: int) -> None:
        pass


def _take_course(course: Course) -> Network:
    if course.start is None:
        return _learn_inventing(course)
    return train_network(course.rows, course.start, recipe=course.recipe, progress=_Telling())


def _learn_inventing(course: Course) -> Network:
    """Rows are invented some at a time, so that memory does not grow with their number."""
    first = generate_rows(min(course.invented, VOCABULARY_ROWS), seed=course.seed)
    least = min(5, 1 + len(first) // 20_000)
    chars, pairs = vocabulary_of([row.text for row in first], at_least=least, most_pairs=MOST_PAIRS)
    network = new_network(course.shape, chars, pairs, np.random.default_rng(course.seed))
    trainer = Trainer(network, course.recipe, steps=course.steps, line=_Telling())
    for number, start in enumerate(range(0, course.invented, ROWS_AT_A_TIME)):
        size = min(ROWS_AT_A_TIME, course.invented - start)
        trainer.learn(generate_rows(size, seed=course.seed * 10_000 + number))
    return network
